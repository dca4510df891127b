/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/xmp_names.h"

#include <string.h>

/* XMP part 1 (ISO 16684-1) sections 6 and 8; IPTC Photo Metadata Standard 2025.1; PLUS LDF 2.0.1; CIPA DC-010. TDMRep defines its
 * property for XMP in PDF only: in pictures it is an extension that does no harm. */
const VnXmpSpaceName vn_xmp_spaces[VN_XMP_SPACES] = {
    [VN_XMP_RDF] = {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
    [VN_XMP_DC] = {"dc", "http://purl.org/dc/elements/1.1/"},
    [VN_XMP_RIGHTS] = {"xmpRights", "http://ns.adobe.com/xap/1.0/rights/"},
    [VN_XMP_PLUS] = {"plus", "http://ns.useplus.org/ldf/xmp/1.0/"},
    [VN_XMP_PHOTOSHOP] = {"photoshop", "http://ns.adobe.com/photoshop/1.0/"},
    [VN_XMP_CORE] = {"Iptc4xmpCore", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"},
    [VN_XMP_EXT] = {"Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"},
    [VN_XMP_TDM] = {"tdm", "http://www.w3.org/ns/tdmrep/"},
    [VN_XMP_BASIC] = {"xmp", "http://ns.adobe.com/xap/1.0/"},
    [VN_XMP_EXIF] = {"exif", "http://ns.adobe.com/exif/1.0/"},
    [VN_XMP_EXIFEX] = {"exifEX", "http://cipa.jp/exif/1.0/"},
    [VN_XMP_AUX] = {"aux", "http://ns.adobe.com/exif/1.0/aux/"},
};

#define RIGHT(field) (offsetof(VnFound, rights) + offsetof(VnRights, field))

const VnXmpProperty vn_xmp_properties[VN_XMP_PROPERTIES] = {
    {VN_XMP_DC, VN_XMP_SEQ, "creator", NULL, RIGHT(creator)},
    {VN_XMP_DC, VN_XMP_ALT, "rights", NULL, RIGHT(copyright)},
    {VN_XMP_DC, VN_XMP_ALT, "description", NULL, RIGHT(description)},
    {VN_XMP_RIGHTS, VN_XMP_SIMPLE, "WebStatement", NULL, RIGHT(license_url)},
    {VN_XMP_RIGHTS, VN_XMP_ALT, "UsageTerms", NULL, RIGHT(usage_terms)},
    {VN_XMP_PLUS, VN_XMP_SIMPLE, "DataMining", NULL, RIGHT(data_mining)},
    {VN_XMP_PLUS, VN_XMP_ALT, "OtherConstraints", NULL, RIGHT(constraints)},
    {VN_XMP_PLUS, VN_XMP_STRUCT_SEQ, "Licensor", "LicensorName", RIGHT(licensor_name)},
    {VN_XMP_PLUS, VN_XMP_STRUCT_SEQ, "Licensor", "LicensorEmail", RIGHT(licensor_email)},
    {VN_XMP_PLUS, VN_XMP_STRUCT_SEQ, "Licensor", "LicensorURL", RIGHT(licensor_url)},
    {VN_XMP_PHOTOSHOP, VN_XMP_SIMPLE, "Credit", NULL, RIGHT(credit)},
    {VN_XMP_CORE, VN_XMP_STRUCT, "CreatorContactInfo", "CiEmailWork", RIGHT(contact_email)},
    {VN_XMP_CORE, VN_XMP_STRUCT, "CreatorContactInfo", "CiUrlWork", RIGHT(contact_url)},
    {VN_XMP_EXT, VN_XMP_SIMPLE, "DigitalSourceType", NULL, RIGHT(source_type)},
    {VN_XMP_EXT, VN_XMP_SIMPLE, "AISystemUsed", NULL, RIGHT(ai_system)},
    {VN_XMP_EXIF, VN_XMP_SIMPLE, "GPSLatitude", NULL, RIGHT(latitude)},
    {VN_XMP_EXIF, VN_XMP_SIMPLE, "GPSLongitude", NULL, RIGHT(longitude)},
    {VN_XMP_EXIFEX, VN_XMP_SIMPLE, "BodySerialNumber", NULL, RIGHT(body_serial)},
    {VN_XMP_EXIFEX, VN_XMP_SIMPLE, "LensSerialNumber", NULL, RIGHT(lens_serial)},
    {VN_XMP_AUX, VN_XMP_SIMPLE, "SerialNumber", NULL, RIGHT(body_serial)}, /* as Adobe has it */
    {VN_XMP_AUX, VN_XMP_SIMPLE, "LensSerialNumber", NULL, RIGHT(lens_serial)},
    {VN_XMP_TDM, VN_XMP_SIMPLE, "reservation", NULL, offsetof(VnFound, tdm)},
    {VN_XMP_BASIC, VN_XMP_SIMPLE, "CreatorTool", NULL, offsetof(VnFound, software)},
    {VN_XMP_EXT, VN_XMP_SIMPLE, "AIPromptInformation", NULL, offsetof(VnFound, ai_prompt)},
};

char **vn_xmp_field(VnRights *rights, int row) {
    return vn_rights_at(rights, vn_xmp_properties[row].offset - offsetof(VnFound, rights));
}

const char *vn_xmp_next(int *next, VnRights *rights, int row) {
    const VnXmpProperty *first = &vn_xmp_properties[row];
    const char *text = NULL;
    for (*next = row; *next < VN_RIGHTS_FIELDS && !strcmp(vn_xmp_properties[*next].name, first->name); ++*next)
        if (!text)
            text = *vn_xmp_field(rights, *next);
    return text;
}
