/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The work itself: open a session from settings (loads and packs the surrogates once), then protect, verify, probe and
 * benchmark any number of files with it.
 */
#ifndef VERNIS_SESSION_H
#define VERNIS_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include <vernis/error.h>
#include <vernis/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Replace malloc and free for the library's own memory in the whole process, before any other call. Both or neither. Both
 * are called from any thread, also from several at once. The codec, colour, JSON and cryptography libraries keep theirs.
 * @return VERNIS_E_ARGUMENT when memory is in use already or only one is given */
VERNIS_API VernisStatus vernis_set_allocator(void *(*allocate)(size_t size), void (*release)(void *block),
                                             VernisError *err);

/** One share of a parallel loop. It calls none of the hooks, but on a host's threads it may take and give back memory. */
typedef void VernisTask(void *argument, unsigned i);

/** What the caller may hook into; all may be NULL. Zero-initialise, so that hooks of later versions are NULL too. All are
 * called from the thread that called the library, never from one of its own threads or from within a task. */
typedef struct VernisHooks {
    void *opaque;
    /** @param stage "load", "optimise", "write", "verify"; @param done 0..1 within the file */
    void (*progress)(void *opaque, const char *stage, double done);
    /** @return nonzero to stop: the call returns VERNIS_E_CANCELLED and nothing is written. Asked between steps. */
    int (*cancelled)(void *opaque);
    /** Run the loops on threads of the caller's own; the session then starts none. Call task(argument, i) exactly once for
     * each i in 0..count-1 and return when all have returned. Any threads (the calling one among them), any order, one after
     * another too: tasks never wait for each other. What tasks wrote must be visible to the caller afterwards, as it is after
     * a join or a lock.
     * @param count at most the setting "threads" (0: one per processor); called thousands of times for a picture */
    void (*parallel_for)(void *opaque, unsigned count, VernisTask *task, void *argument);
} VernisHooks;

/** Surrogates and settings, ready to work. One thread at a time may use a session. Threads may each use one of their own at
 * once, if all were opened before the work begins and agree on the settings "cpu", "exact" and "max-memory": these hold for
 * the whole process, as the last session opened says, and peak_memory_bytes counts what all of them took. */
typedef struct VernisSession VernisSession;

/** Read the settings (which may be closed afterwards), choose kernels, start threads, load surrogates.
 * @param hooks copied; may be NULL */
VERNIS_API VernisStatus vernis_session_open(VernisSession **out, const VernisSettings *settings,
                                            const VernisHooks *hooks, VernisError *err);
VERNIS_API void vernis_session_close(VernisSession **session); /**< sets NULL and takes NULL */

/** Latent displacement of one surrogate: root mean square of E(I(x')) - E(I(x)) over the standard deviation of E(I(x)). */
typedef struct VernisShift {
    char surrogate[64];
    double direct; /**< I resizes to the training size only */
    double ingest; /**< I is the ingest that the result names: a platform's trip, then the training size */
    double floor;  /**< what that ingest alone does to the clean picture, against resizing only */
} VernisShift;

enum { VERNIS_THUMBNAIL_BYTES = 32 * 32 * 3 };

/** What was done to one file, measured from the file as written. */
typedef struct VernisResult {
    uint32_t width, height;
    uint64_t bytes_in, bytes_out;
    double seconds;
    uint64_t peak_memory_bytes;
    int steps;
    uint64_t seed;
    double psnr, ssim, visibility; /**< dB; 0..1; predicted butteraugli 3-norm */
    int target_met;                /**< 0: the visibility or strength asked for was not reached; a warning says why */
    size_t shift_count;
    VernisShift shifts[8];
    size_t warning_count;
    char warnings[16][200];
    char data_mining[80]; /**< the plus:DataMining value written, "" when none */
    char c2pa[16];        /**< "signed"; "none": there is no identity to sign with; "off" */
    char preset[32], platform[32], cpu[16]; /**< platform: of the setting "for", "" without */
    char ingest[48];                        /**< "w1080 q75 s512", or a platform's name and "s512" */
    char sha256_in[65], sha256_out[65];     /**< of the files' bytes, hex */
    char pdq[65];                           /**< fingerprint of the protected picture, see vernis/ledger.h */
    int pdq_quality;                        /**< 0..100 */
    /** Of the protected picture, see vernis/ledger.h. */
    uint8_t thumbnail[VERNIS_THUMBNAIL_BYTES];
} VernisResult;

