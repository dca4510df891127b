/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/grain.h"

#include <math.h>
#include <string.h>

#include <kiss_fftr.h>

enum { ROWS = 8 }; /* of one pool task: a cache line of each column */
/* standard deviation of the blur that makes a spectral density of a spectrum: cycles a pixel, and bins at least */
static const double BLUR = 0.006, LEAST_BLUR = 2;
/* times the density around it: the most that one bin keeps. A lattice, of the encoder's stride, is lines of single bins, which
 * hardly show in the density; of noise, one bin in twenty has more. */
static const float LINE = 3;
/* The band, cycles a pixel as looked at, and how steep its ends are: coarser is seen as ripples, finer is lost on the way to the
 * encoder. No frequency is raised more than MOST times: where the change has next to nothing it may only have noise. */
static const float COARSEST = 0.1f, FINEST = 0.36f, STEEP = 0.012f, MOST = 6;

typedef struct Grain {
    VnPool *pool;
    const VnGrainBed *bed;
    float *d;
    uint32_t w, h, across, down, half; /* of d; of the spectrum, padded; its columns, across / 2 + 1 */
    kiss_fft_cfg columns, columns_back;
    kiss_fftr_cfg *rows, *rows_back; /* for each thread: they hold work space */
    VnResize *blur;
    kiss_fft_cpx *spectrum, *lines; /* (3,half,down); for each thread (ROWS + 1,longer of half and down) */
    float *power, *density, *work;  /* (half,down), frequencies from -1/2 to 1/2 down; (half,down); of the blur */
    float level;                    /* of the power inside the band */
    VnPlan plan;
} Grain;

static size_t line_size(const Grain *g) { return g->half > g->down ? g->half : g->down; }

static VernisStatus grain_open(Grain *g, VnError *err) {
    unsigned threads = vn_pool_threads(g->pool);
    g->across = 2 * (uint32_t)kiss_fft_next_fast_size((int)(g->w + 1) / 2);
    g->down = (uint32_t)kiss_fft_next_fast_size((int)g->h);
    g->half = g->across / 2 + 1;
    VN_TRY(vn_resize_open_blur(&g->blur, g->down, g->half, fmax(BLUR * g->down, LEAST_BLUR),
                               fmax(BLUR * g->across, LEAST_BLUR), err));
    size_t n = vn_mul(g->half, g->down), line = (ROWS + 1) * line_size(g);
    size_t spectrum = vn_plan_book(&g->plan, vn_mul(vn_mul(3, n), sizeof *g->spectrum));
    size_t lines = vn_plan_book(&g->plan, vn_mul(vn_mul(threads, line), sizeof *g->lines));
    size_t power = vn_plan_book(&g->plan, vn_mul(n, sizeof *g->power));
    size_t density = vn_plan_book(&g->plan, vn_mul(n, sizeof *g->density));
    size_t work = vn_plan_book(&g->plan, vn_mul(vn_resize_scratch(g->blur, 1), sizeof *g->work));
    VN_TRY(vn_plan_commit(&g->plan, err));
    g->spectrum = vn_plan_at(&g->plan, spectrum);
    g->lines = vn_plan_at(&g->plan, lines);
    g->power = vn_plan_at(&g->plan, power);
    g->density = vn_plan_at(&g->plan, density);
    g->work = vn_plan_at(&g->plan, work);
    g->columns = kiss_fft_alloc((int)g->down, 0, NULL, NULL);
    g->columns_back = kiss_fft_alloc((int)g->down, 1, NULL, NULL);
    g->rows = vn_calloc(2 * (size_t)threads, sizeof *g->rows);
    bool all = g->columns && g->columns_back && g->rows;
    g->rows_back = g->rows ? g->rows + threads : NULL;
    for (unsigned t = 0; all && t < threads; t++) {
        g->rows[t] = kiss_fftr_alloc((int)g->across, 0, NULL, NULL);
        g->rows_back[t] = kiss_fftr_alloc((int)g->across, 1, NULL, NULL);
        all = g->rows[t] && g->rows_back[t];
    }
    return all ? VERNIS_OK : vn_no_memory(err, "protect", line_size(g) * sizeof *g->lines, "a Fourier transform");
}

static void grain_close(Grain *g) {
    for (unsigned t = 0; g->rows && t < 2 * vn_pool_threads(g->pool); t++)
        kiss_fftr_free(g->rows[t]);
    vn_free(g->rows);
    kiss_fft_free(g->columns);
    kiss_fft_free(g->columns_back);
    vn_resize_close(&g->blur);
    vn_plan_free(&g->plan);
}

static unsigned row_groups(const Grain *g) { return (g->h + ROWS - 1) / ROWS; }

/* The rows of one pool task: colour, first row and how many. */
static size_t rows_of(const Grain *g, unsigned index, size_t *c, size_t *y0) {
    *c = index / row_groups(g);
    *y0 = (size_t)(index % row_groups(g)) * ROWS;
    return g->h - *y0 < ROWS ? g->h - *y0 : ROWS;
}

static kiss_fft_cpx *lines_of(const Grain *g, unsigned thread) { return g->lines + thread * (ROWS + 1) * line_size(g); }

