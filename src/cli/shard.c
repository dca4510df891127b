/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shard.h"

#include <stdint.h>
#include <stdio.h>

/* FNV-1a, 64 bits; the high half is folded in because its lowest bits alone are the parity of the input's. */
static uint32_t hash_of(const char *text) {
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return (uint32_t)(hash ^ hash >> 32);
}

int shard_apply(CliInputs *inputs, const CliContext *ctx) {
    enum { MOST = 100000 };
    const char *text = vernis_settings_text(ctx->settings, "shard");
    unsigned shard, shards;
    char rest;
    if (!text)
        return CLI_DONE;
    if (sscanf(text, "%6u/%6u%c", &shard, &shards, &rest) != 2 || !shard || shard > shards || shards > MOST)
        return cli_usage(ctx, "--shard %s: expected I/N, the I-th of N shards, such as 1/4 (N at most %d)", text, MOST);
    for (size_t i = 0; i < inputs->count; i++) {
        inputs->items[i].elsewhere = hash_of(inputs->items[i].relative) % shards != shard - 1;
        inputs->elsewhere += inputs->items[i].elsewhere;
    }
    return CLI_DONE;
}