/** Protect one file: read, optimise, write atomically, read back and measure.
 * @param input path, or "-" for standard input
 * @param output path, or "-" for standard output; NULL: NAME.protected.EXT beside the input
 * @param result filled on success; zero-initialise */
VERNIS_API VernisStatus vernis_protect_file(VernisSession *session, const char *input, const char *output,
                                            VernisResult *result, VernisError *err);

/** Protect one picture from memory to memory: the same as vernis_protect_file, with nothing read from or written to disk but
 * the artist's key. It is encoded as the setting "format" says, else as it came.
 * @param bytes a whole PNG, JPEG or WebP file of `size` bytes; only read
 * @param name what errors call it, such as a document's name; an ending that contradicts the content is an error, as it is for
 * a file; NULL: "the picture"
 * @param out on success the protected file, *out_size bytes, for vernis_free; NULL and 0 otherwise
 * @param result as for vernis_protect_file; the figures are measured from the bytes in *out */
VERNIS_API VernisStatus vernis_protect_memory(VernisSession *session, const void *bytes, size_t size, const char *name,
                                              void **out, size_t *out_size, VernisResult *result, VernisError *err);

/** Puts a finished picture in its place. `finished` is a whole file in the output's folder that is removed if it is not moved.
 * @return VERNIS_OK, or a status with `err` filled */
typedef VernisStatus VernisPlace(void *opaque, const char *finished, const char *output, VernisError *err);
/** The same, but `place` decides what becomes of a file that is at `output` already, the input among them.
 * @param place NULL: as vernis_protect_file */
VERNIS_API VernisStatus vernis_protect_file_placed(VernisSession *session, const char *input, const char *output,
                                                   VernisPlace *place, void *opaque, VernisResult *result,
                                                   VernisError *err);

/** The output path that vernis_protect_file would choose for NULL. @return heap text for vernis_free, or NULL */
VERNIS_API char *vernis_default_output(const VernisSession *session, const char *input, const char *folder);

/** Say what protecting would do: size, steps, about how many seconds (the first call times a small step), and in
 * peak_memory_bytes what it takes at most.
 * @param whole 0: read only the header; else decode the picture, and refuse what protecting would refuse before it begins, such
 * as one that is protected already (VERNIS_E_PROTECTED) */
VERNIS_API VernisStatus vernis_estimate_file(VernisSession *session, const char *input, int whole, VernisResult *result,
                                             VernisError *err);

/** Measure from two files on disk. Fills psnr, ssim, visibility, ingest and shifts. An original of another size is brought
 * to the protected picture's first. */
VERNIS_API VernisStatus vernis_verify_files(VernisSession *session, const char *original, const char *protected_file,
                                            VernisResult *result, VernisError *err);

/** One picture's part of a report, as HTML with its images inside: before, after, what the result says in plain words, the
 * most visible spot, the difference, maps of the budget and of how far the first surrogate was moved, and, where that one is
 * built in and has a decoder, what it sees of both. Reads both files from disk. Heap text in *out, about a megabyte.
 * @param result of vernis_protect_file or vernis_verify_files for these files and this session */
VERNIS_API VernisStatus vernis_report_picture(VernisSession *session, const char *original, const char *protected_file,
                                              const VernisResult *result, char **out, VernisError *err);

/** What the head of a report says about a run. */
typedef struct VernisReportRun {
    size_t done, skipped, failed;
    int verified; /**< nonzero: the pictures were compared, not made */
} VernisReportRun;

/** A report: one HTML file that holds everything it shows. It takes its name when it is closed; until then a file of that
 * name stays as it is. */
typedef struct VernisReport VernisReport;
VERNIS_API VernisStatus vernis_report_open(VernisReport **out, const char *path, int replace,
                                           const VernisReportRun *run, VernisError *err);