static void rows_body(void *context, unsigned index, unsigned thread) {
    const Grain *g = context;
    kiss_fft_cpx *lines = lines_of(g, thread);
    float *row = (float *)(lines + ROWS * line_size(g));
    size_t c, y0, rows = rows_of(g, index, &c, &y0);
    for (size_t r = 0; r < rows; r++) {
        size_t at = (y0 + r) * g->w;
        const float *d = g->d + c * g->w * g->h + at, *ground = g->bed->ground + at, *room = g->bed->room + at;
        for (size_t x = 0; x < g->across; x++)
            row[x] = x < g->w ? d[x] * ground[x] / room[x] : 0;
        kiss_fftr(g->rows[thread], row, lines + r * line_size(g));
    }
    kiss_fft_cpx *to = g->spectrum + c * g->half * g->down + y0;
    for (size_t k = 0; k < g->half; k++)
        for (size_t r = 0; r < rows; r++)
            to[k * g->down + r] = lines[r * line_size(g) + k];
}

static void columns_body(void *context, unsigned k, unsigned thread) {
    const Grain *g = context;
    kiss_fft_cpx *line = lines_of(g, thread);
    float *power = g->power + (size_t)k * g->down;
    memset(power, 0, g->down * sizeof *power);
    for (size_t c = 0; c < 3; c++) {
        kiss_fft_cpx *column = g->spectrum + (c * g->half + k) * g->down;
        memset(column + g->h, 0, (g->down - g->h) * sizeof *column);
        kiss_fft(g->columns, column, line);
        memcpy(column, line, g->down * sizeof *column);
        for (size_t y = 0; y < g->down; y++)
            power[(y + g->down / 2) % g->down] += line[y].r * line[y].r + line[y].i * line[y].i;
    }
}

/* The amplitude that the grain has at column k and row y of the power, for 1 in the middle of the band. */
static float band(const Grain *g, size_t k, size_t y) {
    double right = (double)k / g->across / g->bed->scale_x;
    double down = ((double)y - g->down / 2) / g->down / g->bed->scale_y;
    float f = (float)sqrt(right * right + down * down);
    return 1 / ((1 + expf((COARSEST - f) / STEEP)) * (1 + expf((f - FINEST) / STEEP)));
}

/* What power the band has when all of the change's is spread evenly over it. */
static float band_level(const Grain *g) {
    double all = 0, open = 0;
    for (size_t k = 0; k < g->half; k++)
        for (size_t y = 0; y < g->down; y++) {
            float a = band(g, k, y);
            open += a * a;
            all += g->power[k * g->down + y];
        }
    return (float)(all / open);
}

/* What a column of the spectrum has too much, or too little, back from frequencies to rows. */
static void columns_back_body(void *context, unsigned k, unsigned thread) {
    const Grain *g = context;
    kiss_fft_cpx *line = lines_of(g, thread), *column = g->spectrum + (size_t)k * g->down;
    const float *density = g->density + (size_t)k * g->down;
    float *excess = g->power + (size_t)k * g->down, floor = 1e-12f * g->level; /* excess takes the power's place */
    for (size_t y = 0; y < g->down; y++) {
        float power = excess[y], gain = fminf(band(g, k, y) * sqrtf(g->level / (density[y] + floor)), MOST);
        excess[y] = 1 - gain * sqrtf(fminf(1, LINE * density[y] / (power + floor)));
    }
    for (size_t c = 0; c < 3; c++, column += (size_t)g->half * g->down) {
        for (size_t y = 0; y < g->down; y++) {
            column[y].r *= excess[(y + g->down / 2) % g->down];
            column[y].i *= excess[(y + g->down / 2) % g->down];
        }
        kiss_fft(g->columns_back, column, line);
        memcpy(column, line, g->down * sizeof *column);
    }
}

static void rows_back_body(void *context, unsigned index, unsigned thread) {
    const Grain *g = context;
    kiss_fft_cpx *lines = lines_of(g, thread);
    float *row = (float *)(lines + ROWS * line_size(g)), unit = 1 / ((float)g->across * (float)g->down);
    size_t c, y0, rows = rows_of(g, index, &c, &y0);
    const kiss_fft_cpx *from = g->spectrum + c * g->half * g->down + y0;
    for (size_t k = 0; k < g->half; k++)
        for (size_t r = 0; r < rows; r++)
            lines[r * line_size(g) + k] = from[k * g->down + r];
    for (size_t r = 0; r < rows; r++) {
        size_t at = (y0 + r) * g->w;
        float *d = g->d + c * g->w * g->h + at;
        const float *ground = g->bed->ground + at, *room = g->bed->room + at;
        kiss_fftri(g->rows_back[thread], lines + r * line_size(g), row);
        for (size_t x = 0; x < g->w; x++)
            d[x] -= unit * row[x] * ground[x] * room[x];
    }
}

VernisStatus vn_grain_even(const VnGrainBed *bed, float *d, VnPool *pool, VnError *err) {
    Grain g = {.pool = pool, .bed = bed, .d = d, .w = bed->w, .h = bed->h};
    VernisStatus status = grain_open(&g, err);
    if (status == VERNIS_OK) {
        vn_pool_run(pool, 3 * row_groups(&g), rows_body, &g);
        vn_pool_run(pool, g.half, columns_body, &g);
        g.level = band_level(&g);
    }
    if (status == VERNIS_OK && g.level > 0) {
        vn_resize_apply(g.blur, 1, g.power, g.density, g.work, pool);
        vn_pool_run(pool, g.half, columns_back_body, &g);
        vn_pool_run(pool, 3 * row_groups(&g), rows_back_body, &g);
    }
    grain_close(&g);
    return status;
}
