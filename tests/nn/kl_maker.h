/* SPDX-License-Identifier: Apache-2.0 */
/* Builds KL encoders as safetensors files in memory, in every spelling of their tensors' names. The weights are made
 * from CompVis's names, as tools/make_nn_goldens.py makes them. */
#ifndef KL_MAKER_H
#define KL_MAKER_H

#include "model_maker.h"

#include <stdlib.h>

typedef struct KlShape {
    const char *golden;
    unsigned levels, widths[8], blocks[8];
    int attention; /* level whose blocks are followed by attention, or -1 */
    unsigned z;
    int quant;
} KlShape;

static const KlShape kl_shapes[] = {{"kl", 3, {32, 64, 64}, {2, 1, 2}, -1, 4, 1},
                                    {"kl_plain", 2, {32, 32}, {1, 1}, 1, 16, 0}};

typedef enum KlSpelling { KL_COMPVIS, KL_DIFFUSERS, KL_DIFFUSERS_OLD, KL_CHECKPOINT, KL_VAE, KL_SPELLINGS } KlSpelling;

typedef struct KlMaker {
    Maker maker;
    KlSpelling spelling;
    const char *dtype;
} KlMaker;

static inline void kl_join(char out[128], const char *stem, const char *part) {
    int n = snprintf(out, 128, "%s%s", stem, part);
    assert_true(n > 0 && n < 128);
}

static inline void kl_part(char *out, size_t size, KlSpelling spelling, const char *rest) {
    static const struct {
        const char *compvis, *name[2];
    } parts[] = {{"nin_shortcut.", {"conv_shortcut.", "conv_shortcut."}},
                 {"norm.", {"group_norm.", "group_norm."}},
                 {"q.", {"to_q.", "query."}},
                 {"k.", {"to_k.", "key."}},
                 {"v.", {"to_v.", "value."}},
                 {"proj_out.", {"to_out.0.", "proj_attn."}}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t n = strlen(parts[i].compvis);
        if (!strncmp(rest, parts[i].compvis, n)) {
            snprintf(out, size, "%s%s", parts[i].name[spelling == KL_DIFFUSERS_OLD], rest + n);
            return;
        }
    }
    snprintf(out, size, "%s", rest);
}

static inline void kl_name(char out[256], KlSpelling spelling, const char *name) {
    char part[128];
    unsigned level, index;
    int rest = 0;
    if (spelling != KL_DIFFUSERS && spelling != KL_DIFFUSERS_OLD) {
        snprintf(out, 256, "%s%s",
                 spelling == KL_CHECKPOINT ? "first_stage_model."
                 : spelling == KL_VAE      ? "vae."
                                           : "",
                 name);
    } else if (sscanf(name, "encoder.down.%u.block.%u.%n", &level, &index, &rest) == 2 && rest) {
        kl_part(part, sizeof part, spelling, name + rest);
        snprintf(out, 256, "encoder.down_blocks.%u.resnets.%u.%s", level, index, part);
    } else if (sscanf(name, "encoder.down.%u.attn.%u.%n", &level, &index, &rest) == 2 && rest) {
        kl_part(part, sizeof part, spelling, name + rest);
        snprintf(out, 256, "encoder.down_blocks.%u.attentions.%u.%s", level, index, part);
    } else if (sscanf(name, "encoder.down.%u.downsample.%n", &level, &rest) == 1 && rest) {
        snprintf(out, 256, "encoder.down_blocks.%u.downsamplers.0.%s", level, name + rest);
    } else if (sscanf(name, "encoder.mid.block_%u.%n", &index, &rest) == 1 && rest) {
        snprintf(out, 256, "encoder.mid_block.resnets.%u.%s", index - 1, name + rest);
    } else if (!strncmp(name, "encoder.mid.attn_1.", 19)) {
        kl_part(part, sizeof part, spelling, name + 19);
        snprintf(out, 256, "encoder.mid_block.attentions.0.%s", part);
    } else if (!strncmp(name, "encoder.norm_out.", 17)) {
        snprintf(out, 256, "encoder.conv_norm_out.%s", name + 17);
    } else {
        snprintf(out, 256, "%s", name);
    }
}

/* Odd multiples of a power of two, of four bits: exact in every type. */
static inline float kl_value(uint32_t seed, size_t i, float unit) {
    uint32_t x = seed + (uint32_t)i * 2654435761u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (2 * (float)(x >> 28) - 15) * unit;
}

static inline void kl_append(KlMaker *m, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t half = (uint16_t)((bits >> 16 & 0x8000) | (((bits & 0x7fffffff) - 0x38000000) >> 13));
    uint16_t brain = (uint16_t)(bits >> 16);
    const void *data = !strcmp(m->dtype, "F16") ? &half : !strcmp(m->dtype, "BF16") ? (void *)&brain : (void *)&bits;
    assert_int_equal(vn_bytes_append(&m->maker.data, data, data == &bits ? 4 : 2, NULL), VERNIS_OK);
}

