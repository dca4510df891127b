/* SPDX-License-Identifier: Apache-2.0 */
/* The page around the parts: one file without scripts, fonts or anything else from elsewhere. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <vernis/version.h>

#include "base/fs.h"
#include "report/html.h"
#include "report/report.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex, noimageindex\">\n"
    "<title>Vernis report</title>\n<style>\n"
    ":root{color-scheme:light dark;--paper:#faf8f4;--card:#fff;--ink:#26231f;--soft:#6b645a;--line:#e2dcd2;--bar:#a8553a}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#191715;--card:#211e1b;--ink:#ebe6dd;--soft:#a69d90;--line:#38332d;"
    "--bar:#d98a66}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:64rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:1.0625rem/1.6 system-ui,-apple-system,\"Segoe UI\",sans-serif;overflow-wrap:break-word}\n"
    "h1,h2{font-family:Georgia,\"Iowan Old Style\",serif;font-weight:400;line-height:1.2;margin:0 0 .4em}\n"
    "h1{font-size:2.2rem}h2{font-size:1.6rem}h3{font-size:1rem;margin:2rem 0 .6rem}\n"
    "header p,footer p,footer li,.seen{max-width:44rem}\n"
    ".file,figcaption,.ends,table{color:var(--soft);font-size:.9rem}.file{margin:0 0 1rem}\n"
    ".keep{border-left:3px solid var(--bar);padding:.1rem 0 .1rem 1rem}\n"
    "article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.5rem;margin:2rem 0}\n"
    ".pair,.readings,.maps{display:grid;gap:1.25rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr))}\n"
    ".spots{grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),max-content))}\n"
    ".spots img{image-rendering:pixelated}\n"
    "figure{margin:0}img{display:block;max-width:100%;height:auto;border-radius:4px;outline:1px solid var(--line)}\n"
    ".pair:not(.spots) img,.maps img{width:100%}figcaption{margin-top:.4rem;line-height:1.45}\n"
    ".readings section{border-top:1px solid var(--line);margin-top:1.5rem}\n"
    ".readings h3{margin:1rem 0 0}.number{font:400 2.6rem/1.2 Georgia,serif;margin:0}\n"
    ".bar{height:8px;border-radius:4px;background:var(--line);overflow:hidden}\n"
    ".bar i{display:block;height:100%;background:var(--bar)}\n"
    ".ends{display:flex;justify-content:space-between;margin:.2rem 0 .6rem}\n"
    "details{margin-top:1.5rem}summary{cursor:pointer}table{border-collapse:collapse;margin-top:.5rem}\n"
    "th{font-weight:400;text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}td{padding:.2rem 0}\n"
    "@media(max-width:40rem){body{padding:1.25rem .75rem 3rem}article{padding:1rem .85rem}h1{font-size:1.8rem}}\n"
    "@media print{article{break-inside:avoid;border:0;padding:0}}\n"
    "</style>\n</head>\n<body>\n<header>\n";

static const char limits[] =
    "<footer>\n<h2>What this does, and what it does not</h2>\n"
    "<p>Vernis moves what an image encoder sees of a picture, along a pattern that is the same for everything you post, so "
    "that a model trained on your pictures learns the pattern too. That raises the cost of imitating you. It does not make "
    "you safe.</p>\n<ul>\n"
    "<li>Someone determined can remove it or outlast it. Every published protection of this kind has been broken.</li>\n"
    "<li>What is posted cannot be protected again later, and models that do not exist yet have the last word.</li>\n"
    "<li>It can be detected, and a few unprotected pictures of yours in a training set undo much of it.</li>\n"
    "<li>It does nothing against copying, against style described in words, against models that do not read pixels through "
    "such an encoder, or for pictures that were taken before.</li>\n"
    "<li>The numbers above say how far an encoder is moved. Nobody has trained a model on pictures protected by this "
    "version, so nobody knows which number is enough.</li>\n</ul>\n</footer>\n</body>\n</html>\n";

struct VernisReport {
    VnFileOut *file;
    size_t failures; /* told of so far */
};

