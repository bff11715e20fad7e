/* What a TIN module does to the input of a convolution, in its memory, and how that is undone. */
#include "kernels.h"

/* Copy the runs of one view to those of another; one group. */
static void copy(Shape s, View to, View from) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t n = 0; n < s.clips; n++)
        for (int64_t t = 0; t < s.frames; t++)
            for (int64_t r = 0; r < s.rows; r++)
                memcpy(to.data + n * to.clip + t * to.frame + r * to.row,
                       from.data + n * from.clip + t * from.frame + r * from.row, s.run * sizeof(float));
}

/* How to walk over clips, x, and over a dense copy of their moving channels, kept: as one group of all channels
 * and as the groups that move. The addresses of the views are set for each call. */
typedef struct {
    Shape whole, grouped;
    View x_whole, x_grouped, kept_whole, kept_grouped;
} Walk;

static Walk walk_over(const Walk *walk, float *x, float *kept) {
    Walk here = *walk;
    here.x_whole.data = here.x_grouped.data = x;
    here.kept_whole.data = here.kept_grouped.data = kept;
    return here;
}

/* What interlacing clips in place takes: describe them, predict, and interlace x from what is kept of it. */
void interlace_in_place(const Walk *walk, float *x, float *kept, const Predictor *p, float *descriptor, float *offset,
                        float *weight) {
    const Walk w = walk_over(walk, x, kept);
    describe(w.whole, w.x_whole, p->channels, descriptor, &w.kept_whole);
    predict(*p, descriptor, offset, weight);
    interlace(w.grouped, w.kept_grouped, offset, weight, w.x_grouped);
}

/* The same once more, for what was predicted then. */
void interlace_again(const Walk *walk, float *x, float *kept, const Predictor *p, float *descriptor, float *offset,
                     float *weight) {
    const Walk w = walk_over(walk, x, kept);
    (void)p, (void)descriptor;
    copy(w.whole, w.kept_whole, w.x_whole);
    interlace(w.grouped, w.kept_grouped, offset, weight, w.x_grouped);
}

void put_back(const Walk *walk, float *x, float *kept) {
    const Walk w = walk_over(walk, x, kept);
    copy(w.whole, w.x_whole, w.kept_whole);
}

/* Gradients of the interlaced clips, in grad, turn into those of the clips x; those of the parameters are set.
 * kept takes a copy of the former, sums is the memory of interlace_backward, and the gradients of offset [N, G']
 * and weight [N, T, G'] are made on the way. */
void interlace_in_place_backward(const Walk *walk, float *grad_data, float *kept, float *x,
                                 const Predictor *predictor, const float *descriptor, const float *offset,
                                 const float *weight, float *sums, double *grad_offset, double *grad_weight,
                                 float *const *grads, float *grad_descriptor) {
    const Walk s = walk_over(walk, grad_data, kept), at_x = walk_over(walk, x, 0);
    const Predictor p = *predictor;
    const View grad = s.x_whole;
    const int64_t groups = s.grouped.groups, frames = p.frames, tiles = tiles_of_a_group(s.grouped);
    const int64_t pixels = s.whole.rows * s.whole.run / p.channels;
    copy(s.whole, s.kept_whole, grad);
    interlace_backward(s.grouped, s.kept_grouped, at_x.x_grouped, offset, weight, s.x_grouped, sums);
    for (int64_t n = 0; n < p.clips; n++)
        for (int64_t g = 0; g < groups; g++) {
            float share;
            whole_frames(offset[n * groups + g], frames, &share);
            grad_offset[n * groups + g] = 0;
            for (int64_t t = 0; t < frames; t++) {
                double near = 0, far = 0;
                for (int64_t tile = 0; tile < tiles; tile++) {
                    const float *of_tile = sums + ((n * tiles + tile) * groups + g) * 2 * frames;
                    near += of_tile[t];
                    far += of_tile[frames + t];
                }
                grad_offset[n * groups + g] += weight[(n * frames + t) * groups + g] * (far - near);
                grad_weight[(n * frames + t) * groups + g] = (1 - share) * near + share * far;
            }
        }
    predict_backward(p, descriptor, grad_offset, grad_weight, grads, grad_descriptor);
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t n = 0; n < p.clips; n++)
        for (int64_t t = 0; t < frames; t++) {
            float *data = grad.data + n * grad.clip + t * grad.frame;
            const float *mean = grad_descriptor + n * p.channels * frames + t;
            if (s.whole.rows == 1)
                for (int64_t c = 0; c < p.channels; c++)
                    for (int64_t i = 0; i < pixels; i++) data[c * pixels + i] += mean[c * frames] / pixels;
            else
                for (int64_t i = 0; i < pixels; i++)
                    for (int64_t c = 0; c < p.channels; c++) data[i * grad.row + c] += mean[c * frames] / pixels;
        }
}
