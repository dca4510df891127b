/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Private side of <vernis/error.h>: filling and forwarding errors.
 */
#ifndef VN_BASE_ERROR_H
#define VN_BASE_ERROR_H

#include <vernis/error.h>

typedef VernisError VnError;

/** Fill `err` (which may be NULL or already filled: then it stays as it is) and return `status`.
 * @param where the room or format, at most 23 bytes
 * @param format printf format of one line; control characters in the result are replaced by '?' */
__attribute__((format(printf, 4, 5))) VernisStatus vn_fail(VnError *err, VernisStatus status, const char *where,
                                                           const char *format, ...);

/** Put "NAME: " before the text of a filled error unless it is there already; so that rooms that see only bytes can
 * report, and the one that knows the file's name can add it. Returns err->status (VERNIS_OK when err is NULL). */
VernisStatus vn_error_name(VnError *err, const char *name);

/** Forward a failure to the caller; for functions that hold nothing yet. */
#define VN_TRY(expression) \
    do { \
        VernisStatus vn_try_status_ = (expression); \
        if (vn_try_status_ != VERNIS_OK) \
            return vn_try_status_; \
    } while (0)

/** The same for functions that must clean up: sets the local `status` and jumps to the local label `done`. */
#define VN_CHECK(expression) \
    do { \
        status = (expression); \
        if (status != VERNIS_OK) \
            goto done; \
    } while (0)

#endif
