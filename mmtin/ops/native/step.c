/* What a causal interlacing does with the next frame of each stream: describe it, predict offsets and weights of it
 * from the two frames before, interlace it. */
#include "kernels.h"

/* FrameOffsetNet and WeightNet. Kernels of convolutions along time are [out, in, 3]. */
typedef struct {
    int64_t channels, hidden, groups;
    double max_offset;
    const float *conv1, *conv1_bias, *conv2, *conv2_bias, *weight_conv, *weight_bias;
} StepNetworks;

/* The frames before, [size, 2], and the newest, [size], as what a kernel sees, [size, 3], and as the frames
 * before the next one. */
static void append(const float *before, const float *newest, int64_t size, float *seen, float *next) {
    for (int64_t i = 0; i < size; i++) {
        seen[3 * i] = before[2 * i];
        seen[3 * i + 1] = next[2 * i] = before[2 * i + 1];
        seen[3 * i + 2] = next[2 * i + 1] = newest[i];
    }
}

static float convolved(const float *kernel, float bias, const float *seen, int64_t size) {
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= 3 * size; i += LANES)
        for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += kernel[i + lane] * seen[i + lane];
    for (int64_t lane = 0; lane < 3 * size - i; lane++) lanes[lane] += kernel[i + lane] * seen[i + lane];
    return bias + sum_of_lanes(lanes);
}

static void predict_step(const StepNetworks *p, const float *means, const float *descriptors, const float *hidden,
                         float *next_descriptors, float *next_hidden, float *offset, float *weight) {
    float seen[3 * p->channels], newest[p->hidden], seen_hidden[3 * p->hidden];
    append(descriptors, means, p->channels, seen, next_descriptors);
    for (int64_t h = 0; h < p->hidden; h++) {
        const float x = convolved(p->conv1 + h * 3 * p->channels, p->conv1_bias[h], seen, p->channels);
        newest[h] = x < 0 ? 0 : x; /* fmax would lose a NaN */
    }
    append(hidden, newest, p->hidden, seen_hidden, next_hidden);
    for (int64_t g = 0; g < p->groups; g++) {
        offset[g] = p->max_offset
            * sigmoid(convolved(p->conv2 + g * 3 * p->hidden, p->conv2_bias[g], seen_hidden, p->hidden));
        weight[g] = 2 * sigmoid(convolved(p->weight_conv + g * 3 * p->channels, p->weight_bias[g], seen, p->channels));
    }
}

/* x: one frame of each stream, seen as one group of all channels. s and out: the same memory, seen in groups; it
 * becomes the interlaced frame. frames: addresses of those before and, last, of memory that takes a copy of x, all
 * with the strides of kept. descriptors [N, C, 2], hidden [N, hidden, 2]: of the two frames before. predicted: memory
 * for means [N, C], offsets [N, G] and weights [N, G]. */
void step(Shape whole, View x, Shape s, View out, View kept, Number *const *frames, int64_t count, StepNetworks p,
          const float *descriptors, const float *hidden, float *next_descriptors, float *next_hidden,
          float *predicted) {
    float *means = predicted, *offset = means + s.clips * p.channels, *weight = offset + s.clips * p.groups;
    describe(whole, x, p.channels, means);
    for (int64_t n = 0; n < s.clips; n++) {
        const int64_t c = n * p.channels, h = n * p.hidden, g = n * p.groups;
        predict_step(&p, means + c, descriptors + 2 * c, hidden + 2 * h, next_descriptors + 2 * c,
                     next_hidden + 2 * h, offset + g, weight + g);
    }
    View views[count];
    for (int64_t k = 0; k < count; k++) {
        views[k] = kept;
        views[k].data = frames[k];
    }
    interlace_newest(s, views, count, offset, weight, out, 1);
}
