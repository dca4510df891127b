/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "report/report.h"

VernisStatus vn_npy_write(const char *path, const float *data, const size_t *shape, unsigned ndim, VnError *err) {
    /* NumPy format 1.0 (NEP 1): magic, version, little-endian header length, a Python literal padded to 64 bytes. */
    char header[256];
    size_t count = 1;
    int n = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (unsigned i = 0; i < ndim; i++) {
        count *= shape[i];
        n += snprintf(header + n, sizeof header - (size_t)n, "%zu,", shape[i]);
    }
    n += snprintf(header + n, sizeof header - (size_t)n, "), }");
    size_t padded = ((size_t)n + 1 + 10 + 63) / 64 * 64 - 10;
    memset(header + n, ' ', padded - (size_t)n);
    header[padded - 1] = '\n';
    const uint8_t start[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)padded, (uint8_t)(padded >> 8)};
    VnBytes bytes = {0};
    VernisStatus status = vn_bytes_append(&bytes, start, sizeof start, err);
    if (!status)
        status = vn_bytes_append(&bytes, header, padded, err);
    if (!status)
        status = vn_bytes_append(&bytes, data, count * sizeof(float), err);
    if (!status)
        status = vn_file_write(path, bytes.data, bytes.size, true, err);
    vn_bytes_free(&bytes);
    return status;
}
