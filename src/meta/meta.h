/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Rights and opt-out metadata: one model, written consistently to EXIF and XMP, spliced into finished files.
 */
#ifndef VN_META_META_H
#define VN_META_META_H

#include "image/bag.h"

/** What the artist says. UTF-8, heap or NULL; vn_rights_free. */
typedef struct VnRights {
    char *creator;                                       /**< dc:creator, EXIF Artist, IIM 2:80 */
    char *copyright;                                     /**< dc:rights, EXIF Copyright, IIM 2:116 */
    char *credit;                                        /**< photoshop:Credit, IIM 2:110 */
    char *license_url;                                   /**< xmpRights:WebStatement */
    char *licensor_name, *licensor_email, *licensor_url; /**< plus:Licensor, one structure: LicensorName ... */
    char *contact_email, *contact_url;                   /**< Iptc4xmpCore:CreatorContactInfo: CiEmailWork, CiUrlWork */
    char *usage_terms;                                   /**< xmpRights:UsageTerms */
    char *constraints; /**< plus:OtherConstraints: the text that DMI-PROHIBITED-SEECONSTRAINT refers to */
    char *description; /**< dc:description, EXIF ImageDescription, IIM 2:120; only ever kept from the source */
    char *data_mining; /**< the full plus:DataMining URI; NULL: none */
    char *source_type; /**< the full Iptc4xmpExt:DigitalSourceType URI; NULL: not written */
    char *ai_system; /**< Iptc4xmpExt:AISystemUsed (IPTC 2025.1); only ever what the source shows */
    /** Only ever kept from the source. Coordinates as coordinate.h has them: exif:GPSLatitude, EXIF's GPS directory. */
    char *latitude, *longitude;
    char *body_serial, *lens_serial; /**< exifEX:BodySerialNumber, exifEX:LensSerialNumber */
} VnRights;
void vn_rights_free(VnRights *rights);

/** What of the source's metadata survives; bits. */
typedef enum VnKeep {
    VN_KEEP_NONE = 0,   /**< nothing but what says AI, since provenance is not laundered away */
    VN_KEEP_RIGHTS = 1, /**< rights, licence and contact fields, and a data-mining value of the vocabulary */
    VN_KEEP_ALL = 3,    /**< these, the description and any source type */
    VN_KEEP_LOCATION = 4,
    VN_KEEP_SERIALS = 8
} VnKeep;

/** The URI for --data-mining all|ai|genai|allow|none, one of the nine PLUS values (a URI or bare "DMI-..."), or NULL
 * (default: prohibited except search engine indexing). Others: VERNIS_E_ARGUMENT with the list. *uri is heap, or NULL
 * for "none". */
VernisStatus vn_data_mining_uri(char **uri, const char *choice, VnError *err);
/** The URI for --source-type human|photo|scan|none, or NULL (not said). *uri is heap, or NULL for "none" and NULL. */
VernisStatus vn_source_type_uri(char **uri, const char *choice, VnError *err);

/** What a data-mining value refers to is made to be there: DMI-PROHIBITED-SEECONSTRAINT takes the usage terms as its
 * constraints when none are given. @param warning "" or what is missing still; capacity 200 */
VernisStatus vn_rights_settle(VnRights *rights, char *warning, VnError *err);

/** Fill the fields of `rights` that are NULL from the source file's XMP, EXIF and IIM, in this order, as far as `keep` (bits
 * of VnKeep) allows. A source type that says AI comes even from where only a C2PA manifest has it, and without one, the name of
 * the generator that wrote a prompt or itself into the file becomes the AI system. Values are cut
 * to 4000 bytes, and together kept small enough for vn_xmp_make. Damaged metadata is left out, not an error. On
 * failure (VERNIS_E_MEMORY) `rights` is sound but incomplete. */
VernisStatus vn_rights_from_bag(VnRights *rights, const VnBag *bag, unsigned keep, VnError *err);
/** A copy with every text cleaned as it will be written. On failure (VERNIS_E_ARGUMENT: not UTF-8, VERNIS_E_MEMORY) `out` is
 * freed. */
VernisStatus vn_rights_clean(VnRights *out, const VnRights *rights, VnError *err);

/** The Software of all that Vernis protected. */
#define VN_MARK "Vernis"

/** EXIF as a TIFF stream made new with libexif: Artist, Copyright, ImageDescription, Orientation 1, Software (VN_MARK),
 * the four tags that the standard makes mandatory at its defaults (72 dpi, centred chroma), and where there is a latitude
 * and a longitude, these; nothing else. Serial numbers stand in XMP alone: EXIF's directory for them would need six more
 * tags. For both writers: `out` zeroed; texts that are not UTF-8 are VERNIS_E_ARGUMENT, texts that do not fit a file
 * VERNIS_E_LIMIT; control characters go. */
VernisStatus vn_exif_make(VnBytes *out, const VnRights *rights, VnError *err);
/** XMP packet made new, UTF-8, read-only packet trailer; empty when there is nothing to say. Also says xmpRights:Marked
 * with a creator or copyright, and tdm:reservation with a prohibition. A creator "A; B" is a list of two. */
VernisStatus vn_xmp_make(VnBytes *out, const VnRights *rights, VnError *err);
/** IIM records made new, for JPEG: creators, copyright, credit and description, marked as UTF-8 (1:90), each cut between
 * characters at what IIM 4.2 allows (32, 128, 32 and 2000 bytes); empty when there is nothing to say. */
VernisStatus vn_iptc_make(VnBytes *out, const VnRights *rights, VnError *err);

/** Put EXIF, XMP and IIM into a finished file as vn_format encode made it (JPEG: APP1 and APP13 after APP0; PNG: eXIf
 * and iTXt before IDAT; WebP: EXIF and XMP chunks behind the picture). Empty or NULL ones are left out, and IIM where the
 * format has no place for it. Refused: a file that is damaged, has bytes after its end or has such metadata already
 * (VERNIS_E_FORMAT); EXIF over 65527, XMP over 65000 or IIM over 65000 bytes (VERNIS_E_LIMIT).
 * @param format "png", "jpeg" or "webp"; @param file replaced on success, untouched on failure */
VernisStatus vn_meta_splice(VnBytes *file, const char *format, const VnBytes *exif, const VnBytes *xmp,
                            const VnBytes *iptc, VnError *err);

/** What a file says about itself, for `vernis inspect` and tests: see vn_inspect. All text heap or NULL. */
typedef struct VnInspection {
    VnRights rights;    /**< as read from XMP first, then EXIF, then IIM */
    bool reserved;      /**< data_mining prohibits training */
    bool c2pa;          /**< a manifest is present; c2pa.h verifies it */
    unsigned leaks;     /**< VnLeak bits */
    char ai_label[800]; /**< which values a platform would read as AI and why; "" if none */
    char software[200]; /**< XMP CreatorTool, EXIF Software or PNG text "Software" */
    bool marked;        /**< the software is Vernis: the picture is protected already */
    char warning[200];  /**< what could not be read: "XMP ignored: line 1: it has a DOCTYPE"; "" if all was */
} VnInspection;
VernisStatus vn_inspect(VnInspection *out, const VnBag *bag, VnError *err);
void vn_inspection_free(VnInspection *inspection);
const char *vn_leak_name(unsigned bit); /**< plain words for one VnLeak bit: "EXIF thumbnail" */

#endif
