/* The loop over time, forward: the point-wise half of a step, and with VNNI instructions every step with its product.
 *
 * Arithmetic is nnasim.numerics' own: floor(value * scale + 1/2) on integers held in double, exact for 15-bit
 * multipliers. Compiled without contraction to fused multiply-add, so that every bit is PyTorch's. Fields and their order
 * are those of lstm_steps.py. T steps, B utterances, H units; row-major.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

typedef struct {
    float value, slope; /* side by side: one line of the cache holds both */
} Entry;

typedef struct {
    int64_t batch, units, steps;
    int64_t rows, next;                      /* utterances a thread takes at once, and the first that nobody has taken */
    int64_t keep;                            /* whether slopes, c_slopes and every step are stored */
    const float *acc;                        /* (B, 4H) accumulators of h's product, or: */
    const int32_t *whole_acc;                /* the same from the int8 kernel */
    const double *gx;                        /* (T, B, 4H) the input's share, gate domain, or: */
    const int32_t *whole_gx;                 /* its accumulators from the int8 kernel, with */
    const double *bias, *requant_x;          /* (4H) what is added to them, and the scale of the sum */
    const double *requant;                   /* (4H) scale of h's product */
    const Entry *gate_entries;               /* sigmoid's 65,538, then tanh's */
    const float *cell_values, *cell_slopes;  /* tanh of the cell state */
    double forget, input, cell, output;      /* scales of f c, i g, their sum, and o tanh(c); gates real-valued */
    double c_low, c_high, h_low, h_high, c_step;
    double *c;                               /* (B, H) state, integers, updated in place */
    float *h;
    int8_t *narrow;                          /* (B, H) h once more, for the int8 kernel; 0 where it does not compute */
    float *gates, *c_kept, *tc, *slopes, *c_slopes, *c_inside;
    int32_t *index;                          /* (B, 4H) scratch, of which a thread uses its first row */
    double *share;                           /* the same */
    const int8_t *packed;                    /* w_h as nnasim_pack leaves it, and what to add: */
    const int32_t *offsets;                  /* (4H) */
    uint8_t *shifted;                        /* (B, H up to a multiple of 4) scratch */
    int32_t *sums;                           /* whole_acc, to be written */
} Forward;

enum { ENTRIES = 65538 }; /* an int16 and one entry on either side for what saturates */

static inline double rounded(double value) { return floor(value + 0.5); }

static inline double limited(double value, double low, double high)
{
    double above = value > low ? value : low;
    return above < high ? above : high;
}

static void gather(int64_t count, const float *restrict table, const int32_t *restrict index, float *restrict out)
{
    for (int64_t j = 0; j < count; j++)
        out[j] = table[index[j]];
}

static inline int32_t place_of(double acc, double requant, double gx)
{
    return (int32_t)limited(rounded(acc * requant) + gx, -32769.0, 32768.0) + 32769;
}

static void index_of(int64_t width, const float *restrict acc, const double *restrict requant,
                     const double *restrict gx, int32_t *restrict index)
{
    for (int64_t j = 0; j < width; j++)
        index[j] = place_of(acc[j], requant[j], gx[j]);
}

static void index_of_whole(int64_t width, const int32_t *restrict acc, const double *restrict requant,
                           const double *restrict gx, int32_t *restrict index)
{
    for (int64_t j = 0; j < width; j++)
        index[j] = place_of(acc[j], requant[j], gx[j]);
}

/* Pairs are copied as one number each, then taken apart: half the gathers. */
static void look_up(int64_t count, const Entry *restrict table, const int32_t *restrict index,
                    float *restrict values, float *restrict slopes)
{
    enum { PART = 256 };
    Entry found[PART];
    for (int64_t first = 0; first < count; first += PART) {
        const int64_t here = count - first < PART ? count - first : PART;
        for (int64_t j = 0; j < here; j++)
            memcpy(&found[j], &table[index[first + j]], sizeof(Entry));
        for (int64_t j = 0; j < here; j++) {
            values[first + j] = found[j].value;
            slopes[first + j] = found[j].slope;
        }
    }
}

