/* How the kernels see clips.
 *
 * A clip is a set of runs: contiguous floats of one group, in one frame. Where channels are planes
 * ([N, T, C, H, W]) all of a group is one run; where they are innermost (channels_last) every pixel has
 * one. */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    int64_t clips, frames, groups, rows, run; /* rows: runs of a group in a frame; run: floats in one */
} Shape;

typedef struct {
    float *data; /* element i of a run is at data[n*clip + t*frame + g*group + r*row + i] */
    int64_t clip, frame, group, row;
} View;

typedef struct {
    const float *data; /* that of group g is at data[n*clip + t*frame + g]; frame is 0 where t does not count */
    int64_t clip, frame;
} Offsets;

/* Many sums side by side: one alone would wait for each addition before the next. */
enum { LANES = 32 };

static inline float sum_of_lanes(float *lanes) {
    for (int64_t half = LANES / 2; half; half /= 2)
        for (int64_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
    return lanes[0];
}

static inline void add_products(float *restrict lanes, const float *restrict p, const float *restrict q,
                                int64_t size) {
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES)
        for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += p[i + lane] * q[i + lane];
    for (int64_t lane = 0; lane < size - i; lane++) lanes[lane] += p[i + lane] * q[i + lane];
}

static inline double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Floats from which waking other threads takes less time than they save; torch asks for as many. */
enum { WORTH_THREADS = 32768 };

void describe(Shape s, View x, int64_t channels, float *means);
void interlace_newest(Shape s, const View *frames, int64_t count, const float *offset, const float *weight,
                      View out, int within);
