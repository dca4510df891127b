/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * One list of the XMP properties that Vernis writes and reads; the writer and the reader both walk it.
 */
#ifndef VN_META_XMP_NAMES_H
#define VN_META_XMP_NAMES_H

#include "meta/found.h"

typedef enum VnXmpSpace {
    VN_XMP_RDF,
    VN_XMP_DC,
    VN_XMP_RIGHTS,
    VN_XMP_PLUS,
    VN_XMP_PHOTOSHOP,
    VN_XMP_CORE,
    VN_XMP_EXT,
    VN_XMP_TDM,
    VN_XMP_BASIC,
    VN_XMP_EXIF,
    VN_XMP_EXIFEX,
    VN_XMP_AUX,
    VN_XMP_SPACES
} VnXmpSpace;

typedef struct VnXmpSpaceName {
    const char *prefix, *uri;
} VnXmpSpaceName;
extern const VnXmpSpaceName vn_xmp_spaces[VN_XMP_SPACES];

/** The form of a value as written; any form is understood when read. */
typedef enum VnXmpForm {
    VN_XMP_SIMPLE,
    VN_XMP_SEQ,       /**< rdf:Seq of texts */
    VN_XMP_ALT,       /**< rdf:Alt of languages, x-default */
    VN_XMP_STRUCT,    /**< a structure; each row is one of its members, `inner`, and all of them stand in a row */
    VN_XMP_STRUCT_SEQ /**< rdf:Seq of such structures, of which the first counts */
} VnXmpForm;

typedef struct VnXmpProperty {
    VnXmpSpace space;
    VnXmpForm form;
    const char *name;
    const char *inner; /**< the member of a structure, in the same namespace; NULL for the other forms */
    size_t offset;     /**< of the text in VnFound */
} VnXmpProperty;

/** The first VN_RIGHTS_FIELDS rows are the fields of VnRights, and are written; the others are only read. */
enum { VN_XMP_PROPERTIES = VN_RIGHTS_FIELDS + 5 };
extern const VnXmpProperty vn_xmp_properties[VN_XMP_PROPERTIES];

/** The field that a row is about, one of the first VN_RIGHTS_FIELDS. */
char **vn_xmp_field(VnRights *rights, int row);
/** The property that begins at `row`, which is one row or, of a structure, all of them. @param next receives the row behind it
 * @return the text of its first member that has one; NULL: it says nothing */
const char *vn_xmp_next(int *next, VnRights *rights, int row);

#endif
