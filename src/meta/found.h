/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What foreign metadata says, gathered from XMP first, then EXIF, then IIM: private to this room.
 *
 * Damaged or hostile metadata is not an error: what is sound before the damage counts, the rest is left out (an XMP
 * packet counts only as a whole). The readers fail for want of memory alone.
 */
#ifndef VN_META_FOUND_H
#define VN_META_FOUND_H

#include "meta/meta.h"

/** Every text is as vn_text_foreign makes it, heap or NULL. Zero-initialise; vn_found_free. */
typedef struct VnFound {
    VnRights rights;
    char *software;  /**< xmp:CreatorTool, else EXIF Software */
    char *ai_prompt; /**< Iptc4xmpExt:AIPromptInformation (IPTC 2025.1) */
    char *comment;   /**< EXIF UserComment, where generators keep a prompt that PNG has texts for */
    char *tdm;       /**< tdm:reservation: "1" for reserved */
    unsigned leaks;  /**< VnLeak bits that XMP shows; the decoder found those of EXIF */
    char note[200];  /**< what was left out and why, "" if nothing */
} VnFound;
void vn_found_free(VnFound *found);

/** All of the bag's metadata, in order of precedence. A data-mining value of the vocabulary comes as its full URI, a position
 * whole and in the form of coordinate.h or not at all. */
VernisStatus vn_found_read(VnFound *found, const VnBag *bag, VnError *err);

typedef enum VnPut { VN_PUT_FIRST, VN_PUT_REPLACE, VN_PUT_JOIN } VnPut;
/** Put a foreign value into a field: if it is NULL still, in place of what is there, or after it and "; " (as the
 * Metadata Working Group's guidelines 2.0 join creators). @param field one of VnFound's texts */
VernisStatus vn_found_put(char **field, VnPut how, const void *bytes, size_t size, VnError *err);

/** XMP packet into a zeroed `found`. Refused as a whole: not well-formed, a DOCTYPE, nesting over 64, over 4 MiB. */
VernisStatus vn_xmp_read(VnFound *found, const VnBytes *xmp, VnError *err);
/** EXIF: Artist, Copyright, ImageDescription, Software, UserComment, serial numbers and position where still NULL. */
VernisStatus vn_exif_read(VnFound *found, const VnBytes *exif, VnError *err);
/** IIM 2:80, 2:116, 2:110, 2:120 where still NULL. */
VernisStatus vn_iptc_read(VnFound *found, const VnBytes *iptc, VnError *err);

/** The full URI for one of the nine DMI- values, given bare or as a URI, in any case. Static; NULL: not one of them. */
const char *vn_data_mining_known(const char *value);
bool vn_data_mining_reserves(const char *value); /**< one of the DMI-PROHIBITED values; value may be NULL */
/** Would a platform read this DigitalSourceType as AI? Those with "algorithmicMedia" in any case
 * (facts/provenance.md 3.3, Meta's help text). value may be NULL. */
bool vn_source_type_is_ai(const char *value);
/** The generator whose traces a platform would read as AI: prompts, settings, its name as that of the software. Static;
 * "unnamed" where a prompt stands alone; NULL: there are none. */
const char *vn_found_generator(const VnFound *found, const VnBag *bag);
/** The first source type in a C2PA manifest that platforms read as AI, as its last word ("trainedAlgorithmicMedia"); ""
 * for none. The manifest is CBOR inside boxes: its text strings stand in it as they are. */
void vn_c2pa_ai_source_type(char word[64], const VnBytes *c2pa);

/** One field of VnRights: the name of its option, for errors, and where it is. */
typedef struct VnRightsField {
    const char *name;
    size_t offset;
} VnRightsField;
enum { VN_RIGHTS_FIELDS = sizeof(VnRights) / sizeof(char *) };
extern const VnRightsField vn_rights_fields[VN_RIGHTS_FIELDS];
static inline char **vn_rights_at(VnRights *rights, size_t offset) {
    return (char **)(void *)((char *)rights + offset);
}
/** How many creators "A; B" names; 1 when taking it apart and joining it again would not give the same text. */
int vn_creator_count(const char *text);
/** The length of the first of `count` creators. The next one begins two bytes behind it. */
size_t vn_creator_length(const char *text, int count);

#endif
