/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Files: whole-file reads, read-only maps, atomic writes, a few path helpers. Paths are UTF-8. Errors name the file.
 */
#ifndef VN_BASE_FS_H
#define VN_BASE_FS_H

#include <stdbool.h>

#include "base/mem.h"

/** Read a whole regular file ("-": standard input) into memory.
 * @param max_bytes refuse larger files before allocating (VERNIS_E_LIMIT)
 * @return VERNIS_E_IO for missing, unreadable, not a regular file; VERNIS_E_FORMAT for an empty one */
VernisStatus vn_file_read(VnBytes *out, const char *path, size_t max_bytes, VnError *err);

/** Read a regular file in blocks, in order; stops at the first failure of `block` and returns it. */
VernisStatus vn_file_blocks(const char *path, VernisStatus (*block)(void *opaque, const void *data, size_t size), void *opaque,
                            VnError *err);

/** A read-only map of a whole file, for model files of many gigabytes. */
typedef struct VnMap {
    const uint8_t *data;
    size_t size;
} VnMap;
VernisStatus vn_map_open(VnMap *out, const char *path, VnError *err);
void vn_map_close(VnMap *map); /**< takes a zeroed map */

/** Write a file so that `path` either holds all of `data` or is as it was before: temporary file in the same folder,
 * fsync, rename. The temporary file is removed on failure and on a handled signal (vn_temp_cleanup).
 * @param replace false: an existing `path` is an error (VERNIS_E_EXISTS), decided atomically
 * "-" writes to standard output. */
VernisStatus vn_file_write(const char *path, const void *data, size_t size, bool replace, VnError *err);

/** The same for a new file that only its owner may read (mode 0600), such as a private key. */
VernisStatus vn_file_write_secret(const char *path, const void *data, size_t size, VnError *err);

/** The same for what does not fit into memory at once: a temporary file that grows, and takes its name when it is closed. */
typedef struct VnFileOut VnFileOut;
VernisStatus vn_file_out_open(VnFileOut **out, const char *path, bool replace, VnError *err);
VernisStatus vn_file_out_append(VnFileOut *file, const void *data, size_t size, VnError *err);
/** @param keep false: leave `path` as it was. Sets NULL, takes NULL, and leaves nothing behind when it fails. */
VernisStatus vn_file_out_close(VnFileOut **file, bool keep, VnError *err);

/** The same, but `place` puts the finished file where it belongs (what it leaves is removed). Instead of `replace`: an
 * existing `path` is the caller's business. */
typedef VernisStatus VnPlace(void *opaque, const char *finished, const char *path, VnError *err);
VernisStatus vn_file_write_placed(const char *path, const void *data, size_t size, VnPlace *place, void *opaque, VnError *err);

/** Remove the temporary files that runs which are no more have left in a folder. Each is locked as long as its owner lives, so
 * those of runs at work stay, on whatever machine they are; where a file system has no locks all stay. */
void vn_temp_sweep(const char *folder);

/** Remove the temporary files that are open now. Async-signal-safe: for a signal handler that is about to exit. */
void vn_temp_cleanup(void);

bool vn_path_exists(const char *path);
bool vn_path_is_dir(const char *path);
bool vn_path_same(const char *a, const char *b); /**< the same file by device and inode; false if either is missing */
const char *vn_path_base(const char *path);      /**< the part after the last '/' */
const char *vn_path_ext(const char *path);       /**< ".png" or ""; points into path */
char *vn_path_join(const char *folder, const char *name);  /**< heap; NULL when memory is short */
VernisStatus vn_make_dirs(const char *path, VnError *err); /**< like mkdir -p; mode 0777 minus umask */

/** The path from the root: the folder with its links resolved as far as it exists, the last name as it is. Heap; NULL when
 * memory is short or the working folder is gone. */
char *vn_path_absolute(const char *path);

/** The user's data folder: $XDG_DATA_HOME/vernis or ~/.local/share/vernis. Heap; NULL if neither is known. */
char *vn_data_dir(void);
/** The user's configuration folder: $XDG_CONFIG_HOME/vernis or ~/.config/vernis. Heap; NULL if neither is known. */
char *vn_config_dir(void);

#endif
