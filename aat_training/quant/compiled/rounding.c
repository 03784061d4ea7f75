/* Weights to integers in one pass: floor(value / step + 1/2) within limits, in double as in rounding.py. */
#include <math.h>
#include <stdint.h>

typedef struct {
    int64_t batch, columns;
    int64_t rows, next;   /* rows that a thread takes at once, and the first that nobody has taken */
    const float *value;   /* (batch, columns) */
    const double *step;   /* (batch) */
    float *out;
    double limit;
} Rounding;

static void row_of(int64_t columns, double step, double limit, const float *restrict value, float *restrict out)
{
    for (int64_t j = 0; j < columns; j++) {
        const double whole = floor(value[j] / step + 0.5);
        out[j] = (float)(whole < -limit ? -limit : whole > limit ? limit : whole); /* what is no number stays none */
    }
}

/* Whichever rows nobody has taken yet: any number of threads may run this at once. */
void nnasim_round(Rounding *s)
{
    int64_t first;
    while ((first = __atomic_fetch_add(&s->next, s->rows, __ATOMIC_RELAXED)) < s->batch)
        for (int64_t b = first; b < s->batch && b < first + s->rows; b++)
            row_of(s->columns, s->step[b], s->limit, s->value + b * s->columns, s->out + b * s->columns);
}
