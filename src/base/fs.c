/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static VernisStatus io_error(VnError *err, const char *path, const char *verb, int code) {
    VernisStatus status = code == ENOSPC || code == EDQUOT || code == EFBIG ? VERNIS_E_NO_SPACE
                          : code == EEXIST                                  ? VERNIS_E_EXISTS
                                                                            : VERNIS_E_IO;
    return vn_fail(err, status, "file", "%s: cannot %s: %s", path, verb, strerror(code));
}

/* Grows as it reads, so that a file that changes its length meanwhile (or a pipe) does no harm. */
static VernisStatus read_all(VnBytes *out, int fd, const char *path, size_t expected, size_t max_bytes, VnError *err) {
    VnBytes bytes = {0};
    size_t capacity = expected < 65536 ? 65536 : expected + 1;
    VernisStatus status = VERNIS_OK;
    bytes.data = vn_malloc(capacity);
    if (!bytes.data)
        return vn_no_memory(err, "file", capacity, path);
    for (;;) {
        if (bytes.size == capacity) {
            uint8_t *bigger = vn_realloc(bytes.data, capacity * 2);
            if (!bigger) {
                status = vn_no_memory(err, "file", capacity * 2, path);
                break;
            }
            bytes.data = bigger;
            capacity *= 2;
        }
        ssize_t n = read(fd, bytes.data + bytes.size, capacity - bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = io_error(err, path, "read", errno);
            break;
        }
        if (n == 0)
            break;
        bytes.size += (size_t)n;
        if (bytes.size > max_bytes) {
            status = vn_fail(err, VERNIS_E_LIMIT, "file", "%s: larger than the limit of %zu bytes", path, max_bytes);
            break;
        }
    }
    if (status == VERNIS_OK && !bytes.size)
        status = vn_fail(err, VERNIS_E_FORMAT, "file", "%s: the file is empty", path);
    if (status != VERNIS_OK)
        vn_bytes_free(&bytes);
    *out = bytes;
    return status;
}

VernisStatus vn_file_read(VnBytes *out, const char *path, size_t max_bytes, VnError *err) {
    *out = (VnBytes){0};
    if (!strcmp(path, "-"))
        return read_all(out, STDIN_FILENO, "standard input", 0, max_bytes, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us; it is refused below */
    if (fd < 0)
        return io_error(err, path, "open", errno);
    struct stat info;
    VernisStatus status;
    if (fstat(fd, &info))
        status = io_error(err, path, "read", errno);
    else if (S_ISDIR(info.st_mode))
        status = vn_fail(err, VERNIS_E_IO, "file", "%s: is a folder, not a file", path);
    else if (!S_ISREG(info.st_mode))
        status = vn_fail(err, VERNIS_E_IO, "file", "%s: is not a regular file", path);
    else if ((uint64_t)info.st_size > max_bytes)
        status = vn_fail(err, VERNIS_E_LIMIT, "file", "%s: %lld bytes, larger than the limit of %zu", path,
                         (long long)info.st_size, max_bytes);
    else
        status = read_all(out, fd, path, (size_t)info.st_size, max_bytes, err);
    close(fd);
    return status;
}

VernisStatus vn_file_blocks(const char *path, VernisStatus (*block)(void *opaque, const void *data, size_t size), void *opaque,
                            VnError *err) {
    static const size_t block_bytes = 1 << 16;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0)
        return io_error(err, path, "open", errno);
    VernisStatus status = VERNIS_OK;
    uint8_t *data = vn_malloc(block_bytes);
    if (!data)
        status = vn_no_memory(err, "file", block_bytes, path);
    else if (fstat(fd, &info) || !S_ISREG(info.st_mode))
        status = vn_fail(err, VERNIS_E_IO, "file", "%s: is not a regular file", path);
    for (ssize_t n = 1; !status && n;) {
        n = read(fd, data, block_bytes);
        if (n > 0)
            status = block(opaque, data, (size_t)n);
        else if (n < 0 && errno != EINTR)
            status = io_error(err, path, "read", errno);
    }
    vn_free(data);
    close(fd);
    return status;
}

