/* The loop over time, backward: the point-wise half of a step, and with AVX-512 every step with its float product.
 *
 * Compiled without contraction to fused multiply-add, so that every bit of the point-wise half is PyTorch's. The product
 * fuses on purpose, and adds in the order of oneDNN: one term after the other within blocks of `block` terms, then block
 * to block. lstm_back.py tries which block has the same bits, and none is used that has not. A row's sums depend on that
 * row alone, so that threads share out the rows. T steps, B utterances, H units; row-major.
 */
#include <stdint.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

typedef struct {
    int64_t batch, units, steps;
    int64_t rows, next;    /* utterances that a thread takes at once, and the first that nobody has taken */
    int64_t block;         /* terms of a sum that are added one after the other */
    const float *gates, *slopes, *c, *c0, *tc, *c_slopes, *c_inside;
    const float *into_h;   /* (T, B, H) gradient of every h from outside the layer */
    const float *nothing;  /* (B, H) zeros: what h0 has of it */
    const float *packed;   /* w_h as nnasim_pack_columns leaves it */
    float *dh, *dc, *dz;   /* (B, H), (B, H) and (T, B, 4H) */
} Backward;

static void back_of(int64_t units, const float *restrict gates, const float *restrict slopes,
                    const float *restrict tc, const float *restrict before, const float *restrict c_slopes,
                    const float *restrict inside, const float *restrict dh, float *restrict dc, float *restrict dz)
{
    const float *i = gates, *f = gates + units, *o = gates + 2 * units, *g = gates + 3 * units;
    float *restrict di = dz, *restrict df = dz + units, *restrict dout = dz + 2 * units, *restrict dg = dz + 3 * units;
    for (int64_t j = 0; j < units; j++) {
        const float into_c = (dc[j] + dh[j] * (o[j] * c_slopes[j])) * inside[j];
        di[j] = slopes[j] * g[j] * into_c;
        df[j] = slopes[units + j] * before[j] * into_c;
        dout[j] = slopes[2 * units + j] * tc[j] * dh[j];
        dg[j] = slopes[3 * units + j] * i[j] * into_c;
        dc[j] = into_c * f[j];
    }
}

/* One step back of utterances first ... end: dh and dc -> dz[t], and dc of the step before. */
static void step_back(const Backward *s, int64_t t, int64_t first, int64_t end)
{
    const int64_t units = s->units;
    for (int64_t b = first; b < end; b++) {
        const int64_t unit = (t * s->batch + b) * units;
        const float *before = t ? s->c + unit - s->batch * units : s->c0 + b * units;
        back_of(units, s->gates + 4 * unit, s->slopes + 4 * unit, s->tc + unit, before, s->c_slopes + unit,
                s->c_inside + unit, s->dh + b * units, s->dc + b * units, s->dz + 4 * unit);
    }
}

/* The same of all utterances. */
void nnasim_lstm_backward(const Backward *s, int64_t t) { step_back(s, t, 0, s->batch); }

#ifdef __AVX512F__
enum { LANES = 16, WIDE = 3, PANEL = LANES * WIDE, ROWS = 8 }; /* 24 sums of 16 columns in registers */

/* base + sums over k terms of a few rows and up to 48 columns; the lanes of `last` are stored of the last 16. */
static inline __attribute__((always_inline)) void tile(int rows, int wide, __mmask16 last, int64_t k, int64_t n,
                                                       int64_t block, const float *x, const float *panel,
                                                       const float *base, float *out)
{
    for (int64_t first = 0; first < k; first += block) {
        const int64_t end = k - first < block ? k : first + block;
        __m512 sums[ROWS][WIDE];
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < wide; v++)
                sums[r][v] = _mm512_setzero_ps();
        for (int64_t q = first; q < end; q++) {
            __m512 weights[WIDE];
            for (int v = 0; v < wide; v++)
                weights[v] = _mm512_loadu_ps(panel + PANEL * q + LANES * v);
            for (int r = 0; r < rows; r++) {
                const __m512 input = _mm512_set1_ps(x[r * k + q]);
                for (int v = 0; v < wide; v++)
                    sums[r][v] = _mm512_fmadd_ps(input, weights[v], sums[r][v]);
            }
        }
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < wide; v++) {
                const int64_t place = r * n + LANES * v;
                const __mmask16 mask = v == wide - 1 ? last : 0xffff;
                if (first)
                    sums[r][v] = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out + place), sums[r][v]);
                if (end == k)
                    sums[r][v] = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, base + place), sums[r][v]);
                _mm512_mask_storeu_ps(out + place, mask, sums[r][v]);
            }
    }
}

