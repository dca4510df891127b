/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The ledger: an SQLite file that remembers what was protected, from what, how, and what the result looks like, so that a
 * run can be resumed and a picture found somewhere can be recognised.
 *
 * Each change is one short transaction, safe against a kill or a power cut at any moment; several processes may use one
 * file. A VernisLedger belongs to one thread and must not be used in a child after fork. SQLite's own memory is not part of
 * what the library counts and limits: up to 3 MB for an open ledger, however much it holds.
 */
#ifndef VERNIS_LEDGER_H
#define VERNIS_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include <vernis/error.h>
#include <vernis/session.h>
#include <vernis/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct VernisLedger VernisLedger;

/** Open a ledger.
 * @param path NULL: the user's own, $XDG_DATA_HOME/vernis/ledger.sqlite or ~/.local/share/vernis/ledger.sqlite
 * @param settings what the pictures of this run are made with, read now; NULL: nothing will be begun or looked up
 * @param create nonzero: make the file and its folders where there is none, readable by their owner alone
 * @return VERNIS_E_FORMAT for a file that is damaged, no ledger, or made by a later version: it is left as it is */
VERNIS_API VernisStatus vernis_ledger_open(VernisLedger **out, const char *path, const VernisSettings *settings,
                                           int create, VernisError *err);
VERNIS_API void vernis_ledger_close(VernisLedger **ledger);            /**< sets NULL and takes NULL */
VERNIS_API const char *vernis_ledger_path(const VernisLedger *ledger); /**< valid until it is closed */

/** What became of a file. The values are stable and stand in the file; together they make a set. */
typedef enum VernisLedgerState {
    VERNIS_LEDGER_BEGUN = 1,   /**< and not heard of again: at work, interrupted or killed */
    VERNIS_LEDGER_DONE = 2,    /**< the output stands as the row says; one such row for each output */
    VERNIS_LEDGER_FAILED = 4,  /**< for `reason` */
    VERNIS_LEDGER_REPLACED = 8 /**< was done, and another picture has since taken the output's place */
} VernisLedgerState;
enum { VERNIS_LEDGER_ALL = 15 };

/** One row. Texts are "" and numbers 0 where they are not known. */
typedef struct VernisLedgerRow {
    int64_t id; /**< grows with time within one ledger */
    VernisLedgerState state;
    const char *time;                   /**< of the state, "2026-11-22T11:30:00Z" */
    const char *input;                  /**< absolute path of the unprotected picture as it lies now */
    const char *output;                 /**< absolute path; "" when it was not known yet */
    const char *reason;                 /**< of a failure */
    const char *recipe;                 /**< SHA-256 of every setting that bears on the result */
    const char *settings;               /**< those of them that were set, "strength=strong; seed=2" */
    const char *version;                /**< of Vernis */
    const char *sha256_in, *sha256_out; /**< of the files' bytes, hex */
    const char *pdq;                    /**< fingerprint of the protected picture, see VernisFingerprint */
    const uint8_t *thumbnail;           /**< of VERNIS_THUMBNAIL_BYTES; NULL where there is none */
    const char *surrogates;             /**< names, parted by blanks */
    const char *shifts;                 /**< JSON: {"NAME":{"direct":..,"ingest":..,"floor":..}} */
    int quality;                        /**< of the fingerprint */
    uint32_t width, height;
    uint64_t bytes_in, bytes_out;
    int steps;
    double psnr, ssim, visibility, seconds; /**< as in VernisResult */
} VernisLedgerRow;

/** Note that work on a file starts. Paths may be relative. */
VERNIS_API VernisStatus vernis_ledger_begin(VernisLedger *ledger, const char *input, const char *output,
                                            VernisError *err);
/** Note that it is done. @param input where the unprotected picture lies now; @param result of vernis_protect_file */
VERNIS_API VernisStatus vernis_ledger_finish(VernisLedger *ledger, const char *input, const char *output,
                                             const VernisResult *result, VernisError *err);
/** Note that it failed. @param output NULL when it was not known yet; @param failure the reason */
VERNIS_API VernisStatus vernis_ledger_fail(VernisLedger *ledger, const char *input, const char *output,
                                           const VernisError *failure, VernisError *err);

/** Note that nothing was done with it after all: what was begun of it is taken out. */
VERNIS_API VernisStatus vernis_ledger_forget(VernisLedger *ledger, const char *input, const char *output,
                                             VernisError *err);