static const double *share_of(int64_t width, const int32_t *restrict acc, const double *restrict bias,
                              const double *restrict requant, double *restrict share)
{
    for (int64_t j = 0; j < width; j++)
        share[j] = rounded((acc[j] + bias[j]) * requant[j]);
    return share;
}

static void gates_of(const Forward *s, int64_t b, const double *restrict gx, int32_t *restrict index, float *gates,
                     float *slopes)
{
    const int64_t width = 4 * s->units, sigmoids = 3 * s->units;
    if (s->whole_acc)
        index_of_whole(width, s->whole_acc + b * width, s->requant, gx, index);
    else
        index_of(width, s->acc + b * width, s->requant, gx, index);
    for (int64_t j = sigmoids; j < width; j++)
        index[j] += ENTRIES;
    if (slopes)
        look_up(width, s->gate_entries, index, gates, slopes);
    else
        for (int64_t j = 0; j < width; j++)
            gates[j] = s->gate_entries[index[j]].value;
}

static void cell_of(const Forward *s, int64_t b, const float *restrict gates, int32_t *restrict index,
                    float *restrict inside)
{
    const int64_t units = s->units;
    const float *i = gates, *f = gates + units, *g = gates + 3 * units;
    const double forget = s->forget, input = s->input, cell = s->cell, low = s->c_low, high = s->c_high;
    double *restrict c = s->c + b * units;
    for (int64_t j = 0; j < units; j++) {
        const double kept = rounded((double)f[j] * c[j] * forget);
        const double wide = rounded((kept + rounded((double)i[j] * (double)g[j] * input)) * cell);
        const double place = limited(wide, low - 1.0, high + 1.0);
        c[j] = limited(wide, low, high);
        inside[j] = place == c[j] ? 1.0f : 0.0f;
        index[j] = (int32_t)(place - low + 1.0);
    }
}

static void hidden_of(const Forward *s, const float *restrict gates, float *restrict tc, float *restrict h)
{
    const int64_t units = s->units;
    const float *o = gates + 2 * units;
    const double output = s->output, low = s->h_low, high = s->h_high;
    for (int64_t j = 0; j < units; j++)
        h[j] = (float)limited(rounded((double)o[j] * (double)tc[j] * output), low, high);
}

/* One step of utterances from ... end: acc, gx[t] and c -> h[t], c, and what the backward pass needs. */
static void step_of(const Forward *s, int64_t t, int64_t from, int64_t end)
{
    const int64_t units = s->units, first = s->keep ? t * s->batch : 0;
    int32_t *index = s->index + 4 * units * from;
    double *share = s->share + 4 * units * from;
    for (int64_t b = from; b < end; b++) {
        const int64_t step = (t * s->batch + b) * units, unit = (first + b) * units;
        float *gates = s->gates + 4 * unit, *tc = s->tc + unit, *c_kept = s->c_kept + unit;
        const double *gx = s->whole_gx ? share_of(4 * units, s->whole_gx + 4 * step, s->bias, s->requant_x, share)
                                       : s->gx + 4 * step;
        gates_of(s, b, gx, index, gates, s->keep ? s->slopes + 4 * unit : 0);
        cell_of(s, b, gates, index, s->c_inside + unit);
        gather(units, s->cell_values, index, tc);
        if (s->keep)
            gather(units, s->cell_slopes, index, s->c_slopes + unit);
        hidden_of(s, gates, tc, s->h + step);
        if (s->narrow)
            for (int64_t j = 0; j < units; j++)
                s->narrow[b * units + j] = (int8_t)s->h[step + j];
        for (int64_t j = 0; j < units; j++)
            c_kept[j] = (float)(s->c[b * units + j] * s->c_step);
    }
}

/* The same of all utterances. */
void nnasim_lstm_forward(const Forward *s, int64_t t) { step_of(s, t, 0, s->batch); }

#ifdef __AVX512VNNI__
enum { LANES = 16, WIDE = 4, TILE = LANES * WIDE, ROWS = 4 }; /* a tile: sums of 64 units of 4 utterances in registers */

