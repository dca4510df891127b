/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: meta/meta.h. The first byte says what the rest is: 0 EXIF, 1 XMP, 2 IIM, 3 C2PA, 4 a PNG text (key, NUL,
 * value), 5 a PNG, 6 a JPEG and 8 a WebP to splice into, 7 texts of the user separated by
 * NUL. Inspection is deterministic and
 * clean text; what is kept can always be written, and comes back the same; what was spliced once is refused a second
 * time. */
#include <stdlib.h>
#include <string.h>

#include "meta/found.h"
#include "meta/metatext.h"

enum { EXIF, XMP, IIM, C2PA, TEXT, PNG, JPEG, OWN, WEBP, KINDS };

static void require(int held) {
    if (!held)
        abort();
}

static int same(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

/* Text as it may leave the room: what vn_text_own leaves unchanged. */
static void require_clean(const char *text) {
    char *again = NULL;
    if (!text)
        return;
    require(vn_text_own(&again, text, "text", NULL) == VERNIS_OK && same(again, text) && strlen(text) <= VN_TEXT_MAX);
    vn_free(again);
}

static void require_same_rights(VnRights *a, VnRights *b) {
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++)
        require(same(*vn_rights_at(a, vn_rights_fields[i].offset), *vn_rights_at(b, vn_rights_fields[i].offset)));
}

static void inspect(const VnBag *bag) {
    VnInspection first, second;
    require(vn_inspect(&first, bag, NULL) == VERNIS_OK && vn_inspect(&second, bag, NULL) == VERNIS_OK);
    require_same_rights(&first.rights, &second.rights);
    require(first.leaks == second.leaks && first.reserved == second.reserved && first.c2pa == second.c2pa);
    require(same(first.ai_label, second.ai_label) && same(first.software, second.software));
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++)
        require_clean(*vn_rights_at(&first.rights, vn_rights_fields[i].offset));
    vn_inspection_free(&first);
    vn_inspection_free(&second);
}

/* IIM holds the beginning of a text, as much as its limit allows but for a cut character and trimmed white space. */
static void require_cut(const char *cut, const char *whole, size_t most) {
    if (!whole || !cut || strlen(whole) <= most)
        require(same(cut, whole) || !cut);
    else
        require(strlen(cut) <= most && strncmp(cut, whole, strlen(cut)) == 0);
}

static void write_and_read(VnRights *rights, int must_fit) {
    VnBytes exif = {0}, xmp = {0}, iptc = {0};
    VnFound from_xmp = {0}, from_exif = {0}, from_iptc = {0};
    VnRights clean;
    VernisStatus exif_status = vn_exif_make(&exif, rights, NULL), xmp_status = vn_xmp_make(&xmp, rights, NULL);
    if (must_fit)
        require(exif_status == VERNIS_OK && xmp_status == VERNIS_OK);
    if (exif_status == VERNIS_OK && xmp_status == VERNIS_OK) {
        require(vn_iptc_make(&iptc, rights, NULL) == VERNIS_OK && vn_iptc_read(&from_iptc, &iptc, NULL) == VERNIS_OK);
        require(vn_rights_clean(&clean, rights, NULL) == VERNIS_OK);
        require(vn_xmp_read(&from_xmp, &xmp, NULL) == VERNIS_OK && *from_xmp.note == '\0');
        require(vn_exif_read(&from_exif, &exif, NULL) == VERNIS_OK && *from_exif.note == '\0');
        if (must_fit) {
            require_same_rights(&from_xmp.rights, &clean);
            require(same(from_exif.rights.creator, clean.creator));
            require(same(from_exif.rights.copyright, clean.copyright));
            require(same(from_exif.rights.description, clean.description));
            require(same(from_exif.rights.latitude, clean.latitude) &&
                    same(from_exif.rights.longitude, clean.longitude));
            require_cut(from_iptc.rights.copyright, clean.copyright, 128);
            require_cut(from_iptc.rights.credit, clean.credit, 32);
            require_cut(from_iptc.rights.description, clean.description, 2000);
        }
        vn_rights_free(&clean);
    }
    vn_found_free(&from_xmp);
    vn_found_free(&from_exif);
    vn_found_free(&from_iptc);
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    vn_bytes_free(&iptc);
}

static void keep_and_write(const VnBag *bag) {
    static const unsigned policies[] = {VN_KEEP_NONE, VN_KEEP_RIGHTS, VN_KEEP_ALL | VN_KEEP_LOCATION | VN_KEEP_SERIALS};
    for (int i = 0; i < 3; i++) {
        VnRights rights = {0};
        require(vn_rights_from_bag(&rights, bag, policies[i], NULL) == VERNIS_OK);
        write_and_read(&rights, 1);
        vn_rights_free(&rights);
    }
}

static void splice(const VnBytes *bytes, const char *format) {
    VnRights rights = {.creator = vn_strdup("A"), .credit = vn_strdup("B")};
    VnBytes exif = {0}, xmp = {0}, iptc = {0}, file = {0};
    require(vn_exif_make(&exif, &rights, NULL) == VERNIS_OK && vn_xmp_make(&xmp, &rights, NULL) == VERNIS_OK);
    require(vn_iptc_make(&iptc, &rights, NULL) == VERNIS_OK);
    require(vn_bytes_append(&file, bytes->data, bytes->size, NULL) == VERNIS_OK);
    if (vn_meta_splice(&file, format, &exif, &xmp, &iptc, NULL) == VERNIS_OK) {
        require(file.size > bytes->size + exif.size + xmp.size);
        require(memcmp(file.data, bytes->data, 2) == 0);
        require(vn_meta_splice(&file, format, &exif, &xmp, &iptc, NULL) == VERNIS_E_FORMAT);
    } else {
        require(file.size == bytes->size && (!file.size || memcmp(file.data, bytes->data, file.size) == 0));
    }
    vn_bytes_free(&file);
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    vn_bytes_free(&iptc);
    vn_rights_free(&rights);
}

/* Texts that end in NUL, one for each field, until an empty one. */
static void own_texts(const char *text) {
    VnRights rights = {0};
    for (int i = 0; i < VN_RIGHTS_FIELDS && *text; i++) {
        *vn_rights_at(&rights, vn_rights_fields[i].offset) = vn_strdup(text);
        text += strlen(text) + 1;
    }
    write_and_read(&rights, 0);
    vn_rights_free(&rights);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size || size > 1 << 20)
        return 0;
    int kind = data[0] % KINDS;
    VnBytes bytes = {0};
    require(vn_bytes_append(&bytes, data + 1, size - 1, NULL) == VERNIS_OK);
    VnBag bag = {0};
    VnTextItem item;
    if (kind == EXIF)
        bag.exif = bytes;
    else if (kind == XMP)
        bag.xmp = bytes;
    else if (kind == IIM)
        bag.iptc = bytes;
    else if (kind == C2PA)
        bag.c2pa = bytes;
    else if (kind == PNG || kind == JPEG || kind == WEBP)
        splice(&bytes, kind == PNG ? "png" : kind == JPEG ? "jpeg" : "webp");
    else
        require(vn_bytes_append(&bytes, "\0\0", 3, NULL) == VERNIS_OK);
    if (kind == OWN)
        own_texts((const char *)bytes.data);
    if (kind == TEXT) {
        item.key = (char *)bytes.data;
        item.value = item.key + strlen(item.key) + 1;
        bag.texts = &item;
        bag.text_count = 1;
    }
    inspect(&bag);
    keep_and_write(&bag);
    vn_bytes_free(&bytes);
    return 0;
}
