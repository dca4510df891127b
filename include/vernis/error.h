/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Errors. Every fallible function takes a VernisError on the caller's stack (or NULL) as its last argument and returns
 * its status. The first error wins: a filled error is never overwritten. The library never prints, aborts or exits.
 */
#ifndef VERNIS_ERROR_H
#define VERNIS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(VERNIS_BUILD) && defined(__GNUC__)
#define VERNIS_API __attribute__((visibility("default")))
#else
#define VERNIS_API
#endif

/** What went wrong, coarsely; the text says the rest. Values are stable. */
typedef enum VernisStatus {
    VERNIS_OK = 0,
    VERNIS_E_ARGUMENT = 10,    /**< a setting or argument is unknown, out of range or contradictory */
    VERNIS_E_IO = 20,          /**< a file cannot be opened, read or written */
    VERNIS_E_NO_SPACE = 21,    /**< the disk or quota is full */
    VERNIS_E_EXISTS = 22,      /**< the output exists and may not be replaced */
    VERNIS_E_PROTECTED = 23,   /**< the input says itself that it was protected before */
    VERNIS_E_FORMAT = 30,      /**< the bytes are damaged or lie about themselves */
    VERNIS_E_UNSUPPORTED = 31, /**< the bytes are sound but of a kind Vernis does not handle */
    VERNIS_E_LIMIT = 32,       /**< a limit (pixels, bytes, depth) was exceeded before anything was allocated */
    VERNIS_E_MODEL = 33,       /**< a model file lacks a tensor or has one of the wrong shape or type */
    VERNIS_E_MEMORY = 40,      /**< an allocation failed */
    VERNIS_E_CANCELLED = 50,   /**< the caller's cancel hook said stop */
    VERNIS_E_INTERNAL = 60     /**< a self-check failed: a bug in Vernis */
} VernisStatus;

/** An error as the caller keeps it. Zero-initialise before use. */
typedef struct VernisError {
    VernisStatus status;
    char where[24];  /**< the room that noticed: "png", "safetensors", "settings" ... */
    char text[1000]; /**< one line, UTF-8: names the file, what was wrong and what to do */
} VernisError;

/** @return a stable lower-case word for a status: "ok", "argument", "io", "no-space" ... Static storage. */
VERNIS_API const char *vernis_status_name(VernisStatus status);

#ifdef __cplusplus
}
#endif
#endif
