/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_THREADS = 256 };

typedef struct Worker {
    VnPool *pool;
    unsigned index;
    pthread_t thread;
} Worker;

struct VnPool {
    unsigned threads;
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    VnHostLoop *host; /* NULL: threads of our own */
    void *host_opaque;
    /* One loop at a time; `round` tells the workers that a new one is there. */
    uint64_t round;
    unsigned busy;
    bool stop;
    VnBody *body;
    void *context;
    unsigned count;
    atomic_uint next;
    Worker workers[]; /* threads - 1 */
};

static void take_shares(VnPool *pool, unsigned thread) {
    for (unsigned i; (i = atomic_fetch_add(&pool->next, 1)) < pool->count;)
        pool->body(pool->context, i, thread);
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    VnPool *pool = worker->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->round == seen && !pool->stop)
            pthread_cond_wait(&pool->work, &pool->lock);
        if (pool->stop)
            break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->lock);
        take_shares(pool, worker->index);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->idle);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static unsigned usable_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (unsigned)count;
}

VernisStatus vn_pool_open(VnPool **out, unsigned threads, VnError *err) {
    return vn_pool_open_on(out, threads, NULL, NULL, err);
}

VernisStatus vn_pool_open_on(VnPool **out, unsigned threads, VnHostLoop *run, void *opaque, VnError *err) {
    *out = NULL;
    if (threads > MAX_THREADS)
        return vn_fail(err, VERNIS_E_ARGUMENT, "threads", "%u threads asked for, at most %d are possible", threads,
                       MAX_THREADS);
    if (!threads)
        threads = usable_processors();
    unsigned own = run ? 0 : threads - 1;
    size_t size = sizeof(VnPool) + own * sizeof(Worker);
    VnPool *pool = vn_calloc(1, size);
    if (!pool)
        return vn_no_memory(err, "threads", size, "the thread pool");
    pool->host = run;
    pool->host_opaque = opaque;
    pool->threads = run ? threads : 1;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->idle, NULL);
    for (unsigned i = 0; i < own; i++) {
        pool->workers[i] = (Worker){.pool = pool, .index = i + 1};
        int problem = pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]);
        if (problem) {
            vn_pool_close(&pool);
            return vn_fail(err, VERNIS_E_MEMORY, "threads", "cannot start thread %u: %s", i + 2, strerror(problem));
        }
        pool->threads++;
    }
    *out = pool;
    return VERNIS_OK;
}

void vn_pool_close(VnPool **handle) {
    VnPool *pool = *handle;
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; !pool->host && i + 1 < pool->threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    vn_free(pool);
    *handle = NULL;
}

static void host_share(void *argument, unsigned i) { take_shares(argument, i); }

unsigned vn_pool_threads(const VnPool *pool) { return pool ? pool->threads : 1; }

void vn_pool_run(VnPool *pool, unsigned count, VnBody *body, void *context) {
    if (!pool || pool->threads == 1 || count < 2) {
        for (unsigned i = 0; i < count; i++)
            body(context, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->body = body;
    pool->context = context;
    pool->count = count;
    atomic_store(&pool->next, 0);
    if (pool->host) {
        pthread_mutex_unlock(&pool->lock);
        pool->host(pool->host_opaque, count < pool->threads ? count : pool->threads, host_share, pool);
        return;
    }
    pool->busy = pool->threads - 1;
    pool->round++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    take_shares(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy)
        pthread_cond_wait(&pool->idle, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
