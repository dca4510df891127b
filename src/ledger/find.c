/* SPDX-License-Identifier: Apache-2.0 */
/* Is this picture one of mine? */
#include <limits.h>
#include <string.h>

#include "base/fs.h"
#include "base/sha256.h"
#include "image/colour.h"
#include "image/format.h"
#include "ledger/ledger_db.h"
#include "ledger/pdq.h"
#include "ledger/thumbnail.h"
#include "meta/meta.h"

VernisStatus vn_fingerprint(VernisFingerprint *out, VnSeen *seen, const char *path, VnError *err) {
    VnBytes bytes = {0};
    VnImage image = {0};
    VnBag bag = {0};
    VnInspection said = {0};
    VnPdq pdq;
    VernisStatus status;
    *out = (VernisFingerprint){0};
    VN_CHECK(vn_file_read(&bytes, path, vn_limits_default.max_file_bytes, err));
    VN_CHECK(vn_sha256(out->sha256, bytes.data, bytes.size, err));
    VN_CHECK(vn_decode(&image, &bag, bytes.data, bytes.size, NULL, err));
    VN_CHECK(vn_inspect(&said, &bag, err));
    *seen = (VnSeen){.width = image.width, .height = image.height, .bytes = bytes.size, .marked = said.marked};
    VN_CHECK(vn_colour_to_work(&image, &bag, NULL, NULL, err));
    VN_CHECK(vn_pdq(&pdq, &image, err));
    VN_CHECK(vn_thumbnail(out->thumbnail, &image, err));
    for (size_t i = 0; i < VERNIS_ORIENTATIONS; i++)
        vn_pdq_to_hex(out->pdq[i], pdq.hash[i]);
    out->quality = pdq.quality;
done:
    vn_bytes_free(&bytes);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_inspection_free(&said);
    if (status)
        vn_error_name(err, strcmp(path, "-") ? path : "standard input");
    return status;
}

VernisStatus vernis_fingerprint_file(VernisFingerprint *out, const char *path, VernisError *err) {
    VnSeen seen;
    return vn_fingerprint(out, &seen, path, err);
}

/* How many bits may differ, by how much there is to see in the poorer of the two pictures; tests/regression/find.md has the
 * figures behind it. Empty ones all look the same: only their bytes count. */
typedef struct Limits {
    int quality;   /* from this up */
    int confirmed; /* where the thumbnails agree */
    int alike;     /* where they do not */
    int alone;     /* where there is none: at most what PDQ's authors take for one picture */
} Limits;
static const Limits limits[] = {{50, 56, 36, 31}, {20, 20, 20, 20}, {5, 8, 8, 8}, {INT_MIN, -1, -1, -1}};

static const Limits *limits_of(int quality) {
    const Limits *at = limits;
    while (quality < at->quality)
        at++;
    return at;
}

/* A picture in the orientations that it may have been turned into. */
typedef struct Sought {
    const VernisFingerprint *print;
    uint8_t hashes[VN_PDQ_VARIANTS][VN_PDQ_BYTES];
} Sought;

typedef struct Found {
    VernisMatch *items;
    size_t capacity, count;
} Found;

static bool is_nearer(const VernisMatch *a, const VernisMatch *b) {
    if (a->exact || b->exact)
        return a->exact && !b->exact;
    return a->alike != b->alike ? !a->alike : a->distance < b->distance;
}

static void keep(Found *found, VernisMatch match) {
    size_t at = found->count;
    for (size_t i = 0; i < found->count; i++)
        if (found->items[i].id == match.id)
            return;
    while (at && is_nearer(&match, &found->items[at - 1]))
        at--;
    if (at == found->capacity)
        return;
    size_t behind = found->count - at - (found->count == found->capacity);
    memmove(found->items + at + 1, found->items + at, behind * sizeof *found->items);
    found->items[at] = match;
    found->count += found->count < found->capacity;
}

static VernisStatus find_bytes(const VernisLedger *ledger, const char *sha256, Found *found, VnError *err) {
    sqlite3_stmt *statement;
    int more = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement,
                             "SELECT id FROM work WHERE sha256_out = ?1 AND sha256_out <> '' ORDER BY id DESC", err));
    sqlite3_bind_text(statement, 1, sha256, -1, SQLITE_STATIC);
    VernisStatus status;
    while (!(status = vn_ledger_step(ledger, statement, &more, err)) && more)
        keep(found, (VernisMatch){.id = sqlite3_column_int64(statement, 0), .exact = 1});
    sqlite3_finalize(statement);
    return status;
}

