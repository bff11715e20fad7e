/* OffsetNet and WeightNet: offsets and weights of clips from the means of their planes, and the gradients. */
#include "kernels.h"

/* Sizes, and the parameters or their gradients. G groups are learned; with `reverse` each has a twin behind them. */
typedef struct {
    int64_t clips, frames, channels, groups, reverse;
    double max_offset;
    float *offset_kernel, *offset_bias, *fc1, *fc1_bias, *fc2, *fc2_bias, *weight_kernel, *weight_bias;
} Networks;

static float mean_of_plane(const Number *x, int64_t pixels) {
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= pixels; i += LANES)
        for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += widen(x[i + lane]);
    for (int64_t lane = 0; lane < pixels - i; lane++) lanes[lane] += widen(x[i + lane]);
    return sum_of_lanes(lanes) / pixels;
}

/* Means over space [N, C, T] of clips x, which are seen as one group of all channels. */
void describe(Shape s, View x, int64_t channels, float *means) {
    const int64_t planes = s.rows == 1 ? channels : 1, pixels = s.rows * s.run / channels;
#pragma omp parallel for collapse(3) schedule(static) if (s.clips * s.frames * channels * pixels >= WORTH_THREADS)
    for (int64_t n = 0; n < s.clips; n++)
        for (int64_t t = 0; t < s.frames; t++)
            for (int64_t c = 0; c < planes; c++) {
                const Number *in = x.data + n * x.clip + t * x.frame + c * pixels;
                float *mean = means + (n * channels + c) * s.frames + t, sums[channels];
                if (s.rows == 1) {
                    *mean = mean_of_plane(in, pixels);
                    continue;
                }
                memset(sums, 0, sizeof sums);
                for (int64_t p = 0; p < pixels; p++, in += x.row)
                    for (int64_t i = 0; i < channels; i++) sums[i] += widen(in[i]);
                for (int64_t i = 0; i < channels; i++) mean[i * s.frames] = sums[i] / pixels;
            }
}

static int64_t moving_groups(const Networks *p) { return p->reverse ? 2 * p->groups : p->groups; }

/* A convolution along time: clip [C, T], kernel [C, 3] -> out [T]. */
static void convolve(const Networks *p, const float *clip, const float *kernel, float bias, float *out) {
    const int64_t frames = p->frames;
    for (int64_t t = 0; t < frames; t++) out[t] = bias;
    for (int64_t c = 0; c < p->channels; c++, clip += frames, kernel += 3) {
        for (int64_t t = 1; t < frames; t++) out[t] += kernel[0] * clip[t - 1];
        for (int64_t t = 0; t < frames; t++) out[t] += kernel[1] * clip[t];
        for (int64_t t = 0; t + 1 < frames; t++) out[t] += kernel[2] * clip[t + 1];
    }
}

static void convolve_backward(const Networks *p, const float *clip, const float *kernel, const float *grad,
                              float *grad_kernel, float *grad_bias, float *grad_clip) {
    const int64_t frames = p->frames;
    for (int64_t t = 0; t < frames; t++) *grad_bias += grad[t];
    for (int64_t c = 0; c < p->channels; c++, clip += frames, kernel += 3, grad_kernel += 3, grad_clip += frames)
        for (int64_t k = 0; k < 3; k++)
            for (int64_t t = k ? 0 : 1; t < (k < 2 ? frames : frames - 1); t++) {
                grad_kernel[k] += grad[t] * clip[t + k - 1];
                grad_clip[t + k - 1] += grad[t] * kernel[k];
            }
}

static double affine(const float *row, float bias, const float *x, int64_t size) {
    double sum = bias;
    for (int64_t i = 0; i < size; i++) sum += row[i] * x[i];
    return sum;
}

/* The offsets' convolution, row [T], and what fc1 and its ReLU make of it, hidden [T]. */
static void hide(const Networks *p, const float *clip, float *row, float *hidden) {
    convolve(p, clip, p->offset_kernel, *p->offset_bias, row);
    for (int64_t t = 0; t < p->frames; t++) {
        const double x = affine(p->fc1 + t * p->frames, p->fc1_bias[t], row, p->frames);
        hidden[t] = x < 0 ? 0 : x; /* fmax would lose a NaN */
    }
}

