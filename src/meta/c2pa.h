/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Content credentials: manifests of C2PA 2.2 written, found, and verified.
 */
#ifndef VN_META_C2PA_H
#define VN_META_C2PA_H

#include <stdbool.h>

#include "meta/meta.h"
#include "meta/signer.h"

/** Where a manifest store stands in a file, container overhead included. */
typedef struct VnC2paPlace {
    size_t start, length; /**< bytes; length 0: there is none */
} VnC2paPlace;

/** Find the store in a file. @return false: it is damaged, or there is more than one */
bool vn_c2pa_find(VnC2paPlace *out, const VnBytes *file, const char *format);
/** Where vn_c2pa_insert puts a store. PNG: behind IHDR; JPEG: behind the first APP0 and APP1 segments; WebP: last (C2PA 2.2
 * appendix A.3). `length` is what a store of `size` bytes takes there. @return false: damaged, or it has one */
bool vn_c2pa_place(VnC2paPlace *out, const VnBytes *file, const char *format, size_t size);
/** Put a store at that place. */
VernisStatus vn_c2pa_insert(VnBytes *file, const char *format, VnC2paPlace place, const VnBytes *store, VnError *err);

/** SHA-256, SHA-384 or SHA-512 of a file without some ranges. @param ranges in order, not overlapping, within the file
 * @param alg "sha256" ...; @return bytes of the hash; 0: no such algorithm */
size_t vn_c2pa_hash(uint8_t hash[64], const char *alg, const uint8_t *data, size_t size, const VnC2paPlace *ranges,
                    size_t count);

/** Pictures of the source inside a store, or what may hold some: thumbnails, embedded files, data boxes, compressed
 * manifests. A store that cannot be read is counted as one. */
bool vn_c2pa_leaks(const VnBytes *store);

typedef enum VnC2paState {
    VN_C2PA_NONE,
    VN_C2PA_INVALID,   /**< a check failed; the codes say which */
    VN_C2PA_UNCHECKED, /**< nothing failed, but something that counts could not be checked; the note says what */
    VN_C2PA_VALID,     /**< all is as it was signed; who signed is not among those trusted */
    VN_C2PA_TRUSTED    /**< the same, and the signer's chain ends at an anchor */
} VnC2paState;

typedef enum VnC2paKind { VN_C2PA_SUCCESS, VN_C2PA_INFORMATION, VN_C2PA_FAILURE } VnC2paKind;

/** One validation status (C2PA 2.2 section 15.2). */
typedef struct VnC2paResult {
    VnC2paKind kind;
    const char *code; /**< "assertion.dataHash.mismatch"; static storage */
    char url[96];     /**< label of the box it is about */
} VnC2paResult;

typedef struct VnC2paReport {
    VnC2paState state;
    char generator[100]; /**< name and version in claim_generator_info */
    char signer[160];    /**< common name and organisation of the certificate */
    char note[200];      /**< what was not checked, "" if all was */
    size_t manifests;    /**< in the store; only the last, the active one, is verified */
    size_t count;
    VnC2paResult results[64];
} VnC2paReport;

/** Verify the active manifest of a file: signature, chain, assertions, hash of the file.
 * @param store as the decoder found it; empty: VN_C2PA_NONE
 * @param anchors PEM certificates that are trusted; may be NULL; @param now seconds since 1970
 * @return VERNIS_OK, also when nothing is valid; VERNIS_E_MEMORY */
VernisStatus vn_c2pa_verify(VnC2paReport *out, const VnBytes *file, const char *format, const VnBytes *store,
                            const VnBytes *anchors, int64_t now, VnError *err);
const char *vn_c2pa_state_name(VnC2paState state); /**< "none", "invalid", "unchecked", "valid", "trusted" */

/** The manifests of a source that stay as those of the parent of what was made of it. vn_c2pa_parent_free. */
typedef struct VnC2paParent {
    const VnC2paReport *report; /**< what its own verification said; borrowed */
    VnBytes manifests;          /**< superboxes in a row, the active one last; size 0: there is no parent */
    VnBytes redacted;           /**< URIs of the assertions that were taken out, each ended by NUL */
    size_t redacted_count;
    char label[120], signature[40];                /**< of the active manifest, and of its signature box */
    uint8_t manifest_hash[64], signature_hash[64]; /**< SHA-256, 32 bytes */
} VnC2paParent;

/** Take the manifests of a verified source. Thumbnails, other pictures, and whatever is not known to hold neither picture
 * nor place are redacted in every manifest. @param reason NULL, or why nothing can stay: then `out` is empty */
VernisStatus vn_c2pa_parent_open(VnC2paParent *out, const char **reason, const VnBytes *store,
                                 const VnC2paReport *report, VnError *err);
void vn_c2pa_parent_free(VnC2paParent *parent);

/** Sign a finished file: everything else has been written, because any change after this breaks the signature. Puts a store
 * with one manifest, behind those of the parent, into it: how it came to be (opened, or created where a source type is stated
 * and there is no parent; then edited), what is reserved, who made it and under which terms. Never a thumbnail.
 * @param format "png", "jpeg" or "webp"; @param parent may be NULL; @param file replaced on success, untouched on failure
 * @return VERNIS_E_FORMAT when the file is damaged or has a manifest already */
VernisStatus vn_c2pa_sign(VnBytes *file, const char *format, const VnSigner *signer, const VnRights *rights,
                          const VnC2paParent *parent, VnError *err);

#endif
