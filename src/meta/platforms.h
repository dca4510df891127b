/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What platforms do to the metadata of the pictures that they serve, as far as it is known
 * (facts/artists-and-platforms.md 3 and 5; they change).
 */
#ifndef VN_META_PLATFORMS_H
#define VN_META_PLATFORMS_H

#include <stdbool.h>

typedef enum VnFate { VN_FATE_UNKNOWN, VN_FATE_STRIPPED, VN_FATE_PARTLY, VN_FATE_KEPT } VnFate;

/** Static storage. */
typedef struct VnPlatform {
    const char *name;
    VnFate metadata;    /**< EXIF, IPTC and XMP in the copy that is served */
    VnFate c2pa;        /**< the manifest in that copy */
    VnFate profile;     /**< the ICC profile */
    bool reads_label;   /**< reads source types or C2PA to label a picture as AI, even where it strips them */
    const char *source; /**< how it is known: "its own code", "measured by others", "reported" */
} VnPlatform;

const VnPlatform *vn_platform_find(const char *name); /**< NULL: none of that name */
const char *vn_fate_name(VnFate fate);                /**< "stripped", "kept in part", "kept", "unknown" */

#endif
