/* How the kernels see clips.
 *
 * A clip is a set of runs: contiguous numbers of one group, in one frame. Where channels are planes
 * ([N, T, C, H, W]) all of a group is one run; where they are innermost (channels_last) every pixel has
 * one. */
#include <math.h>
#include <stdint.h>
#include <string.h>

/* A number of a clip: a float, or with BFLOAT16 the upper half of one. Whatever it is, the kernels compute in float. */
#ifdef BFLOAT16
typedef uint16_t Number;

static inline float widen(Number x) {
    const uint32_t bits = (uint32_t)x << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

/* To the nearest, of two that are as near to the even one. NaN stays NaN. */
static inline Number narrow(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return x != x ? 0x7fc0 : nearest;
}
#else
typedef float Number;

static inline float widen(Number x) { return x; }
static inline Number narrow(float x) { return x; }
#endif

typedef struct {
    int64_t clips, frames, groups, rows, run; /* rows: runs of a group in a frame; run: numbers in one */
} Shape;

typedef struct {
    Number *data; /* element i of a run is at data[n*clip + t*frame + g*group + r*row + i] */
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

static inline double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Numbers from which waking other threads takes less time than they save; torch asks for as many. */
enum { WORTH_THREADS = 32768 };

void describe(Shape s, View x, int64_t channels, float *means);
void interlace_newest(Shape s, const View *frames, int64_t count, const float *offset, const float *weight,
                      View out, int within);
