/* SPDX-License-Identifier: Apache-2.0 */
/* Is this picture one of mine? */
#include <string.h>

#include "base/fs.h"
#include "base/sha256.h"
#include "image/colour.h"
#include "image/format.h"
#include "ledger/ledger_db.h"
#include "ledger/pdq.h"

VernisStatus vernis_fingerprint_file(VernisFingerprint *out, const char *path, VernisError *err) {
    VnBytes bytes = {0};
    VnImage image = {0};
    VnBag bag = {0};
    VnPdq pdq;
    VernisStatus status;
    *out = (VernisFingerprint){0};
    VN_CHECK(vn_file_read(&bytes, path, vn_limits_default.max_file_bytes, err));
    VN_CHECK(vn_sha256(out->sha256, bytes.data, bytes.size, err));
    VN_CHECK(vn_decode(&image, &bag, bytes.data, bytes.size, NULL, err));
    VN_CHECK(vn_colour_to_work(&image, &bag, NULL, NULL, err));
    VN_CHECK(vn_pdq(&pdq, &image, err));
    for (size_t i = 0; i < VERNIS_ORIENTATIONS; i++)
        vn_pdq_to_hex(out->pdq[i], pdq.hash[i]);
    out->quality = pdq.quality;
done:
    vn_bytes_free(&bytes);
    vn_image_free(&image);
    vn_bag_free(&bag);
    if (status)
        vn_error_name(err, strcmp(path, "-") ? path : "standard input");
    return status;
}

/* How many bits may differ, by how much there is to see in the poorer of the two pictures; tests/regression/find.md has the
 * figures behind it. Empty ones all look the same: only their bytes count. */
static int limit_of(int quality) { return quality >= 50 ? 36 : quality >= 20 ? 20 : quality >= 5 ? 8 : -1; }

typedef struct Found {
    VernisMatch *items;
    size_t capacity, count;
} Found;

static void keep(Found *found, VernisMatch match) {
    size_t at = found->count;
    for (size_t i = 0; i < found->count; i++)
        if (found->items[i].id == match.id)
            return;
    while (at && !found->items[at - 1].exact && found->items[at - 1].distance > match.distance)
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

/* All of them, one after the other: a hundred thousand take less time than a picture takes to be read. */
static VernisStatus find_alike(const VernisLedger *ledger, uint8_t (*hashes)[VN_PDQ_BYTES], int quality, Found *found,
                               VnError *err) {
    sqlite3_stmt *statement;
    int more = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement,
                             "SELECT id, pdq, quality FROM work INDEXED BY work_pdq WHERE pdq IS NOT NULL", err));
    VernisStatus status;
    while (!(status = vn_ledger_step(ledger, statement, &more, err)) && more) {
        const void *pdq = sqlite3_column_blob(statement, 1);
        int other = sqlite3_column_int(statement, 2);
        if (!pdq || sqlite3_column_bytes(statement, 1) != VN_PDQ_BYTES)
            continue; /* not written by Vernis */
        int most = limit_of(quality < other ? quality : other);
        VernisMatch best = {.id = sqlite3_column_int64(statement, 0), .distance = most + 1};
        for (int v = 0; v < VN_PDQ_VARIANTS; v++) {
            int distance = vn_pdq_distance(hashes[v], pdq, best.distance - 1);
            if (distance < best.distance) {
                best.distance = distance;
                best.orientation = v;
            }
        }
        if (best.distance <= most)
            keep(found, best);
    }
    sqlite3_finalize(statement);
    return status;
}

VernisStatus vernis_ledger_find(VernisLedger *ledger, const VernisFingerprint *picture, VernisMatch *matches,
                                size_t capacity, size_t *count, VernisError *err) {
    Found found = {.items = matches, .capacity = capacity};
    uint8_t hashes[VN_PDQ_VARIANTS][VN_PDQ_BYTES];
    *count = 0;
    for (size_t i = 0; i < VN_PDQ_VARIANTS; i++)
        if (!vn_pdq_from_hex(hashes[i], picture->pdq[i]))
            return vn_fail(err, VERNIS_E_ARGUMENT, "ledger", "a fingerprint of 64 hex digits was expected");
    VN_TRY(find_bytes(ledger, picture->sha256, &found, err));
    VN_TRY(find_alike(ledger, hashes, picture->quality, &found, err));
    *count = found.count;
    return VERNIS_OK;
}
