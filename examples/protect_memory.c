/* SPDX-License-Identifier: Apache-2.0 */
/* Protect a picture from memory, as a paint program's plug-in or a server would: the host's allocator, the host's threads,
 * the host's progress bar, and no file but the two that stand for the host's own input and output.
 *
 *   cc protect_memory.c -o protect_memory -pthread $(pkg-config --cflags --libs vernis)
 *   ./protect_memory picture.png protected.png [setting=value ...]      such as creator="Ada Painter" strength=gentle
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vernis/vernis.h>

/* The host's allocator: malloc, counted. It is called from every thread that runs shares. */
static atomic_long blocks, blocks_ever;

static void *host_allocate(size_t size) {
    void *block = malloc(size);
    if (block) {
        atomic_fetch_add(&blocks, 1);
        atomic_fetch_add(&blocks_ever, 1);
    }
    return block;
}

static void host_release(void *block) {
    atomic_fetch_sub(&blocks, 1);
    free(block);
}

/* The host's threads: they wait for loops and take shares of them, one after another, as the calling thread does. */
enum { HOST_THREADS = 2 }; /* and the one that calls */

typedef struct Host {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    pthread_t threads[HOST_THREADS];
    VernisTask *task;
    void *argument;
    unsigned next, count, running; /* the next share, how many there are, and how many are being done */
    int stop;
    unsigned long loops, shares_elsewhere; /* done by another thread than the one that called the library */
    int percent;
} Host;

/* Do shares until none is left to begin. The lock is held on entry and on return. */
static unsigned take_shares(Host *host) {
    unsigned taken = 0;
    while (host->next < host->count) {
        unsigned i = host->next++;
        host->running++;
        pthread_mutex_unlock(&host->lock);
        host->task(host->argument, i);
        pthread_mutex_lock(&host->lock);
        taken++;
        if (!--host->running)
            pthread_cond_signal(&host->done);
    }
    return taken;
}

static void *host_thread(void *opaque) {
    Host *host = opaque;
    pthread_mutex_lock(&host->lock);
    while (!host->stop) {
        host->shares_elsewhere += take_shares(host);
        pthread_cond_wait(&host->work, &host->lock);
    }
    pthread_mutex_unlock(&host->lock);
    return NULL;
}

/* VernisHooks.parallel_for */
static void host_parallel_for(void *opaque, unsigned count, VernisTask *task, void *argument) {
    Host *host = opaque;
    pthread_mutex_lock(&host->lock);
    host->task = task;
    host->argument = argument;
    host->next = 0;
    host->count = count;
    host->loops++;
    pthread_cond_broadcast(&host->work);
    take_shares(host);
    while (host->running)
        pthread_cond_wait(&host->done, &host->lock);
    pthread_mutex_unlock(&host->lock);
}

static int host_open(Host *host) {
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->work, NULL);
    pthread_cond_init(&host->done, NULL);
    for (int i = 0; i < HOST_THREADS; i++)
        if (pthread_create(&host->threads[i], NULL, host_thread, host))
            return -1; /* main ends the program */
    return 0;
}

static void host_close(Host *host) {
    pthread_mutex_lock(&host->lock);
    host->stop = 1;
    pthread_cond_broadcast(&host->work);
    pthread_mutex_unlock(&host->lock);
    for (int i = 0; i < HOST_THREADS; i++)
        pthread_join(host->threads[i], NULL);
}

/* VernisHooks.progress */
static void host_progress(void *opaque, const char *stage, double done) {
    Host *host = opaque;
    int percent = (int)(done * 100);
    if (percent / 10 > host->percent / 10 || percent == 100)
        printf("%3d %% %s\n", percent, stage);
    host->percent = percent;
}

static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long length;
    if (file && !fseek(file, 0, SEEK_END) && (length = ftell(file)) > 0 && (bytes = malloc((size_t)length))) {
        rewind(file);
        *size = fread(bytes, 1, (size_t)length, file);
    }
    if (file)
        fclose(file);
    return bytes;
}

static int write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    size_t written = file ? fwrite(bytes, 1, size, file) : 0;
    return file && !fclose(file) && written == size ? 0 : -1;
}

static VernisStatus set_all(VernisSettings *settings, char **pairs, VernisError *err) {
    for (; *pairs; pairs++) {
        char *equals = strchr(*pairs, '=');
        if (!equals)
            continue;
        *equals = 0;
        if (vernis_settings_set(settings, *pairs, equals + 1, err))
            break;
    }
    return err->status;
}

int main(int argc, char **argv) {
    static Host host;
    VernisHooks hooks = {.opaque = &host, .progress = host_progress, .parallel_for = host_parallel_for};
    VernisError err = {0};
    VernisSettings *settings = NULL;
    VernisSession *session = NULL;
    VernisResult result = {0};
    size_t size = 0, protected_size = 0;
    void *protected_bytes = NULL, *bytes = argc > 2 ? read_file(argv[1], &size) : NULL;
    if (!bytes || host_open(&host)) {
        fprintf(stderr, "usage: protect_memory PICTURE OUTPUT [setting=value ...]\n");
        return 2;
    }
    /* The allocator first, before anything is allocated; then settings, a session for any number of pictures, a picture. */
    if (!vernis_set_allocator(host_allocate, host_release, &err) && !vernis_settings_open(&settings, &err) &&
        !set_all(settings, argv + 3, &err) && !vernis_session_open(&session, settings, &hooks, &err))
        vernis_protect_memory(session, bytes, size, argv[1], &protected_bytes, &protected_size, &result, &err);
    if (err.status)
        fprintf(stderr, "%s\n", err.text);
    else if (write_file(argv[2], protected_bytes, protected_size))
        fprintf(stderr, "%s: cannot be written\n", argv[2]);
    for (size_t i = 0; i < result.warning_count; i++)
        printf("note: %s\n", result.warnings[i]);
    vernis_free(protected_bytes);
    vernis_session_close(&session);
    vernis_settings_close(&settings);
    host_close(&host);
    free(bytes);
    printf("%ux%u, %zu bytes to %zu, visibility %.2f, %.1f s\n", result.width, result.height, size, protected_size,
           result.visibility, result.seconds);
    printf("%lu loops, %lu shares on the host's own threads; %ld blocks from the host's allocator, %ld left\n", host.loops,
           host.shares_elsewhere, atomic_load(&blocks_ever), atomic_load(&blocks));
    return err.status || atomic_load(&blocks) ? 1 : 0;
}
