/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/coordinate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE = 1000000, DEGREE = 60 * MINUTE };

static uint64_t most(char side) { return (uint64_t)(side == 'N' || side == 'S' ? 90 : 180) * DEGREE; }

/* One to `digits` decimal digits. */
static bool take_number(uint64_t *out, const char **at, int digits) {
    const char *start = *at;
    for (*out = 0; digits && **at >= '0' && **at <= '9'; digits--)
        *out = *out * 10 + (uint64_t)(*(*at)++ - '0');
    return *at > start;
}

/* The decimals of a minute, as millionths. */
static uint64_t take_decimals(const char **at) {
    uint64_t value = 0, unit = MINUTE / 10;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        value += unit * (uint64_t)(**at - '0');
    return value;
}

bool vn_coordinate_read(VnCoordinate *out, const char *text, const char *sides) {
    uint64_t degrees, minutes, part = 0;
    if (!take_number(&degrees, &text, 3) || *text++ != ',' || !take_number(&minutes, &text, 2) || minutes >= 60)
        return false;
    if (*text == ',') {
        text++;
        if (!take_number(&part, &text, 2) || part >= 60)
            return false;
        part = part * MINUTE / 60;
    } else if (*text == '.') {
        text++;
        part = take_decimals(&text);
    }
    if (!*text || !strchr(sides, *text) || text[1])
        return false;
    *out = (VnCoordinate){degrees * DEGREE + minutes * MINUTE + part, *text};
    return out->micro <= most(out->side);
}

bool vn_coordinate_text(char out[24], double degrees, char side) {
    if (!(degrees >= 0 && degrees <= 180))
        return false;
    uint64_t micro = (uint64_t)(degrees * DEGREE + 0.5);
    snprintf(out, 24, "%" PRIu64 ",%02" PRIu64 ".%06" PRIu64 "%c", micro / DEGREE, micro % DEGREE / MINUTE,
             micro % MINUTE, side);
    return micro <= most(side);
}
