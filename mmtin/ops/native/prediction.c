/* OffsetNet and WeightNet: offsets and weights of clips, from the means of their planes. */
#include "kernels.h"

/* The mean of a plane, copied to `kept` if that is not 0. */
static float mean_of_plane(const float *restrict x, float *restrict kept, int64_t pixels) {
    float lanes[LANES] = {0}, sum = 0;
    int64_t i = 0;
    if (kept) memcpy(kept, x, pixels * sizeof(float));
    for (; i + LANES <= pixels; i += LANES)
        for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += x[i + lane];
    for (; i < pixels; i++) sum += x[i];
    for (int64_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum / pixels;
}

void describe(Shape s, View x, int64_t channels, float *descriptor, const View *kept) {
    const int64_t pixels = s.rows * s.run / channels, planes = s.rows == 1 ? channels : 1;
#pragma omp parallel for collapse(3) schedule(static)
    for (int64_t n = 0; n < s.clips; n++)
        for (int64_t t = 0; t < s.frames; t++)
            for (int64_t c = 0; c < planes; c++) {
                const float *in = x.data + n * x.clip + t * x.frame + c * pixels;
                float *copy = kept ? kept->data + n * kept->clip + t * kept->frame + c * pixels : 0;
                float *out = descriptor + (n * channels + c) * s.frames + t;
                if (s.rows == 1) {
                    *out = mean_of_plane(in, copy, pixels);
                    continue;
                }
                float sums[channels];
                memset(sums, 0, sizeof sums);
                for (int64_t p = 0; p < pixels; p++) {
                    const float *restrict row = in + p * x.row;
                    for (int64_t i = 0; i < channels; i++) sums[i] += row[i];
                    if (copy) memcpy(copy + p * kept->row, row, channels * sizeof(float));
                }
                for (int64_t i = 0; i < channels; i++) out[i * s.frames] = sums[i] / pixels;
            }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* A convolution along time with kernel 3: descriptor [C, T], kernel [C, 3] -> out [T]. */
static void convolve(const Predictor *p, const float *descriptor, const float *kernel, float bias, float *out) {
    const int64_t frames = p->frames;
    for (int64_t t = 0; t < frames; t++) out[t] = bias;
    for (int64_t c = 0; c < p->channels; c++, descriptor += frames, kernel += 3) {
        for (int64_t t = 1; t < frames; t++) out[t] += kernel[0] * descriptor[t - 1];
        for (int64_t t = 0; t < frames; t++) out[t] += kernel[1] * descriptor[t];
        for (int64_t t = 0; t + 1 < frames; t++) out[t] += kernel[2] * descriptor[t + 1];
    }
}

static double affine(const float *row, float bias, const float *x, int64_t size) {
    double sum = bias;
    for (int64_t i = 0; i < size; i++) sum += row[i] * x[i];
    return sum;
}

/* fc1 and its ReLU. */
static void hide(const Predictor *p, const float *row, float *hidden) {
    for (int64_t t = 0; t < p->frames; t++) {
        const double x = affine(p->fc1 + t * p->frames, p->fc1_bias[t], row, p->frames);
        hidden[t] = x < 0 ? 0 : x; /* fmax would lose a NaN */
    }
}

void predict(Predictor p, const float *descriptor, float *offset, float *weight) {
    const int64_t frames = p.frames, all = p.reverse ? 2 * p.groups : p.groups;
    float row[frames], hidden[frames];
    for (int64_t n = 0; n < p.clips; n++, descriptor += p.channels * frames) {
        convolve(&p, descriptor, p.offset_conv, p.offset_conv_bias[0], row);
        hide(&p, row, hidden);
        for (int64_t g = 0; g < p.groups; g++) {
            const double logit = affine(p.fc2 + g * frames, p.fc2_bias[g], hidden, frames);
            const float o = p.max_offset * 2 * (sigmoid(logit) - 0.5);
            offset[n * all + g] = o;
            if (p.reverse) offset[n * all + p.groups + g] = -o;
            convolve(&p, descriptor, p.weight_conv + g * p.channels * 3, p.weight_conv_bias[g], row);
            for (int64_t t = 0; t < frames; t++) {
                const float w = 2 * sigmoid(row[t]);
                weight[(n * frames + t) * all + g] = w;
                if (p.reverse) weight[(n * frames + t) * all + p.groups + g] = w;
            }
        }
    }
}

static void convolve_backward(const Predictor *p, const float *descriptor, const float *kernel, const double *grad,
                              float *grad_kernel, float *grad_bias, float *grad_descriptor) {
    const int64_t frames = p->frames;
    for (int64_t t = 0; t < frames; t++) *grad_bias += grad[t];
    for (int64_t c = 0; c < p->channels; c++, descriptor += frames, kernel += 3, grad_kernel += 3, grad_descriptor += frames)
        for (int64_t k = 0; k < 3; k++)
            for (int64_t t = k ? 0 : 1; t < (k < 2 ? frames : frames - 1); t++) {
                grad_kernel[k] += grad[t] * descriptor[t + k - 1];
                grad_descriptor[t + k - 1] += grad[t] * kernel[k];
            }
}

void predict_backward(Predictor p, const float *descriptor, const double *grad_offset,
                      const double *grad_weight, float *const *grads, float *grad_descriptor) {
    const int64_t frames = p.frames, all = p.reverse ? 2 * p.groups : p.groups;
    const int64_t sizes[8] = {p.channels * 3, 1, frames * frames, frames, p.groups * frames, p.groups,
                              p.groups * p.channels * 3, p.groups};
    for (int i = 0; i < 8; i++) memset(grads[i], 0, sizes[i] * sizeof(float));
    memset(grad_descriptor, 0, p.clips * p.channels * frames * sizeof(float));
    float row[frames], hidden[frames];
    double grad_row[frames], grad_hidden[frames];
    for (int64_t n = 0; n < p.clips; n++) {
        convolve(&p, descriptor, p.offset_conv, p.offset_conv_bias[0], row);
        hide(&p, row, hidden);
        memset(grad_hidden, 0, sizeof grad_hidden);
        for (int64_t g = 0; g < p.groups; g++) {
            const double s = sigmoid(affine(p.fc2 + g * frames, p.fc2_bias[g], hidden, frames));
            double grad = grad_offset[n * all + g];
            if (p.reverse) grad -= grad_offset[n * all + p.groups + g];
            grad *= p.max_offset * 2 * s * (1 - s);
            grads[5][g] += grad;
            for (int64_t t = 0; t < frames; t++) {
                grads[4][g * frames + t] += grad * hidden[t];
                grad_hidden[t] += grad * p.fc2[g * frames + t];
            }
        }
        memset(grad_row, 0, sizeof grad_row);
        for (int64_t t = 0; t < frames; t++) {
            if (!(hidden[t] > 0)) continue;
            grads[3][t] += grad_hidden[t];
            for (int64_t i = 0; i < frames; i++) {
                grads[2][t * frames + i] += grad_hidden[t] * row[i];
                grad_row[i] += grad_hidden[t] * p.fc1[t * frames + i];
            }
        }
        convolve_backward(&p, descriptor, p.offset_conv, grad_row, grads[0], grads[1], grad_descriptor);
        for (int64_t g = 0; g < p.groups; g++) {
            const int64_t kernel = g * p.channels * 3;
            convolve(&p, descriptor, p.weight_conv + kernel, p.weight_conv_bias[g], row);
            for (int64_t t = 0; t < frames; t++) {
                const double *grad = grad_weight + (n * frames + t) * all + g, s = sigmoid(row[t]);
                grad_row[t] = (grad[0] + (p.reverse ? grad[p.groups] : 0)) * 2 * s * (1 - s);
            }
            convolve_backward(&p, descriptor, p.weight_conv + kernel, grad_row, grads[6] + kernel, grads[7] + g,
                              grad_descriptor);
        }
        descriptor += p.channels * frames;
        grad_descriptor += p.channels * frames;
    }
}
