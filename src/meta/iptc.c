/* SPDX-License-Identifier: Apache-2.0 */
/* IPTC-NAA Information Interchange Model 4.2, chapters 3 and 6: a dataset is 1C, record, number, 16-bit length; a
 * length with the top bit set says instead how many bytes of length follow. */
#include "meta/found.h"

enum { TAG_MARK = 0x1c, BY_LINE = 80, CREDIT = 110, COPYRIGHT_NOTICE = 116, CAPTION = 120 };

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