VernisStatus vn_map_open(VnMap *out, const char *path, VnError *err) {
    *out = (VnMap){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return io_error(err, path, "open", errno);
    struct stat info;
    VernisStatus status = VERNIS_OK;
    if (fstat(fd, &info)) {
        status = io_error(err, path, "read", errno);
    } else if (!S_ISREG(info.st_mode)) {
        status = vn_fail(err, VERNIS_E_IO, "file", "%s: is not a regular file", path);
    } else if (!info.st_size) {
        status = vn_fail(err, VERNIS_E_FORMAT, "file", "%s: the file is empty", path);
    } else {
        void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            status = io_error(err, path, "map", errno);
        else
            *out = (VnMap){data, (size_t)info.st_size};
    }
    close(fd);
    return status;
}

void vn_map_close(VnMap *map) {
    if (map->data)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (VnMap){0};
}

/* Paths of the temporary files that exist now, for vn_temp_cleanup. A slot's text is complete before `live` is set. */
enum { TEMP_SLOTS = 16, TEMP_PATH = 4096 };
#define TEMP_PREFIX ".vernis-"
static struct {
    char path[TEMP_PATH];
    atomic_int state; /* 0 free, 1 being filled, 2 live */
} temps[TEMP_SLOTS];

static int temp_claim(const char *path) {
    if (strlen(path) >= TEMP_PATH)
        return -1;
    for (int i = 0; i < TEMP_SLOTS; i++) {
        int expected = 0;
        if (atomic_compare_exchange_strong(&temps[i].state, &expected, 1)) {
            memcpy(temps[i].path, path, strlen(path) + 1);
            atomic_store(&temps[i].state, 2);
            return i;
        }
    }
    return -1;
}

static void temp_release(int slot) {
    if (slot >= 0)
        atomic_store(&temps[slot].state, 0);
}

void vn_temp_cleanup(void) {
    for (int i = 0; i < TEMP_SLOTS; i++)
        if (atomic_load(&temps[i].state) == 2)
            unlink(temps[i].path);
}

/* Named by mkostemp, and no link to somewhere else. */
static bool is_temp(int folder, const char *name) {
    struct stat info;
    size_t rest = strlen(TEMP_PREFIX);
    if (strncmp(name, TEMP_PREFIX, rest) != 0 || strlen(name) != rest + 6)
        return false;
    for (const char *p = name + rest; *p; p++)
        if (!isalnum((unsigned char)*p))
            return false;
    return !fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) && S_ISREG(info.st_mode);
}

void vn_temp_sweep(const char *path) {
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        if (!is_temp(dirfd(folder), entry->d_name))
            continue;
        int fd = openat(dirfd(folder), entry->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (!flock(fd, LOCK_EX | LOCK_NB))
            unlinkat(dirfd(folder), entry->d_name, 0);
        close(fd);
    }
    if (folder)
        closedir(folder);
}

/* A new file with a lock on it that lasts as long as this process. Between the two a sweep may take it for a stale one: then
 * it has no name any more, and another is made. @return the descriptor, or -1 with errno */
static int make_temp(char *template) {
    char *end = template + strlen(template) - 6;
    for (;;) {
        struct stat info;
        int fd = mkostemp(template, O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX) || fstat(fd, &info) || info.st_nlink)
            return fd;
        close(fd);
        memcpy(end, "XXXXXX", 6);
    }
}

static int write_all(int fd, const uint8_t *data, size_t size) {
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* The new name must survive a power cut as well; a file system that cannot sync folders is no error. */
static void sync_folder(const char *path) {
    char *folder = vn_strdup(path);
    if (!folder)
        return;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    vn_free(folder);
}

/* link() fails if the name exists, and so decides atomically; where there are no hard links (FAT, some network file
 * systems) renameat2 does, and where that is missing too, a check and a rename are the best there is. */
static int move_new(const char *temp, const char *path) {
    if (!link(temp, path)) {
        unlink(temp);
        return 0;
    }
    if (errno == EEXIST)
        return EEXIST;
    if (!renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE))
        return 0;
    if (errno == EEXIST)
        return EEXIST;
    if (vn_path_exists(path))
        return EEXIST;
    return rename(temp, path) ? errno : 0;
}