/* Sums of ROWS or fewer utterances: bytes 0..255 times -127..127, four at a time, added in 32 bits without saturation. */
static inline __attribute__((always_inline)) void tile(int rows, int64_t quads, int64_t width, int64_t here,
                                                       const uint8_t *x, const int8_t *w, const int32_t *offsets,
                                                       int32_t *out)
{
    __m512i sums[ROWS][WIDE];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < WIDE; v++)
            sums[r][v] = _mm512_setzero_si512();
    for (int64_t q = 0; q < quads; q++, w += 4 * TILE) {
        __m512i weights[WIDE];
        for (int v = 0; v < WIDE; v++)
            weights[v] = _mm512_loadu_si512(w + 4 * LANES * v);
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x + 4 * (r * quads + q), 4);
            const __m512i inputs = _mm512_set1_epi32(four);
            for (int v = 0; v < WIDE; v++)
                sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], inputs, weights[v]);
        }
    }
    for (int v = 0; v < WIDE; v++) {
        const int64_t left = here - LANES * v;
        const __mmask16 mask = left >= LANES ? 0xffff : left > 0 ? (__mmask16)((1u << left) - 1) : 0;
        const __m512i offset = _mm512_maskz_loadu_epi32(mask, offsets + LANES * v);
        for (int r = 0; r < rows; r++)
            _mm512_mask_storeu_epi32(out + r * width + LANES * v, mask, _mm512_add_epi32(sums[r][v], offset));
    }
}

/* h (B, K) int8 times packed weights (N, K) -> sums (B, N). Exact while K 255 127 stays in 32 bits. */
void nnasim_multiply(int64_t batch, int64_t k, int64_t n, const int8_t *h, const int8_t *packed,
                     const int32_t *offsets, uint8_t *shifted, int32_t *sums)
{
    const int64_t quads = (k + 3) / 4;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t j = 0; j < k; j++)
            shifted[4 * quads * b + j] = (uint8_t)(h[b * k + j] + 128);
    for (int64_t first = 0; first < n; first += TILE, packed += 4 * TILE * quads) {
        const int64_t here = n - first < TILE ? n - first : TILE;
        for (int64_t b = 0; b < batch; b += ROWS) {
            const uint8_t *x = shifted + 4 * quads * b;
            int32_t *out = sums + b * n + first;
            switch (batch - b) {
            case 1: tile(1, quads, n, here, x, packed, offsets + first, out); break;
            case 2: tile(2, quads, n, here, x, packed, offsets + first, out); break;
            case 3: tile(3, quads, n, here, x, packed, offsets + first, out); break;
            default: tile(ROWS, quads, n, here, x, packed, offsets + first, out);
            }
        }
    }
}

/* w (N, K) integers -> tiles of 64 rows, each four columns at a time; offsets: what inputs raised by 128 are too much. */
void nnasim_pack(int64_t k, int64_t n, const float *restrict w, int8_t *restrict packed, int32_t *restrict offsets)
{
    enum { PART = 256 };
    const int64_t quads = (k + 3) / 4;
    for (int64_t row = 0; row < n; row++) {
        int8_t *place = packed + row / TILE * 4 * TILE * quads + row % TILE * 4;
        offsets[row] = 0;
        for (int64_t first = 0; first < k; first += PART) {
            const int64_t here = k - first < PART ? k - first : PART;
            int8_t part[PART] = {0};
            int32_t sum = 0;
            for (int64_t j = 0; j < here; j++)
                part[j] = (int8_t)w[row * k + first + j];
            for (int64_t j = 0; j < here; j++)
                sum += part[j];
            for (int64_t j = 0; j < here; j += 4, place += 4 * TILE)
                memcpy(place, part + j, 4);
            offsets[row] -= 128 * sum;
        }
    }
}

/* All steps of whichever utterances nobody has taken yet: any number of threads may run this at once. */
void nnasim_lstm_forward_all(Forward *s)
{
    const int64_t units = s->units, width = 4 * units, padded = (units + 3) / 4 * 4;
    int64_t first;
    while ((first = __atomic_fetch_add(&s->next, s->rows, __ATOMIC_RELAXED)) < s->batch) {
        const int64_t rows = s->batch - first < s->rows ? s->batch - first : s->rows;
        for (int64_t t = 0; t < s->steps; t++) {
            nnasim_multiply(rows, units, width, s->narrow + first * units, s->packed, s->offsets,
                            s->shifted + first * padded, s->sums + first * width);
            step_of(s, t, first, first + rows);
        }
    }
}
#endif
