/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: content credentials. The first byte says what the rest is: 0 CBOR, 1 a manifest store, 2 a COSE signature, 3 a
 * PNG, 4 a JPEG and 5 a WebP that may carry a store. Walking ends and stays within the bytes, verification says the same twice,
 * memory stays within what the bytes are worth, and a store that is put into a file is found where it was put. */
#include <stdlib.h>
#include <string.h>

#include "meta/c2pa.h"
#include "meta/cbor.h"
#include "meta/cose.h"
#include "meta/jumbf.h"

enum { CBOR, STORE, COSE, PNG, JPEG, WEBP, KINDS, SLACK = 1 << 16 };

static void require(int held) {
    if (!held)
        abort();
}

/* @return items below and with this one */
static size_t walk_cbor(const VnCbor *item, const uint8_t *begin, const uint8_t *end) {
    size_t count = 1;
    require(item->end > begin && item->end <= end && (!item->data || item->data + item->size <= item->end));
    for (VnCbor member = {0}; vn_cbor_next(item, &member);)
        count += walk_cbor(&member, item->data, item->end);
    return count;
}

static void read_cbor(const VnBytes *bytes) {
    VnCbor item, found;
    if (!vn_cbor_open(&item, bytes->data, bytes->size))
        return;
    require(walk_cbor(&item, bytes->data, bytes->data + bytes->size) <= bytes->size);
    if (vn_cbor_get(&item, "alg", &found) || vn_cbor_get_int(&item, -1, &found))
        require(found.end <= item.end);
}

static void read_cose(const VnBytes *bytes) {
    VnCose cose;
    for (int loose = 0; loose < 2; loose++)
        if (vn_cose_read(&cose, bytes->data, bytes->size, loose)) {
            require(cose.count > 0 && cose.count <= VN_CHAIN_MOST && cose.signature.data);
            for (size_t i = 0; i < cose.count; i++)
                require(cose.chain[i].data >= bytes->data && cose.chain[i].end <= bytes->data + bytes->size);
        }
}

static void verify(const VnBytes *file, const char *format, const VnBytes *store) {
    static VnC2paReport first, second;
    size_t used = vn_mem_used();
    vn_mem_peak_reset();
    require(vn_c2pa_verify(&first, file, format, store, NULL, 1800000000, NULL) == VERNIS_OK);
    require(vn_mem_peak() - used <= 2 * store->size + SLACK);
    require(vn_c2pa_verify(&second, file, format, store, NULL, 1800000000, NULL) == VERNIS_OK);
    require(!memcmp(&first, &second, sizeof first) && vn_mem_used() == used);
    require((first.state == VN_C2PA_NONE) == !store->size);
    require(vn_c2pa_leaks(store) == vn_c2pa_leaks(store));
}

/* What stays of a store shows no picture, whatever it was. */
static void keep(const VnBytes *store) {
    const VnC2paReport report = {.state = VN_C2PA_VALID};
    VnC2paParent parent;
    const char *reason;
    require(vn_c2pa_parent_open(&parent, &reason, store, &report, NULL) == VERNIS_OK);
    require(!reason == (parent.manifests.size > 0));
    if (!reason) {
        VnSink to = {0};
        size_t all = vn_box_begin_super(&to, "c2pa", "c2pa");
        vn_sink_put(&to, parent.manifests.data, parent.manifests.size);
        vn_box_end(&to, all);
        require(!to.status && !vn_c2pa_leaks(&to.bytes) && parent.manifests.size <= store->size);
        vn_bytes_free(&to.bytes);
    }
    vn_c2pa_parent_free(&parent);
}

static void use_file(const VnBytes *bytes, const char *format) {
    static const uint8_t box[] = "\0\0\0\x0fjumbno box";
    const VnBytes small = {(uint8_t *)(uintptr_t)box, sizeof box - 1};
    VnC2paPlace place, found;
    if (vn_c2pa_find(&found, bytes, format) && found.length) {
        require(found.start <= bytes->size && found.length <= bytes->size - found.start);
        /* Without the head of the chunk or of the first segment; a checksum behind it does no harm. */
        size_t head = strcmp(format, "jpeg") ? 8 : 12;
        VnBytes store = {bytes->data + found.start + head, found.length - head};
        verify(bytes, format, &store);
    }
    if (!vn_c2pa_place(&place, bytes, format, small.size))
        return;
    VnBytes file = {0};
    require(place.start <= bytes->size && vn_bytes_append(&file, bytes->data, bytes->size, NULL) == VERNIS_OK);
    require(vn_c2pa_insert(&file, format, place, &small, NULL) == VERNIS_OK);
    require(file.size == bytes->size + place.length);
    if (strcmp(format, "jpeg") != 0) /* there a box of another kind is another's */
        require(vn_c2pa_find(&found, &file, format) && found.start == place.start && found.length == place.length);
    vn_bytes_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const formats[] = {[PNG] = "png", [JPEG] = "jpeg", [WEBP] = "webp"};
    if (!size || size > 1 << 20)
        return 0;
    int kind = data[0] % KINDS;
    VnBytes bytes = {0};
    require(vn_bytes_append(&bytes, data + 1, size - 1, NULL) == VERNIS_OK);
    if (kind == CBOR)
        read_cbor(&bytes);
    else if (kind == COSE)
        read_cose(&bytes);
    else if (kind == STORE) {
        verify(&bytes, "png", &bytes);
        keep(&bytes);
    } else
        use_file(&bytes, formats[kind]);
    vn_bytes_free(&bytes);
    return 0;
}
