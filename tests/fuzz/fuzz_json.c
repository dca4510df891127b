/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: base/json.h. What parses is written as text, and that text parses again to the same text. What does not
 * parse gives an error that says so and no value. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const size_t max_bytes = 1 << 20;

static void require(int held) {
    if (!held)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    VnError err = {0};
    json_t *first = NULL;
    if (vn_json_parse(&first, (const char *)data, size, max_bytes, "fuzz", &err) != VERNIS_OK) {
        require(first == NULL && err.status != VERNIS_OK && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        return 0;
    }
    require(json_is_object(first) && err.status == VERNIS_OK);
    char *text = vn_json_text(first);
    require(text != NULL && strchr(text, '\n') == NULL);

    json_t *second = NULL;
    /* Numbers may grow when written ("1e5" becomes "100000.0"), so the second limit is wider. */
    require(vn_json_parse(&second, text, strlen(text), 8 * max_bytes, "fuzz", &err) == VERNIS_OK);
    char *again = vn_json_text(second);
    require(again != NULL && strcmp(text, again) == 0);

    vn_free(again);
    vn_free(text);
    json_decref(second);
    json_decref(first);
    return 0;
}