/** @param part text of vernis_report_picture, `size` bytes without the final zero */
VERNIS_API VernisStatus vernis_report_add(VernisReport *report, const char *part, size_t size, VernisError *err);
/** A picture that was not done; after all that were. @param reason plain text */
VERNIS_API VernisStatus vernis_report_add_failure(VernisReport *report, const char *input, const char *reason,
                                                  VernisError *err);
/** @param keep 0: nothing was reported; sets NULL and takes NULL */
VERNIS_API VernisStatus vernis_report_close(VernisReport **report, int keep, VernisError *err);

/** Run the session's first surrogate on an image; write the latent (z,h,w) and the gradient (3,H,W) of half its squared
 * norm as float32 .npy. Either path may be NULL. */
VERNIS_API VernisStatus vernis_probe_file(VernisSession *session, const char *image, const char *latent_path,
                                          const char *gradient_path, VernisError *err);

/** One line of JSON, as in the manual: the line of protect, with status "ok". Heap text for vernis_free, or NULL. */
VERNIS_API char *vernis_result_json(const char *input, const char *output, const VernisResult *result);
/** The line of a failed or skipped file. @param status "failed" or "skipped"; @param reason text for a skip, may be NULL */
VERNIS_API char *vernis_failure_json(const char *input, const char *status, const VernisError *err, const char *reason);
VERNIS_API char *vernis_verify_json(const char *original, const char *protected_file, const VernisResult *result);

/** Read metadata and provenance of a file. @param json nonzero: one JSON line, else plain words. Heap text in *out.
 * @param platform also say what this one will strip ("instagram", a choice of the setting "platform"), or NULL */
VERNIS_API VernisStatus vernis_inspect_file(const char *path, const char *platform, int json, char **out,
                                            VernisError *err);

/** Write the opt-out files of a web site into its folder (robots.txt, ai.txt, .well-known/tdmrep.json and snippets in
 * vernis-optout/), merged into what is there, or take them out again. Heap text in *out: a line for each file.
 * @param removing nonzero: take them out; @return VERNIS_E_FORMAT naming a file into which nothing can be merged; then
 * nothing has been written */
VERNIS_API VernisStatus vernis_optout_folder(const char *folder, int removing, int json, char **out, VernisError *err);

/** Make the artist's own signing identity in the configuration folder: a root certificate where there is none yet, and a
 * certificate and key that vernis_session_open finds. Private keys can be read by their owner alone.
 * @param name of the artist, as others will read it; @param json nonzero: one JSON line, else plain words. Heap text in *out.
 * @return VERNIS_E_EXISTS when there is an identity: nothing is ever replaced */
VERNIS_API VernisStatus vernis_identity_create(const char *name, int json, char **out, VernisError *err);

/** List the built-in surrogates, each with its decoder if it has one, and the installed ones (path NULL), or describe a model
 * file. Heap text in *out. */
VERNIS_API VernisStatus vernis_models_text(const char *path, int json, char **out, VernisError *err);
/** Check a model file and copy it to the user's configuration folder under `name`. */
VERNIS_API VernisStatus vernis_models_install(const char *path, const char *name, VernisError *err);

/** List the presets (name NULL) or print one. Heap text in *out. */
VERNIS_API VernisStatus vernis_presets_text(const char *name, int json, char **out, VernisError *err);

/** Time one optimisation step of each of the session's surrogates. Heap text in *out: a line each. */
VERNIS_API VernisStatus vernis_bench_text(VernisSession *session, uint32_t size, int json, char **out,
                                          VernisError *err);

/** Check kernels, one gradient and one encode-decode on this machine. Heap text in *out.
 * @return VERNIS_E_INTERNAL when a check failed (the text is there all the same) */
VERNIS_API VernisStatus vernis_selftest_text(VernisSession *session, int json, char **out, VernisError *err);

/** Remove temporary files that are open now; async-signal-safe, for a signal handler that is about to exit. */
VERNIS_API void vernis_remove_temporaries(void);
/** Remove what killed runs have left in a folder of outputs: hidden files .vernis-XXXXXX whose owner is no more. */
VERNIS_API void vernis_sweep_folder(const char *folder);

VERNIS_API void vernis_free(void *block); /**< what the library gave away: text or bytes. Takes NULL */

#ifdef __cplusplus
}
#endif
#endif
