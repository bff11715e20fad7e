/* What the kernels share: how they see memory, and one another.
 *
 * A clip is a set of runs: contiguous floats of one group, in one frame. Where channels are planes
 * ([N, T, C, H, W]) all of a group is one run; where they are innermost (channels_last) every pixel has
 * one. */
#pragma once
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

/* The parameters of OffsetNet and WeightNet, as PyTorch lays them out. */
typedef struct {
    int64_t clips, frames, channels, groups, reverse;
    double max_offset;
    const float *offset_conv, *offset_conv_bias, *fc1, *fc1_bias, *fc2, *fc2_bias, *weight_conv, *weight_conv_bias;
} Predictor;

/* Many sums side by side: one alone would wait for each addition before the next. */
enum { LANES = 32 };

/* Split an offset into whole frames and the rest; beyond the clip every whole shift is the same. */
static inline int64_t whole_frames(float offset, int64_t frames, float *share) {
    float low = floorf(offset);
    *share = offset - low;
    if (isnan(*share)) return 0; /* goes on into everything that is made of it */
    if (low < -frames - 1) return -frames - 1;
    if (low > frames) return frames;
    return (int64_t)low;
}

/* interlace.c */

/* Frame t of the output receives frame t - d with share 1 - s and frame t - d - 1 with share s, where the offset
 * is d + s frames; frames from outside the clip are zero. offset [N, G], weight [N, T, G]; out must not overlap
 * x. */
void interlace(Shape s, View x, const float *offset, const float *weight, View out);

/* The adjoint, and what the gradients of offset and weight are made of, in one pass.
 * sums [N, tiles, G, 2, T]: for frame t of a tile, grad_out[t] times x[t - d] and times x[t - d - 1].
 * grad_x must not overlap grad_out. */
void interlace_backward(Shape s, View grad_out, View x, const float *offset, const float *weight,
                        View grad_x, float *sums);

/* How many tiles of a group interlace_backward sums up. */
int64_t tiles_of_a_group(Shape s);

/* prediction.c */

/* Mean over space of `channels` channels, one group: descriptor [N, C, T]. x is copied to `kept` on the way,
 * if that is not 0. */
void describe(Shape s, View x, int64_t channels, float *descriptor, const View *kept);

/* descriptor [N, C, T] -> offset [N, G'] and weight [N, T, G'], where G' counts the reversed groups too. */
void predict(Predictor p, const float *descriptor, float *offset, float *weight);

/* What predict did, backwards. The gradients have the layout of the parameters and are set, not added to;
 * grad_offset [N, G'] and grad_weight [N, T, G'] come in, grad_descriptor [N, C, T] goes out. */
void predict_backward(Predictor p, const float *descriptor, const double *grad_offset,
                      const double *grad_weight, float *const *grads, float *grad_descriptor);
