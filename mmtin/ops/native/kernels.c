/* Temporal interlacing of float32 clips on a CPU: one read, one write, whatever the memory format.
 *
 * A clip is a set of runs: contiguous floats of one group, in one frame. Where channels are planes
 * ([N, T, C, H, W]) all of a group is one run; where they are innermost (channels_last) every pixel has
 * one. Frame t of the output receives frame t - d with share 1 - s and frame t - d - 1 with share s, where
 * the offset is d + s frames; frames from outside the clip are zero. */
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

/* A tile is the columns that one thread takes through time: about this many floats of a frame. */
enum { TILE = 2048 };

typedef struct {
    int64_t rows, run, row_blocks, run_blocks, count;
} Tiling;

typedef struct {
    int64_t clip, group, row, rows, first, width;
} Tile;

static Tiling tiling(const Shape *s) {
    Tiling t;
    t.run = s->run < TILE ? s->run : TILE;
    t.rows = s->run < TILE ? TILE / s->run : 1;
    t.row_blocks = (s->rows + t.rows - 1) / t.rows;
    t.run_blocks = (s->run + t.run - 1) / t.run;
    t.count = t.row_blocks * t.run_blocks;
    return t;
}

/* Groups vary fastest: where channels are innermost, those of a pixel share cache lines. */
static Tile tile_at(const Shape *s, const Tiling *t, int64_t index) {
    Tile tile;
    tile.group = index % s->groups;
    index /= s->groups;
    tile.first = index % t->run_blocks * t->run;
    tile.width = s->run - tile.first < t->run ? s->run - tile.first : t->run;
    index /= t->run_blocks;
    tile.row = index % t->row_blocks * t->rows;
    tile.rows = s->rows - tile.row < t->rows ? s->rows - tile.row : t->rows;
    tile.clip = index / t->row_blocks;
    return tile;
}

/* The first run of a tile in a frame. */
static float *runs_at(const View *v, const Tile *tile, int64_t frame) {
    return v->data + tile->clip * v->clip + frame * v->frame + tile->group * v->group + tile->row * v->row
        + tile->first;
}

/* Split an offset into whole frames and the rest; beyond the clip every whole shift is the same. */
static int64_t whole_frames(float offset, int64_t frames, float *share) {
    float low = floorf(offset);
    *share = offset - low;
    if (isnan(*share)) return 0; /* goes on into everything that is made of it */
    if (low < -frames - 1) return -frames - 1;
    if (low > frames) return frames;
    return (int64_t)low;
}

static int inside(int64_t frame, int64_t frames) { return frame >= 0 && frame < frames; }

/* The loops below take most of the time where runs are short, unless the compiler knows their width. */
#define INLINE static inline __attribute__((always_inline))
#define FOR_WIDTH(width, call) \
    switch (width) { \
        case 4: { enum { W = 4 }; call; } break; \
        case 8: { enum { W = 8 }; call; } break; \
        case 16: { enum { W = 16 }; call; } break; \
        case 32: { enum { W = 32 }; call; } break; \
        default: { const int64_t W = width; call; } \
    }

INLINE void blend_runs(float *restrict out, int64_t out_row, float a, const float *restrict p, float b,
                       const float *restrict q, int64_t row, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++, out += out_row, p += row, q += row)
        for (int64_t i = 0; i < width; i++) out[i] = a * p[i] + b * q[i];
}

INLINE void scale_runs(float *restrict out, int64_t out_row, float a, const float *restrict p, int64_t row,
                       int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++, out += out_row, p += row)
        for (int64_t i = 0; i < width; i++) out[i] = a * p[i];
}

/* Many sums side by side: one alone would wait for each addition before the next. */
enum { LANES = 32 };

