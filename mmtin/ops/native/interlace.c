/* The operator: one read, one write, whatever the memory format. */
#include "kernels.h"

/* Split an offset into whole frames and the rest; beyond the clip every whole shift is the same. */
static inline int64_t whole_frames(float offset, int64_t frames, float *share) {
    float low = floorf(offset);
    *share = offset - low;
    if (isnan(*share)) return 0; /* goes on into everything that is made of it */
    if (low < -frames - 1) return -frames - 1;
    if (low > frames) return frames;
    return (int64_t)low;
}

static inline float offset_at(const Offsets *offset, int64_t clip, int64_t frame, int64_t group) {
    return offset->data[clip * offset->clip + frame * offset->frame + group];
}

/* A tile is the columns that one thread takes through time: about this many numbers of a frame. */
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
static Number *runs_at(const View *v, const Tile *tile, int64_t frame) {
    return v->data + tile->clip * v->clip + frame * v->frame + tile->group * v->group + tile->row * v->row
        + tile->first;
}

static int worth_threads(const Shape *s) {
    return s->clips * s->frames * s->groups * s->rows * s->run >= WORTH_THREADS;
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

INLINE void blend_runs(Number *restrict out, int64_t out_row, float a, const Number *restrict p, float b,
                       const Number *restrict q, int64_t row, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++, out += out_row, p += row, q += row)
        for (int64_t i = 0; i < width; i++) out[i] = narrow(a * widen(p[i]) + b * widen(q[i]));
}

INLINE void scale_runs(Number *restrict out, int64_t out_row, float a, const Number *restrict p, int64_t row,
                       int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++, out += out_row, p += row)
        for (int64_t i = 0; i < width; i++) out[i] = narrow(a * widen(p[i]));
}

INLINE void add_runs(float *restrict sum, float a, const Number *restrict p, int64_t row, int64_t rows,
                     int64_t width) {
    for (int64_t r = 0; r < rows; r++, sum += width, p += row)
        for (int64_t i = 0; i < width; i++) sum[i] += a * widen(p[i]);
}

INLINE void narrow_runs(Number *restrict out, int64_t out_row, const float *restrict sum, int64_t rows,
                        int64_t width) {
    for (int64_t r = 0; r < rows; r++, out += out_row, sum += width)
        for (int64_t i = 0; i < width; i++) out[i] = narrow(sum[i]);
}

INLINE float dot_runs(const Number *restrict p, int64_t p_row, const Number *restrict q, int64_t q_row,
                      int64_t rows, int64_t width) {
    float lanes[LANES] = {0};
    for (int64_t r = 0; r < rows; r++, p += p_row, q += q_row) {
        int64_t i = 0;
        for (; i + LANES <= width; i += LANES)
            for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += widen(p[i + lane]) * widen(q[i + lane]);
        for (int64_t lane = 0; lane < width - i; lane++) lanes[lane] += widen(p[i + lane]) * widen(q[i + lane]);
    }
    return sum_of_lanes(lanes);
}

INLINE void copy_runs(Number *restrict out, int64_t out_row, const Number *restrict p, int64_t row, int64_t rows,
                      int64_t width) {
    for (int64_t r = 0; r < rows; r++, out += out_row, p += row)
        for (int64_t i = 0; i < width; i++) out[i] = p[i];
}

/* All frames of a tile. */
static void copy(const Tile *tile, int64_t frames, const View *to, const View *from) {
    for (int64_t t = 0; t < frames; t++) {
        Number *out = runs_at(to, tile, t);
        const Number *p = runs_at(from, tile, t);
        FOR_WIDTH(tile->width, copy_runs(out, to->row, p, from->row, tile->rows, W))
    }
}

static void clear(const Tile *tile, Number *out, int64_t row) {
    for (int64_t r = 0; r < tile->rows; r++) memset(out + r * row, 0, tile->width * sizeof(Number));
}

/* sum += a * p over a tile. */
static void add(const Tile *tile, float *sum, float a, const Number *p, int64_t row) {
    FOR_WIDTH(tile->width, add_runs(sum, a, p, row, tile->rows, W))
}

