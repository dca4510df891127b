/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: the JPEG reader, the metadata bag and colour conversion behind it, and both writers. */
#include "fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (vn_format_sniff(data, size) == &vn_format_jpeg)
        fuzz_picture(data, size);
    return 0;
}
