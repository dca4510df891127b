/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: the PNG reader, the metadata bag and colour conversion behind it, and both writers. Each input is
 * tried as it is and with its checksums set right, for without that hardly any mutation gets past them. */
#include <zlib.h>

#include "fuzz_picture.h"

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void repair_checksums(uint8_t *data, size_t size) {
    for (size_t at = 8; at < size && size - at >= 12;) {
        size_t length = be32(data + at);
        if (length > size - at - 12)
            return;
        uint32_t crc = (uint32_t)crc32(0, data + at + 4, (uInt)length + 4);
        at += 12 + length;
        for (unsigned i = 0; i < 4; i++)
            data[at - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (vn_format_sniff(data, size) != &vn_format_png)
        return 0;
    fuzz_picture(data, size);
    uint8_t *copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    repair_checksums(copy, size);
    fuzz_picture(copy, size);
    free(copy);
    return 0;
}
