/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Reader of the safetensors container (https://github.com/huggingface/safetensors, "Format"): an 8-byte little-endian
 * header length, a JSON header, then the tensors' bytes without holes. Trusts nothing.
 */
#ifndef VN_NN_SAFETENSORS_H
#define VN_NN_SAFETENSORS_H

#include "base/mem.h"

enum { VN_TENSOR_RANK = 8 };

/** One tensor of the file; everything points into the VnTensors or the file's bytes. */
typedef struct VnTensor {
    const char *name;
    const char *dtype; /**< "F32", "F16", "BF16", or another type of the specification, which cannot be read */
    unsigned rank;
    size_t shape[VN_TENSOR_RANK];
    size_t count;      /**< product of the shape */
    size_t begin, end; /**< bytes in the data section */
    const uint8_t *data;
} VnTensor;

typedef struct VnTensors VnTensors;

/** Read the header and check it all: lengths, types, shapes against byte ranges, ranges against the file and each
 * other.
 * @param data the whole file; must stay valid as long as *out
 * @return VERNIS_E_FORMAT for damage, VERNIS_E_LIMIT for a header or a tensor count beyond reason */
VernisStatus vn_tensors_open(VnTensors **out, const uint8_t *data, size_t size, VnError *err);
void vn_tensors_close(VnTensors **tensors);

size_t vn_tensors_count(const VnTensors *tensors);
const VnTensor *vn_tensors_at(const VnTensors *tensors, size_t index);       /**< in order of the data */
const VnTensor *vn_tensors_find(const VnTensors *tensors, const char *name); /**< NULL: not there */
const char *vn_tensors_meta(const VnTensors *tensors, const char *key);      /**< "__metadata__" entry or NULL */

/** Expand to float32. @param out tensor->count values
 * @return VERNIS_E_MODEL when the type is not F32, F16 or BF16, or a value is not finite */
VernisStatus vn_tensor_floats(const VnTensor *tensor, float *out, VnError *err);

/** "[64, 3, 3, 3]", for error texts. @return out */
char *vn_shape_text(char out[64], unsigned rank, const size_t *shape);

#endif
