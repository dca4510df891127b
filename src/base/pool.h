/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * One thread pool: parallel loops over a range, the caller taking part. Not reentrant: a body must not call vn_pool_run.
 * The threads are the pool's own, or whatever a host runs its loops on.
 */
#ifndef VN_BASE_POOL_H
#define VN_BASE_POOL_H

#include "base/error.h"

typedef struct VnPool VnPool;

/** @param threads 1..256, or 0 for one per processor this process may use */
VernisStatus vn_pool_open(VnPool **out, unsigned threads, VnError *err);

/** A host's way to run a loop: `share(argument, i)` once for each i in 0..count-1, on any threads and in any order, and back
 * when all have returned. */
typedef void VnShare(void *argument, unsigned i);
typedef void VnHostLoop(void *opaque, unsigned count, VnShare *share, void *argument);

/** A pool without threads of its own: each loop is dealt out by one call of `run`, in at most `threads` shares.
 * @param threads as for vn_pool_open */
VernisStatus vn_pool_open_on(VnPool **out, unsigned threads, VnHostLoop *run, void *opaque, VnError *err);
void vn_pool_close(VnPool **pool);            /**< joins the threads; takes NULL and sets NULL */
unsigned vn_pool_threads(const VnPool *pool); /**< 1 for a NULL pool */

/** Body of a parallel loop: called once for each i in 0..count-1; `thread` in 0..threads-1 names the worker. */
typedef void VnBody(void *context, unsigned i, unsigned thread);

/** Run body for all i and return when all are done. A NULL pool runs them in order on the caller. The caller is thread 0. */
void vn_pool_run(VnPool *pool, unsigned count, VnBody *body, void *context);

#endif