struct VnFileOut {
    char *path, *temp;
    int fd, slot;
    bool replace;
};

static void out_free(VnFileOut *file) {
    vn_free(file->path);
    vn_free(file->temp);
    vn_free(file);
}

/* @param wanted the rights of a new file, before the umask */
static VernisStatus out_open(VnFileOut **out, const char *path, bool replace, mode_t wanted, VnError *err) {
    struct stat old;
    bool exists = !stat(path, &old);
    *out = NULL;
    if (exists && !replace)
        return vn_fail(err, VERNIS_E_EXISTS, "file", "%s: exists already (--overwrite replaces it)", path);
    if (exists && S_ISDIR(old.st_mode))
        return vn_fail(err, VERNIS_E_IO, "file", "%s: is a folder", path);
    size_t capacity = strlen(path) + 32;
    VnFileOut *file = vn_calloc(1, sizeof *file);
    if (file) {
        file->path = vn_strdup(path);
        file->temp = vn_malloc(capacity);
        file->replace = replace;
    }
    if (!file || !file->path || !file->temp) {
        if (file)
            out_free(file);
        return vn_no_memory(err, "file", capacity, path);
    }
    /* Same folder, hidden, and a short name, so that a long picture name still fits. */
    snprintf(file->temp, capacity, "%.*s" TEMP_PREFIX "XXXXXX", (int)(vn_path_base(path) - path), path);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no signal between making the file and noting its name */
    file->fd = make_temp(file->temp);
    int problem = file->fd < 0 ? errno : 0;
    file->slot = file->fd < 0 ? -1 : temp_claim(file->temp);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (problem) {
        out_free(file);
        return io_error(err, path, "create", problem);
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(file->fd, exists ? old.st_mode & 0777 : wanted & ~mask);
    *out = file;
    return VERNIS_OK;
}

VernisStatus vn_file_out_open(VnFileOut **out, const char *path, bool replace, VnError *err) {
    return out_open(out, path, replace, 0666, err);
}

VernisStatus vn_file_out_append(VnFileOut *file, const void *data, size_t size, VnError *err) {
    int problem = write_all(file->fd, data, size);
    return problem ? io_error(err, file->path, "write", problem) : VERNIS_OK;
}

/* All bytes are on the disk before the name is. The descriptor, and with it the lock, is held until the end. */
static VernisStatus out_place(const VnFileOut *file, VnPlace *place, void *opaque, VnError *err) {
    int problem = fsync(file->fd) && errno != EINVAL ? errno : 0;
    if (!problem && place)
        return place(opaque, file->temp, file->path, err);
    if (!problem)
        problem = file->replace ? (rename(file->temp, file->path) ? errno : 0) : move_new(file->temp, file->path);
    return problem ? io_error(err, file->path, "write", problem) : VERNIS_OK;
}

static VernisStatus out_close(VnFileOut **handle, bool keep, VnPlace *place, void *opaque, VnError *err) {
    VnFileOut *file = *handle;
    if (!file)
        return VERNIS_OK;
    VernisStatus status = keep ? out_place(file, place, opaque, err) : VERNIS_OK;
    if (keep && !status)
        sync_folder(file->path);
    else
        unlink(file->temp);
    close(file->fd);
    temp_release(file->slot);
    out_free(file);
    *handle = NULL;
    return status;
}

VernisStatus vn_file_out_close(VnFileOut **handle, bool keep, VnError *err) {
    return out_close(handle, keep, NULL, NULL, err);
}

static VernisStatus write_file(const char *path, const void *data, size_t size, bool replace, mode_t wanted,
                               VnPlace *place, void *opaque, VnError *err) {
    VnFileOut *file;
    VN_TRY(out_open(&file, path, replace, wanted, err));
    VernisStatus status = vn_file_out_append(file, data, size, err);
    VernisStatus closed = out_close(&file, !status, place, opaque, err);
    return status ? status : closed;
}

VernisStatus vn_file_write_placed(const char *path, const void *data, size_t size, VnPlace *place, void *opaque, VnError *err) {
    return write_file(path, data, size, true, 0666, place, opaque, err);
}

VernisStatus vn_file_write(const char *path, const void *data, size_t size, bool replace, VnError *err) {
    if (strcmp(path, "-") != 0)
        return write_file(path, data, size, replace, 0666, NULL, NULL, err);
    int problem = write_all(STDOUT_FILENO, data, size);
    return problem ? io_error(err, "standard output", "write", problem) : VERNIS_OK;
}

VernisStatus vn_file_write_secret(const char *path, const void *data, size_t size, VnError *err) {
    return write_file(path, data, size, false, 0600, NULL, NULL, err);
}

bool vn_path_exists(const char *path) {
    struct stat info;
    return !lstat(path, &info);
}

bool vn_path_is_dir(const char *path) {
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

bool vn_path_same(const char *a, const char *b) {
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

const char *vn_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *vn_path_ext(const char *path) {
    const char *base = vn_path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? dot : base + strlen(base);
}

char *vn_path_join(const char *folder, const char *name) {
    size_t n = strlen(folder), size = n + strlen(name) + 2;
    char *path = vn_malloc(size);
    if (path)
        snprintf(path, size, "%s%s%s", folder, n && folder[n - 1] != '/' ? "/" : "", name);
    return path;
}

VernisStatus vn_make_dirs(const char *path, VnError *err) {
    char *part = vn_strdup(path);
    if (!part)
        return vn_no_memory(err, "file", strlen(path) + 1, path);
    VernisStatus status = VERNIS_OK;
    for (char *p = part + (*part == '/');; p++) {
        if (*p && *p != '/')
            continue;
        char kept = *p;
        *p = 0;
        if (*part && mkdir(part, 0777) && !(errno == EEXIST && vn_path_is_dir(part))) {
            status = io_error(err, part, "create folder", errno == EEXIST ? ENOTDIR : errno);
            break;
        }
        *p = kept;
        if (!kept)
            break;
    }
    vn_free(part);
    return status;
}

/* Resolve the longest part of `folder` that exists; the rest follows as it is spelled. Recursion ends at "/" or ".". */
static char *resolve(const char *folder) {
    char whole[PATH_MAX];
    if (realpath(*folder ? folder : ".", whole))
        return vn_strdup(whole);
    char *copy = vn_strdup(folder), *above = NULL, *path = NULL;
    if (copy) {
        for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
            copy[n - 1] = 0;
        char *name = (char *)(uintptr_t)vn_path_base(copy);
        bool rooted = name == copy + 1;
        if (name > copy)
            name[-1] = 0;
        if (*folder && strcmp(folder, ".") != 0 && strcmp(folder, "/") != 0)
            above = resolve(name == copy ? "." : rooted ? "/" : copy);
        path = above ? vn_path_join(above, name) : NULL;
    }
    vn_free(copy);
    vn_free(above);
    return path;
}

char *vn_path_absolute(const char *path) {
    const char *base = vn_path_base(path);
    char *folder = vn_strdup(path);
    if (!folder)
        return NULL;
    folder[base - path] = 0;
    char *above = resolve(folder), *whole = above ? vn_path_join(above, base) : NULL;
    vn_free(folder);
    vn_free(above);
    return whole;
}

/* $VARIABLE/vernis, or the place below the home folder. */
static char *user_dir(const char *variable, const char *below_home) {
    const char *base = getenv(variable);
    if (base && *base)
        return vn_path_join(base, "vernis");
    base = getenv("HOME");
    return base && *base ? vn_path_join(base, below_home) : NULL;
}

char *vn_config_dir(void) { return user_dir("XDG_CONFIG_HOME", ".config/vernis"); }
char *vn_data_dir(void) { return user_dir("XDG_DATA_HOME", ".local/share/vernis"); }
