/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Memory: one process-wide allocator, replaceable before first use (as in SQLite), which counts what is in use.
 * Every block is 64-byte aligned. Library code calls these, never malloc.
 */
#ifndef VN_BASE_MEM_H
#define VN_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** A heap block with its length; owned by whoever holds the struct, freed with vn_bytes_free. */
typedef struct VnBytes {
    uint8_t *data;
    size_t size;
} VnBytes;

void *vn_malloc(size_t size);               /**< uninitialised; NULL when memory is short or size is 0 */
void *vn_calloc(size_t count, size_t size); /**< zeroed; NULL also when count * size overflows */
void *vn_realloc(void *block, size_t size); /**< like realloc; block may be NULL */
void vn_free(void *block);                  /**< takes NULL */
char *vn_strdup(const char *text);          /**< NULL for NULL */
void vn_bytes_free(VnBytes *bytes);         /**< frees and zeroes; takes a zeroed struct */

/** Fill `err` with "out of memory" for `size` bytes wanted for `what`, and return VERNIS_E_MEMORY. */
VernisStatus vn_no_memory(VnError *err, const char *where, size_t size, const char *what);

/** Append to a growing byte string. @return VERNIS_OK or VERNIS_E_MEMORY (bytes stay as they were) */
VernisStatus vn_bytes_append(VnBytes *bytes, const void *data, size_t size, VnError *err);

size_t vn_mem_used(void);        /**< bytes in use now */
size_t vn_mem_peak(void);        /**< the most bytes in use since the last reset */
void vn_mem_peak_reset(void);    /**< peak = used */
void vn_mem_limit(size_t bytes); /**< from now on an allocation that would pass this fails; 0: no limit */

/** a * b, or SIZE_MAX on overflow (which no allocation satisfies). */
static inline size_t vn_mul(size_t a, size_t b) {
    size_t r;
    return __builtin_mul_overflow(a, b, &r) ? SIZE_MAX : r;
}

/** A plan of one large block: book every part first, allocate once, then take the parts' addresses. */
typedef struct VnPlan {
    size_t total;   /**< bytes booked so far, each part rounded up to 64 */
    uint8_t *block; /**< NULL until vn_plan_commit */
} VnPlan;

size_t vn_plan_book(VnPlan *plan, size_t size); /**< @return the part's offset; SIZE_MAX sticks in total on overflow */
VernisStatus vn_plan_commit(VnPlan *plan, VnError *err); /**< allocate `total` bytes (zeroed) */
void vn_plan_free(VnPlan *plan);
static inline void *vn_plan_at(const VnPlan *plan, size_t offset) { return plan->block + offset; }

#endif
