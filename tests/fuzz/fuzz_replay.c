/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target without a fuzzing engine: each file of a corpus folder as it is, then seeded mutations of each.
 * The work is bounded by count, never by the clock, so a run is the same everywhere:
 *   fuzz_NAME FOLDER [MUTATIONS-PER-FILE]
 * A finding is a crash, an abort or a sanitizer's report. The input at work is kept as the file named by
 * VERNIS_FUZZ_CRASH, where that is set, so that a crash leaves what caused it. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/fs.h"
#include "base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    MUTATIONS = 300, /* of each file */
    RUNS = 3000,     /* of all files together, so that a rich corpus does not take longer */
    MAX_SEEDS = 1000,
    MAX_SEED_BYTES = 1 << 22,
    GROWTH = 4096 /* bytes a mutant may be longer than its file */
};

typedef struct Seed {
    char *name;
    VnBytes bytes;
} Seed;

/* A mutant under construction: the file's bytes with room to grow. */
typedef struct Mutant {
    uint8_t *data;
    size_t size, room;
    uint64_t stream, draws; /* of the random numbers: one stream for each mutant */
} Mutant;

static size_t draw(Mutant *m, size_t below) {
    return below == 0 ? 0 : (size_t)(vn_rng_u64(0x7665726e6973u, m->stream, m->draws++) % below);
}

static void insert(Mutant *m, size_t at, const uint8_t *from, size_t count) {
    if (count > m->room - m->size)
        count = m->room - m->size;
    memmove(m->data + at + count, m->data + at, m->size - at);
    memcpy(m->data + at, from, count);
    m->size += count;
}

static void cut(Mutant *m, size_t at, size_t count) {
    memmove(m->data + at, m->data + at + count, m->size - at - count);
    m->size -= count;
}

/* Overwrite 1, 2, 4 or 8 bytes with a number that lengths and counts go wrong at, in either byte order. */
static void edit_number(Mutant *m) {
    const uint64_t numbers[] = {0,          1,         2,       0x7f,        0x80,       0xff,
                                0x7fff,     0x8000,    0xffff,  0x7fffffff,  0x80000000, 0xffffffff,
                                UINT64_MAX, INT64_MAX, m->size, m->size - 1, m->size + 1};
    size_t width = (size_t)1 << draw(m, 4);
    if (m->size < width)
        return;
    size_t at = draw(m, m->size - width + 1);
    uint64_t number = numbers[draw(m, sizeof(numbers) / sizeof(numbers[0]))];
    bool big_endian = draw(m, 2) == 0;
    for (size_t i = 0; i < width; i++)
        m->data[at + (big_endian ? width - 1 - i : i)] = (uint8_t)(number >> (8 * i));
}

static void mutate_once(Mutant *m, const Seed *other) {
    size_t at = draw(m, m->size);
    size_t span = m->size == 0 ? 0 : 1 + draw(m, m->size - at < 64 ? m->size - at : 64);
    uint8_t piece[64];
    switch (draw(m, 9)) {
    case 0: /* a bit */
        if (m->size > 0)
            m->data[at] ^= (uint8_t)(1u << draw(m, 8));
        break;
    case 1: /* a byte */
        if (m->size > 0)
            m->data[at] = (uint8_t)draw(m, 256);
        break;
    case 2:
    case 3:
        edit_number(m);
        break;
    case 4: /* cut short */
        m->size = at;
        break;
    case 5:
        cut(m, at, span);
        break;
    case 6: /* say it twice */
        memcpy(piece, m->data + at, span);
        insert(m, at, piece, span);
        break;
    case 7: /* the beginning of this one, the end of another */
        if (other->bytes.size > 0) {
            size_t from = draw(m, other->bytes.size);
            m->size = at;
            insert(m, at, other->bytes.data + from, other->bytes.size - from);
        }
        break;
    default: /* a digit of a number in text */
        for (size_t i = at; i < m->size; i++) {
            if (m->data[i] >= '0' && m->data[i] <= '9') {
                m->data[i] = (uint8_t)("0123456789-.e"[draw(m, 13)]);
                break;
            }
        }
        break;
    }
}

