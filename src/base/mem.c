/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <vernis/session.h>

/* Each block is preceded by this header, so that it can be counted without asking the allocator, and so that any
 * allocator's block can be aligned. */
enum { ALIGN = 64 };
typedef struct Header {
    void *origin; /* what the allocator returned */
    size_t size;  /* what the caller asked for */
} Header;

static void *(*allocate)(size_t) = malloc;
static void (*release)(void *) = free;
static atomic_size_t used, peak, limit;

VernisStatus vernis_set_allocator(void *(*new_allocate)(size_t size), void (*new_release)(void *block),
                                  VernisError *err) {
    if (!new_allocate || !new_release)
        return vn_fail(err, VERNIS_E_ARGUMENT, "memory", "an allocator needs both functions");
    if (vn_mem_used())
        return vn_fail(err, VERNIS_E_ARGUMENT, "memory", "the allocator can only be replaced before first use");
    allocate = new_allocate;
    release = new_release;
    return VERNIS_OK;
}

static Header *header_of(void *block) { return (Header *)((uint8_t *)block - sizeof(Header)); }

void *vn_malloc(size_t size) {
    size_t whole;
    if (!size || __builtin_add_overflow(size, ALIGN + sizeof(Header), &whole))
        return NULL;
    size_t most_allowed = atomic_load(&limit), in_use = atomic_load(&used);
    if (most_allowed && (in_use > most_allowed || size > most_allowed - in_use))
        return NULL;
    uint8_t *origin = allocate(whole);
    if (!origin)
        return NULL;
    uintptr_t start = ((uintptr_t)origin + sizeof(Header) + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);
    uint8_t *block = origin + (start - (uintptr_t)origin);
    *header_of(block) = (Header){origin, size};
    size_t now = atomic_fetch_add(&used, size) + size;
    size_t most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now))
        ;
    return block;
}

void *vn_calloc(size_t count, size_t size) {
    size_t total = vn_mul(count, size);
    void *block = total == SIZE_MAX ? NULL : vn_malloc(total);
    if (block)
        memset(block, 0, total);
    return block;
}

void vn_free(void *block) {
    if (!block)
        return;
    Header *header = header_of(block);
    atomic_fetch_sub(&used, header->size);
    release(header->origin);
}

void *vn_realloc(void *block, size_t size) {
    if (!block)
        return vn_malloc(size);
    void *bigger = vn_malloc(size);
    if (!bigger)
        return NULL;
    size_t old = header_of(block)->size;
    memcpy(bigger, block, old < size ? old : size);
    vn_free(block);
    return bigger;
}

char *vn_strdup(const char *text) {
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = vn_malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void vn_bytes_free(VnBytes *bytes) {
    vn_free(bytes->data);
    *bytes = (VnBytes){0};
}

VernisStatus vn_no_memory(VnError *err, const char *where, size_t size, const char *what) {
    size_t most_allowed = atomic_load(&limit);
    if (most_allowed)
        return vn_fail(err, VERNIS_E_MEMORY, where, "%s would take %zu bytes more, over the memory limit of %zu", what,
                       size, most_allowed);
    return vn_fail(err, VERNIS_E_MEMORY, where, "out of memory: %zu bytes for %s", size, what);
}

VernisStatus vn_bytes_append(VnBytes *bytes, const void *data, size_t size, VnError *err) {
    if (!size)
        return VERNIS_OK;
    size_t total;
    if (__builtin_add_overflow(bytes->size, size, &total))
        return vn_no_memory(err, "memory", SIZE_MAX, "a growing buffer");
    size_t capacity = bytes->data ? header_of(bytes->data)->size : 0;
    if (total > capacity) {
        uint8_t *bigger = vn_realloc(bytes->data, total + total / 2);
        if (!bigger)
            return vn_no_memory(err, "memory", total + total / 2, "a growing buffer");
        bytes->data = bigger;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size = total;
    return VERNIS_OK;
}

size_t vn_mem_used(void) { return atomic_load(&used); }
void vn_mem_limit(size_t bytes) { atomic_store(&limit, bytes); }
size_t vn_mem_peak(void) { return atomic_load(&peak); }
void vn_mem_peak_reset(void) { atomic_store(&peak, atomic_load(&used)); }

size_t vn_plan_book(VnPlan *plan, size_t size) {
    size_t offset = plan->total, end;
    if (offset == SIZE_MAX || size > SIZE_MAX - ALIGN ||
        __builtin_add_overflow(offset, (size + ALIGN - 1) & ~(size_t)(ALIGN - 1), &end))
        plan->total = SIZE_MAX;
    else
        plan->total = end;
    return offset;
}

VernisStatus vn_plan_commit(VnPlan *plan, VnError *err) {
    plan->block = plan->total == SIZE_MAX ? NULL : vn_calloc(1, plan->total);
    return plan->block ? VERNIS_OK : vn_no_memory(err, "plan", plan->total, "working memory");
}

void vn_plan_free(VnPlan *plan) {
    vn_free(plan->block);
    *plan = (VnPlan){0};
}
