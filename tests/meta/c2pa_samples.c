/* SPDX-License-Identifier: Apache-2.0 */
#include "c2pa_samples.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <zlib.h>

#include "image/format.h"
#include "meta/cose.h"
#include "meta_samples.h"

static void must(int held) {
    if (!held)
        abort();
}

void sample_identity(VnIdentity *out, bool expired) {
    int64_t now = time(NULL);
    *out = (VnIdentity){0};
    must(vn_identity_make(out, "Zoë Tester", now - 86400, now + 86400, NULL) == VERNIS_OK);
    if (!expired)
        return;
    vn_bytes_free(&out->leaf); /* the root is valid still */
    vn_bytes_free(&out->leaf_key);
    must(vn_identity_make(out, "Zoë Tester", now - 86400, now - 3600, NULL) == VERNIS_OK);
}

VnSigner *sample_signer(const VnIdentity *identity) {
    VnSigner *signer = vn_calloc(1, sizeof *signer);
    must(signer && (signer->chain = vn_calloc(1, sizeof *signer->chain)) != NULL);
    BIO *key = BIO_new_mem_buf(identity->leaf_key.data, (int)identity->leaf_key.size);
    BIO *leaf = BIO_new_mem_buf(identity->leaf.data, (int)identity->leaf.size);
    X509 *certificate = PEM_read_bio_X509(leaf, NULL, NULL, NULL);
    uint8_t *der = NULL;
    int size = i2d_X509(certificate, &der);
    signer->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    signer->alg = vn_cose_alg_of(signer->key);
    must(vn_bytes_append(&signer->chain[0], der, (size_t)size, NULL) == VERNIS_OK);
    signer->count = 1;
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(leaf);
    BIO_free(key);
    return signer;
}

void sample_file(VnBytes *out, const char *format) {
    if (!strcmp(format, "png"))
        sample_png(out);
    else if (!strcmp(format, "jpeg"))
        sample_jpeg(out);
    else
        sample_webp(out);
}

void sample_store(VnBytes *out, const VnBytes *file, const char *format) {
    VnC2paPlace place;
    if (!strcmp(format, "webp")) { /* also where the pixels are spoilt beyond reading */
        must(vn_c2pa_find(&place, file, format) && place.length > 8);
        const uint8_t *size = file->data + place.start + 4;
        size_t length = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16;
        must(vn_bytes_append(out, size + 4, length, NULL) == VERNIS_OK);
        return;
    }
    VnImage image;
    VnBag bag;
    must(vn_decode(&image, &bag, file->data, file->size, NULL, NULL) == VERNIS_OK);
    *out = bag.c2pa;
    bag.c2pa = (VnBytes){0};
    vn_image_free(&image);
    vn_bag_free(&bag);
}

/* A changed chunk must not be found out by its checksum, nor an added one by the length of the whole. */
static void mend(VnBytes *file, const char *format) {
    for (int i = 0; !strcmp(format, "webp") && i < 4; i++)
        file->data[4 + i] = (uint8_t)((file->size - 8) >> (8 * i));
    for (size_t at = 8; !strcmp(format, "png") && at < file->size;) {
        uint8_t *chunk = file->data + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        uLong sum = crc32(0, chunk + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            chunk[8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + length;
    }
}

/* Change one bit of the last occurrence of a word. */
static void touch(VnBytes *file, const char *format, const char *word) {
    uint8_t *found = NULL, *next = file->data;
    while ((next = memmem(next, (size_t)(file->data + file->size - next), word, strlen(word))) != NULL)
        found = next++;
    must(found != NULL);
    *found ^= 0x20; /* a letter stays one: the CBOR stays well-formed */
    mend(file, format);
}

static void nothing(VnBytes *file, const char *format) { (void)file, (void)format; }
static void assertion(VnBytes *file, const char *format) { touch(file, format, "Protective"); }
static void claim(VnBytes *file, const char *format) { touch(file, format, "specVersion"); }

static void pixel(VnBytes *file, const char *format) {
    /* The last byte of the palette; the end of the JPEG's coded data, a bit that makes no marker; WebP's coded data. */
    bool png = !strcmp(format, "png"), webp = !strcmp(format, "webp");
    uint8_t *at = png    ? memmem(file->data, file->size, "PLTE", 4)
                  : webp ? memmem(file->data, file->size, "VP8", 3)
                         : file->data + file->size - 6;
    if (webp && at && at[3] == 'X') /* the header comes first */
        at = memmem(at + 3, (size_t)(file->data + file->size - at - 3), "VP8", 3);
    must(at != NULL);
    at[png ? 15 : webp ? 14 : 0] ^= 1;
    mend(file, format);
}

static void signature(VnBytes *file, const char *format) {
    VnC2paPlace place;
    must(vn_c2pa_find(&place, file, format));
    file->data[place.start + place.length - (!strcmp(format, "png") ? 6 : 2)] ^= 1;
    mend(file, format);
}

/* One more chunk or segment, of text, behind the manifest. */
static void addition(VnBytes *file, const char *format) {
    static const uint8_t text[] = "\0\0\0\3tEXta\0b\0\0\0\0", comment[] = "\xff\xfe\0\5abc",
                         junk[] = "JUNK\4\0\0\0abcd";
    bool png = !strcmp(format, "png"), webp = !strcmp(format, "webp");
    const uint8_t *added = png ? text : webp ? junk : comment;
    size_t size = png ? sizeof text - 1 : webp ? sizeof junk - 1 : sizeof comment - 1;
    VnC2paPlace place;
    VnBytes out = {0};
    must(vn_c2pa_find(&place, file, format));
    size_t at = place.start + place.length;
    must(!vn_bytes_append(&out, file->data, at, NULL) && !vn_bytes_append(&out, added, size, NULL) &&
         !vn_bytes_append(&out, file->data + at, file->size - at, NULL));
    vn_bytes_free(file);
    *file = out;
    mend(file, format);
}

/* Other software writes a second claim's label over a declared one: what was signed is gone, what is there was not. */
static void renamed(VnBytes *file, const char *format) {
    uint8_t *label = memmem(file->data, file->size, "cawg.training-mining", 20);
    must(label != NULL);
    memcpy(label, "cawg.training-minimg", 20);
    mend(file, format);
}

const VnSpoilt spoilt[SPOILT] = {
    {"good", false, NULL, nothing},
    {"pixel", false, "assertion.dataHash.mismatch", pixel},
    {"addition", false, "assertion.dataHash.mismatch", addition},
    {"assertion", false, "assertion.hashedURI.mismatch", assertion},
    {"claim", false, "claimSignature.mismatch", claim},
    {"signature", false, "claimSignature.mismatch", signature},
    {"expired", true, "signingCredential.expired", nothing},
    {"renamed", false, "assertion.missing", renamed},
};
