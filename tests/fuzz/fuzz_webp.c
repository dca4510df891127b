/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: the WebP reader, the metadata bag and colour conversion behind it, and all writers. Each input is tried as it
 * is and with the container's length set right, for without that hardly any mutation gets past it. */
#include "fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (vn_format_sniff(data, size) != &vn_format_webp || size > 1 << 20)
        return 0;
    fuzz_picture(data, size);
    uint8_t *copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    for (unsigned i = 0; i < 4; i++)
        copy[4 + i] = (uint8_t)((size - 8) >> (8 * i));
    fuzz_picture(copy, size);
    free(copy);
    return 0;
}
