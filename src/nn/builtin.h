/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The model files inside the library; the table is written by tools/embed-models. Private to nn.
 */
#ifndef VN_NN_BUILTIN_H
#define VN_NN_BUILTIN_H

#include <stdint.h>

typedef struct VnBuiltin {
    const char *name;
    const uint8_t *data, *end;
    const char *decoder_name; /**< NULL: it has none */
    const uint8_t *decoder, *decoder_end;
} VnBuiltin;

extern const VnBuiltin vn_builtins[]; /**< ends with a NULL name */

#endif
