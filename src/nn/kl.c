/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder of KL autoencoders (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022,
 * appendix E and its published code; diffusers' AutoencoderKL): Stable Diffusion 1, 2, XL and 3, FLUX.1. Levels, blocks
 * and widths are as many as there are tensors. Only the mean, the first half of the outputs, is computed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/loader.h"
#include "nn/pack.h"

/* Where the published code and diffusers name the same layer differently. %u: level, block. */
typedef struct Spelling {
    const char *block, *level_attention, *down, *shortcut;
    const char *mid[3]; /* residual, attention, residual */
    const char *attention_norm, *query, *key, *value, *out;
    const char *norm_out;
} Spelling;

static const Spelling compvis = {.block = "encoder.down.%u.block.%u.",
                                 .level_attention = "encoder.down.%u.attn.%u.",
                                 .down = "encoder.down.%u.downsample.conv.",
                                 .shortcut = "nin_shortcut.",
                                 .mid = {"encoder.mid.block_1.", "encoder.mid.attn_1.", "encoder.mid.block_2."},
                                 .attention_norm = "norm.",
                                 .query = "q.",
                                 .key = "k.",
                                 .value = "v.",
                                 .out = "proj_out.",
                                 .norm_out = "encoder.norm_out."};
static const Spelling diffusers = {
    .block = "encoder.down_blocks.%u.resnets.%u.",
    .level_attention = "encoder.down_blocks.%u.attentions.%u.",
    .down = "encoder.down_blocks.%u.downsamplers.0.conv.",
    .shortcut = "conv_shortcut.",
    .mid = {"encoder.mid_block.resnets.0.", "encoder.mid_block.attentions.0.", "encoder.mid_block.resnets.1."},
    .attention_norm = "group_norm.",
    .query = "to_q.",
    .key = "to_k.",
    .value = "to_v.",
    .out = "to_out.0.",
    .norm_out = "encoder.conv_norm_out."};
/* Attention as diffusers named it before version 0.15. */
static const Spelling older = {
    .attention_norm = "group_norm.", .query = "query.", .key = "key.", .value = "value.", .out = "proj_attn."};

static const char *join(char out[VN_NAME_SIZE], const char *stem, const char *part) {
    snprintf(out, VN_NAME_SIZE, "%s%s", stem, part);
    return out;
}

/* "encoder.down.LEVEL.block.BLOCK." and the like */
static const char *numbered(char out[VN_NAME_SIZE], const char *form, unsigned level, unsigned block) {
    const char *first = strstr(form, "%u"), *second = strstr(first + 2, "%u");
    int before = (int)(first - form);
    if (second)
        snprintf(out, VN_NAME_SIZE, "%.*s%u%.*s%u%s", before, form, level, (int)(second - first - 2), first + 2, block,
                 second + 2);
    else
        snprintf(out, VN_NAME_SIZE, "%.*s%u%s", before, form, level, first + 2);
    return out;
}

static VernisStatus load_norm(VnLoader *l, VnAffine *norm, const char *stem, bool silu) {
    norm->groups = 32;
    norm->epsilon = 1e-6f;
    norm->silu = silu;
    return vn_loader_norm(l, norm, stem);
}

/* A layer's weight, `rows` of `columns`, and its bias. */
typedef struct Matrix {
    float *weight, *bias;
    size_t rows, columns;
} Matrix;

static void matrix_free(Matrix *m) {
    vn_free(m->weight);
    vn_free(m->bias);
    *m = (Matrix){0};
}

static VernisStatus matrix_new(Matrix *m, size_t rows, size_t columns, VnError *err) {
    *m = (Matrix){.rows = rows, .columns = columns};
    size_t bytes = rows * columns * sizeof(float);
    m->weight = vn_malloc(bytes);
    m->bias = vn_calloc(rows, sizeof(float));
    return m->weight && m->bias ? VERNIS_OK : vn_no_memory(err, "model", bytes, "a layer's weights");
}

/* Tensors `stem`weight and `stem`bias into `to`'s rows from `row` on. @param out 0: any */
static VernisStatus read_layer(VnLoader *l, const char *stem, unsigned out, unsigned taps, Matrix *to, size_t row) {
    char name[VN_NAME_SIZE];
    VnTensor weight;
    const VnTensor *bias;
    VN_TRY(vn_loader_weight(l, &weight, join(name, stem, "weight"), out, l->channels, taps));
    VN_TRY(vn_loader_need(l, &bias, join(name, stem, "bias"), 1, weight.shape));
    vn_loader_count(l, weight.count, bias->count);
    if (!to->weight)
        VN_TRY(matrix_new(to, weight.shape[0], weight.count / weight.shape[0], l->err));
    VN_TRY(vn_tensor_floats(&weight, to->weight + row * to->columns, l->err));
    return vn_tensor_floats(bias, to->bias + row, l->err);
}

/* Pack the first `rows` rows. */
static VernisStatus pack(VnLoader *l, VnConv *conv, const Matrix *m, size_t rows, unsigned taps, const char *name) {
    size_t area = (size_t)taps * taps;
    VnTensor weight = {.name = name,
                       .dtype = "F32",
                       .rank = 4,
                       .shape = {rows, m->columns / area, taps, taps},
                       .count = rows * m->columns,
                       .data = (const uint8_t *)m->weight};
    VnTensor bias = {
        .name = name, .dtype = "F32", .rank = 1, .shape = {rows}, .count = rows, .data = (const uint8_t *)m->bias};
    return vn_conv_pack(conv, &weight, &bias, 1, l->err);
}

/* A residual layer's second convolution; the shortcut's bias is added to its own, so that the shortcut only adds. */
static VernisStatus load_second(VnLoader *l, VnLayer *layer, const char *stem, const char *shortcut, unsigned in) {
    char name[VN_NAME_SIZE];
    Matrix second = {0}, first = {0};
    unsigned out = l->channels;
    VernisStatus status;
    VN_CHECK(read_layer(l, join(name, stem, "conv2."), out, 3, &second, 0));
    if (layer->skip) {
        l->channels = in;
        VN_CHECK(read_layer(l, join(name, stem, shortcut), out, 1, &first, 0));
        l->channels = out;
        for (size_t i = 0; i < out; i++)
            second.bias[i] += first.bias[i];
        VnTensor weight = {.name = name,
                           .dtype = "F32",
                           .rank = 4,
                           .shape = {out, in, 1, 1},
                           .count = (size_t)out * in,
                           .data = (const uint8_t *)first.weight};
        VN_CHECK(vn_conv_pack(&layer->skip_conv, &weight, NULL, 1, l->err));
    }
    VN_CHECK(pack(l, &layer->conv[1], &second, out, 3, stem));
done:
    matrix_free(&first);
    matrix_free(&second);
    return status;
}

static VernisStatus load_residual(VnLoader *l, const Spelling *s, const char *stem) {
    char name[VN_NAME_SIZE];
    VnLayer *layer = vn_loader_layer(l, VN_LAYER_RESIDUAL);
    unsigned in = l->channels;
    if (!layer)
        return VERNIS_E_LIMIT;
    VN_TRY(load_norm(l, &layer->norm[0], join(name, stem, "norm1."), true));
    VN_TRY(vn_loader_conv(l, &layer->conv[0], join(name, stem, "conv1."), 0, 3, 1, true));
    VN_TRY(load_norm(l, &layer->norm[1], join(name, stem, "norm2."), true));
    layer->skip = in != l->channels || vn_loader_any(l, join(name, stem, s->shortcut));
    return load_second(l, layer, stem, s->shortcut, in);
}

/* Query, key and value as one convolution, the factor of the scores in the query's part. */
static VernisStatus load_attention(VnLoader *l, const Spelling *s, const char *stem) {
    char name[VN_NAME_SIZE];
    VnLayer *layer = vn_loader_layer(l, VN_LAYER_ATTENTION);
    if (!layer)
        return VERNIS_E_LIMIT;
    if (s == &diffusers && vn_loader_any(l, join(name, stem, older.query)))
        s = &older;
    VN_TRY(load_norm(l, &layer->norm[0], join(name, stem, s->attention_norm), false));
    size_t c = l->channels;
    float factor = 1 / sqrtf((float)c);
    const char *const parts[] = {s->query, s->key, s->value};
    Matrix m = {0};
    VernisStatus status;
    VN_CHECK(matrix_new(&m, 3 * c, c, l->err));
    for (size_t i = 0; i < 3; i++)
        VN_CHECK(read_layer(l, join(name, stem, parts[i]), l->channels, 1, &m, i * c));
    for (size_t i = 0; i < c * c; i++)
        m.weight[i] *= factor;
    for (size_t i = 0; i < c; i++)
        m.bias[i] *= factor;
    VN_CHECK(pack(l, &layer->conv[0], &m, 3 * c, 1, stem));
    VN_CHECK(vn_loader_conv(l, &layer->conv[1], join(name, stem, s->out), l->channels, 1, 1, true));
    l->net->info.attention_macs += 2 * (double)c / ((double)l->stride * l->stride * l->stride * l->stride);
done:
    matrix_free(&m);
    return status;
}

static VernisStatus load_level(VnLoader *l, const Spelling *s, unsigned level) {
    char stem[VN_NAME_SIZE];
    for (unsigned block = 0; !block || vn_loader_any(l, numbered(stem, s->block, level, block)); block++) {
        VN_TRY(load_residual(l, s, numbered(stem, s->block, level, block)));
        if (vn_loader_any(l, numbered(stem, s->level_attention, level, block)))
            VN_TRY(load_attention(l, s, stem));
    }
    if (!vn_loader_any(l, numbered(stem, s->block, level + 1, 0)))
        return VERNIS_OK;
    VnLayer *down = vn_loader_layer(l, VN_LAYER_CONV);
    if (!down)
        return VERNIS_E_LIMIT;
    VN_TRY(vn_loader_conv(l, &down->conv[0], numbered(stem, s->down, level, 0), l->channels, 3, 2, true));
    down->conv[0].shift = true;
    return VERNIS_OK;
}

/* quant_conv after conv_out is one convolution: both are linear, and the first one's padding is zeros either way. */
static VernisStatus fold(Matrix *folded, const Matrix *out, const Matrix *quant, size_t rows, VnError *err) {
    VN_TRY(matrix_new(folded, rows, out->columns, err));
    for (size_t r = 0; r < rows; r++) {
        const float *q = quant->weight + r * quant->columns;
        double bias = (double)quant->bias[r];
        for (size_t k = 0; k < out->rows; k++)
            bias += (double)q[k] * (double)out->bias[k];
        folded->bias[r] = (float)bias;
        for (size_t i = 0; i < out->columns; i++) {
            double sum = 0;
            for (size_t k = 0; k < out->rows; k++)
                sum += (double)q[k] * (double)out->weight[k * out->columns + i];
            folded->weight[r * out->columns + i] = (float)sum;
        }
    }
    return VERNIS_OK;
}

static VernisStatus load_end(VnLoader *l, const Spelling *s) {
    static const char quant_stem[] = "quant_conv.", out_stem[] = "encoder.conv_out.";
    Matrix out = {0}, quant = {0}, folded = {0};
    VnLayer *layer = vn_loader_layer(l, VN_LAYER_CONV);
    if (!layer)
        return VERNIS_E_LIMIT;
    VernisStatus status;
    VN_CHECK(load_norm(l, &layer->norm[0], s->norm_out, true));
    VN_CHECK(read_layer(l, out_stem, 0, 3, &out, 0));
    const Matrix *last = &out;
    if (vn_loader_any(l, quant_stem)) {
        l->channels = (unsigned)out.rows;
        VN_CHECK(read_layer(l, quant_stem, 0, 1, &quant, 0));
        VN_CHECK(fold(&folded, &out, &quant, quant.rows, l->err));
        last = &folded;
    }
    if (last->rows % 2) {
        status = vn_fail(l->err, VERNIS_E_MODEL, "model",
                         "tensor '%s%sweight' has %zu outputs; a KL encoder has means and as many log-variances",
                         l->prefix, last == &out ? out_stem : quant_stem, last->rows);
        goto done;
    }
    VN_CHECK(pack(l, &layer->conv[0], last, last->rows / 2, 3, out_stem));
    l->channels = (unsigned)last->rows / 2;
done:
    matrix_free(&out);
    matrix_free(&quant);
    matrix_free(&folded);
    return status;
}

VernisStatus vn_kl_load(VnLoader *l) {
    char stem[VN_NAME_SIZE];
    const Spelling *s = vn_loader_any(l, "encoder.down_blocks.") ? &diffusers : &compvis;
    l->family = "KL";
    l->net->centred = true;
    VN_TRY(vn_loader_conv(l, &vn_loader_layer(l, VN_LAYER_CONV)->conv[0], "encoder.conv_in.", 0, 3, 1, true));
    l->net->info.width = l->channels;
    for (unsigned level = 0; !level || vn_loader_any(l, numbered(stem, s->block, level, 0)); level++)
        VN_TRY(load_level(l, s, level));
    VN_TRY(load_residual(l, s, s->mid[0]));
    if (vn_loader_any(l, s->mid[1]))
        VN_TRY(load_attention(l, s, s->mid[1]));
    VN_TRY(load_residual(l, s, s->mid[2]));
    return load_end(l, s);
}