/* @param taps 0: a vector of `out` values; with taps 1 diffusers' attention has two dimensions */
static inline void kl_tensor(KlMaker *m, const char *stem, const char *ending, unsigned out, unsigned in,
                             unsigned taps) {
    char name[128], full[256], entry[512], shape[64];
    kl_join(name, stem, ending);
    kl_name(full, m->spelling, name);
    size_t count = taps ? (size_t)out * in * taps * taps : out;
    if (!taps)
        snprintf(shape, sizeof shape, "[%u]", out);
    else if (strstr(full, ".attentions."))
        snprintf(shape, sizeof shape, "[%u,%u]", out, in);
    else
        snprintf(shape, sizeof shape, "[%u,%u,%u,%u]", out, in, taps, taps);
    size_t bytes = count * (strcmp(m->dtype, "F32") ? 2 : 4);
    snprintf(entry, sizeof entry, "%c\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
             m->maker.header.size ? ',' : '{', full, m->dtype, shape, m->maker.data.size, m->maker.data.size + bytes);
    assert_int_equal(vn_bytes_append(&m->maker.header, entry, strlen(entry), NULL), VERNIS_OK);
    uint32_t seed = 2166136261u;
    for (const char *c = name; *c; c++)
        seed = (seed ^ (uint8_t)*c) * 16777619u;
    int gamma = strstr(name, "norm") && !strcmp(ending, "weight");
    float unit = !taps ? 1 / 32.0f : (size_t)in * taps * taps >= 100 ? 1 / 128.0f : 1 / 64.0f;
    for (size_t i = 0; i < count; i++)
        kl_append(m, kl_value(seed, i, unit) + (gamma ? 1.0f : 0.0f));
}

static inline void kl_layer(KlMaker *m, const char *stem, unsigned out, unsigned in, unsigned taps) {
    kl_tensor(m, stem, "weight", out, in, taps);
    kl_tensor(m, stem, "bias", out, 0, 0);
}

static inline void kl_residual(KlMaker *m, const char *stem, unsigned out, unsigned in) {
    char name[128];
    kl_join(name, stem, "norm1.");
    kl_layer(m, name, in, 0, 0);
    kl_join(name, stem, "conv1.");
    kl_layer(m, name, out, in, 3);
    kl_join(name, stem, "norm2.");
    kl_layer(m, name, out, 0, 0);
    kl_join(name, stem, "conv2.");
    kl_layer(m, name, out, out, 3);
    kl_join(name, stem, "nin_shortcut.");
    if (in != out)
        kl_layer(m, name, out, in, 1);
}

static inline void kl_attention(KlMaker *m, const char *stem, unsigned width) {
    static const char *const parts[] = {"norm.", "q.", "k.", "v.", "proj_out."};
    for (unsigned i = 0; i < 5; i++) {
        char name[128];
        kl_join(name, stem, parts[i]);
        kl_layer(m, name, width, i ? width : 0, i ? 1 : 0);
    }
}

static inline VnBytes kl_file(const KlShape *s, KlSpelling spelling, const char *dtype) {
    KlMaker m = {.spelling = spelling, .dtype = dtype};
    char name[128];
    unsigned channels = s->widths[0];
    kl_layer(&m, "encoder.conv_in.", channels, 3, 3);
    for (unsigned level = 0; level < s->levels; level++) {
        for (unsigned i = 0; i < s->blocks[level]; i++) {
            snprintf(name, sizeof name, "encoder.down.%u.block.%u.", level, i);
            kl_residual(&m, name, s->widths[level], channels);
            channels = s->widths[level];
            snprintf(name, sizeof name, "encoder.down.%u.attn.%u.", level, i);
            if ((int)level == s->attention)
                kl_attention(&m, name, channels);
        }
        snprintf(name, sizeof name, "encoder.down.%u.downsample.conv.", level);
        if (level + 1 < s->levels)
            kl_layer(&m, name, channels, channels, 3);
    }
    kl_residual(&m, "encoder.mid.block_1.", channels, channels);
    kl_attention(&m, "encoder.mid.attn_1.", channels);
    kl_residual(&m, "encoder.mid.block_2.", channels, channels);
    kl_layer(&m, "encoder.norm_out.", channels, 0, 0);
    kl_layer(&m, "encoder.conv_out.", 2 * s->z, channels, 3);
    if (s->quant)
        kl_layer(&m, "quant_conv.", 2 * s->z, 2 * s->z, 1);
    if (spelling == KL_CHECKPOINT || spelling == KL_VAE) { /* what else a full checkpoint holds */
        make_tensor(&m.maker, "first_stage_model.decoder.conv_in.weight", "[8,4,3,3]", 288);
        make_tensor(&m.maker, "model.diffusion_model.input_blocks.0.0.weight", "[4,3,3,3]", 108);
        make_tensor(&m.maker, "cond_stage_model.logit_scale", "[]", 1);
        make_tensor(&m.maker, "0.weight", "[2,2]", 4);
    }
    return make_file(&m.maker);
}

#endif