/* A PNG reader drops a chunk whose checksum is wrong before it looks inside: make the checksums right again. */
static void mend_png(Mutant *m) {
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (m->size < 8 || memcmp(m->data, signature, 8) != 0)
        return;
    for (size_t at = 8; m->size - at >= 12;) {
        uint8_t *chunk = m->data + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        if (length > m->size - at - 12)
            return;
        uLong sum = crc32(crc32(0, NULL, 0), chunk + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            chunk[8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + length;
    }
}

/* Run on a block of exactly this size, so that a sanitizer sees one byte read past the end. */
static void run(const uint8_t *data, size_t size) {
    const char *keep = getenv("VERNIS_FUZZ_CRASH");
    if (keep) {
        FILE *file = fopen(keep, "wb");
        if (!file || (size > 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0)
            exit(2);
    }
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        exit(2);
    if (size > 0)
        memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int by_name(const void *a, const void *b) { return strcmp(((const Seed *)a)->name, ((const Seed *)b)->name); }

/* @return the number of seeds, in the order of their names; 0 after saying why */
static size_t load(Seed *seeds, const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir) {
        perror(folder);
        return 0;
    }
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && count < MAX_SEEDS;) {
        if (entry->d_name[0] == '.')
            continue;
        VnError err = {0};
        char *path = vn_path_join(folder, entry->d_name);
        Seed seed = {.name = vn_strdup(entry->d_name)};
        VernisStatus status = vn_file_read(&seed.bytes, path, MAX_SEED_BYTES, &err);
        vn_free(path);
        /* An empty file is a seed as well, though vn_file_read calls it a format error. */
        if (status != VERNIS_OK && status != VERNIS_E_FORMAT) {
            fprintf(stderr, "%s\n", err.text);
            vn_free(seed.name);
            continue;
        }
        seeds[count++] = seed;
    }
    closedir(dir);
    qsort(seeds, count, sizeof(*seeds), by_name);
    if (count == 0)
        fprintf(stderr, "%s: no seeds\n", folder);
    return count;
}

int main(int argc, char **argv) {
    static Seed seeds[MAX_SEEDS];
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s FOLDER [MUTATIONS-PER-FILE]\n", argv[0]);
        return 2;
    }
    size_t count = load(seeds, argv[1]);
    if (count == 0)
        return 1;
    size_t mutations = argc == 3 ? strtoul(argv[2], NULL, 10) : MUTATIONS;
    if (argc == 2 && mutations > RUNS / count)
        mutations = RUNS / count;

    for (size_t s = 0; s < count; s++)
        run(seeds[s].bytes.data, seeds[s].bytes.size);
    run(NULL, 0);
    for (size_t s = 0; s < count; s++) {
        Mutant m = {.room = seeds[s].bytes.size + GROWTH};
        m.data = malloc(m.room);
        if (!m.data)
            return 2;
        for (size_t i = 0; i < mutations; i++) {
            m.stream = vn_rng_mix(s) ^ i;
            m.draws = 0;
            m.size = seeds[s].bytes.size;
            if (m.size > 0)
                memcpy(m.data, seeds[s].bytes.data, m.size);
            for (size_t times = 1 + draw(&m, 6); times > 0; times--)
                mutate_once(&m, &seeds[draw(&m, count)]);
            if (draw(&m, 4) > 0)
                mend_png(&m);
            run(m.data, m.size);
        }
        free(m.data);
    }
    for (size_t s = 0; s < count; s++) {
        vn_free(seeds[s].name);
        vn_bytes_free(&seeds[s].bytes);
    }
    printf("%zu files, %zu mutations of each, nothing found\n", count, mutations);
    return 0;
}