/** A run that protects in place may be killed when the picture stands in its place but is not noted yet. Where a row says that
 * `output` was begun, and there is a protected picture written since, and the unprotected one is kept, the row becomes "done"
 * (steps, seconds and figures stay 0: only that run knew them).
 * @param suffix what the original's name has more than the input's, before its ending: "_original" */
VERNIS_API VernisStatus vernis_ledger_recover(VernisLedger *ledger, const char *output, const char *suffix, VernisError *err);

/** Whether `output` need not be made again: the ledger says it is done from the same bytes with the same settings and
 * version, and it is there in the same size. An input that is itself that output, byte for byte, counts as done too
 * (--in-place). Reads the input only where the rest fits. */
VERNIS_API VernisStatus vernis_ledger_has_done(VernisLedger *ledger, const char *input, const char *output, int *done,
                                               VernisError *err);
/** Whether what stands at `output` is the ledger's own, to be replaced by a run that is resumed: the very bytes it
 * wrote, or the trace of a run that was killed. */
VERNIS_API VernisStatus vernis_ledger_owns(VernisLedger *ledger, const char *output, int *own, VernisError *err);

/** The row after row->id (0: the first) whose state is in `states`. No lock is held between calls.
 * @param row texts are valid until the next call with this ledger
 * @param found 0: there is none; row is then zeroed */
VERNIS_API VernisStatus vernis_ledger_next(VernisLedger *ledger, unsigned states, VernisLedgerRow *row, int *found,
                                           VernisError *err);
/** @return the state's word: "begun", "done", "failed" or "replaced" */
VERNIS_API const char *vernis_ledger_state_name(VernisLedgerState state);
/** A row as one line of JSON, in the words of protect's lines. Heap text for vernis_free, or NULL. */
VERNIS_API char *vernis_ledger_row_json(const VernisLedgerRow *row);

/** Check every page and index. @return VERNIS_E_FORMAT naming the first thing that is wrong */
VERNIS_API VernisStatus vernis_ledger_check(VernisLedger *ledger, VernisError *err);
/** Take in what another ledger knows, all or nothing. Taking it in again changes nothing. @param added receives the
 * number of rows that were new */
VERNIS_API VernisStatus vernis_ledger_merge(VernisLedger *ledger, const char *path, size_t *added, VernisError *err);

enum { VERNIS_ORIENTATIONS = 8 };

/** What a picture is recognised by. */
typedef struct VernisFingerprint {
    char sha256[65];                   /**< of the file's bytes, hex */
    char pdq[VERNIS_ORIENTATIONS][65]; /**< PDQ, hex: as it is, then mirrored and turned */
    int quality; /**< 0..100: how much there is to see; flat pictures look alike and have little */
    uint8_t thumbnail[VERNIS_THUMBNAIL_BYTES]; /**< 32x32 means of red, green and blue, alpha over white */
} VernisFingerprint;
/** @param path "-": standard input */
VERNIS_API VernisStatus vernis_fingerprint_file(VernisFingerprint *out, const char *path, VernisError *err);

/** A row that a picture looks like. */
typedef struct VernisMatch {
    int64_t id;      /**< for vernis_ledger_next with row.id = id - 1 */
    int distance;    /**< bits of 256 by which the fingerprints differ */
    int orientation; /**< 0: upright; else bits 1 mirrored left to right, 2 upside down, 4 rows and columns swapped */
    int exact;       /**< nonzero: the same bytes */
    int alike;       /**< nonzero: it only looks alike; a closer look does not confirm that it is the same picture */
} VernisMatch;
/** The rows nearest to a picture that are near enough to be the same one, nearest first: by the fingerprint, and by the
 * thumbnail where the row has one (a ledger of an earlier version has none). Those that only look alike come last.
 * @param count receives how many of `capacity` were filled */
VERNIS_API VernisStatus vernis_ledger_find(VernisLedger *ledger, const VernisFingerprint *picture, VernisMatch *matches,
                                           size_t capacity, size_t *count, VernisError *err);

/** SHA-256 of a file's bytes as 64 hex digits and a zero. */
VERNIS_API VernisStatus vernis_file_sha256(const char *path, char hex[65], VernisError *err);

#ifdef __cplusplus
}
#endif
#endif
