/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/fs.h"

static void to_hex(char *hex, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        *hex++ = "0123456789abcdef"[bytes[i] >> 4];
        *hex++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *hex = 0;
}

VernisStatus vn_sha256(char hex[VN_SHA256_HEX], const void *data, size_t size, VnError *err) {
    unsigned char bytes[32];
    if (EVP_Digest(data, size, bytes, NULL, EVP_sha256(), NULL) != 1)
        return vn_fail(err, VERNIS_E_INTERNAL, "sha256", "OpenSSL cannot compute SHA-256 here");
    to_hex(hex, bytes, sizeof bytes);
    return VERNIS_OK;
}

static VernisStatus add_block(void *context, const void *data, size_t size) {
    return EVP_DigestUpdate(context, data, size) == 1 ? VERNIS_OK : VERNIS_E_INTERNAL;
}

VernisStatus vn_sha256_file(char hex[VN_SHA256_HEX], const char *path, VnError *err) {
    unsigned char bytes[32];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ready = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    VernisStatus status = ready ? vn_file_blocks(path, add_block, context, err) : VERNIS_E_INTERNAL;
    if (!status && EVP_DigestFinal_ex(context, bytes, NULL) != 1)
        status = VERNIS_E_INTERNAL;
    EVP_MD_CTX_free(context);
    if (!status)
        to_hex(hex, bytes, sizeof bytes);
    return status ? vn_fail(err, status, "sha256", "%s: OpenSSL cannot compute SHA-256 here", path) : VERNIS_OK;
}
