/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * SHA-256 (FIPS 180-4) by OpenSSL, as hex.
 */
#ifndef VN_BASE_SHA256_H
#define VN_BASE_SHA256_H

#include <stddef.h>

#include "base/error.h"

enum { VN_SHA256_HEX = 65 }; /**< with the final zero */

/** Of bytes in memory. */
VernisStatus vn_sha256(char hex[VN_SHA256_HEX], const void *data, size_t size, VnError *err);
/** Of a whole file, a block at a time. */
VernisStatus vn_sha256_file(char hex[VN_SHA256_HEX], const char *path, VnError *err);

#endif
