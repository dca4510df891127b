/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/found.h"

#include <string.h>

#include "meta/coordinate.h"
#include "meta/metatext.h"

void vn_found_free(VnFound *found) {
    vn_rights_free(&found->rights);
    vn_free(found->software);
    vn_free(found->ai_prompt);
    vn_free(found->comment);
    vn_free(found->tdm);
    *found = (VnFound){0};
}

static VernisStatus join(char **out, const char *before, const char *after, VnError *err) {
    VnBytes both = {0};
    VernisStatus status;
    VN_CHECK(vn_bytes_append(&both, before, strlen(before), err));
    VN_CHECK(vn_bytes_append(&both, "; ", 2, err));
    VN_CHECK(vn_bytes_append(&both, after, strlen(after), err));
    VN_CHECK(vn_text_foreign(out, both.data, both.size, err));
done:
    vn_bytes_free(&both);
    return status;
}

VernisStatus vn_found_put(char **field, VnPut how, const void *bytes, size_t size, VnError *err) {
    /* A list that is as good as full takes no more, so that a hostile one costs no copy for each of its items. */
    if (*field && (how == VN_PUT_FIRST || (how == VN_PUT_JOIN && strlen(*field) > VN_TEXT_MAX - 8)))
        return VERNIS_OK;
    char *text, *joined = NULL;
    VN_TRY(vn_text_foreign(&text, bytes, size, err));
    if (!text)
        return VERNIS_OK;
    if (*field && how == VN_PUT_JOIN) {
        VernisStatus status = join(&joined, *field, text, err);
        vn_free(text);
        VN_TRY(status);
        text = joined;
    }
    vn_free(*field);
    *field = text;
    return VERNIS_OK;
}

/* Written anew, so that one position has one form; without both coordinates there is none. */
static VernisStatus settle_position(VnRights *rights, VnError *err) {
    char **fields[2] = {&rights->latitude, &rights->longitude};
    static const char *const sides[2] = {"NS", "EW"};
    bool whole = true;
    for (int i = 0; i < 2; i++) {
        VnCoordinate coordinate;
        char text[24];
        whole = whole && *fields[i] && vn_coordinate_read(&coordinate, *fields[i], sides[i]) &&
                vn_coordinate_text(text, (double)coordinate.micro / 60e6, coordinate.side);
        if (whole)
            VN_TRY(vn_found_put(fields[i], VN_PUT_REPLACE, text, strlen(text), err));
    }
    for (int i = 0; i < 2 && !whole; i++) {
        vn_free(*fields[i]);
        *fields[i] = NULL;
    }
    return VERNIS_OK;
}

VernisStatus vn_found_read(VnFound *found, const VnBag *bag, VnError *err) {
    VN_TRY(vn_xmp_read(found, &bag->xmp, err));
    VN_TRY(vn_exif_read(found, &bag->exif, err));
    VN_TRY(vn_iptc_read(found, &bag->iptc, err));
    VN_TRY(settle_position(&found->rights, err));
    const char *known = vn_data_mining_known(found->rights.data_mining);
    return known ? vn_found_put(&found->rights.data_mining, VN_PUT_REPLACE, known, strlen(known), err) : VERNIS_OK;
}
