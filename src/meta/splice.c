/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata into finished files. JPEG: ITU-T T.81 annex B, Exif 2.32 section 4.5, XMP part 3 section 1.1.3. PNG: W3C
 * third edition, sections 5 and 11.3. The whole structure is checked, because a splice into a damaged file hides the
 * damage. */
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "image/webp_riff.h"
#include "meta/meta.h"

#define JPEG_EXIF_ID "Exif\0"                      /* with the closing NUL: six bytes */
#define JPEG_XMP_ID "http://ns.adobe.com/xap/1.0/" /* 29 */
#define JPEG_IIM_ID "Photoshop 3.0"                /* 14 */
#define PNG_XMP_ID "XML:com.adobe.xmp"             /* 18 */

enum { EXIF_MOST = 65533 - (int)sizeof JPEG_EXIF_ID, XMP_MOST = 65000, IIM_MOST = 65000 };
enum { RESOURCE_HEAD = 12, RESOURCE_IIM = 0x0404, RESOURCE_DIGEST = 0x0425 };
enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP0 = 0xe0, APP1 = 0xe1, APP13 = 0xed, TEM = 0x01, RST0 = 0xd0 };

static VernisStatus damaged(VnError *err, const char *format, const char *what) {
    return vn_fail(err, VERNIS_E_FORMAT, "splice", "metadata cannot be put into this %s file: %s", format, what);
}

static bool starts_with(const uint8_t *data, size_t size, const char *id, size_t id_size) {
    return size >= id_size && memcmp(data, id, id_size) == 0;
}

static uint32_t read_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_u16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void write_u32(uint8_t *at, uint32_t value) {
    write_u16(at, value >> 16);
    write_u16(at + 2, value);
}

/* --- JPEG --- */