/* out = a * p + b * q over a tile; a source that is missing (0) counts nothing. */
static void blend(const Tile *tile, Number *out, int64_t out_row, float a, const Number *p, float b,
                  const Number *q, int64_t row) {
    if (p && q) {
        FOR_WIDTH(tile->width, blend_runs(out, out_row, a, p, b, q, row, tile->rows, W))
    } else if (p || q) {
        FOR_WIDTH(tile->width, scale_runs(out, out_row, p ? a : b, p ? p : q, row, tile->rows, W))
    } else {
        clear(tile, out, out_row);
    }
}

static float dot(const Tile *tile, const Number *p, int64_t p_row, const Number *q, int64_t q_row) {
    FOR_WIDTH(tile->width, return dot_runs(p, p_row, q, q_row, tile->rows, W))
}

/* Frame t of the output receives frame t - d with share 1 - s and frame t - d - 1 with share s, where the offset
 * is d + s frames; frames from outside the clip are zero. weight [N, T, G]; out must not overlap x. If `within`,
 * out holds the clips and x takes a copy of them first. */
void interlace(Shape s, View x, Offsets offset, const float *weight, View out, int within) {
    const Tiling tiles = tiling(&s);
#pragma omp parallel for schedule(static) if (worth_threads(&s))
    for (int64_t index = 0; index < s.clips * s.groups * tiles.count; index++) {
        const Tile tile = tile_at(&s, &tiles, index);
        if (within) copy(&tile, s.frames, &x, &out);
        for (int64_t t = 0; t < s.frames; t++) {
            float share;
            const int64_t d = whole_frames(offset_at(&offset, tile.clip, t, tile.group), s.frames, &share);
            const float w = weight[(tile.clip * s.frames + t) * s.groups + tile.group];
            const int near = inside(t - d, s.frames), far = inside(t - d - 1, s.frames) && share > 0;
            blend(&tile, runs_at(&out, &tile, t), out.row,
                  w * (1 - share), near ? runs_at(&x, &tile, t - d) : 0,
                  w * share, far ? runs_at(&x, &tile, t - d - 1) : 0, x.row);
        }
    }
}

/* The newest frame of a clip alone: frames holds it and those before, it last, and no offset reaches beyond them.
 * offset and weight [N, G]; s and out are of one frame, and out overlaps no frame. If `within`, out holds the newest
 * frame, and the last of frames takes a copy of it first. */
void interlace_newest(Shape s, const View *frames, int64_t count, const float *offset, const float *weight,
                      View out, int within) {
    const Tiling tiles = tiling(&s);
#pragma omp parallel for schedule(static) if (worth_threads(&s))
    for (int64_t index = 0; index < s.clips * s.groups * tiles.count; index++) {
        const Tile tile = tile_at(&s, &tiles, index);
        const int64_t of_group = tile.clip * s.groups + tile.group;
        float share;
        const int64_t near = count - 1 - whole_frames(offset[of_group], count, &share), far = near - 1;
        const float w = weight[of_group];
        if (within) copy(&tile, 1, &frames[count - 1], &out);
        blend(&tile, runs_at(&out, &tile, 0), out.row,
              w * (1 - share), inside(near, count) ? runs_at(&frames[near], &tile, 0) : 0,
              w * share, inside(far, count) && share > 0 ? runs_at(&frames[far], &tile, 0) : 0, frames->row);
    }
}

/* The gradient of x over a tile, w [T] the weights of its group: all of a clip moves by the same offset, so that
 * frame t went to frames t + d and t + d + 1 alone, and is written once. */
static void gather(const Tile *tile, const Shape *s, const View *grad_out, float offset, const float *w,
                   const View *grad_x) {
    float share;
    const int64_t d = whole_frames(offset, s->frames, &share);
    for (int64_t t = 0; t < s->frames; t++) {
        const int64_t to = t + d;
        const int near = inside(to, s->frames), far = inside(to + 1, s->frames) && share > 0;
        blend(tile, runs_at(grad_x, tile, t), grad_x->row,
              near ? w[to * s->groups] * (1 - share) : 0, near ? runs_at(grad_out, tile, to) : 0,
              far ? w[(to + 1) * s->groups] * share : 0, far ? runs_at(grad_out, tile, to + 1) : 0,
              grad_out->row);
    }
}

/* The same where each frame has an offset of its own: frame t went wherever a frame came from it, so that several
 * parts are summed up, and rounded once. */