INLINE float dot_runs(const float *restrict p, int64_t p_row, const float *restrict q, int64_t q_row,
                      int64_t rows, int64_t width) {
    float lanes[LANES] = {0}, sum = 0;
    for (int64_t r = 0; r < rows; r++, p += p_row, q += q_row) {
        int64_t i = 0;
        for (; i + LANES <= width; i += LANES)
            for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += p[i + lane] * q[i + lane];
        for (int64_t lane = 0; lane < width - i; lane++) lanes[lane] += p[i + lane] * q[i + lane];
    }
    for (int64_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

/* out = a * p + b * q over a tile; a source that is missing (0) counts nothing. */
static void blend(const Tile *tile, float *out, int64_t out_row, float a, const float *p, float b,
                  const float *q, int64_t row) {
    if (p && q) {
        FOR_WIDTH(tile->width, blend_runs(out, out_row, a, p, b, q, row, tile->rows, W))
    } else if (p || q) {
        FOR_WIDTH(tile->width, scale_runs(out, out_row, p ? a : b, p ? p : q, row, tile->rows, W))
    } else {
        for (int64_t r = 0; r < tile->rows; r++) memset(out + r * out_row, 0, tile->width * sizeof(float));
    }
}

static float dot(const Tile *tile, const float *p, int64_t p_row, const float *q, int64_t q_row) {
    FOR_WIDTH(tile->width, return dot_runs(p, p_row, q, q_row, tile->rows, W))
}

/* offset [N, G], weight [N, T, G]; out must not overlap x. */
void interlace(Shape s, View x, const float *offset, const float *weight, View out) {
    const Tiling tiles = tiling(&s);
#pragma omp parallel for schedule(static)
    for (int64_t index = 0; index < s.clips * s.groups * tiles.count; index++) {
        const Tile tile = tile_at(&s, &tiles, index);
        float share;
        const int64_t d = whole_frames(offset[tile.clip * s.groups + tile.group], s.frames, &share);
        for (int64_t t = 0; t < s.frames; t++) {
            const float w = weight[(tile.clip * s.frames + t) * s.groups + tile.group];
            const int near = inside(t - d, s.frames), far = inside(t - d - 1, s.frames) && share > 0;
            blend(&tile, runs_at(&out, &tile, t), out.row,
                  w * (1 - share), near ? runs_at(&x, &tile, t - d) : 0,
                  w * share, far ? runs_at(&x, &tile, t - d - 1) : 0, x.row);
        }
    }
}

/* The adjoint, and what the gradients of offset and weight are made of, in one pass.
 * sums [N, tiles, G, 2, T]: for frame t of a tile, grad_out[t] times x[t - d] and times x[t - d - 1].
 * grad_x must not overlap grad_out. */
void interlace_backward(Shape s, View grad_out, View x, const float *offset, const float *weight,
                        View grad_x, float *sums) {
    const Tiling tiles = tiling(&s);
#pragma omp parallel for schedule(static)
    for (int64_t index = 0; index < s.clips * s.groups * tiles.count; index++) {
        const Tile tile = tile_at(&s, &tiles, index);
        float share;
        const int64_t d = whole_frames(offset[tile.clip * s.groups + tile.group], s.frames, &share);
        const float *w = weight + tile.clip * s.frames * s.groups + tile.group;
        float *near_sum = sums + index * 2 * s.frames, *far_sum = near_sum + s.frames;
        for (int64_t t = 0; t < s.frames; t++) {
            /* Frame t of x went to frames t + d and t + d + 1, and came to frame t from t - d and t - d - 1. */
            const int64_t to = t + d;
            const int near = inside(to, s.frames), far = inside(to + 1, s.frames) && share > 0;
            blend(&tile, runs_at(&grad_x, &tile, t), grad_x.row,
                  near ? w[to * s.groups] * (1 - share) : 0, near ? runs_at(&grad_out, &tile, to) : 0,
                  far ? w[(to + 1) * s.groups] * share : 0, far ? runs_at(&grad_out, &tile, to + 1) : 0,
                  grad_out.row);
            const float *grad = runs_at(&grad_out, &tile, t);
            near_sum[t] = inside(t - d, s.frames)
                ? dot(&tile, grad, grad_out.row, runs_at(&x, &tile, t - d), x.row) : 0;
            far_sum[t] = inside(t - d - 1, s.frames)
                ? dot(&tile, grad, grad_out.row, runs_at(&x, &tile, t - d - 1), x.row) : 0;
        }
    }
}

/* How many tiles of a group interlace_backward sums up. */
int64_t tiles_of_a_group(Shape s) { return tiling(&s).count; }

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

/* Mean over space of `channels` channels, one group: descriptor [N, C, T]. x is copied to `kept` on the way,
 * if that is not 0. */
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

/* The parameters of OffsetNet and WeightNet, as PyTorch lays them out. */
typedef struct {
    int64_t clips, frames, channels, groups, reverse;
    double max_offset;
    const float *offset_conv, *offset_conv_bias, *fc1, *fc1_bias, *fc2, *fc2_bias, *weight_conv, *weight_conv_bias;
} Predictor;

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

/* descriptor [N, C, T] -> offset [N, G'] and weight [N, T, G'], where G' counts the reversed groups too. */
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

/* What predict did, backwards. The gradients have the layout of the parameters and are set, not added to;
 * grad_offset [N, G'] and grad_weight [N, T, G'] come in, grad_descriptor [N, C, T] goes out. */
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

static void predict_backward(Predictor p, const float *descriptor, const double *grad_offset,
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
    const int64_t groups = s.grouped.groups, frames = p.frames, tiles = tiling(&s.grouped).count;
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
