/* The point-wise half of one LSTM time step, forward and backward.
 *
 * Arithmetic is nnasim.numerics' own: floor(value * scale + 1/2) on integers held in double, exact for 15-bit
 * multipliers. Compiled without contraction to fused multiply-add, so that every bit is PyTorch's. Matrix products stay
 * in PyTorch. Fields and their order are those of lstm_steps.py. T steps, B utterances, H units; row-major.
 */
#include <math.h>
#include <stdint.h>

typedef struct {
    int64_t batch, units, keep;              /* keep: whether slopes, c_slopes and every step are stored */
    const float *acc;                        /* (B, 4H) accumulators of h's product, or: */
    const int32_t *whole_acc;                /* the same from the int8 kernel */
    const double *gx;                        /* (T, B, 4H) the input's share, gate domain */
    const double *requant;                   /* (4H) scale of h's product */
    const float *gate_values, *gate_slopes;  /* sigmoid's 65,538 entries, then tanh's */
    const float *cell_values, *cell_slopes;  /* tanh of the cell state */
    double forget, input, cell, output;      /* scales of f c, i g, their sum, and o tanh(c); gates real-valued */
    double c_low, c_high, h_low, h_high, c_step;
    double *c;                               /* (B, H) state, integers, updated in place */
    float *h;
    int8_t *narrow;                          /* (B, H) h once more, for the int8 kernel; 0 where it does not compute */
    float *gates, *c_kept, *tc, *slopes, *c_slopes, *c_inside;
    int32_t *index;                          /* (4H) scratch */
} Forward;

typedef struct {
    int64_t batch, units;
    const float *gates, *slopes, *c, *c0, *tc, *c_slopes, *c_inside, *dh;
    float *dc, *dz;
} Backward;

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

static void gates_of(const Forward *s, int64_t b, const double *restrict gx, float *gates, float *slopes)
{
    const int64_t width = 4 * s->units, sigmoids = 3 * s->units;
    int32_t *restrict index = s->index;
    if (s->whole_acc)
        index_of_whole(width, s->whole_acc + b * width, s->requant, gx, index);
    else
        index_of(width, s->acc + b * width, s->requant, gx, index);
    for (int64_t j = sigmoids; j < width; j++)
        index[j] += ENTRIES;
    gather(width, s->gate_values, index, gates);
    if (slopes)
        gather(width, s->gate_slopes, index, slopes);
}

static void cell_of(const Forward *s, int64_t b, const float *restrict gates, float *restrict inside)
{
    const int64_t units = s->units;
    const float *i = gates, *f = gates + units, *g = gates + 3 * units;
    const double forget = s->forget, input = s->input, cell = s->cell, low = s->c_low, high = s->c_high;
    double *restrict c = s->c + b * units;
    int32_t *restrict index = s->index;
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

/* One step: acc, gx[t] and c -> h[t], c, and what the backward pass needs. */
void nnasim_lstm_forward(const Forward *s, int64_t t)
{
    const int64_t units = s->units, first = s->keep ? t * s->batch : 0;
    for (int64_t b = 0; b < s->batch; b++) {
        const int64_t step = (t * s->batch + b) * units, unit = (first + b) * units;
        float *gates = s->gates + 4 * unit, *tc = s->tc + unit, *c_kept = s->c_kept + unit;
        gates_of(s, b, s->gx + 4 * step, gates, s->keep ? s->slopes + 4 * unit : 0);
        cell_of(s, b, gates, s->c_inside + unit);
        gather(units, s->cell_values, s->index, tc);
        if (s->keep)
            gather(units, s->cell_slopes, s->index, s->c_slopes + unit);
        hidden_of(s, gates, tc, s->h + step);
        if (s->narrow)
            for (int64_t j = 0; j < units; j++)
                s->narrow[b * units + j] = (int8_t)s->h[step + j];
        for (int64_t j = 0; j < units; j++)
            c_kept[j] = (float)(s->c[b * units + j] * s->c_step);
    }
}

static void back_of(int64_t units, const float *restrict gates, const float *restrict slopes,
                    const float *restrict tc, const float *restrict before, const float *restrict c_slopes,
                    const float *restrict inside, const float *restrict dh, float *restrict dc, float *restrict dz)
{
    const float *i = gates, *f = gates + units, *o = gates + 2 * units, *g = gates + 3 * units;
    for (int64_t j = 0; j < units; j++)
        dc[j] = (dc[j] + dh[j] * (o[j] * c_slopes[j])) * inside[j];
    for (int64_t j = 0; j < units; j++)
        dz[j] = slopes[j] * g[j] * dc[j];
    for (int64_t j = 0, k = units; j < units; j++, k++)
        dz[k] = slopes[k] * before[j] * dc[j];
    for (int64_t j = 0, k = 2 * units; j < units; j++, k++)
        dz[k] = slopes[k] * tc[j] * dh[j];
    for (int64_t j = 0, k = 3 * units; j < units; j++, k++)
        dz[k] = slopes[k] * i[j] * dc[j];
    for (int64_t j = 0; j < units; j++)
        dc[j] *= f[j];
}

/* One step back: dh and dc -> dz[t], and dc of the step before. */
void nnasim_lstm_backward(const Backward *s, int64_t t)
{
    const int64_t units = s->units;
    for (int64_t b = 0; b < s->batch; b++) {
        const int64_t unit = (t * s->batch + b) * units;
        const float *before = t ? s->c + unit - s->batch * units : s->c0 + b * units;
        back_of(units, s->gates + 4 * unit, s->slopes + 4 * unit, s->tc + unit, before, s->c_slopes + unit,
                s->c_inside + unit, s->dh + b * units, s->dc + b * units, s->dz + 4 * unit);
    }
}