static void gather_all(const Tile *tile, const Shape *s, const View *grad_out, const Offsets *offset, const float *w,
                       const View *grad_x) {
    int64_t near[s->frames]; /* the frame that came with share 1 - share; the one before came with the rest */
    float share[s->frames], sum[TILE];
    for (int64_t to = 0; to < s->frames; to++)
        near[to] = to - whole_frames(offset_at(offset, tile->clip, to, tile->group), s->frames, &share[to]);
    for (int64_t t = 0; t < s->frames; t++) {
        memset(sum, 0, tile->rows * tile->width * sizeof(float));
        for (int64_t to = 0; to < s->frames; to++) {
            const float weight = w[to * s->groups];
            if (near[to] == t)
                add(tile, sum, weight * (1 - share[to]), runs_at(grad_out, tile, to), grad_out->row);
            if (near[to] - 1 == t && share[to] > 0)
                add(tile, sum, weight * share[to], runs_at(grad_out, tile, to), grad_out->row);
        }
        FOR_WIDTH(tile->width, narrow_runs(runs_at(grad_x, tile, t), grad_x->row, sum, tile->rows, W))
    }
}

/* The adjoint, and what the gradients of offset and weight are made of, in one pass.
 * sums [N, tiles, G, 2, T]: for frame t of a tile, grad_out[t] times x[t - d] and times x[t - d - 1]. */
static void interlace_adjoint(Shape s, View grad_out, View x, Offsets offset, const float *weight, View grad_x,
                              float *sums, int within) {
    const Tiling tiles = tiling(&s);
#pragma omp parallel for schedule(static) if (worth_threads(&s))
    for (int64_t index = 0; index < s.clips * s.groups * tiles.count; index++) {
        const Tile tile = tile_at(&s, &tiles, index);
        const float *w = weight + tile.clip * s.frames * s.groups + tile.group;
        float *near_sum = sums + index * 2 * s.frames, *far_sum = near_sum + s.frames;
        if (within) copy(&tile, s.frames, &grad_out, &grad_x);
        if (offset.frame)
            gather_all(&tile, &s, &grad_out, &offset, w, &grad_x);
        else
            gather(&tile, &s, &grad_out, offset_at(&offset, tile.clip, 0, tile.group), w, &grad_x);
        for (int64_t t = 0; t < s.frames; t++) {
            float share;
            const int64_t d = whole_frames(offset_at(&offset, tile.clip, t, tile.group), s.frames, &share);
            const Number *grad = runs_at(&grad_out, &tile, t);
            near_sum[t] = inside(t - d, s.frames)
                ? dot(&tile, grad, grad_out.row, runs_at(&x, &tile, t - d), x.row) : 0;
            far_sum[t] = inside(t - d - 1, s.frames)
                ? dot(&tile, grad, grad_out.row, runs_at(&x, &tile, t - d - 1), x.row) : 0;
        }
    }
}

/* How many tiles of a group interlace_backward sums up. */
int64_t tiles_of_a_group(Shape s) { return tiling(&s).count; }

/* Gradients of x, of offset, as it is laid out, and of weight [N, T, G]. grad_x must not overlap grad_out; if `within`, it holds
 * the gradient of the output, and grad_out takes a copy of it first. sums is memory for 2 * T floats a tile of a
 * group of a clip. */
void interlace_backward(Shape s, View grad_out, View x, Offsets offset, const float *weight, View grad_x,
                        float *sums, float *grad_offset, float *grad_weight, int within) {
    const int64_t tiles = tiles_of_a_group(s);
    interlace_adjoint(s, grad_out, x, offset, weight, grad_x, sums, within);
    for (int64_t n = 0; n < s.clips; n++)
        for (int64_t g = 0; g < s.groups; g++) {
            double grad = 0;
            for (int64_t t = 0; t < s.frames; t++) {
                const int64_t at = (n * s.frames + t) * s.groups + g;
                float share;
                double near = 0, far = 0;
                whole_frames(offset_at(&offset, n, t, g), s.frames, &share);
                for (int64_t tile = 0; tile < tiles; tile++) {
                    const float *of_tile = sums + ((n * tiles + tile) * s.groups + g) * 2 * s.frames;
                    near += of_tile[t];
                    far += of_tile[s.frames + t];
                }
                grad = weight[at] * (far - near) + (offset.frame ? 0 : grad);
                grad_offset[n * offset.clip + t * offset.frame + g] = grad;
                grad_weight[at] = (1 - share) * near + share * far;
            }
        }
}