/* descriptor [N, C, T] -> offset [N, G'], in frames, and weight [N, T, G']; G' counts twins too. */
void predict(Networks p, const float *descriptor, float *offset, float *weight) {
    const int64_t frames = p.frames, moving = moving_groups(&p);
    float row[frames], hidden[frames];
    for (int64_t n = 0; n < p.clips; n++, descriptor += p.channels * frames, offset += moving) {
        hide(&p, descriptor, row, hidden);
        for (int64_t g = 0; g < p.groups; g++) {
            const double logit = affine(p.fc2 + g * frames, p.fc2_bias[g], hidden, frames);
            offset[g] = p.max_offset * 2 * (sigmoid(logit) - 0.5);
            if (p.reverse) offset[p.groups + g] = -offset[g];
        }
        for (int64_t g = 0; g < p.groups; g++) {
            convolve(&p, descriptor, p.weight_kernel + g * p.channels * 3, p.weight_bias[g], row);
            for (int64_t t = 0; t < frames; t++) {
                float *w = weight + (n * frames + t) * moving + g;
                w[0] = 2 * sigmoid(row[t]);
                if (p.reverse) w[p.groups] = w[0];
            }
        }
    }
}

/* Gradients of the parameters, grads, and of the descriptor, all of them zero before. */
void predict_backward(Networks p, const float *descriptor, const float *grad_offset, const float *grad_weight,
                      Networks grads, float *grad_descriptor) {
    const int64_t frames = p.frames, moving = moving_groups(&p), clip = p.channels * frames;
    float row[frames], hidden[frames], grad_row[frames], grad_hidden[frames];
    for (int64_t n = 0; n < p.clips; n++, descriptor += clip, grad_descriptor += clip, grad_offset += moving) {
        hide(&p, descriptor, row, hidden);
        memset(grad_row, 0, sizeof grad_row);
        memset(grad_hidden, 0, sizeof grad_hidden);
        for (int64_t g = 0; g < p.groups; g++) {
            const double s = sigmoid(affine(p.fc2 + g * frames, p.fc2_bias[g], hidden, frames));
            const double reached = grad_offset[g] - (p.reverse ? grad_offset[p.groups + g] : 0);
            const float grad = reached * p.max_offset * 2 * s * (1 - s);
            grads.fc2_bias[g] += grad;
            for (int64_t t = 0; t < frames; t++) {
                grads.fc2[g * frames + t] += grad * hidden[t];
                grad_hidden[t] += grad * p.fc2[g * frames + t];
            }
        }
        for (int64_t t = 0; t < frames; t++) {
            if (hidden[t] <= 0) continue; /* but not where it is NaN */
            grads.fc1_bias[t] += grad_hidden[t];
            for (int64_t i = 0; i < frames; i++) {
                grads.fc1[t * frames + i] += grad_hidden[t] * row[i];
                grad_row[i] += grad_hidden[t] * p.fc1[t * frames + i];
            }
        }
        convolve_backward(&p, descriptor, p.offset_kernel, grad_row, grads.offset_kernel, grads.offset_bias,
                          grad_descriptor);
        for (int64_t g = 0; g < p.groups; g++) {
            const int64_t kernel = g * p.channels * 3;
            convolve(&p, descriptor, p.weight_kernel + kernel, p.weight_bias[g], row);
            for (int64_t t = 0; t < frames; t++) {
                const float *grad = grad_weight + (n * frames + t) * moving + g;
                const double s = sigmoid(row[t]);
                grad_row[t] = (grad[0] + (p.reverse ? grad[p.groups] : 0)) * 2 * s * (1 - s);
            }
            convolve_backward(&p, descriptor, p.weight_kernel + kernel, grad_row, grads.weight_kernel + kernel,
                              grads.weight_bias + g, grad_descriptor);
        }
    }
}