static VernisStatus put(VernisReport *report, const VnBytes *text, VnError *err) {
    return vn_file_out_append(report->file, text->data, text->size, err);
}

static VernisStatus add_count(VnBytes *text, size_t count, const char *what, VnError *err) {
    return count ? vn_text_add(text, err, ", %zu %s", count, what) : VERNIS_OK;
}

static VernisStatus make_head(VnBytes *text, const VernisReportRun *run, VnError *err) {
    char date[64] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local))
        strftime(date, sizeof date, " on %Y-%m-%d", &local);
    VN_TRY(vn_bytes_append(text, head, sizeof head - 1, err));
    const char *many = run->done == 1 ? "" : "s";
    VN_TRY(vn_text_add(text, err, "<h1>What was done to your picture%s</h1>\n<p>%zu picture%s %s with Vernis %s%s",
                       many, run->done, many, run->verified ? "compared" : "protected", VERNIS_VERSION, date));
    VN_TRY(add_count(text, run->skipped, "passed over", err));
    VN_TRY(add_count(text, run->failed, "failed", err));
    return vn_text_add(text, err,
                       ".</p>\n<p class=\"keep\"><b>Keep this page to yourself.</b> Each \xe2\x80\x9c"
                       "before\xe2\x80\x9d on it is "
                       "your picture without protection.</p>\n</header>\n<main>\n");
}

VernisStatus vernis_report_open(VernisReport **out, const char *path, int replace, const VernisReportRun *run,
                                VernisError *err) {
    VnBytes text = {0};
    VernisStatus status;
    *out = vn_calloc(1, sizeof **out);
    if (!*out)
        return vn_no_memory(err, "report", sizeof **out, "the report");
    VN_CHECK(vn_file_out_open(&(*out)->file, path, replace != 0, err));
    VN_CHECK(make_head(&text, run, err));
    VN_CHECK(put(*out, &text, err));
done:
    vn_bytes_free(&text);
    if (status)
        vernis_report_close(out, 0, NULL);
    return status;
}

VernisStatus vernis_report_add(VernisReport *report, const char *part, size_t size, VernisError *err) {
    return vn_file_out_append(report->file, part, size, err);
}

VernisStatus vernis_report_add_failure(VernisReport *report, const char *input, const char *reason, VernisError *err) {
    VnBytes text = {0};
    VernisStatus status = VERNIS_OK;
    if (!report->failures++)
        VN_CHECK(vn_text_add(&text, err, "<section>\n<h2>Not protected</h2>\n<ul>\n"));
    VN_CHECK(vn_text_add(&text, err, "<li><bdi>"));
    VN_CHECK(vn_html_text(&text, input, err));
    VN_CHECK(vn_text_add(&text, err, "</bdi>: "));
    VN_CHECK(vn_html_text(&text, reason, err));
    VN_CHECK(vn_text_add(&text, err, "</li>\n"));
    VN_CHECK(put(report, &text, err));
done:
    vn_bytes_free(&text);
    return status;
}

VernisStatus vernis_report_close(VernisReport **handle, int keep, VernisError *err) {
    static const char end_of_failures[] = "</ul>\n</section>\n", end_of_main[] = "</main>\n";
    VernisReport *report = *handle;
    VernisStatus status = VERNIS_OK;
    if (!report)
        return VERNIS_OK;
    if (keep && report->failures)
        status = vn_file_out_append(report->file, end_of_failures, sizeof end_of_failures - 1, err);
    if (keep && !status)
        status = vn_file_out_append(report->file, end_of_main, sizeof end_of_main - 1, err);
    if (keep && !status)
        status = vn_file_out_append(report->file, limits, sizeof limits - 1, err);
    VernisStatus closed = vn_file_out_close(&report->file, keep && !status, err);
    vn_free(report);
    *handle = NULL;
    return status ? status : closed;
}
