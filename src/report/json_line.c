/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON lines of protect and verify, as the manual binds them. */
#include "base/json.h"
#include "report/report.h"

static char *finish(json_t *line) {
    char *text = line ? vn_json_text(line) : NULL;
    json_decref(line);
    return text;
}

static json_t *metrics_value(const VernisResult *result) {
    json_t *shifts = json_object();
    for (size_t i = 0; i < result->shift_count; i++) {
        const VernisShift *s = &result->shifts[i];
        json_object_set_new(shifts, s->surrogate,
                            json_pack("{s:f, s:f, s:f}", "direct", s->direct, "ingest", s->ingest, "floor", s->floor));
    }
    return json_pack("{s:f, s:f, s:f, s:o, s:s}", "psnr", result->psnr, "ssim", result->ssim, "visibility",
                     result->visibility, "latent_shift", shifts, "ingest", result->ingest);
}

char *vernis_result_json(const char *input, const char *output, const VernisResult *r) {
    json_t *surrogates = json_array(), *warnings = json_array();
    for (size_t i = 0; i < r->shift_count; i++)
        json_array_append_new(surrogates, json_string(r->shifts[i].surrogate));
    for (size_t i = 0; i < r->warning_count; i++)
        json_array_append_new(warnings, vn_json_string(r->warnings[i]));
    return finish(json_pack(
        "{s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:f, s:I, s:s, s:s*, s:o, s:i, s:I, s:s, s:o, s:{s:s, s:s}, s:o}", "input",
        vn_json_string(input), "output", vn_json_string(output), "status", "ok", "width", (json_int_t)r->width, "height",
        (json_int_t)r->height, "bytes_in", (json_int_t)r->bytes_in, "bytes_out", (json_int_t)r->bytes_out, "seconds",
        r->seconds, "peak_memory_bytes", (json_int_t)r->peak_memory_bytes, "preset", r->preset, "platform", *r->platform ? r->platform : NULL, "surrogates",
        surrogates, "steps", r->steps, "seed", (json_int_t)r->seed, "cpu", r->cpu, "metrics", metrics_value(r),
        "metadata", "data_mining", r->data_mining, "c2pa", r->c2pa, "warnings", warnings));
}

char *vernis_failure_json(const char *input, const char *status, const VernisError *err, const char *reason) {
    json_t *line = json_pack("{s:o, s:s}", "input", vn_json_string(input), "status", status);
    if (line && err && err->status)
        json_object_set_new(
            line, "error",
            json_pack("{s:s, s:o}", "code", vernis_status_name(err->status), "text", vn_json_string(err->text)));
    if (line && reason)
        json_object_set_new(line, "reason", vn_json_string(reason));
    return finish(line);
}

char *vernis_verify_json(const char *original, const char *protected_file, const VernisResult *result) {
    return finish(json_pack("{s:o, s:o, s:I, s:I, s:o}", "original", vn_json_string(original), "protected",
                            vn_json_string(protected_file), "width", (json_int_t)result->width, "height",
                            (json_int_t)result->height, "metrics", metrics_value(result)));
}