/* Of the orientations whose fingerprints are near enough, the nearest in which the thumbnails agree too.
 * @param thumbnail statement that gives the one of a row */
static VernisStatus look_closer(const VernisLedger *ledger, sqlite3_stmt *thumbnail, const Sought *sought,
                                const int distances[VN_PDQ_VARIANTS], const Limits *most, VernisMatch *match,
                                VnError *err) {
    int more = 0;
    match->alike = 1;
    match->distance = most->alike + 1;
    sqlite3_bind_int64(thumbnail, 1, match->id);
    VernisStatus status = vn_ledger_step(ledger, thumbnail, &more, err);
    const uint8_t *known = !status && more ? vn_ledger_thumbnail(thumbnail, 0) : NULL;
    for (int v = 0; v < VN_PDQ_VARIANTS && !status; v++) {
        bool same = known ? distances[v] <= most->confirmed &&
                                vn_thumbnail_agrees(known, sought->print->thumbnail, (unsigned)v, distances[v])
                          : distances[v] <= most->alone;
        VernisMatch seen = {.id = match->id, .distance = distances[v], .orientation = v, .alike = !same};
        if (is_nearer(&seen, match))
            *match = seen;
    }
    sqlite3_reset(thumbnail);
    return status;
}

/* All of them, one after the other: a hundred thousand take less time than a picture takes to be read. */
static VernisStatus find_alike(const VernisLedger *ledger, const Sought *sought, sqlite3_stmt *prints,
                               sqlite3_stmt *thumbnail, Found *found, VnError *err) {
    VernisStatus status;
    int more = 0;
    while (!(status = vn_ledger_step(ledger, prints, &more, err)) && more) {
        const void *pdq = sqlite3_column_blob(prints, 1);
        int other = sqlite3_column_int(prints, 2);
        if (!pdq || sqlite3_column_bytes(prints, 1) != VN_PDQ_BYTES)
            continue; /* not written by Vernis */
        const Limits *most = limits_of(sought->print->quality < other ? sought->print->quality : other);
        int distances[VN_PDQ_VARIANTS], near = 0;
        for (int v = 0; v < VN_PDQ_VARIANTS; v++) {
            distances[v] = vn_pdq_distance(sought->hashes[v], pdq, most->confirmed);
            near += distances[v] <= most->confirmed;
        }
        if (!near)
            continue;
        VernisMatch match = {.id = sqlite3_column_int64(prints, 0)};
        VN_TRY(look_closer(ledger, thumbnail, sought, distances, most, &match, err));
        if (!match.alike || match.distance <= most->alike)
            keep(found, match);
    }
    return status;
}

VernisStatus vernis_ledger_find(VernisLedger *ledger, const VernisFingerprint *picture, VernisMatch *matches,
                                size_t capacity, size_t *count, VernisError *err) {
    Found found = {.items = matches, .capacity = capacity};
    Sought sought = {.print = picture};
    sqlite3_stmt *prints = NULL, *thumbnail = NULL;
    VernisStatus status;
    *count = 0;
    for (size_t i = 0; i < VN_PDQ_VARIANTS; i++)
        if (!vn_pdq_from_hex(sought.hashes[i], picture->pdq[i]))
            return vn_fail(err, VERNIS_E_ARGUMENT, "ledger", "a fingerprint of 64 hex digits was expected");
    VN_CHECK(find_bytes(ledger, picture->sha256, &found, err));
    VN_CHECK(vn_ledger_prepare(ledger, &prints,
                               "SELECT id, pdq, quality FROM work INDEXED BY work_pdq WHERE pdq IS NOT NULL", err));
    VN_CHECK(vn_ledger_prepare(ledger, &thumbnail, "SELECT rgb FROM thumbnail WHERE id = ?1", err));
    VN_CHECK(find_alike(ledger, &sought, prints, thumbnail, &found, err));
    *count = found.count;
done:
    sqlite3_finalize(prints);
    sqlite3_finalize(thumbnail);
    return status;
}