static bool is_frame(uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Where the APP1 segments belong: behind the APP0 segments. */
static VernisStatus jpeg_place(size_t *place, const VnBytes *file, VnError *err) {
    const uint8_t *data = file->data;
    size_t size = file->size, at = 2;
    bool app0_only = true, frame = false;
    if (size < 4 || data[0] != 0xff || data[1] != SOI || data[size - 2] != 0xff || data[size - 1] != EOI)
        return damaged(err, "JPEG", "it does not start and end as a JPEG");
    *place = at;
    for (;;) {
        if (size - at < 4 || data[at] != 0xff)
            return damaged(err, "JPEG", "a marker is missing");
        if (data[at + 1] == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        uint8_t marker = data[at + 1];
        if (marker == 0 || marker == TEM || (marker >= RST0 && marker <= EOI))
            return damaged(err, "JPEG", "a marker is where none may be");
        size_t length = (size_t)data[at + 2] << 8 | data[at + 3];
        if (length < 2 || length > size - at - 2)
            return damaged(err, "JPEG", "a segment is longer than the file");
        const uint8_t *payload = data + at + 4;
        if (marker == APP1 && (starts_with(payload, length - 2, JPEG_EXIF_ID, sizeof JPEG_EXIF_ID) ||
                               starts_with(payload, length - 2, JPEG_XMP_ID, sizeof JPEG_XMP_ID)))
            return damaged(err, "JPEG", "it has EXIF or XMP already");
        if (marker == APP13 && starts_with(payload, length - 2, JPEG_IIM_ID, sizeof JPEG_IIM_ID))
            return damaged(err, "JPEG", "it has IIM already");
        at += 2 + length;
        frame = frame || is_frame(marker);
        app0_only = app0_only && marker == APP0;
        if (app0_only)
            *place = at;
        if (marker == SOS)
            return frame ? VERNIS_OK : damaged(err, "JPEG", "it has no frame header");
    }
}

static VernisStatus jpeg_add(VnBytes *to, const char *id, size_t id_size, const VnBytes *payload, VnError *err) {
    if (!payload || !payload->size)
        return VERNIS_OK;
    size_t length = 2 + id_size + payload->size;
    uint8_t head[4] = {0xff, APP1};
    write_u16(head + 2, (uint32_t)length);
    VN_TRY(vn_bytes_append(to, head, sizeof head, err));
    VN_TRY(vn_bytes_append(to, id, id_size, err));
    return vn_bytes_append(to, payload->data, payload->size, err);
}

/* A Photoshop image resource: "8BIM", number, empty name, 32-bit length, data, padded to even. */
static VernisStatus add_resource(VnBytes *to, uint32_t number, const uint8_t *data, size_t size, VnError *err) {
    uint8_t head[RESOURCE_HEAD] = "8BIM";
    write_u16(head + 4, number);
    write_u32(head + 8, (uint32_t)size);
    VN_TRY(vn_bytes_append(to, head, sizeof head, err));
    VN_TRY(vn_bytes_append(to, data, size, err));
    return vn_bytes_append(to, "", size & 1, err);
}

/* IIM and its digest, by which readers see that IIM and XMP were written together (Metadata Working Group's guidelines 2.0,
 * section 3.3.1). An OpenSSL that may not use MD5 leaves the digest out. */
static VernisStatus jpeg_add_iim(VnBytes *to, const VnBytes *iptc, VnError *err) {
    if (!iptc || !iptc->size)
        return VERNIS_OK;
    uint8_t digest[16], head[4 + sizeof JPEG_IIM_ID] = {0xff, APP13};
    bool digested = EVP_Digest(iptc->data, iptc->size, digest, NULL, EVP_md5(), NULL) == 1;
    size_t length = sizeof head - 2 + RESOURCE_HEAD + iptc->size + (iptc->size & 1);
    write_u16(head + 2, (uint32_t)(length + (digested ? RESOURCE_HEAD + sizeof digest : 0)));
    memcpy(head + 4, JPEG_IIM_ID, sizeof JPEG_IIM_ID);
    VN_TRY(vn_bytes_append(to, head, sizeof head, err));
    VN_TRY(add_resource(to, RESOURCE_IIM, iptc->data, iptc->size, err));
    return digested ? add_resource(to, RESOURCE_DIGEST, digest, sizeof digest, err) : VERNIS_OK;
}

static VernisStatus jpeg_add_all(VnBytes *to, const VnBytes *exif, const VnBytes *xmp, const VnBytes *iptc,
                                 VnError *err) {
    VN_TRY(jpeg_add(to, JPEG_EXIF_ID, sizeof JPEG_EXIF_ID, exif, err));
    VN_TRY(jpeg_add(to, JPEG_XMP_ID, sizeof JPEG_XMP_ID, xmp, err));
    return jpeg_add_iim(to, iptc, err);
}

/* --- PNG --- */

static const uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/* Where eXIf and iTXt belong: before the first IDAT, so behind every colour chunk and the palette. */
static VernisStatus png_place(size_t *place, const VnBytes *file, VnError *err) {
    const uint8_t *data = file->data;
    size_t size = file->size, at = sizeof png_signature;
    if (!starts_with(data, size, (const char *)png_signature, sizeof png_signature))
        return damaged(err, "PNG", "it does not start as a PNG");
    *place = 0;
    for (;;) {
        if (size - at < 12)
            return damaged(err, "PNG", "a chunk is cut short");
        uint32_t length = read_u32(data + at);
        const uint8_t *type = data + at + 4, *payload = type + 4;
        if (length > INT32_MAX || length > size - at - 12)
            return damaged(err, "PNG", "a chunk is longer than the file");
        if (read_u32(payload + length) != crc32(0, type, length + 4))
            return damaged(err, "PNG", "a chunk's checksum is wrong");
        if ((at == sizeof png_signature) != (memcmp(type, "IHDR", 4) == 0))
            return damaged(err, "PNG", "its header chunk is missing or misplaced");
        if (memcmp(type, "eXIf", 4) == 0 ||
            (memcmp(type, "iTXt", 4) == 0 && starts_with(payload, length, PNG_XMP_ID, sizeof PNG_XMP_ID)))
            return damaged(err, "PNG", "it has EXIF or XMP already");
        if (!*place && memcmp(type, "IDAT", 4) == 0)
            *place = at;
        at += 12 + (size_t)length;
        if (memcmp(type, "IEND", 4) == 0)
            break;
    }
    if (at != size)
        return damaged(err, "PNG", "there are bytes after its end");
    return *place ? VERNIS_OK : damaged(err, "PNG", "it has no picture data");
}

static VernisStatus png_add(VnBytes *to, const char *type, const void *id, size_t id_size, const VnBytes *payload,
                            VnError *err) {
    if (!payload || !payload->size)
        return VERNIS_OK;
    uint8_t head[8], crc[4];
    size_t start = to->size + 4;
    write_u32(head, (uint32_t)(id_size + payload->size));
    memcpy(head + 4, type, 4);
    VN_TRY(vn_bytes_append(to, head, sizeof head, err));
    VN_TRY(vn_bytes_append(to, id, id_size, err));
    VN_TRY(vn_bytes_append(to, payload->data, payload->size, err));
    write_u32(crc, (uint32_t)crc32(0, to->data + start, (uInt)(to->size - start)));
    return vn_bytes_append(to, crc, sizeof crc, err);
}

static VernisStatus png_add_both(VnBytes *to, const VnBytes *exif, const VnBytes *xmp, VnError *err) {
    /* Keyword, NUL, not compressed, method 0, no language, no translated keyword. */
    static const char xmp_head[] = PNG_XMP_ID "\0\0\0\0";
    VN_TRY(png_add(to, "eXIf", "", 0, exif, err));
    return png_add(to, "iTXt", xmp_head, sizeof xmp_head, xmp, err);
}

/* --- WebP (RFC 9649) --- */

static VernisStatus webp_splice(VnBytes *out, const VnBytes *file, const VnBytes *exif, const VnBytes *xmp,
                                VnError *err) {
    VnWebp webp;
    VN_TRY(vn_webp_take_apart(&webp, file->data, file->size, err));
    if (webp.parts[VN_WEBP_EXIF].data || webp.parts[VN_WEBP_XMP].data)
        return damaged(err, "WebP", "it has EXIF or XMP already");
    if (webp.others || webp.end != file->size)
        return damaged(err, "WebP", "there are bytes that are no part of the picture");
    if (exif && exif->size)
        webp.parts[VN_WEBP_EXIF] = (VnWebpPart){exif->data, exif->size};
    if (xmp && xmp->size)
        webp.parts[VN_WEBP_XMP] = (VnWebpPart){xmp->data, xmp->size};
    return vn_webp_put_together(out, &webp, err);
}

/* --- all --- */

static VernisStatus check_payloads(const VnBytes *exif, const VnBytes *xmp, const VnBytes *iptc, VnError *err) {
    if (exif && exif->size > EXIF_MOST)
        return vn_fail(err, VERNIS_E_LIMIT, "splice", "%zu bytes of EXIF, and at most %d fit a file", exif->size,
                       EXIF_MOST);
    if (xmp && xmp->size > XMP_MOST)
        return vn_fail(err, VERNIS_E_LIMIT, "splice", "%zu bytes of XMP, and at most %d fit a file", xmp->size,
                       XMP_MOST);
    if (iptc && iptc->size > IIM_MOST)
        return vn_fail(err, VERNIS_E_LIMIT, "splice", "%zu bytes of IIM, and at most %d fit a file", iptc->size,
                       IIM_MOST);
    if (exif && exif->size && !starts_with(exif->data, exif->size, "II*\0", 4) &&
        !starts_with(exif->data, exif->size, "MM\0*", 4))
        return vn_fail(err, VERNIS_E_FORMAT, "splice", "the EXIF to be written is not a TIFF stream");
    return VERNIS_OK;
}

VernisStatus vn_meta_splice(VnBytes *file, const char *format, const VnBytes *exif, const VnBytes *xmp,
                            const VnBytes *iptc, VnError *err) {
    size_t place = 0;
    VnBytes out = {0};
    VernisStatus status;
    bool png = strcmp(format, "png") == 0, webp = strcmp(format, "webp") == 0;
    if (!png && !webp && strcmp(format, "jpeg") != 0)
        return vn_fail(err, VERNIS_E_UNSUPPORTED, "splice", "metadata cannot be put into \"%s\" files", format);
    VN_TRY(check_payloads(exif, xmp, iptc, err));
    if (webp) {
        VN_CHECK(webp_splice(&out, file, exif, xmp, err));
    } else {
        VN_CHECK(png ? png_place(&place, file, err) : jpeg_place(&place, file, err));
        VN_CHECK(vn_bytes_append(&out, file->data, place, err));
        VN_CHECK(png ? png_add_both(&out, exif, xmp, err) : jpeg_add_all(&out, exif, xmp, iptc, err));
        VN_CHECK(vn_bytes_append(&out, file->data + place, file->size - place, err));
    }
    vn_bytes_free(file);
    *file = out;
    out = (VnBytes){0};
done:
    vn_bytes_free(&out);
    return status;
}
