/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/platforms.h"

#include <stddef.h>
#include <string.h>

static const char code[] = "its own code or text", measured[] = "measured by others", reported[] = "reported only";

static const VnPlatform platforms[] = {
    {"instagram", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_STRIPPED, true, measured},
    {"facebook", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_UNKNOWN, true, measured},
    {"x", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_UNKNOWN, false, measured},
    {"tiktok", VN_FATE_STRIPPED, VN_FATE_PARTLY, VN_FATE_UNKNOWN, true, measured},
    {"bluesky", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_STRIPPED, false, code},
    {"mastodon", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_KEPT, false, code},
    {"tumblr", VN_FATE_STRIPPED, VN_FATE_UNKNOWN, VN_FATE_UNKNOWN, false, reported},
    {"artstation", VN_FATE_UNKNOWN, VN_FATE_UNKNOWN, VN_FATE_UNKNOWN, false, code},
    {"deviantart", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_UNKNOWN, false, measured},
    {"pixiv", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_UNKNOWN, false, measured},
    {"behance", VN_FATE_KEPT, VN_FATE_UNKNOWN, VN_FATE_UNKNOWN, false, measured},
    {"pinterest", VN_FATE_STRIPPED, VN_FATE_PARTLY, VN_FATE_UNKNOWN, true, reported},
    {"reddit", VN_FATE_STRIPPED, VN_FATE_STRIPPED, VN_FATE_UNKNOWN, false, reported},
    {"discord", VN_FATE_PARTLY, VN_FATE_UNKNOWN, VN_FATE_KEPT, false, reported},
    {"linkedin", VN_FATE_STRIPPED, VN_FATE_KEPT, VN_FATE_UNKNOWN, false, reported},
    {"cara", VN_FATE_UNKNOWN, VN_FATE_UNKNOWN, VN_FATE_UNKNOWN, false, reported},
};

const VnPlatform *vn_platform_find(const char *name) {
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        if (strcmp(platforms[i].name, name) == 0)
            return &platforms[i];
    return NULL;
}

const char *vn_fate_name(VnFate fate) {
    static const char *const names[] = {"unknown", "stripped", "kept in part", "kept"};
    return names[fate];
}
