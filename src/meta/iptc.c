/* SPDX-License-Identifier: Apache-2.0 */
/* IPTC-NAA Information Interchange Model 4.2, chapters 3 and 6: a dataset is 1C, record, number, 16-bit length; a
 * length with the top bit set says instead how many bytes of length follow. */
#include <string.h>

#include "meta/found.h"

enum { TAG_MARK = 0x1c, BY_LINE = 80, CREDIT = 110, COPYRIGHT_NOTICE = 116, CAPTION = 120 };

static VernisStatus add_record(VnBytes *out, uint8_t number, const char *text, size_t size, size_t most, VnError *err) {
    if (size > most)
        for (size = most; size && ((uint8_t)text[size] & 0xc0) == 0x80;)
            size--;
    const uint8_t head[5] = {TAG_MARK, 2, number, (uint8_t)(size >> 8), (uint8_t)size};
    VN_TRY(vn_bytes_append(out, head, sizeof head, err));
    return vn_bytes_append(out, text, size, err);
}

static VernisStatus add_text(VnBytes *out, uint8_t number, const char *text, size_t most, VnError *err) {
    return text ? add_record(out, number, text, strlen(text), most, err) : VERNIS_OK;
}

static VernisStatus add_creators(VnBytes *out, const char *text, VnError *err) {
    for (int count = text ? vn_creator_count(text) : 0; count; count--) {
        size_t size = vn_creator_length(text, count);
        VN_TRY(add_record(out, BY_LINE, text, size, 32, err));
        text += count > 1 ? size + 2 : size;
    }
    return VERNIS_OK;
}

/* The lengths are those of IIM 4.2 chapter 6; datasets stand in rising order. */
static VernisStatus make_records(VnBytes *out, const VnRights *rights, VnError *err) {
    /* 1:00 version 4; 1:90 character set: ESC % G, UTF-8 (ISO 2022); 2:00 version 4 */
    static const char head[] = "\x1c\x01\x00\x00\x02\x00\x04"
                               "\x1c\x01\x5a\x00\x03\x1b%G"
                               "\x1c\x02\x00\x00\x02\x00\x04";
    if (!rights->creator && !rights->copyright && !rights->credit && !rights->description)
        return VERNIS_OK;
    VN_TRY(vn_bytes_append(out, head, sizeof head - 1, err));
    VN_TRY(add_creators(out, rights->creator, err));
    VN_TRY(add_text(out, CREDIT, rights->credit, 32, err));
    VN_TRY(add_text(out, COPYRIGHT_NOTICE, rights->copyright, 128, err));
    return add_text(out, CAPTION, rights->description, 2000, err);
}

VernisStatus vn_iptc_make(VnBytes *out, const VnRights *rights, VnError *err) {
    VnRights clean;
    VN_TRY(vn_rights_clean(&clean, rights, err));
    VernisStatus status = make_records(out, &clean, err);
    if (status != VERNIS_OK)
        vn_bytes_free(out);
    vn_rights_free(&clean);
    return status;
}

VernisStatus vn_iptc_read(VnFound *found, const VnBytes *iptc, VnError *err) {
    const uint8_t *data = iptc->data;
    size_t size = iptc->size, at = 0;
    bool own_by_line = false; /* 2:80 may be repeated, and is joined only to one that came from here */
    while (size - at >= 5 && data[at] == TAG_MARK) {
        unsigned record = data[at + 1], number = data[at + 2];
        size_t length = (size_t)data[at + 3] << 8 | data[at + 4];
        at += 5;
        if (length & 0x8000) {
            size_t wide = length & 0x7fff;
            if (wide > 4 || wide > size - at)
                break;
            length = 0;
            for (; wide; wide--)
                length = length << 8 | data[at++];
        }
        if (length > size - at)
            break;
        char **field = NULL;
        if (record == 2 && number == BY_LINE)
            field = &found->rights.creator;
        else if (record == 2 && number == COPYRIGHT_NOTICE)
            field = &found->rights.copyright;
        else if (record == 2 && number == CREDIT)
            field = &found->rights.credit;
        else if (record == 2 && number == CAPTION)
            field = &found->rights.description;
        if (field) {
            own_by_line |= number == BY_LINE && !*field;
            VnPut how = number == BY_LINE && own_by_line ? VN_PUT_JOIN : VN_PUT_FIRST;
            VN_TRY(vn_found_put(field, how, data + at, length, err));
        }
        at += length;
    }
    return VERNIS_OK;
}