#define TILES(rows)                                                                                                     \
    static void tile_##rows(int64_t here, int64_t k, int64_t n, int64_t block, const float *x, const float *panel,      \
                            const float *base, float *out)                                                              \
    {                                                                                                                   \
        const int64_t left = here % LANES;                                                                              \
        const __mmask16 last = left ? (__mmask16)((1u << left) - 1) : 0xffff;                                           \
        if (here > 2 * LANES)                                                                                           \
            tile(rows, 3, last, k, n, block, x, panel, base, out);                                                      \
        else if (here > LANES)                                                                                          \
            tile(rows, 2, last, k, n, block, x, panel, base, out);                                                      \
        else                                                                                                            \
            tile(rows, 1, last, k, n, block, x, panel, base, out);                                                      \
    }
TILES(8)
TILES(4)
TILES(1)

/* base (B, N) + x (B, K) times packed weights (K, N) -> out (B, N); the first is no other's memory. */
void nnasim_add_product(int64_t batch, int64_t k, int64_t n, int64_t block, const float *x, const float *packed,
                        const float *base, float *out)
{
    for (int64_t first = 0; first < n; first += PANEL, packed += PANEL * k) {
        const int64_t here = n - first < PANEL ? n - first : PANEL;
        for (int64_t b = 0, rows; b < batch; b += rows) {
            const float *inputs = x + b * k, *above = base + b * n + first;
            float *place = out + b * n + first;
            rows = batch - b >= 8 ? 8 : batch - b >= 4 ? 4 : 1;
            (rows == 8 ? tile_8 : rows == 4 ? tile_4 : tile_1)(here, k, n, block, inputs, packed, above, place);
        }
    }
}

/* w (K, N) -> panels of 48 columns, the last one filled up with zeros. */
void nnasim_pack_columns(int64_t k, int64_t n, const float *restrict w, float *restrict packed)
{
    for (int64_t first = 0; first < n; first += PANEL) {
        const int64_t here = n - first < PANEL ? n - first : PANEL;
        for (int64_t q = 0; q < k; q++, packed += PANEL) {
            memcpy(packed, w + q * n + first, (size_t)here * sizeof(float));
            memset(packed + here, 0, (size_t)(PANEL - here) * sizeof(float));
        }
    }
}

/* All steps of whichever utterances nobody has taken yet: any number of threads may run this at once. */
void nnasim_lstm_backward_all(Backward *s)
{
    const int64_t units = s->units, width = 4 * units;
    int64_t first;
    while ((first = __atomic_fetch_add(&s->next, s->rows, __ATOMIC_RELAXED)) < s->batch) {
        const int64_t rows = s->batch - first < s->rows ? s->batch - first : s->rows;
        float *dh = s->dh + first * units;
        for (int64_t t = s->steps - 1; t >= 0; t--) {
            const int64_t unit = (t * s->batch + first) * units;
            const float *from_outside = t ? s->into_h + unit - s->batch * units : s->nothing + first * units;
            step_back(s, t, first, first + rows);
            nnasim_add_product(rows, width, units, s->block, s->dz + 4 * unit, s->packed, from_outside, dh);
        }
    }
}
#endif
