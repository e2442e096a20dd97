/* Marotte: a voice in, the curves of a face out; see marotte.h.
 *
 * This file compiles its second part, the sums, once for each set of instructions: it includes itself
 * with MAROTTE_KERNELS defined. The first part reads students, resamples, and keeps the time of frames.
 *
 * Frame k shows the moment round(k * 800 / 3) of the sound at 16 kHz. A student sees a window of steps,
 * one per 20 ms. Windows of frames six apart lie on the same grid of steps and share all but five of
 * them; those of frames three apart lie on the same grid of 10 ms and share their spectra. So a voice
 * keeps six rings of steps and three of spectra, and each step is computed once.
 */
#ifndef MAROTTE_KERNELS

#include "marotte.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------
 * Constants and types
 * --------------------------------------------------------------------------------------------- */

#if defined(__GNUC__)
#define RARE __attribute__((cold)) /* runs once, or once per frame: small rather than fast */
#else
#define RARE
#endif

#define SAMPLE_RATE 16000
#define FRAME_RATE 60
#define MAX_FRONT 7         /* convolutions of a front end */
#define NEW_STEPS 5         /* per frame: six frames are 100 ms */
#define GRIDS 6             /* of 20 ms */
#define HALF_GRIDS 3        /* of 10 ms */
#define STEP 320            /* samples: 20 ms */
#define HOP 160             /* samples: 10 ms, between two spectra */
#define BINS 160            /* of a spectrum of 20 ms, without the highest */
#define BANDS 56            /* mel bands of a spectrum */
#define GROUPS 4            /* of layer 9 */
#define TALL 8              /* outputs per block of weights */
#define MOST_COLUMNS 12     /* that a layer computes at a time */
#define MOST_STEPS 32       /* taps of layer 9 reach no further */
#define MOST_SMOOTHING 15
#define MOST_CHANNELS 1024
#define KEPT_SPECTRA 2      /* of the last frame on the grid, which the first convolution needs */
#define NEW_HALF 5          /* new spectra per frame */
#define KEPT_HALF 6         /* outputs of the first convolution that the second needs again */
#define SPARE TALL          /* floats: stores of whole vectors pass the end */
#define MEL_WORK (4 * HOP * 8) /* floats of scratch for spectra: two passes of eight transforms */
#define LOUDEST 1e6f        /* samples are clipped there, so that no sum overflows */
#define CLOSING_FRAMES 9    /* 0.15 s: people close an open mouth in 0.1 to 0.2 s */
#define LEVEL_STEP 80       /* samples: the gain may change every 5 ms */
#define LEVEL_STEPS 4       /* per bin: a voice is looked for every 20 ms, ... */
#define LEVEL_BIN (LEVEL_STEPS * LEVEL_STEP / 2) /* ... at 8 kHz, ... */
#define LEVEL_WINDOW (2 * LEVEL_BIN)             /* ... in the last 40 ms */
#define FIRST_LAG 20 /* at 8 kHz: a pitch of 400 Hz */
#define LAST_LAG 114 /* 70 Hz */
#define NORM_FLOOR 1e-5f
#define LOG_FLOOR 1e-6f
#define ALIGNMENT 16

enum { MEL = 1, WAVEFORM = 2 };                      /* front ends */
enum { TEXT = 0, U32 = 1, F32 = 2, F16 = 3, I8 = 4 }; /* types of records */

static const int WAVEFORM_KERNELS[MAX_FRONT] = {10, 3, 3, 3, 3, 2, 2};
static const int WAVEFORM_STRIDES[MAX_FRONT] = {5, 2, 2, 2, 2, 2, 2};
static const int REDUCE_KERNELS[4] = {3, 3, 3, 2};

enum { FLOATS, HALVES, BYTES }; /* weights of 32, 16 and 8 bits */

typedef struct {
    int kind;           /* of weights */
    const void *w;      /* [blocks, n_in, 8] floats or halves, or [blocks, n_in / 2, 8, 2] bytes */
    const float *scale; /* of each output, for bytes */
    const float *bias;  /* [8 blocks] */
    int n_in, n_out, blocks;
    int largest; /* of 16-bit inputs: no sum of products overflows 32 bits */
} layer;

typedef struct {
    const float *gain, *bias;
} norm;

struct marotte_student {
    marotte_info info;
    const char *controls;
    int frontend, channels, n_steps, past, future, behind, ahead, hidden, n_outputs, n_controls;
    int bytes;       /* whether weights have 8 bits */
    int reach, span; /* samples of one step, and of a frame's new steps */
    int width;       /* channels of layer 9's sums: each group is padded to whole blocks */
    int n_kept;      /* kept sums of layer 9 per grid */
    layer front[MAX_FRONT], project, reduce[4], dense[3], taps;
    norm front_norm, project_norm, context_norm;
    const uint32_t *outputs, *band_first, *band_n;
    const float *low, *high, *golden, *window, *band_w;
    float step_scale;         /* of steps kept in 16 bits */
    float turns[2 * 2 * HOP]; /* cos and -sin of 2 pi i / 320 */
    float hann[LEVEL_WINDOW], unbiased[LAST_LAG + 1]; /* see is_voiced */
};

typedef struct { /* the sums, compiled for one set of instructions */
    const char *name;
    float (*dot)(const float *a, const float *b, int n);
    void (*log_mel)(const marotte_student *s, const float *x, float *to, float *work);
    void (*outputs)(marotte_voice *v, const layer *l, const float *x, int n, int stride, float *y, int gelu);
    void (*normalise)(const norm *by, float *x, int n, int channels);
    void (*gelus)(float *x, int n);
    void (*products)(int kind, float *const *y, const void *const *x, const void *w, int n_in,
                     int blocks, int n);
    void (*added)(int bytes, float *to, const float *a, const float *b, int n);
    void (*context)(const marotte_student *s, const void *ring, float *sums, float *to);
} kernels;

typedef struct { /* what brings quiet and loud speech to a usual level */
    int off;
    int at, n_steps;                /* samples of the step, and steps of the bin, so far */
    int n_in_row;                   /* voiced bins */
    double heard, voiced;           /* seconds */
    double noise, loudness, speech; /* levels in dB */
    double powers, offset;
    float gain[2], offsets[2]; /* at the step's beginning and at its end; the gain less 1 */
    float step[LEVEL_STEP], recent[LEVEL_WINDOW];
} follower;

struct marotte_voice {
    const marotte_student *student;
    const kernels *run;
    follower level;
    /* resampling */
    int rate, up, down, n_taps, n_phases, at_tap;
    int phase, waiting; /* position of the next output: phase / up after `waiting` more samples */
    uint64_t n_pushed;
    float *table, *history, *mirror; /* the last samples, and the same backwards */
    /* time */
    int64_t next;    /* the prediction to compute next */
    int64_t due;     /* samples at 16 kHz that it needs; with `late`, one after its window */
    int late;
    int64_t end;     /* samples at 16 kHz so far */
    int64_t n_total; /* frames of the whole sound; -1 until it is flushed */
    int64_t n_samples; /* at 16 kHz, of the whole sound */
    int n_buffer, size_buffer;
    /* memory of the network */
    float *buffer;                /* the last samples at 16 kHz */
    float *spectra, *half_steps;  /* front end mel: [3, 2, bands], [3, 6, channels] */
    void *steps;                  /* [6, n_steps, channels] floats or 16-bit numbers */
    float *kept;                  /* [6, n_kept, width] floats or 32-bit numbers */
    float *predictions;           /* [behind + 1 + ahead, n_outputs] */
    float *rest;                  /* [n_outputs], in silence */
    float *work, *later_work;     /* scratch, and its second part */
    float *sums;                  /* scratch of a layer */
    int16_t *narrow;              /* scratch for 8-bit weights: a layer's inputs */
    float *earlier, *later;       /* two frames, for `marotte_at` */
    int64_t n_frames;             /* frames that `marotte_at` has fetched */
};

/* ------------------------------------------------------------------------------------------------
 * Functions of mathematics, since there is no libm
 * --------------------------------------------------------------------------------------------- */

#define PI 3.14159265358979323846

static double m_floor(double x) {
    double whole = (double)(int64_t)x;
    return whole > x ? whole - 1 : whole;
}

static double m_cos(double x) { /* Taylor's series on -pi .. pi, by halving twice */
    double turns = x / (2 * PI), z, c;
    x = (turns - m_floor(turns + 0.5)) * (PI / 2); /* a quarter of the angle */
    z = x * x;
    c = 1 - z / 2 * (1 - z / 12 * (1 - z / 30 * (1 - z / 56 * (1 - z / 90 * (1 - z / 132)))));
    c = 2 * c * c - 1;
    return 2 * c * c - 1;
}

static double m_sin(double x) {
    return m_cos(x - PI / 2);
}

static double m_exp(double x) {
    double n, r, sum = 1;
    uint64_t bits;
    int i;
    if (x < -700) return 0;
    if (x > 700) x = 700;
    n = m_floor(x * 1.44269504088896340736 + 0.5);
    r = (x - n * 0.693147180559945309417) / 16; /* the series, then four squares */
    for (i = 6; i > 0; i--) sum = 1 + sum * r / i;
    for (i = 0; i < 4; i++) sum *= sum;
    bits = (uint64_t)(1023 + (int)n) << 52;
    memcpy(&n, &bits, sizeof n);
    return sum * n;
}

static double m_log(double x) { /* of normal positive numbers: the series of atanh */
    uint64_t bits;
    int64_t exponent;
    double s, z, sum = 0;
    int i;
    memcpy(&bits, &x, sizeof bits);
    exponent = (int64_t)(bits - 0x3fe6a09e667f3bcdu) >> 52; /* relative to sqrt(1/2) */
    bits -= (uint64_t)exponent << 52;
    memcpy(&x, &bits, sizeof x);
    s = (x - 1) / (x + 1);
    z = s * s;
    for (i = 21; i > 0; i -= 2) sum = sum * z + 1.0 / i;
    return (double)exponent * 0.693147180559945309417 + 2 * s * sum;
}

static float m_tanh(float x) {
    if (x != x) return 0; /* weights that no network has */
    return (float)(1 - 2 / (m_exp(2 * (double)x) + 1));
}

static double m_rsqrt(double x) { /* Newton's steps from the exponent's half */
    uint64_t bits;
    double y;
    int i;
    memcpy(&bits, &x, sizeof bits);
    bits = 0x5fe6eb50c7b537a9u - (bits >> 1);
    memcpy(&y, &bits, sizeof y);
    for (i = 0; i < 4; i++) y *= 1.5 - 0.5 * x * y * y;
    return y;
}

/* Return the nearest whole number within -largest .. largest, also for what is not a number. */
static inline int16_t rounded(float x, float largest) {
    x = x > -largest ? x : -largest;
    x = x < largest ? x : largest;
    return (int16_t)(int)(x + (x < 0 ? -0.5f : 0.5f));
}

/* The outputs of a convolution of n inputs. */
static int n_outputs(int n, int kernel, int stride) {
    return n < kernel ? 0 : (n - kernel) / stride + 1;
}

static double m_bessel(double x) { /* I0 */
    double term = 1, sum = 1;
    int i;
    for (i = 1; i < 40; i++) {
        term *= x / (2 * i) * (x / (2 * i));
        sum += term;
    }
    return sum;
}

static float *prediction(const marotte_voice *v, int64_t k) {
    const int n = v->student->behind + 1 + v->student->ahead;
    return v->predictions + (k % n + n) % n * v->student->n_outputs;
}

/* ------------------------------------------------------------------------------------------------
 * The sums, for each set of instructions
 * --------------------------------------------------------------------------------------------- */

#if defined(__x86_64__) || defined(_M_X64)
#define MAROTTE_X64 1
#endif

#if !defined(MAROTTE_NO_SIMD)
#if defined(MAROTTE_X64)
#include <immintrin.h>
#define MAROTTE_SSE2 1
#if !defined(MAROTTE_NO_AVX2)
#define MAROTTE_AVX2 1
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define MAROTTE_SIMD128 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#include <arm_neon.h>
#define MAROTTE_NEON 1
#endif
#endif

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define FN(name) JOIN(name, MAROTTE_KERNELS)

#if defined(MAROTTE_SSE2)
#define MAROTTE_KERNELS sse2
#define LANES 4
typedef __m128 v_sse2;
typedef __m128i i_sse2;
typedef __m128i w_sse2;
#include "marotte.c"
#undef MAROTTE_KERNELS
#undef LANES
#elif defined(MAROTTE_SIMD128)
#define MAROTTE_KERNELS simd128
#define LANES 4
typedef v128_t v_simd128;
typedef v128_t i_simd128;
typedef v128_t w_simd128;
#include "marotte.c"
#undef MAROTTE_KERNELS
#undef LANES
#elif defined(MAROTTE_NEON)
#define MAROTTE_KERNELS neon
#define LANES 4
typedef float32x4_t v_neon;
typedef int32x4_t i_neon;
typedef int32x4_t w_neon;
#include "marotte.c"
#undef MAROTTE_KERNELS
#undef LANES
#else
#define MAROTTE_PLAIN 1
#define MAROTTE_KERNELS plain
#define LANES 4
typedef struct {
    float v[4];
} v_plain;
typedef struct {
    int32_t v[4];
} i_plain;
#include "marotte.c"
#undef MAROTTE_KERNELS
#undef LANES
#endif

#if defined(MAROTTE_AVX2)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
#define MAROTTE_KERNELS avx2
#define MAROTTE_WIDE 1
#define LANES 8
typedef __m256 v_avx2;
typedef __m256i i_avx2;
typedef __m256i w_avx2;
#include "marotte.c"
#undef MAROTTE_KERNELS
#undef MAROTTE_WIDE
#undef LANES
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

RARE static int has_avx2(void) {
    unsigned a, b, c, d, saved;
#if defined(_MSC_VER) && !defined(__clang__)
    int r[4];
    __cpuid(r, 0);
    if (r[0] < 7) return 0;
    __cpuid(r, 1);
    c = (unsigned)r[2];
    __cpuidex(r, 7, 0);
    b = (unsigned)r[1];
    a = d = 0;
    if (!(c >> 27 & 1)) return 0;
    saved = (unsigned)_xgetbv(0);
#else
    unsigned upper;
    if (!__get_cpuid_max(0, 0) || __get_cpuid_max(0, 0) < 7) return 0;
    __cpuid(1, a, b, c, d);
    if (!(c >> 27 & 1)) return 0; /* the system may use xgetbv */
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(upper) : "c"(0));
    (void)upper;
    {
        unsigned a7, c7, d7;
        __cpuid_count(7, 0, a7, b, c7, d7);
        (void)a7, (void)c7, (void)d7;
    }
#endif
    (void)a, (void)d;
    /* FMA, AVX and F16C; AVX2; the system keeps the registers */
    return (c >> 12 & 1) && (c >> 28 & 3) == 3 && (b >> 5 & 1) && (saved & 6) == 6;
}
#endif

/* Return whether the sums take weights of 16 bits as they are. */
RARE static int reads_halves(void) {
#if defined(MAROTTE_AVX2)
    return has_avx2();
#else
    return 0;
#endif
}

#define TABLE(k)                                                                                  \
    {#k, dot_##k, log_mel_##k, outputs_##k, normalise_##k, gelus_##k, products_##k, added_##k, context_##k}

RARE static const kernels *best_kernels(void) {
#if defined(MAROTTE_AVX2)
    static const kernels avx2 = TABLE(avx2);
#endif
#if defined(MAROTTE_SSE2)
    static const kernels found = TABLE(sse2);
#elif defined(MAROTTE_SIMD128)
    static const kernels found = TABLE(simd128);
#elif defined(MAROTTE_NEON)
    static const kernels found = TABLE(neon);
#else
    static const kernels found = TABLE(plain);
#endif
#if defined(MAROTTE_AVX2)
    if (has_avx2()) return &avx2;
#endif
    return &found;
}

RARE const char *marotte_instructions(void) {
    return best_kernels()->name;
}

/* ------------------------------------------------------------------------------------------------
 * The network: a frame's new samples in, its prediction out
 * --------------------------------------------------------------------------------------------- */

/* Write the five new steps [5, channels] of frame k. */
static float *mel_steps(marotte_voice *v, int64_t k, const float *samples) {
    const marotte_student *s = v->student;
    const int c = s->channels, grid = (int)((k % HALF_GRIDS + HALF_GRIDS) % HALF_GRIDS);
    const size_t n_spectra = KEPT_SPECTRA * BANDS * sizeof(float);
    const size_t n_half = (size_t)(KEPT_HALF * c) * sizeof(float);
    float *kept_spectra = v->spectra + grid * KEPT_SPECTRA * BANDS, *spectra = v->work + MEL_WORK;
    float *kept_half = v->half_steps + grid * KEPT_HALF * c, *half_steps = v->work;
    float *steps = half_steps + (KEPT_HALF + NEW_HALF) * c + SPARE;
    v->run->log_mel(s, samples, spectra + KEPT_SPECTRA * BANDS, v->work);
    memcpy(spectra, kept_spectra, n_spectra);
    memcpy(kept_spectra, spectra + NEW_HALF * BANDS, n_spectra);
    v->run->outputs(v, &s->front[0], spectra, NEW_HALF, BANDS, half_steps + KEPT_HALF * c, 1);
    memcpy(half_steps, kept_half, n_half);
    memcpy(kept_half, half_steps + NEW_HALF * c, n_half);
    v->run->outputs(v, &s->front[1], half_steps, NEW_STEPS, 2 * c, steps, 1);
    return steps;
}

/* --- Front end waveform --- */

static float *waveform_steps(marotte_voice *v, const float *samples) {
    const marotte_student *s = v->student;
    const int c = s->channels;
    int n = n_outputs(s->span, WAVEFORM_KERNELS[0], WAVEFORM_STRIDES[0]), i;
    float *from = v->work, *to = v->work + (size_t)n * (size_t)c + SPARE, *swap;
    v->run->outputs(v, &s->front[0], samples, n, WAVEFORM_STRIDES[0], from, 0);
    v->run->normalise(&s->front_norm, from, n, c);
    v->run->gelus(from, n * c);
    for (i = 1; i < MAX_FRONT; i++) {
        n = n_outputs(n, WAVEFORM_KERNELS[i], WAVEFORM_STRIDES[i]);
        v->run->outputs(v, &s->front[i], from, n, WAVEFORM_STRIDES[i] * c, to, 1);
        swap = from, from = to, to = swap;
    }
    return from;
}

/* Move a ring of steps on and add the new ones, after layer 8. Return the ring. */
static void *add_steps(marotte_voice *v, int grid, float *steps) {
    const marotte_student *s = v->student;
    const int c = s->channels, n_old = (s->n_steps - NEW_STEPS) * c, n_new = NEW_STEPS * c;
    const size_t at = (size_t)grid * (size_t)(n_old + n_new);
    float *projected = steps == v->work ? steps + n_new + SPARE : v->work;
    v->run->normalise(&s->project_norm, steps, NEW_STEPS, c);
    v->run->outputs(v, &s->project, steps, NEW_STEPS, c, projected, 0);
    if (s->bytes) {
        int16_t *ring = (int16_t *)v->steps + at;
        const float largest = (float)s->taps.largest;
        int i;
        memmove(ring, ring + n_new, (size_t)n_old * sizeof *ring);
        for (i = 0; i < n_new; i++) ring[n_old + i] = rounded(projected[i] / s->step_scale, largest);
        return ring;
    } else {
        float *ring = (float *)v->steps + at;
        memmove(ring, ring + n_new, (size_t)n_old * sizeof *ring);
        memcpy(ring + n_old, projected, (size_t)n_new * sizeof *ring);
        return ring;
    }
}

/* Add the products of layer 9 in which a new step takes part: as input to all, as output from all.
 * The sums of old outputs come into `old` [n_steps, width]; those of new outputs, in blocks of five
 * inputs, into `fresh` [5, blocks, width]. */
static void new_products(marotte_voice *v, const void *ring, float *old, float *fresh, int n_blocks) {
    const marotte_student *s = v->student;
    const int n = s->n_steps, first = n - NEW_STEPS, group = s->channels / GROUPS;
    const int tall = s->width / GROUPS, blocks = s->taps.blocks;
    const size_t size = (size_t)blocks * TALL *
                        (size_t)(s->bytes ? group + group % 2 : (s->taps.kind == HALVES ? 2 : 4) * group);
    int d, g, i, count;
    for (d = 1 - n; d < n; d++) { /* from step s to step t = s - d */
        const int start = d >= 0 ? (d > first ? d : first) : (-d > first ? 0 : first + d);
        const int stop = d >= 0 ? n : n + d;
        float *out[NEW_STEPS];
        count = stop - start;
        for (i = 0; i < count; i++) {
            const int from = start + i, to = from - d;
            out[i] = to < first ? old + to * s->width
                                : fresh + ((to - first) * n_blocks + from / NEW_STEPS) * s->width;
        }
        for (g = 0; g < GROUPS; g++) {
            const size_t at = ((size_t)(d + n - 1) * GROUPS + (size_t)g) * size;
            const void *x[NEW_STEPS];
            float *y[NEW_STEPS];
            for (i = 0; i < count; i++) {
                const int from = (start + i) * s->channels + g * group;
                x[i] = s->bytes ? (const void *)((const int16_t *)ring + from)
                                : (const void *)((const float *)ring + from);
                y[i] = out[i] + g * tall;
            }
            v->run->products(s->taps.kind, y, x, (const unsigned char *)s->taps.w + at, group, blocks,
                            count);
        }
    }
}

/* Return layer 9's sums [n_steps, width] for the ring of frame k. An output keeps the sum over the
 * steps from 5 on, from 10 on, ...: what later windows still see. So nothing is subtracted, and nothing
 * computed twice. */
static float *layer_9(marotte_voice *v, int grid, const void *ring) {
    const marotte_student *s = v->student;
    const int n = s->n_steps, first = n - NEW_STEPS, width = s->width, bytes = s->bytes;
    const int n_blocks = (n + NEW_STEPS - 1) / NEW_STEPS;
    float *kept = v->kept + (size_t)grid * (size_t)(s->n_kept * width), *to = kept, *from = kept;
    float *old = v->work, *fresh = v->later_work;
    int t, i;
    memset(old, 0, (size_t)(n * width) * sizeof(float));
    memset(fresh, 0, (size_t)(NEW_STEPS * n_blocks * width) * sizeof(float));
    new_products(v, ring, old, fresh, n_blocks);
    for (t = 0; t < first; t++) { /* what was output t + 5 has one sum more than t */
        float *out = old + t * width;
        for (i = 1; i <= t / NEW_STEPS; i++) v->run->added(bytes, to + (i - 1) * width, from + i * width, out, width);
        v->run->added(bytes, out, from, out, width);
        to += t / NEW_STEPS * width;
        from += (t / NEW_STEPS + 1) * width;
    }
    for (; t < n; t++) {
        float *out = old + t * width, *sum = fresh + (t - first) * n_blocks * width;
        for (i = n_blocks - 2; i >= 0; i--)
            v->run->added(bytes, sum + i * width, sum + i * width, sum + (i + 1) * width, width);
        for (i = 1; i <= t / NEW_STEPS; i++)
            memcpy(to + (i - 1) * width, sum + i * width, (size_t)width * sizeof(float));
        memcpy(out, sum, (size_t)width * sizeof(float));
        to += t / NEW_STEPS * width;
    }
    return old;
}

/* Compute the prediction of frame k from layer 9's sums, which are overwritten. */
static void predict(marotte_voice *v, int64_t k, const void *ring, float *sums) {
    const marotte_student *s = v->student;
    const int c = s->channels;
    float *a = v->later_work, *b = v->work, *to = prediction(v, k), *swap;
    int n = s->n_steps, i;
    v->run->context(s, ring, sums, a);
    v->run->normalise(&s->context_norm, a, n, c);
    for (i = 0; i < 4; i++) {
        n = n_outputs(n, REDUCE_KERNELS[i], 2);
        v->run->outputs(v, &s->reduce[i], a, n, 2 * c, b, 1);
        swap = a, a = b, b = swap;
    }
    for (i = 0; i < 3; i++) {
        v->run->outputs(v, &s->dense[i], a, 1, 0, b, i < 2);
        swap = a, a = b, b = swap;
    }
    for (i = 0; i < s->n_outputs; i++) to[i] = m_tanh(a[i]);
}

/* Take in the new steps of frame k, whose last sample is the buffer's; compute its prediction if `head`
 * is set. */
static void advance(marotte_voice *v, int64_t k, int head) {
    const marotte_student *s = v->student;
    const int grid = (int)((k % GRIDS + GRIDS) % GRIDS);
    const float *samples = v->buffer + v->n_buffer - v->late - s->span;
    float *steps = s->frontend == MEL ? mel_steps(v, k, samples) : waveform_steps(v, samples);
    void *ring = add_steps(v, grid, steps);
    float *sums = layer_9(v, grid, ring);
    if (head) predict(v, k, ring, sums);
}

/* ------------------------------------------------------------------------------------------------
 * Reading a student
 * --------------------------------------------------------------------------------------------- */

typedef struct {
    const unsigned char *bytes;
    size_t size;
    float *memory;   /* for weights widened to 32 bits; NULL to count only */
    size_t n_floats; /* used of it */
    int damaged;
} reader;

RARE static uint32_t u32_at(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint32_t crc32(const unsigned char *bytes, size_t n) {
    static const uint32_t nibbles[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffffu;
    size_t i;
    for (i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

/* Return the data of a record, with its type and size; NULL if there is none. */
RARE static const void *find(const reader *r, const char *name, uint32_t *type, size_t *size) {
    char padded[16] = {0};
    size_t at = 16, i;
    for (i = 0; name[i] && i < 15; i++) padded[i] = name[i];
    while (at + 32 <= r->size) {
        const unsigned char *header = r->bytes + at;
        size_t n = u32_at(header + 20);
        at += 32;
        if (n > r->size - at) return NULL;
        if (!memcmp(header, padded, 16)) {
            *type = u32_at(header + 16);
            *size = n;
            return r->bytes + at;
        }
        n += (ALIGNMENT - n % ALIGNMENT) % ALIGNMENT;
        if (n > r->size - at) return NULL;
        at += n;
    }
    return NULL;
}

/* Return the data of a record that must have this type and this size. */
RARE static const void *need(reader *r, const char *name, uint32_t type, size_t size) {
    uint32_t got_type = 0;
    size_t got = 0;
    const void *data = find(r, name, &got_type, &got);
    if (data && got_type == type && got == size) return data;
    r->damaged = 1;
    return NULL;
}

/* Return a text, which must end with its only zero byte, or hold n texts that end so. */
RARE static const char *need_text(reader *r, const char *name, int n) {
    uint32_t type = 0;
    size_t size = 0, i;
    const char *text = (const char *)find(r, name, &type, &size);
    if (text && type == TEXT && size > 0 && text[size - 1] == 0) {
        for (i = 0; i < size; i++) n -= text[i] == 0;
        if (n == 0) return text;
    }
    r->damaged = 1;
    return NULL;
}

static float widened(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff, bits;
    float value;
    if (rest >= 0x7c00) {
        bits = sign | 0x7f800000u | rest << 13;
    } else if (rest >= 0x400) {
        bits = sign | ((rest << 13) + (112u << 23));
    } else { /* too small for an exponent of its own */
        value = (float)rest * (1.0f / 16777216.0f);
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Return n weights of a record that holds 32 or 16 bits each. The latter are widened into memory where
 * no instruction reads them. */
RARE static const void *need_weights(reader *r, const char *name, size_t n, int *kind) {
    uint32_t type = 0;
    size_t size = 0, i;
    const unsigned char *data = (const unsigned char *)find(r, name, &type, &size);
    float *wide;
    *kind = FLOATS;
    if (data && type == F32 && size == 4 * n) return data;
    if (!data || type != F16 || size != 2 * n) {
        r->damaged = 1;
        return NULL;
    }
    if (reads_halves()) {
        *kind = HALVES;
        return data;
    }
    wide = r->memory ? r->memory + r->n_floats : NULL;
    r->n_floats += n;
    for (i = 0; wide && i < n; i++) wide[i] = widened((uint16_t)(data[2 * i] | data[2 * i + 1] << 8));
    return wide;
}

static size_t blocks_of(int n) {
    return (size_t)(n + TALL - 1) / TALL;
}

/* Read `stack` matrices [n_out, n_in] and `groups` biases [n_out]; n_terms are summed at most. */
RARE static layer need_layer(reader *r, const char *name, int bytes, size_t stack, int groups, int n_in,
                        int n_out, int n_terms) {
    layer l = {0};
    char key[16];
    size_t n = strlen(name), padded = TALL * blocks_of(n_out), largest;
    memcpy(key, name, n);
    key[n++] = '.';
    key[n + 1] = 0;
    l.n_in = n_in, l.n_out = n_out, l.blocks = (int)blocks_of(n_out);
    key[n] = 'w';
    l.kind = BYTES;
    if (bytes) {
        l.w = need(r, key, I8, stack * padded * (size_t)(n_in + n_in % 2));
        key[n] = 's';
        l.scale = (const float *)need(r, key, F32, 4 * (size_t)groups * padded);
    } else {
        l.w = need_weights(r, key, stack * padded * (size_t)n_in, &l.kind);
    }
    key[n] = 'b';
    l.bias = (const float *)need(r, key, F32, 4 * (size_t)groups * padded);
    largest = 2147483647u / (127u * (size_t)n_terms);
    l.largest = largest > 32767 ? 32767 : (int)largest;
    return l;
}

RARE static norm need_norm(reader *r, const char *name, int channels) {
    norm found;
    char key[16];
    size_t n = strlen(name);
    memcpy(key, name, n);
    memcpy(key + n, ".g", 3);
    found.gain = (const float *)need(r, key, F32, 4 * (size_t)channels);
    key[n + 1] = 'b';
    found.bias = (const float *)need(r, key, F32, 4 * (size_t)channels);
    return found;
}

/* Read the numbers that say how large a student is; return 0 if they are impossible. */
RARE static int read_shape(reader *r, marotte_student *s) {
    const uint32_t *shape = (const uint32_t *)need(r, "shape", U32, 40);
    int *values[10], i, n;
    static const uint32_t most[10] = {2, MOST_CHANNELS, MOST_STEPS, 16000, 16000, 15, 15, 4096, 1024,
                                      MAROTTE_MAX_CONTROLS};
    values[0] = &s->frontend, values[1] = &s->channels, values[2] = &s->n_steps, values[3] = &s->past;
    values[4] = &s->future, values[5] = &s->behind, values[6] = &s->ahead, values[7] = &s->hidden;
    values[8] = &s->n_outputs, values[9] = &s->n_controls;
    for (i = 0; shape && i < 10; i++) {
        if (shape[i] > most[i]) return 0;
        *values[i] = (int)shape[i];
    }
    if (!shape || s->frontend < 1 || s->channels < 4 || s->channels % GROUPS || s->hidden < 1) return 0;
    if (s->n_outputs < 1 || s->n_controls < 1 || s->behind + s->ahead > MOST_SMOOTHING) return 0;
    n = s->n_steps;
    for (i = 0; i < 4; i++) n = n_outputs(n, REDUCE_KERNELS[i], 2);
    s->reach = s->frontend == MEL ? 6 * HOP : 400;
    s->span = s->frontend == MEL ? 6 * HOP : (NEW_STEPS - 1) * STEP + s->reach;
    i = (s->n_steps - 1) * STEP + s->reach; /* samples of all steps */
    return n == 1 && s->n_steps > NEW_STEPS && s->past <= i && i <= s->past + s->future;
}

RARE static void read_front(reader *r, marotte_student *s) {
    char name[] = "front0";
    const int c = s->channels;
    size_t total = 0;
    int i;
    if (s->frontend == WAVEFORM) {
        s->front_norm = need_norm(r, "front.norm", c);
        for (i = 0; i < MAX_FRONT; i++) {
            int n_in = WAVEFORM_KERNELS[i] * (i ? c : 1);
            name[5] = (char)('0' + i);
            s->front[i] = need_layer(r, name, s->bytes, 1, 1, n_in, c, n_in);
        }
        return;
    }
    s->window = (const float *)need(r, "window", F32, 4 * HOP);
    s->band_first = (const uint32_t *)need(r, "bands.first", U32, 4 * BANDS);
    s->band_n = (const uint32_t *)need(r, "bands.n", U32, 4 * BANDS);
    for (i = 0; !r->damaged && i < BANDS; i++) {
        if (s->band_first[i] > BINS || s->band_n[i] > BINS - s->band_first[i]) r->damaged = 1;
        total += s->band_n[i];
    }
    s->band_w = (const float *)need(r, "bands.w", F32, 4 * total);
    s->front[0] = need_layer(r, "front0", s->bytes, 1, 1, 3 * BANDS, c, 3 * BANDS);
    s->front[1] = need_layer(r, "front1", s->bytes, 1, 1, 3 * c, c, 3 * c);
}

/* Read everything after the shape. */
RARE static void read_layers(reader *r, marotte_student *s) {
    const int c = s->channels, group = c / GROUPS;
    uint32_t type = 0;
    size_t size = 0;
    char name[] = "layer10";
    int i;
    s->info.name = need_text(r, "name", 1);
    s->info.version = need_text(r, "version", 1);
    s->info.licence = need_text(r, "licence", 1);
    s->controls = need_text(r, "controls", s->n_controls);
    s->outputs = (const uint32_t *)need(r, "outputs", U32, 4 * (size_t)s->n_outputs);
    s->low = (const float *)need(r, "low", F32, 4 * (size_t)s->n_controls);
    s->high = (const float *)need(r, "high", F32, 4 * (size_t)s->n_controls);
    s->golden = (const float *)need(r, "golden", F32, 4 * (size_t)s->n_outputs);
    for (i = 0; !r->damaged && i < s->n_outputs; i++)
        if (s->outputs[i] >= (uint32_t)s->n_controls) r->damaged = 1;
    for (i = 0; !r->damaged && i < s->n_controls; i++)
        if (!(s->low[i] >= -LOUDEST && s->low[i] < s->high[i] && s->high[i] <= LOUDEST)) r->damaged = 1;
    s->bytes = find(r, "layer8.w", &type, &size) && type == I8;
    read_front(r, s);
    s->project_norm = need_norm(r, "norm8", c);
    s->project = need_layer(r, "layer8", s->bytes, 1, 1, c, c, c);
    s->taps = need_layer(r, "layer9", s->bytes, (size_t)(2 * s->n_steps - 1) * GROUPS, GROUPS, group,
                         group, group * s->n_steps);
    s->context_norm = need_norm(r, "norm9", c);
    for (i = 0; i < 4; i++) {
        int n_in = REDUCE_KERNELS[i] * c;
        name[6] = (char)('0' + i);
        s->reduce[i] = need_layer(r, name, s->bytes, 1, 1, n_in, c, n_in);
    }
    s->dense[0] = need_layer(r, "layer14", s->bytes, 1, 1, c, s->hidden, c);
    s->dense[1] = need_layer(r, "layer15", s->bytes, 1, 1, s->hidden, s->hidden, s->hidden);
    s->dense[2] = need_layer(r, "layer16", s->bytes, 1, 1, s->hidden, s->n_outputs, s->hidden);
}

RARE static int open_file(reader *r, marotte_student *s, const void *file, size_t size) {
    const unsigned char *bytes = (const unsigned char *)file;
    if (!file) return MAROTTE_MEMORY;
    if (size < 16 || memcmp(bytes, "MRT", 4)) return MAROTTE_FOREIGN;
    if ((uintptr_t)file % 4) return MAROTTE_MEMORY;
    if (u32_at(bytes + 4) != 1) return MAROTTE_VERSION;
    if (u32_at(bytes + 8) != size || u32_at(bytes + 12) != crc32(bytes + 16, size - 16))
        return MAROTTE_DAMAGED;
    r->bytes = bytes, r->size = size;
    if (!read_shape(r, s)) return MAROTTE_DAMAGED;
    read_layers(r, s);
    return r->damaged ? MAROTTE_DAMAGED : MAROTTE_OK;
}

static size_t aligned(size_t n) {
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

RARE size_t marotte_student_size(const void *file, size_t size) {
    reader r = {0};
    marotte_student s;
    memset(&s, 0, sizeof s);
    if (open_file(&r, &s, file, size) != MAROTTE_OK) return 0;
    return aligned(sizeof s) + r.n_floats * sizeof(float);
}

/* Return the largest absolute value of any step after layer 8: of a normalised vector, the sum of the
 * squares is at most the number of channels, and the bound is Cauchy's and Schwarz's. */
RARE static float largest_step(const marotte_student *s) {
    const signed char *w = (const signed char *)s->project.w;
    const int c = s->channels;
    double largest = 1e-6;
    int out, in;
    for (out = 0; out < c; out++) {
        const signed char *row = w + (size_t)(out / TALL) * (size_t)(c + c % 2) * TALL;
        double squares = 0, offset = s->project.bias[out], scale = s->project.scale[out], bound;
        for (in = 0; in < c; in++) {
            double weight = scale * row[(in / 2 * TALL + out % TALL) * 2 + in % 2];
            offset += weight * s->project_norm.bias[in];
            weight *= s->project_norm.gain[in];
            squares += weight * weight;
        }
        squares *= c;
        bound = (offset < 0 ? -offset : offset) + (squares > 0 ? squares * m_rsqrt(squares) : 0);
        if (bound > largest) largest = bound;
    }
    return (float)largest;
}

/* Fill what `is_voiced` needs: a window, and 1 for its own autocorrelation. */
RARE static void fill_level_tables(marotte_student *s) {
    double own = 0, later;
    int i, lag;
    for (i = 0; i < LEVEL_WINDOW; i++)
        s->hann[i] = (float)(0.5 - 0.5 * m_cos(2 * PI * (i + 1) / (LEVEL_WINDOW + 1)));
    for (lag = 0; lag <= LAST_LAG; lag++) {
        for (later = 0, i = lag; i < LEVEL_WINDOW; i++) later += (double)s->hann[i] * s->hann[i - lag];
        if (lag == 0) own = later;
        s->unbiased[lag] = (float)(own / later);
    }
}

RARE int marotte_student_init(marotte_student *s, const void *file, size_t size) {
    reader r = {0};
    int result, i;
    size_t group;
    marotte_student probe;
    memset(&probe, 0, sizeof probe);
    result = open_file(&r, &probe, file, size);
    if (result != MAROTTE_OK) return result;
    if (!s || (uintptr_t)s % 8) return MAROTTE_MEMORY;
    memset(s, 0, sizeof *s);
    r.n_floats = 0;
    r.memory = (float *)(void *)((unsigned char *)s + aligned(sizeof *s));
    result = open_file(&r, s, file, size);
    if (result != MAROTTE_OK) return result;
    group = TALL * blocks_of(s->channels / GROUPS);
    s->width = (int)(GROUPS * group);
    for (i = 0; i < s->n_steps; i++) s->n_kept += i / NEW_STEPS;
    if (s->bytes) s->step_scale = largest_step(s) / (float)s->taps.largest;
    for (i = 0; i < 2 * HOP; i++) {
        s->turns[2 * i] = (float)m_cos(2 * PI * i / (2 * HOP));
        s->turns[2 * i + 1] = (float)-m_sin(2 * PI * i / (2 * HOP));
    }
    fill_level_tables(s);
    s->info.n_controls = s->n_controls;
    s->info.frame_rate = FRAME_RATE;
    s->info.delay = (double)((s->n_steps - 1) * STEP + s->reach - s->past) / SAMPLE_RATE +
                    (double)s->ahead / FRAME_RATE;
    return MAROTTE_OK;
}

RARE marotte_info marotte_student_info(const marotte_student *student) {
    return student->info;
}

RARE const char *marotte_control_name(const marotte_student *student, int control) {
    const char *name = student->controls;
    if (control < 0 || control >= student->n_controls) return NULL;
    while (control-- > 0) name += strlen(name) + 1;
    return name;
}

/* ------------------------------------------------------------------------------------------------
 * Resampling: a polyphase low-pass filter under a Kaiser window
 * --------------------------------------------------------------------------------------------- */

#define KAISER 6.3           /* 65 dB */
#define TAPS_PER_SAMPLE 32   /* of the lower rate: an edge of an eighth of it */
#define MOST_PHASES 160      /* more are interpolated between PHASES */
#define PHASES 128

/* Return the number of phases between two input samples. */
static int period_of(const marotte_voice *v) { return v->up <= MOST_PHASES ? v->up : PHASES; }

static int common_divisor(int a, int b) {
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

RARE static void plan_resampling(marotte_voice *v, int rate) {
    int lower = rate < SAMPLE_RATE ? rate : SAMPLE_RATE, divisor = common_divisor(rate, SAMPLE_RATE);
    v->rate = rate;
    v->up = SAMPLE_RATE / divisor;
    v->down = rate / divisor;
    v->n_taps = v->n_phases = 0;
    if (rate == SAMPLE_RATE) return;
    v->n_taps = (TAPS_PER_SAMPLE * rate / lower + TALL / 2) / TALL * TALL;
    v->n_phases = period_of(v) / 2 + 1; /* the others are these, backwards in time */
}

RARE static void fill_table(marotte_voice *v) {
    const int lower = v->rate < SAMPLE_RATE ? v->rate : SAMPLE_RATE, half = v->n_taps / 2;
    const double cut = (double)lower / v->rate, top = m_bessel(KAISER);
    int phase, tap;
    for (phase = 0; phase < v->n_phases; phase++) {
        const double at = (double)phase / period_of(v);
        float *row = v->table + (size_t)phase * (size_t)v->n_taps;
        double sum = 0;
        for (tap = 0; tap < v->n_taps; tap++) {
            /* Tap `half` - 1 is the sample at or before the output's time. */
            const double x = tap - (half - 1) - at, edge = 1 - x * x / ((double)half * half);
            const double sinc = x * x < 1e-18 ? cut : m_sin(PI * cut * x) / (PI * x);
            const double root = edge > 1e-18 ? edge * m_rsqrt(edge) : 0;
            row[tap] = (float)(sinc * m_bessel(KAISER * root) / top);
            sum += row[tap];
        }
        for (tap = 0; tap < v->n_taps; tap++) row[tap] = (float)(row[tap] / sum);
    }
}

/* Return the sample at 16 kHz at a phase; the history ends with the samples it needs. */
static float sample_at(const marotte_voice *v, int phase) {
    const size_t n = (size_t)v->n_taps;
    const int backwards = period_of(v) - phase;
    if (phase <= backwards) return v->run->dot(v->table + (size_t)phase * n, v->history + v->at_tap, v->n_taps);
    return v->run->dot(v->table + (size_t)backwards * n, v->mirror + n - v->at_tap, v->n_taps);
}

/* Return the next sample at 16 kHz. */
static float resampled(const marotte_voice *v) {
    double at;
    int low;
    float a, b;
    if (v->up <= MOST_PHASES) return sample_at(v, v->phase);
    at = (double)v->phase * PHASES / v->up;
    low = (int)at;
    a = sample_at(v, low);
    b = sample_at(v, low + 1);
    return a + (b - a) * (float)(at - low);
}

/* ------------------------------------------------------------------------------------------------
 * The level: a slow gain, from the voiced parts of the sound before (src/marotte/audio/level.py)
 * --------------------------------------------------------------------------------------------- */

#define QUIETEST (-21.0) /* dB, of voiced speech; no gain between them */
#define LOUDEST_SPEECH (-12.0)
#define HIGHEST 100  /* samples above it, 40 dB over full scale, are no sound */
#define GATE (-72.0) /* no speech is quieter */
#define SNR 10.0     /* of speech, at least, above the noise */
#define NOISE_START (-90.0)
#define STEP_SECONDS 0.005

static double decibels(double power) {
    return 10 / 2.30258509299404568402 * m_log(power);
}

static double limited(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static void reset_level(follower *l) {
    const int off = l->off;
    memset(l, 0, sizeof *l);
    l->off = off;
    l->noise = l->loudness = NOISE_START;
}

static float likeness(const marotte_voice *v, const float *x, int lag) {
    return v->run->dot(x, x + lag, LEVEL_WINDOW) * v->student->unbiased[lag];
}

/* Return whether the last 40 ms are like themselves one period of a voice later: whether their
 * autocorrelation, corrected for the window's own, has a peak above 0.5. */
static int is_voiced(const marotte_voice *v) {
    const float *recent = v->level.recent;
    float *x = v->work, a, b, c, half;
    double mean = 0;
    int i;
    for (i = 0; i < LEVEL_WINDOW; i++) mean += recent[i];
    mean /= LEVEL_WINDOW;
    for (i = 0; i < LEVEL_WINDOW; i++) x[i] = (float)((recent[i] - mean) * v->student->hann[i]);
    memset(x + LEVEL_WINDOW, 0, (LAST_LAG + 1) * sizeof *x);
    half = likeness(v, x, 0) / 2;
    a = likeness(v, x, FIRST_LAG);
    b = likeness(v, x, FIRST_LAG + 1);
    for (i = FIRST_LAG + 2; i <= LAST_LAG; i++, a = b, b = c) {
        c = likeness(v, x, i);
        if (b > a && b >= c && b > half) return 1;
    }
    return 0;
}

/* Add a bin to the level of speech, if it is voiced. */
static void listen(marotte_voice *v, double now) {
    follower *l = &v->level;
    const int is_loud = now > (l->noise + SNR > GATE ? l->noise + SNR : GATE);
    l->n_in_row = is_loud && is_voiced(v) ? l->n_in_row + 1 : 0;
    /* One voiced bin alone is noise. The weak ends of voiced sounds don't count. */
    if (l->n_in_row < 2 || (l->voiced > 0.3 && now < l->speech - 10)) return;
    l->voiced += LEVEL_STEPS * STEP_SECONDS;
    l->speech += LEVEL_STEPS * STEP_SECONDS / (l->voiced < 4 ? l->voiced : 4) * (now - l->speech);
}

/* Take in the whole step: find the gain after it. */
static void measure(marotte_voice *v) {
    follower *l = &v->level;
    float *half_rate = l->recent + LEVEL_BIN + l->n_steps * LEVEL_STEP / 2;
    double mean, power, even = 0, odd = 0, now, rise, gain;
    int i;
    for (i = 0; i < LEVEL_STEP; i += 2) {
        even += l->step[i];
        odd += l->step[i + 1];
        half_rate[i / 2] = (l->step[i] + l->step[i + 1]) / 2;
    }
    mean = (even + odd) / LEVEL_STEP;
    for (even = odd = 0, i = 0; i < LEVEL_STEP; i += 2) {
        even += (l->step[i] - mean) * (l->step[i] - mean);
        odd += (l->step[i + 1] - mean) * (l->step[i + 1] - mean);
    }
    power = (even + odd) / LEVEL_STEP + 1e-12;
    now = decibels(power);
    rise = (l->n_in_row > 0 ? 4 : 20) * STEP_SECONDS;
    l->noise = now < l->noise + rise ? now : l->noise + rise;
    if (l->noise < NOISE_START) l->noise = NOISE_START;
    l->loudness -= 80 * STEP_SECONDS;
    if (now > l->loudness) l->loudness = now;
    l->powers += power;
    if (++l->n_steps == LEVEL_STEPS) {
        listen(v, decibels(l->powers / LEVEL_STEPS));
        l->powers = 0;
        l->n_steps = 0;
        memmove(l->recent, l->recent + LEVEL_BIN, LEVEL_BIN * sizeof(float));
    }
    gain = l->voiced > 0 ? limited(l->speech, QUIETEST, LOUDEST_SPEECH) - l->speech : 0;
    if (gain > 0) gain *= limited((l->loudness - l->noise - 3) / 9, 0, 1); /* none in pauses */
    l->heard += STEP_SECONDS;
    l->offset += STEP_SECONDS / (l->heard < 1 ? l->heard : 1) * (mean - l->offset);
    l->gain[0] = l->gain[1];
    l->gain[1] = gain == 0 ? 0 : (float)m_exp(gain * (2.30258509299404568402 / 20)) - 1;
    l->offsets[0] = l->offsets[1];
    l->offsets[1] = (float)l->offset;
}

/* Return a sample with the gain. */
static float levelled(marotte_voice *v, float sample) {
    follower *l = &v->level;
    l->step[l->at] = sample < HIGHEST && sample > -HIGHEST ? sample : 0; /* no sound: forgotten at once */
    if (l->gain[0] != 0 || l->gain[1] != 0) {
        const float share = (float)l->at / LEVEL_STEP;
        const float gain = l->gain[0] + share * (l->gain[1] - l->gain[0]);
        sample += gain * (sample - (l->offsets[0] + share * (l->offsets[1] - l->offsets[0])));
    }
    if (++l->at == LEVEL_STEP) {
        l->at = 0;
        measure(v);
    }
    return sample;
}

void marotte_follow_level(marotte_voice *v, int on) {
    v->level.off = !on;
    reset_level(&v->level);
}

/* ------------------------------------------------------------------------------------------------
 * A voice: its memory and its clock
 * --------------------------------------------------------------------------------------------- */

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

typedef struct {
    unsigned char *base;
    size_t used;
} arena;

static void *take(arena *a, size_t n, size_t size) {
    size_t at = a->used;
    a->used += aligned(n * size);
    return a->base ? a->base + at : NULL;
}

/* Lay out a voice's memory; with a NULL base, only count it. */
RARE static size_t lay_out(marotte_voice *v, const marotte_student *s, unsigned char *base) {
    const size_t c = (size_t)s->channels, n = (size_t)s->n_steps, width = (size_t)s->width;
    const size_t widest = TALL * most(blocks_of(s->hidden), blocks_of(s->n_outputs));
    size_t work, narrow, first;
    arena a;
    a.base = base;
    a.used = aligned(sizeof(marotte_voice));
    v->table = (float *)take(&a, (size_t)v->n_phases * (size_t)v->n_taps, 4);
    v->history = (float *)take(&a, 2 * (size_t)v->n_taps, 4);
    v->mirror = (float *)take(&a, 2 * (size_t)v->n_taps, 4);
    v->size_buffer = s->span + 1 + HOP; /* moved once per 10 ms */
    v->buffer = (float *)take(&a, (size_t)v->size_buffer, 4);
    v->earlier = (float *)take(&a, (size_t)s->n_controls, 4);
    v->later = (float *)take(&a, (size_t)s->n_controls, 4);
    v->predictions = (float *)take(&a, (size_t)(s->behind + 1 + s->ahead) * (size_t)s->n_outputs, 4);
    v->rest = (float *)take(&a, (size_t)s->n_outputs, 4);
    v->steps = take(&a, GRIDS * n * c + SPARE, s->bytes ? 2 : 4);
    v->kept = (float *)take(&a, GRIDS * (size_t)s->n_kept * width, 4);
    /* Layer 9's sums of old steps and of new ones; the outputs of later layers take their places. */
    first = most(n * width, widest + SPARE);
    work = first + most(NEW_STEPS * ((n + NEW_STEPS - 1) / NEW_STEPS) * width, most(n * c, widest) + SPARE);
    work = most(work, LEVEL_WINDOW + LAST_LAG + 1);
    narrow = most(n * c, (size_t)s->hidden);
    if (s->frontend == MEL) {
        v->spectra = (float *)take(&a, HALF_GRIDS * KEPT_SPECTRA * BANDS, 4);
        v->half_steps = (float *)take(&a, HALF_GRIDS * KEPT_HALF * c, 4);
        work = most(work, MEL_WORK + (KEPT_SPECTRA + NEW_HALF) * BANDS);
        work = most(work, (KEPT_HALF + NEW_HALF + NEW_STEPS) * c + 2 * SPARE);
        narrow = most(narrow, most((KEPT_SPECTRA + NEW_HALF) * BANDS, (KEPT_HALF + NEW_HALF) * c));
    } else {
        const size_t n_first = (size_t)n_outputs(s->span, WAVEFORM_KERNELS[0], WAVEFORM_STRIDES[0]);
        work = most(work, (n_first + n_first / 2 + 1) * c + 2 * SPARE);
        narrow = most(narrow, most((size_t)s->span, n_first * c));
    }
    v->work = (float *)take(&a, work, 4);
    v->later_work = base ? v->work + first : NULL;
    v->sums = (float *)take(&a, most(MOST_COLUMNS * TALL * blocks_of(s->channels), widest), 4);
    v->narrow = (int16_t *)take(&a, s->bytes ? narrow + SPARE : 0, 2);
    return a.used;
}

RARE size_t marotte_voice_size(const marotte_student *student, int rate) {
    marotte_voice probe;
    if (rate < MAROTTE_LOWEST_RATE || rate > MAROTTE_HIGHEST_RATE) return 0;
    memset(&probe, 0, sizeof probe);
    plan_resampling(&probe, rate);
    return lay_out(&probe, student, NULL);
}

static int64_t moment(int64_t k) { /* of frame k, in samples: round(k * 800 / 3) */
    int64_t sixths = 1600 * k + 3;
    return sixths >= 0 ? sixths / 6 : -((5 - sixths) / 6);
}

static int64_t window_end(const marotte_student *s, int64_t k) {
    return moment(k) - s->past + (s->n_steps - 1) * STEP + s->reach;
}

static void expect(marotte_voice *v, int64_t k) {
    const int64_t frame = k - v->student->ahead, heard = 800 * frame / 3 + 1;
    v->next = k;
    v->due = window_end(v->student, k);
    v->late = frame >= 0 && heard > v->due; /* a frame begins before the sound ends */
    if (v->late) v->due = heard;
}

RARE static void clear_network(marotte_voice *v) {
    const marotte_student *s = v->student;
    const size_t c = (size_t)s->channels;
    memset(v->buffer, 0, 4 * (size_t)v->size_buffer);
    memset(v->steps, 0, GRIDS * (size_t)s->n_steps * c * (s->bytes ? 2 : 4));
    memset(v->kept, 0, GRIDS * (size_t)s->n_kept * (size_t)s->width * 4);
    if (s->frontend == MEL) {
        memset(v->spectra, 0, HALF_GRIDS * KEPT_SPECTRA * BANDS * 4);
        memset(v->half_steps, 0, HALF_GRIDS * KEPT_HALF * c * 4);
    }
    v->n_buffer = s->span + 1;
}

RARE void marotte_reset(marotte_voice *v) {
    const marotte_student *s = v->student;
    int visits;
    clear_network(v);
    memset(v->history, 0, 8 * (size_t)v->n_taps);
    memset(v->mirror, 0, 8 * (size_t)v->n_taps);
    v->at_tap = v->phase = 0;
    v->waiting = v->n_taps / 2 + 1; /* half the filter, and the first sample itself */
    v->n_pushed = 0;
    v->end = 0;
    v->n_total = -1;
    v->n_frames = 0;
    reset_level(&v->level);
    /* Silence stands before the sound: frames before the first fill the rings with its steps. The last
     * of them that hears nothing else is the face at rest. */
    visits = (s->n_steps + NEW_STEPS - 1) / NEW_STEPS + 1 + (s->behind + GRIDS - 1) / GRIDS;
    visits += (int)(window_end(s, 0) > 0 ? window_end(s, 0) : 0) / (NEW_STEPS * STEP) + 1;
    for (expect(v, -GRIDS * visits); v->due <= 0 && v->next < s->ahead; expect(v, v->next + 1)) {
        const int rests = window_end(s, v->next + 1) > 0;
        advance(v, v->next, rests || v->next >= -s->behind);
        if (rests) memcpy(v->rest, prediction(v, v->next), 4 * (size_t)s->n_outputs);
    }
}

/* Write the test signal's samples from `first` on into the buffer; those before 0 are 0. */
RARE static void golden_samples(marotte_voice *v, int first) {
    const marotte_student *s = v->student;
    const double n = s->past + s->future;
    int i;
    for (i = 0; i < s->span; i++) {
        const double t = (double)(first + i) / SAMPLE_RATE;
        const double phase = 2 * PI * (100 * t + 2900.0 / 2 * t * t * SAMPLE_RATE / n);
        const double swell = 0.25 - 0.25 * m_cos(2 * PI * 4 * t);
        v->buffer[i + 1] = first + i < 0 ? 0 : (float)(swell * m_sin(phase));
    }
}

/* Compare the answer to the test signal with the one in the file. */
RARE static int answers(marotte_voice *v) {
    const marotte_student *s = v->student;
    const int n = (s->n_steps - 1) * STEP + s->reach;
    const int last = 2 * ((s->n_steps + NEW_STEPS - 1) / NEW_STEPS + 1); /* visits of a 10 ms grid */
    const float allowed = s->bytes ? 0.05f : 1e-3f;
    int i;
    clear_network(v);
    v->late = 0;
    for (i = 0; i <= last; i++) {
        golden_samples(v, n - s->span - 800 * (last - i));
        advance(v, 3 * i, i == last);
    }
    for (i = 0; i < s->n_outputs; i++) {
        const float difference = prediction(v, 3 * last)[i] - s->golden[i];
        if (!(difference <= allowed && -difference <= allowed)) return 0;
    }
    return 1;
}

RARE int marotte_voice_init(marotte_voice *v, const marotte_student *student, int rate) {
    if (rate < MAROTTE_LOWEST_RATE || rate > MAROTTE_HIGHEST_RATE) return MAROTTE_RATE;
    if (!v || (uintptr_t)v % 8) return MAROTTE_MEMORY;
    memset(v, 0, sizeof *v);
    plan_resampling(v, rate);
    lay_out(v, student, (unsigned char *)v);
    v->student = student;
    v->run = best_kernels();
    fill_table(v);
    if (!answers(v)) return MAROTTE_ANSWER;
    marotte_reset(v);
    return MAROTTE_OK;
}

static int complete(const marotte_voice *v) {
    return v->end == v->due;
}

/* Add a sample at 16 kHz, and compute predictions that no frame waits for. */
static void add_sample(marotte_voice *v, float sample) {
    const marotte_student *s = v->student;
    if (v->n_buffer == v->size_buffer) { /* drop what no frame needs */
        v->n_buffer = s->span + 1;
        memmove(v->buffer, v->buffer + v->size_buffer - v->n_buffer, 4 * (size_t)v->n_buffer);
    }
    v->buffer[v->n_buffer++] = v->level.off ? sample : levelled(v, sample);
    v->end++;
    while (complete(v) && v->next < s->ahead) {
        advance(v, v->next, v->next >= -s->behind);
        expect(v, v->next + 1);
    }
}

/* Move to the next output after one is made. */
static void step_phase(marotte_voice *v) {
    v->phase += v->down;
    v->waiting += v->phase / v->up;
    v->phase %= v->up;
}

/* Make the samples at 16 kHz that need no more input; return whether a frame is complete. */
static int drain(marotte_voice *v) {
    while (!complete(v)) {
        if (v->n_taps == 0 || v->waiting > 0) return 0;
        add_sample(v, resampled(v));
        step_phase(v);
    }
    return 1;
}

static void take_sample(marotte_voice *v, float sample) {
    if (!(sample > -LOUDEST)) sample = sample == sample ? -LOUDEST : 0; /* or not a number */
    if (sample > LOUDEST) sample = LOUDEST;
    if (sample < 1e-20f && sample > -1e-20f) sample = 0; /* the smallest numbers are slow */
    if (v->n_taps == 0) {
        add_sample(v, sample);
        return;
    }
    v->history[v->at_tap] = v->history[v->at_tap + v->n_taps] = sample;
    v->mirror[v->n_taps - 1 - v->at_tap] = v->mirror[2 * v->n_taps - 1 - v->at_tap] = sample;
    v->at_tap = v->at_tap + 1 == v->n_taps ? 0 : v->at_tap + 1;
    v->waiting--;
}

size_t marotte_push(marotte_voice *v, const float *samples, size_t n) {
    size_t taken = 0;
    if (v->n_total >= 0) return 0;
    while (!drain(v) && taken < n) take_sample(v, samples[taken++]);
    v->n_pushed += taken;
    return taken;
}

size_t marotte_push_int16(marotte_voice *v, const int16_t *samples, size_t n) {
    size_t taken;
    for (taken = 0; taken < n; taken++) {
        const float sample = (float)samples[taken] / 32768.0f;
        if (!marotte_push(v, &sample, 1)) break;
    }
    return taken;
}

RARE void marotte_flush(marotte_voice *v) {
    if (v->n_total >= 0) return;
    v->n_samples = (int64_t)((v->n_pushed * SAMPLE_RATE + (uint64_t)v->rate - 1) / (uint64_t)v->rate);
    v->n_total = (v->n_samples * 3 + 799) / 800; /* every k with k / 60 < seconds */
}

/* Return how much of its movement a frame keeps, from 1 down to 0: the last frames of a sound, which
 * need samples after its end, close the mouth. */
static float closing_share(const marotte_voice *v, int64_t frame) {
    int64_t first;
    float left;
    if (v->n_total < 0) return 1;
    first = v->n_total > CLOSING_FRAMES ? v->n_total - CLOSING_FRAMES : 0;
    while (first < v->n_total && window_end(v->student, first + v->student->ahead) <= v->n_samples) first++;
    if (frame < first) return 1;
    left = (float)(v->n_total - 1 - frame) / (float)(v->n_total - first);
    return left * left * (3 - 2 * left);
}

static float clipped(const marotte_student *s, int control, float x) {
    return x < s->low[control] ? s->low[control] : x > s->high[control] ? s->high[control] : x;
}

RARE int marotte_next(marotte_voice *v, float *controls, double *time) {
    const marotte_student *s = v->student;
    int64_t frame;
    float share;
    int i, j;
    if (v->n_total == 0 || (v->n_total > 0 && v->next - s->ahead >= v->n_total)) return 0;
    while (!drain(v)) {
        if (v->n_total < 0) return 0;
        take_sample(v, 0); /* silence follows the sound */
    }
    frame = v->next - s->ahead;
    advance(v, v->next, 1);
    share = closing_share(v, frame);
    memset(controls, 0, 4 * (size_t)s->n_controls);
    for (j = s->behind + s->ahead; j >= 0; j--) {
        const float *from = prediction(v, v->next - j);
        for (i = 0; i < s->n_outputs; i++) controls[s->outputs[i]] += from[i];
    }
    for (i = 0; i < s->n_outputs; i++) {
        const int control = (int)s->outputs[i];
        const float rest = clipped(s, control, v->rest[i]);
        const float mean = clipped(s, control, controls[control] / (float)(s->behind + 1 + s->ahead));
        controls[control] = share < 1 ? rest + share * (mean - rest) : mean;
    }
    if (time) *time = (double)frame / FRAME_RATE;
    expect(v, v->next + 1);
    return 1;
}

RARE int marotte_at(marotte_voice *v, double time, float *controls) {
    const int n = v->student->n_controls;
    const double at = (time < 0 ? 0 : time) * FRAME_RATE;
    double part;
    int i;
    while (v->n_frames < 1 || v->n_frames - 1 < at) {
        float *oldest = v->earlier;
        if (!marotte_next(v, oldest, NULL)) {
            if (v->n_total < 0 || v->n_frames < 1 || v->n_frames <= at) return 0;
            break; /* the last frame stays for its sixtieth of a second */
        }
        v->earlier = v->later;
        v->later = oldest;
        v->n_frames++;
    }
    part = v->n_frames < 2 ? 1 : at - (double)(v->n_frames - 2);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    for (i = 0; i < n; i++)
        controls[i] = part >= 1 ? v->later[i]
                                : v->earlier[i] + (float)part * (v->later[i] - v->earlier[i]);
    return 1;
}

RARE const char *marotte_error(int result) {
    switch (result) {
        case MAROTTE_OK: return "no error";
        case MAROTTE_FOREIGN: return "not a .mrt file: make one with marotte export live -o live.mrt";
        case MAROTTE_VERSION: return "a .mrt file of another version: export the student again";
        case MAROTTE_DAMAGED: return "the .mrt file is damaged: get a whole copy";
        case MAROTTE_MEMORY: return "memory is missing or not aligned: use malloc's";
        case MAROTTE_RATE: return "the sample rate must be 8000 to 768000 Hz";
        case MAROTTE_ANSWER: return "the student's answer to its test sound is wrong on this machine";
        default: return "an unknown result";
    }
}

#else /* MAROTTE_KERNELS */

/* ================================================================================================
 * The second part: sums, compiled once for each set of instructions. V holds LANES floats, I as many
 * 32-bit numbers. A pass of a product computes two vectors of outputs.
 * ============================================================================================= */

#define V JOIN(v, MAROTTE_KERNELS)
#define I JOIN(i, MAROTTE_KERNELS)
#define W JOIN(w, MAROTTE_KERNELS)

#undef LOAD
#undef STORE
#undef SET
#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef MULADD
#undef LEAST
#undef MOST
#undef ILOAD
#undef ISTORE
#undef ISET
#undef IADD
#undef ISUB
#undef BITS
#undef FROM_BITS
#undef EXPONENT
#undef TO_EXPONENT
#undef TO_FLOAT
#undef STORE_16
#undef PAIR
#undef WEIGHTS
#undef DOT
#undef FAR
#undef WHOLE

/* Whether layers of 8-bit weights sum whole numbers. */
#if defined(MAROTTE_PLAIN)
#define WHOLE(bytes) 0
#else
#define WHOLE(bytes) (bytes)
#endif

#if defined(MAROTTE_WIDE) /* AVX2: a block of eight outputs is one vector */
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, a) _mm256_storeu_ps(p, a)
#define SET(x) _mm256_set1_ps(x)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define DIV(a, b) _mm256_div_ps(a, b)
#define MULADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define LEAST(a, b) _mm256_min_ps(a, b)
#define MOST(a, b) _mm256_max_ps(a, b)
#define ILOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define ISTORE(p, a) _mm256_storeu_si256((__m256i *)(void *)(p), a)
#define ISET(x) _mm256_set1_epi32(x)
#define IADD(a, b) _mm256_add_epi32(a, b)
#define ISUB(a, b) _mm256_sub_epi32(a, b)
#define BITS(a) _mm256_castps_si256(a)
#define FROM_BITS(a) _mm256_castsi256_ps(a)
#define EXPONENT(a) _mm256_srai_epi32(a, 23)
#define TO_EXPONENT(a) _mm256_slli_epi32(a, 23)
#define TO_FLOAT(a) _mm256_cvtepi32_ps(a)
#define STORE_16(p, a) FN(store_16)(p, a)
#define PAIR(p) ISET(pair_at(p))
#define WEIGHTS(p, next, a, b)                                                                    \
    a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(p)));                \
    b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)((p) + (next))))
#define DOT(a, w, x) _mm256_add_epi32(a, _mm256_madd_epi16(w, x))
#define FAR(n) (n)
#define LOAD_HALVES(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p)))

static inline void FN(store_16)(int16_t *p, V a) {
    const __m256i whole = _mm256_cvtps_epi32(a);
    _mm_storeu_si128((__m128i *)(void *)p, _mm_packs_epi32(_mm256_castsi256_si128(whole),
                                                           _mm256_extracti128_si256(whole, 1)));
}
#elif defined(MAROTTE_SSE2)
#define LOAD(p) _mm_loadu_ps(p)
#define STORE(p, a) _mm_storeu_ps(p, a)
#define SET(x) _mm_set1_ps(x)
#define ADD(a, b) _mm_add_ps(a, b)
#define SUB(a, b) _mm_sub_ps(a, b)
#define MUL(a, b) _mm_mul_ps(a, b)
#define DIV(a, b) _mm_div_ps(a, b)
#define MULADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define LEAST(a, b) _mm_min_ps(a, b)
#define MOST(a, b) _mm_max_ps(a, b)
#define ILOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define ISTORE(p, a) _mm_storeu_si128((__m128i *)(void *)(p), a)
#define ISET(x) _mm_set1_epi32(x)
#define IADD(a, b) _mm_add_epi32(a, b)
#define ISUB(a, b) _mm_sub_epi32(a, b)
#define BITS(a) _mm_castps_si128(a)
#define FROM_BITS(a) _mm_castsi128_ps(a)
#define EXPONENT(a) _mm_srai_epi32(a, 23)
#define TO_EXPONENT(a) _mm_slli_epi32(a, 23)
#define TO_FLOAT(a) _mm_cvtepi32_ps(a)
#define STORE_16(p, a)                                                                            \
    _mm_storel_epi64((__m128i *)(void *)(p), _mm_packs_epi32(_mm_cvtps_epi32(a), _mm_setzero_si128()))
#define PAIR(p) ISET(pair_at(p))
#define WEIGHTS(p, next, a, b)                                                                    \
    a = ILOAD(p);                                                                                 \
    b = _mm_srai_epi16(_mm_unpackhi_epi8(a, a), 8);                                               \
    a = _mm_srai_epi16(_mm_unpacklo_epi8(a, a), 8)
#define DOT(a, w, x) _mm_add_epi32(a, _mm_madd_epi16(w, x))
#define FAR(n) 4
#elif defined(MAROTTE_SIMD128)
#define LOAD(p) wasm_v128_load(p)
#define STORE(p, a) wasm_v128_store(p, a)
#define SET(x) wasm_f32x4_splat(x)
#define ADD(a, b) wasm_f32x4_add(a, b)
#define SUB(a, b) wasm_f32x4_sub(a, b)
#define MUL(a, b) wasm_f32x4_mul(a, b)
#define DIV(a, b) wasm_f32x4_div(a, b)
#define MULADD(a, b, c) wasm_f32x4_add(wasm_f32x4_mul(a, b), c)
#define LEAST(a, b) wasm_f32x4_pmin(a, b)
#define MOST(a, b) wasm_f32x4_pmax(a, b)
#define ILOAD(p) wasm_v128_load(p)
#define ISTORE(p, a) wasm_v128_store(p, a)
#define ISET(x) wasm_i32x4_splat(x)
#define IADD(a, b) wasm_i32x4_add(a, b)
#define ISUB(a, b) wasm_i32x4_sub(a, b)
#define BITS(a) (a)
#define FROM_BITS(a) (a)
#define EXPONENT(a) wasm_i32x4_shr(a, 23)
#define TO_EXPONENT(a) wasm_i32x4_shl(a, 23)
#define TO_FLOAT(a) wasm_f32x4_convert_i32x4(a)
#define STORE_16(p, a)                                                                            \
    wasm_v128_store64_lane(                                                                       \
        p, wasm_i16x8_narrow_i32x4(wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(a)), ISET(0)), 0)
#define PAIR(p) wasm_v128_load32_splat(p)
#define WEIGHTS(p, next, a, b)                                                                    \
    a = wasm_v128_load(p);                                                                        \
    b = wasm_i16x8_extend_high_i8x16(a);                                                          \
    a = wasm_i16x8_extend_low_i8x16(a)
#define DOT(a, w, x) wasm_i32x4_add(a, wasm_i32x4_dot_i16x8(w, x))
#define FAR(n) 4
#elif defined(MAROTTE_NEON)
#define LOAD(p) vld1q_f32(p)
#define STORE(p, a) vst1q_f32(p, a)
#define SET(x) vdupq_n_f32(x)
#define ADD(a, b) vaddq_f32(a, b)
#define SUB(a, b) vsubq_f32(a, b)
#define MUL(a, b) vmulq_f32(a, b)
#define DIV(a, b) vdivq_f32(a, b)
#define MULADD(a, b, c) vfmaq_f32(c, a, b)
#define LEAST(a, b) vminq_f32(a, b)
#define MOST(a, b) vmaxq_f32(a, b)
#define ILOAD(p) vld1q_s32(p)
#define ISTORE(p, a) vst1q_s32(p, a)
#define ISET(x) vdupq_n_s32(x)
#define IADD(a, b) vaddq_s32(a, b)
#define ISUB(a, b) vsubq_s32(a, b)
#define BITS(a) vreinterpretq_s32_f32(a)
#define FROM_BITS(a) vreinterpretq_f32_s32(a)
#define EXPONENT(a) vshrq_n_s32(a, 23)
#define TO_EXPONENT(a) vshlq_n_s32(a, 23)
#define TO_FLOAT(a) vcvtq_f32_s32(a)
#define STORE_16(p, a) vst1_s16(p, vqmovn_s32(vcvtnq_s32_f32(a)))
#define PAIR(p) vdupq_n_s32(pair_at(p))
#define WEIGHTS(p, next, a, b)                                                                    \
    {                                                                                             \
        const int8x16_t bytes = vld1q_s8(p);                                                      \
        a = vreinterpretq_s32_s16(vmovl_s8(vget_low_s8(bytes)));                                  \
        b = vreinterpretq_s32_s16(vmovl_s8(vget_high_s8(bytes)));                                 \
    }
#define DOT(a, w, x)                                                                              \
    vaddq_s32(a, vpaddq_s32(vmull_s16(vget_low_s16(vreinterpretq_s16_s32(w)),                     \
                                      vget_low_s16(vreinterpretq_s16_s32(x))),                    \
                            vmull_high_s16(vreinterpretq_s16_s32(w), vreinterpretq_s16_s32(x))))
#define FAR(n) 4
#else /* plain C, which compilers may vectorise */
#define LOAD(p) FN(load)(p)
#define STORE(p, a) FN(store)(p, a)
#define SET(x) FN(set)(x)
#define ADD(a, b) FN(add)(a, b)
#define SUB(a, b) FN(sub)(a, b)
#define MUL(a, b) FN(mul)(a, b)
#define DIV(a, b) FN(divided)(a, b)
#define MULADD(a, b, c) FN(add)(FN(mul)(a, b), c)
#define LEAST(a, b) FN(least)(a, b)
#define MOST(a, b) FN(most)(a, b)
#define ILOAD(p) FN(iload)(p)
#define ISTORE(p, a) FN(istore)(p, a)
#define ISET(x) FN(iset)(x)
#define IADD(a, b) FN(iadd)(a, b)
#define ISUB(a, b) FN(isub)(a, b)
#define BITS(a) FN(bits)(a)
#define FROM_BITS(a) FN(from_bits)(a)
#define EXPONENT(a) FN(exponent)(a)
#define TO_EXPONENT(a) FN(to_exponent)(a)
#define TO_FLOAT(a) FN(to_float)(a)
#define STORE_16(p, a) FN(store_16)(p, a)
#define FAR(n) 4
#define LANEWISE(type, name, arguments, expression)                                               \
    static inline type FN(name) arguments {                                                       \
        type r;                                                                                   \
        int i;                                                                                    \
        for (i = 0; i < 4; i++) r.v[i] = expression;                                              \
        return r;                                                                                 \
    }
LANEWISE(V, load, (const float *p), p[i])
LANEWISE(V, set, (float x), x)
LANEWISE(V, add, (V a, V b), a.v[i] + b.v[i])
LANEWISE(V, sub, (V a, V b), a.v[i] - b.v[i])
LANEWISE(V, mul, (V a, V b), a.v[i] * b.v[i])
LANEWISE(V, divided, (V a, V b), a.v[i] / b.v[i])
LANEWISE(V, least, (V a, V b), a.v[i] < b.v[i] ? a.v[i] : b.v[i])
LANEWISE(V, most, (V a, V b), a.v[i] > b.v[i] ? a.v[i] : b.v[i])
LANEWISE(I, iload, (const int32_t *p), p[i])
LANEWISE(I, iset, (int32_t x), x)
LANEWISE(I, iadd, (I a, I b), (int32_t)((uint32_t)a.v[i] + (uint32_t)b.v[i]))
LANEWISE(I, isub, (I a, I b), (int32_t)((uint32_t)a.v[i] - (uint32_t)b.v[i]))
LANEWISE(I, exponent, (I a), a.v[i] < 0 ? ~(~a.v[i] >> 23) : a.v[i] >> 23)
LANEWISE(I, to_exponent, (I a), (int32_t)((uint32_t)a.v[i] << 23))
LANEWISE(V, to_float, (I a), (float)a.v[i])
static inline void FN(store)(float *p, V a) {
    memcpy(p, a.v, sizeof a.v);
}
static inline void FN(istore)(int32_t *p, I a) {
    memcpy(p, a.v, sizeof a.v);
}
static inline I FN(bits)(V a) {
    I r;
    memcpy(r.v, a.v, sizeof r.v);
    return r;
}
static inline V FN(from_bits)(I a) {
    V r;
    memcpy(r.v, a.v, sizeof r.v);
    return r;
}
static inline void FN(store_16)(int16_t *p, V a) {
    int i;
    for (i = 0; i < 4; i++) p[i] = rounded(a.v[i], 32767);
}
#endif

#ifndef MAROTTE_SHARED
#define MAROTTE_SHARED
/* Two neighbouring 16-bit numbers, as one of 32. */
static inline int32_t pair_at(const int16_t *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return pair;
}

#define EACH_1(M) M(0)
#define EACH_2(M) M(0) M(1)
#define EACH_5(M) M(0) M(1) M(2) M(3) M(4)
#define EACH_6(M) M(0) M(1) M(2) M(3) M(4) M(5)

#define BEGIN_FLOAT(i)                                                                            \
    const float *x##i = (const float *)x[i];                                                                \
    V a##i = LOAD(y[i] + at), b##i = LOAD(y[i] + at + LANES);
#define STEP_FLOAT(i)                                                                             \
    v = SET(x##i[j]);                                                                             \
    a##i = MULADD(v, w0, a##i);                                                                   \
    b##i = MULADD(v, w1, b##i);
#define END_FLOAT(i)                                                                              \
    STORE(y[i] + at, a##i);                                                                       \
    STORE(y[i] + at + LANES, b##i);
#define BEGIN_FLOAT_LAST(i)                                                                       \
    const float *x##i = (const float *)x[i];                                                                \
    V a##i = LOAD(y[i] + at);
#define STEP_FLOAT_LAST(i) a##i = MULADD(SET(x##i[j]), w0, a##i);
#define END_FLOAT_LAST(i) STORE(y[i] + at, a##i);

#define BEGIN_BYTES(i)                                                                            \
    const int16_t *x##i = (const int16_t *)x[i];                                                                \
    I a##i = ILOAD((int32_t *)(void *)(y[i] + at)), b##i = ILOAD((int32_t *)(void *)(y[i] + at + LANES));
#define STEP_BYTES(i)                                                                             \
    v = PAIR(x##i + j);                                                                           \
    a##i = DOT(a##i, w0, v);                                                                      \
    b##i = DOT(b##i, w1, v);
#define END_BYTES(i)                                                                              \
    ISTORE((int32_t *)(void *)(y[i] + at), a##i);                                                                      \
    ISTORE((int32_t *)(void *)(y[i] + at + LANES), b##i);
#define BEGIN_BYTES_LAST(i)                                                                       \
    const int16_t *x##i = (const int16_t *)x[i];                                                                \
    I a##i = ILOAD((int32_t *)(void *)(y[i] + at));
#define STEP_BYTES_LAST(i) a##i = DOT(a##i, w0, PAIR(x##i + j));
#define END_BYTES_LAST(i) ISTORE((int32_t *)(void *)(y[i] + at), a##i);

/* y[i][at ..] += weights x[i], for n columns at once, so that a weight is loaded once for them. */
#define PRODUCT_FLOAT(name, type, WEIGHT, n)                                                      \
    static void FN(name##_##n)(float *const *y, int at, const void *const *x, const type *w,      \
                               int n_in) {                                               \
        const int far = FAR(n_in * TALL);                                                         \
        int j;                                                                                    \
        EACH_##n(BEGIN_FLOAT) for (j = 0; j < n_in; j++, w += TALL) {                             \
            const V w0 = WEIGHT(w), w1 = WEIGHT(w + far);                                         \
            V v;                                                                                  \
            EACH_##n(STEP_FLOAT)                                                                  \
        }                                                                                         \
        EACH_##n(END_FLOAT)                                                                       \
    }
#define PRODUCT_FLOAT_LAST(name, type, WEIGHT, n)                                                 \
    static void FN(name##_last_##n)(float *const *y, int at, const void *const *x, const type *w, \
                                    int n_in) {                                          \
        int j;                                                                                    \
        EACH_##n(BEGIN_FLOAT_LAST) for (j = 0; j < n_in; j++, w += TALL) {                        \
            const V w0 = WEIGHT(w);                                                               \
            EACH_##n(STEP_FLOAT_LAST)                                                             \
        }                                                                                         \
        EACH_##n(END_FLOAT_LAST)                                                                  \
    }
#define PRODUCT_BYTES(n)                                                                          \
    static void FN(bytes_##n)(float *const *y, int at, const void *const *x,                 \
                              const signed char *w, int n_in) {                          \
        const int far = FAR((n_in + n_in % 2) * TALL);                                            \
        int j;                                                                                    \
        EACH_##n(BEGIN_BYTES) for (j = 0; j < n_in; j += 2, w += 2 * TALL) {                      \
            W w0, w1;                                                                             \
            I v;                                                                                  \
            WEIGHTS(w, far, w0, w1);                                                              \
            EACH_##n(STEP_BYTES)                                                                  \
        }                                                                                         \
        (void)far;                                                                                \
        EACH_##n(END_BYTES)                                                                       \
    }
#define PRODUCT_BYTES_LAST(n)                                                                     \
    static void FN(bytes_last_##n)(float *const *y, int at, const void *const *x,            \
                                   const signed char *w, int n_in) {                     \
        int j;                                                                                    \
        EACH_##n(BEGIN_BYTES_LAST) for (j = 0; j < n_in; j += 2, w += 2 * TALL) {                 \
            W w0, w1;                                                                             \
            WEIGHTS(w, 0, w0, w1);                                                                \
            (void)w1;                                                                             \
            EACH_##n(STEP_BYTES_LAST)                                                             \
        }                                                                                         \
        EACH_##n(END_BYTES_LAST)                                                                  \
    }

/* Choose a product for the next columns: six or five, two, or one. A last block alone is rare. */
#define COLUMNS_LAST(name)                                                                        \
    if (n - i >= 5)                                                                               \
        FN(name##_5)(y + i, at, x + i, weights, n_in), i += 5;                               \
    else                                                                                          \
        FN(name##_1)(y + i, at, x + i, weights, n_in), i++;
#define COLUMNS(name)                                                                             \
    if (n - i == 6 || n - i > 10)                                                                 \
        FN(name##_6)(y + i, at, x + i, weights, n_in), i += 6;                               \
    else if (n - i >= 5)                                                                          \
        FN(name##_5)(y + i, at, x + i, weights, n_in), i += 5;                               \
    else if (n - i >= 2)                                                                          \
        FN(name##_2)(y + i, at, x + i, weights, n_in), i += 2;                               \
    else                                                                                          \
        FN(name##_1)(y + i, at, x + i, weights, n_in), i++;
#endif

PRODUCT_FLOAT(floats, float, LOAD, 1)
PRODUCT_FLOAT(floats, float, LOAD, 2)
PRODUCT_FLOAT(floats, float, LOAD, 5)
PRODUCT_FLOAT(floats, float, LOAD, 6)
#if !defined(MAROTTE_PLAIN)
PRODUCT_BYTES(1)
PRODUCT_BYTES(2)
PRODUCT_BYTES(5)
PRODUCT_BYTES(6)
#endif
#if defined(MAROTTE_WIDE)
PRODUCT_FLOAT(halves, uint16_t, LOAD_HALVES, 1)
PRODUCT_FLOAT(halves, uint16_t, LOAD_HALVES, 2)
PRODUCT_FLOAT(halves, uint16_t, LOAD_HALVES, 5)
PRODUCT_FLOAT(halves, uint16_t, LOAD_HALVES, 6)
PRODUCT_FLOAT_LAST(floats, float, LOAD, 1)
PRODUCT_FLOAT_LAST(floats, float, LOAD, 5)
PRODUCT_FLOAT_LAST(halves, uint16_t, LOAD_HALVES, 1)
PRODUCT_FLOAT_LAST(halves, uint16_t, LOAD_HALVES, 5)
PRODUCT_BYTES_LAST(1)
PRODUCT_BYTES_LAST(5)
#define BLOCK(name)                                                                               \
    if (block + 1 == blocks) {                                                                    \
        for (i = 0; i < n;) {                                                                     \
            COLUMNS_LAST(name##_last)                                                             \
        }                                                                                         \
    } else {                                                                                      \
        for (i = 0; i < n;) {                                                                     \
            COLUMNS(name)                                                                         \
        }                                                                                         \
    }
#else
#define BLOCK(name)                                                                               \
    for (i = 0; i < n;) {                                                                         \
        COLUMNS(name)                                                                             \
    }
#endif

#if defined(MAROTTE_PLAIN)
/* Without instructions for 8 and 16 bits, floats are faster: a few weights and inputs are widened at a
 * time. */
#define WIDENED 64
static void FN(products)(int kind, float *const *y, const void *const *x, const void *w, int n_in,
                         int blocks, int n);
static void FN(widened_products)(float *const *y, const void *const *x, const signed char *w, int n_in,
                                 int blocks, int n) {
    float weights[WIDENED * TALL], inputs[MOST_COLUMNS * WIDENED], *to[MOST_COLUMNS];
    const void *in[MOST_COLUMNS];
    int first, block, i, j;
    for (first = 0; first < n_in; first += WIDENED) {
        const int count = n_in - first < WIDENED ? n_in - first : WIDENED;
        for (i = 0; i < n; i++) {
            in[i] = inputs + i * WIDENED;
            for (j = 0; j < count; j++)
                inputs[i * WIDENED + j] = (float)((const int16_t *)x[i])[first + j];
        }
        for (block = 0; block < blocks; block++) {
            const signed char *from = w + (block * (n_in + n_in % 2) + first) * TALL;
            for (j = 0; j < count; j += 2, from += 2 * TALL)
                for (i = 0; i < TALL; i++) {
                    weights[j * TALL + i] = from[2 * i];
                    weights[(j + 1) * TALL + i] = from[2 * i + 1];
                }
            for (i = 0; i < n; i++) to[i] = y[i] + block * TALL;
            FN(products)(FLOATS, to, in, weights, count, 1, n);
        }
    }
}
#endif

/* Add the products of n columns x with all blocks of a layer's weights: floats, or bytes with 16 bits. */
static void FN(products)(int kind, float *const *y, const void *const *x, const void *w, int n_in,
                         int blocks, int n) {
    int block, i;
#if defined(MAROTTE_PLAIN)
    if (kind == BYTES) {
        FN(widened_products)(y, x, (const signed char *)w, n_in, blocks, n);
        return;
    }
#endif
    for (block = 0; block < blocks; block += 2 * LANES / TALL) {
        const int at = block * TALL;
        if (kind == FLOATS) {
            const float *weights = (const float *)w + (size_t)at * (size_t)n_in;
            BLOCK(floats)
#if defined(MAROTTE_WIDE)
        } else if (kind == HALVES) {
            const uint16_t *weights = (const uint16_t *)w + (size_t)at * (size_t)n_in;
            BLOCK(halves)
#endif
#if !defined(MAROTTE_PLAIN)
        } else {
            const signed char *weights = (const signed char *)w + (size_t)at * (size_t)(n_in + n_in % 2);
            BLOCK(bytes)
#endif
        }
    }
}
#undef BLOCK

static float FN(dot)(const float *a, const float *b, int n) { /* n is a multiple of 8 */
    float sums[LANES], sum = 0;
    V even = SET(0), odd = SET(0);
    int i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        even = MULADD(LOAD(a + i), LOAD(b + i), even);
        odd = MULADD(LOAD(a + i + LANES), LOAD(b + i + LANES), odd);
    }
    if (i < n) even = MULADD(LOAD(a + i), LOAD(b + i), even);
    STORE(sums, ADD(even, odd));
    for (i = 0; i < LANES; i++) sum += sums[i];
    return sum;
}

/* x (1 + erf(x / sqrt 2)) / 2, with a rational function for erf: 1e-7 at most from the true one. */
static inline V FN(gelu)(V x) {
    const V u = MOST(SET(-4), LEAST(SET(4), MUL(x, SET(0.70710678118f)))), z = MUL(u, u);
    V p = SET(-2.72614225801306e-10f), q = SET(-1.45660718464996e-05f);
    p = MULADD(p, z, SET(2.77068142495902e-08f));
    p = MULADD(p, z, SET(-2.10102402082508e-06f));
    p = MULADD(p, z, SET(-5.69250639462346e-05f));
    p = MULADD(p, z, SET(-7.34990630326855e-04f));
    p = MULADD(p, z, SET(-2.95459980854025e-03f));
    p = MULADD(p, z, SET(-1.60960333262415e-02f));
    q = MULADD(q, z, SET(-2.13374055278905e-04f));
    q = MULADD(q, z, SET(-1.68282697438203e-03f));
    q = MULADD(q, z, SET(-7.37332916720468e-03f));
    q = MULADD(q, z, SET(-1.42647390514189e-02f));
    return MUL(MUL(x, SET(0.5f)), ADD(SET(1), DIV(MUL(u, p), q)));
}

/* The natural logarithm of normal positive numbers: Cephes' polynomial about 1. */
static inline V FN(log)(V x) {
    const I above = ISUB(BITS(x), ISET(0x3f3504f3)); /* relative to sqrt(1/2) */
    const V e = TO_FLOAT(EXPONENT(above));
    const V f = SUB(FROM_BITS(ISUB(BITS(x), TO_EXPONENT(EXPONENT(above)))), SET(1)), z = MUL(f, f);
    V p = SET(7.0376836292e-2f);
    p = MULADD(p, f, SET(-1.1514610310e-1f));
    p = MULADD(p, f, SET(1.1676998740e-1f));
    p = MULADD(p, f, SET(-1.2420140846e-1f));
    p = MULADD(p, f, SET(1.4249322787e-1f));
    p = MULADD(p, f, SET(-1.6668057665e-1f));
    p = MULADD(p, f, SET(2.0000714765e-1f));
    p = MULADD(p, f, SET(-2.4999993993e-1f));
    p = MULADD(p, f, SET(3.3333331174e-1f));
    p = MULADD(MUL(f, z), p, MUL(e, SET(-2.12194440e-4f)));
    return MULADD(e, SET(0.693359375f), ADD(f, MULADD(z, SET(-0.5f), p)));
}

/* Apply gelu to n numbers, a multiple of 4, in place. */
static void FN(gelus)(float *x, int n) {
    int i;
    for (i = 0; i + LANES <= n; i += LANES) STORE(x + i, FN(gelu)(LOAD(x + i)));
    if (i < n) {
        float rest[LANES] = {0};
        memcpy(rest, x + i, (size_t)(n - i) * sizeof(float));
        FN(gelus)(rest, LANES);
        memcpy(x + i, rest, (size_t)(n - i) * sizeof(float));
    }
}

/* Write n floats as 16-bit numbers; return the value of 1. */
static float FN(narrowed)(int16_t *to, const float *x, int n, int largest) {
    float tops[LANES], top = 1e-20f, rest;
    V most = SET(0), scale;
    int i, j;
    for (i = 0; i + LANES <= n; i += LANES) {
        const V a = LOAD(x + i);
        most = MOST(most, MOST(a, SUB(SET(0), a)));
    }
    STORE(tops, most);
    for (j = 0; j < LANES; j++) top = tops[j] > top ? tops[j] : top;
    for (j = i; j < n; j++) {
        rest = x[j] < 0 ? -x[j] : x[j];
        top = rest > top ? rest : top;
    }
    scale = SET((float)largest / top);
    for (i = 0; i + LANES <= n; i += LANES) STORE_16(to + i, MUL(LOAD(x + i), scale));
    for (; i < n; i++) to[i] = rounded(x[i] * ((float)largest / top), 32767);
    return top / (float)largest;
}

/* y[column, n_out] = the layer's outputs for inputs at x, x + stride, ...; y may be written up to 7
 * floats past its end, and must not overlap x. */
static void FN(outputs)(marotte_voice *v, const layer *l, const float *x, int n, int stride, float *y,
                        int gelu) {
    const int bytes = v->student->bytes, width = l->blocks * TALL;
    float *sums[MOST_COLUMNS], scale = 0;
    const void *in[MOST_COLUMNS];
    int first, i, j;
    if (bytes) scale = FN(narrowed)(v->narrow, x, (n - 1) * stride + l->n_in, l->largest);
    for (first = 0; first < n; first += MOST_COLUMNS) {
        const int columns = n - first < MOST_COLUMNS ? n - first : MOST_COLUMNS;
        for (i = 0; i < columns; i++) {
            sums[i] = v->sums + i * width;
            in[i] = bytes ? (const void *)(v->narrow + (first + i) * stride)
                          : (const void *)(x + (first + i) * stride);
        }
        memset(v->sums, 0, (size_t)(columns * width) * sizeof(float));
        FN(products)(l->kind, sums, in, l->w, l->n_in, l->blocks, columns);
        for (i = 0; i < columns; i++, y += l->n_out) {
            for (j = 0; j < l->n_out; j += LANES) {
                const V bias = LOAD(l->bias + j);
                const V sum = WHOLE(bytes) ? TO_FLOAT(ILOAD((int32_t *)(void *)(sums[i] + j)))
                                           : LOAD(sums[i] + j);
                STORE(y + j, bytes ? MULADD(sum, MUL(LOAD(l->scale + j), SET(scale)), bias)
                                   : ADD(sum, bias));
            }
            if (gelu) FN(gelus)(y, l->n_out);
        }
    }
}

static float FN(sum)(const float *x, int n) {
    float sums[LANES], sum = 0;
    V all = SET(0);
    int i = 0, j;
    for (; i + LANES <= n; i += LANES) all = ADD(all, LOAD(x + i));
    STORE(sums, all);
    for (j = 0; j < LANES; j++) sum += sums[j];
    for (; i < n; i++) sum += x[i];
    return sum;
}

/* Normalise columns [n, channels] by their own mean and variance, in place. */
static void FN(normalise)(const norm *by, float *x, int n, int channels) {
    for (; n > 0; n--, x += channels) {
        const float mean = FN(sum)(x, channels) / (float)channels;
        float squares[LANES], variance = 0, factor;
        V all = SET(0);
        int i = 0, j;
        for (; i + LANES <= channels; i += LANES) {
            const V a = SUB(LOAD(x + i), SET(mean));
            STORE(x + i, a);
            all = MULADD(a, a, all);
        }
        STORE(squares, all);
        for (j = 0; j < LANES; j++) variance += squares[j];
        for (; i < channels; i++) {
            x[i] -= mean;
            variance += x[i] * x[i];
        }
        factor = (float)m_rsqrt((double)(variance / (float)channels + NORM_FLOOR));
        for (i = 0; i + LANES <= channels; i += LANES)
            STORE(x + i, MULADD(MUL(LOAD(x + i), SET(factor)), LOAD(by->gain + i), LOAD(by->bias + i)));
        for (; i < channels; i++) x[i] = x[i] * factor * by->gain[i] + by->bias[i];
    }
}

/* --- Front end mel: spectra of five frames at once, one per lane --- */

#define AT(p, i) ((p) + (i) * LANES)

/* A pass of the Fourier transform for each radix: Stockham's order, so that no bits are reversed. An
 * element is a vector of real parts and one of imaginary parts. */
static inline void FN(turned)(float *y, V re, V im, const float *turn) {
    const V c = SET(turn[0]), s = SET(turn[1]);
    STORE(y, SUB(MUL(re, c), MUL(im, s)));
    STORE(y + LANES, MULADD(re, s, MUL(im, c)));
}

static void FN(radix_4)(const float *x, float *y, int n, int s, const float *turns) {
    const int m = n / 4, unit = 2 * 2 * (HOP / n);
    int p, q;
    for (p = 0; p < m; p++) {
        const float *t1 = turns + p * unit, *t2 = turns + 2 * p * unit, *t3 = turns + 3 * p * unit;
        for (q = 0; q < s; q++) {
            const float *a = AT(x, 2 * (q + s * p)), *b = AT(a, 2 * s * m), *c = AT(b, 2 * s * m),
                        *d = AT(c, 2 * s * m);
            float *to = AT(y, 2 * (q + 4 * s * p));
            const V ac = ADD(LOAD(a), LOAD(c)), aci = ADD(LOAD(a + LANES), LOAD(c + LANES));
            const V a_c = SUB(LOAD(a), LOAD(c)), a_ci = SUB(LOAD(a + LANES), LOAD(c + LANES));
            const V bd = ADD(LOAD(b), LOAD(d)), bdi = ADD(LOAD(b + LANES), LOAD(d + LANES));
            const V b_d = SUB(LOAD(b), LOAD(d)), b_di = SUB(LOAD(b + LANES), LOAD(d + LANES));
            STORE(to, ADD(ac, bd));
            STORE(to + LANES, ADD(aci, bdi));
            FN(turned)(AT(to, 2 * s), ADD(a_c, b_di), SUB(a_ci, b_d), t1);
            FN(turned)(AT(to, 4 * s), SUB(ac, bd), SUB(aci, bdi), t2);
            FN(turned)(AT(to, 6 * s), SUB(a_c, b_di), ADD(a_ci, b_d), t3);
        }
    }
}

static void FN(radix_5)(const float *x, float *y, int n, const float *turns) { /* the first: s is 1 */
    const int m = n / 5, unit = 2 * 2 * (HOP / n);
    const V c1 = SET(0.30901699437f), c2 = SET(-0.80901699437f);
    const V s1 = SET(0.95105651630f), s2 = SET(0.58778525229f);
    int p;
    for (p = 0; p < m; p++) {
        const float *a = AT(x, 2 * p), *b = AT(a, 2 * m), *c = AT(b, 2 * m), *d = AT(c, 2 * m),
                    *e = AT(d, 2 * m), *turn = turns + p * unit;
        float *to = AT(y, 10 * p);
        const V re = LOAD(a), im = LOAD(a + LANES);
        const V be = ADD(LOAD(b), LOAD(e)), bei = ADD(LOAD(b + LANES), LOAD(e + LANES));
        const V cd = ADD(LOAD(c), LOAD(d)), cdi = ADD(LOAD(c + LANES), LOAD(d + LANES));
        const V b_e = SUB(LOAD(b), LOAD(e)), b_ei = SUB(LOAD(b + LANES), LOAD(e + LANES));
        const V c_d = SUB(LOAD(c), LOAD(d)), c_di = SUB(LOAD(c + LANES), LOAD(d + LANES));
        const V r1 = MULADD(c2, cd, MULADD(c1, be, re)), r1i = MULADD(c2, cdi, MULADD(c1, bei, im));
        const V r2 = MULADD(c1, cd, MULADD(c2, be, re)), r2i = MULADD(c1, cdi, MULADD(c2, bei, im));
        const V i1 = MULADD(s2, c_d, MUL(s1, b_e)), i1i = MULADD(s2, c_di, MUL(s1, b_ei));
        const V i2 = SUB(MUL(s2, b_e), MUL(s1, c_d)), i2i = SUB(MUL(s2, b_ei), MUL(s1, c_di));
        STORE(to, ADD(re, ADD(be, cd)));
        STORE(to + LANES, ADD(im, ADD(bei, cdi)));
        FN(turned)(AT(to, 2), ADD(r1, i1i), SUB(r1i, i1), turn);
        FN(turned)(AT(to, 4), ADD(r2, i2i), SUB(r2i, i2), turn + p * unit);
        FN(turned)(AT(to, 6), SUB(r2, i2i), ADD(r2i, i2), turn + 2 * p * unit);
        FN(turned)(AT(to, 8), SUB(r1, i1i), ADD(r1i, i1), turn + 3 * p * unit);
    }
}

static void FN(radix_2)(const float *x, float *y, int s) { /* the last: no factors are left */
    int q;
    for (q = 0; q < 2 * s; q++) {
        const V a = LOAD(AT(x, q)), b = LOAD(AT(x, q + 2 * s));
        STORE(AT(y, q), ADD(a, b));
        STORE(AT(y, q + 2 * s), SUB(a, b));
    }
}

/* The power of bins 0 .. 159 of a real signal whose even and odd samples are z's two parts. */
static void FN(powers)(const float *z, float *power, const float *turns) {
    int k;
    for (k = 0; k <= HOP / 2; k++) {
        const float *a = AT(z, 2 * k), *b = AT(z, 2 * ((HOP - k) % HOP));
        const V half = SET(0.5f), c = SET(turns[2 * k]), s = SET(turns[2 * k + 1]);
        const V even = MUL(half, ADD(LOAD(a), LOAD(b)));
        const V eveni = MUL(half, SUB(LOAD(a + LANES), LOAD(b + LANES)));
        const V odd = MUL(half, ADD(LOAD(a + LANES), LOAD(b + LANES)));
        const V oddi = MUL(half, SUB(LOAD(b), LOAD(a)));
        const V re = SUB(MUL(odd, c), MUL(oddi, s)), im = MULADD(odd, s, MUL(oddi, c));
        const V low = ADD(even, re), lowi = ADD(eveni, im), high = SUB(even, re);
        const V highi = SUB(eveni, im);
        if (k > 0) STORE(AT(power, HOP - k), MULADD(high, high, MUL(highi, highi)));
        STORE(AT(power, k), MULADD(low, low, MUL(lowi, lowi)));
    }
}

/* Write the log-mel [5, bands] of the frames that begin at x, x + 160, ... */
static void FN(log_mel)(const marotte_student *s, const float *x, float *to, float *work) {
    /* Eight transforms at once need `hops` only before they begin; of twice four, the second needs it. */
    float *hops = work, *other = LANES == 8 ? work : work + 8 * (HOP + 1), *z = other + 2 * HOP * LANES;
    float *levels = z;
    int first, i, j, band;
    for (j = 0; j < 8; j++)
        for (i = 0; i < HOP; i++) hops[8 * i + j] = j <= NEW_HALF ? x[HOP * j + i] : 0;
    for (first = 0; first < NEW_HALF; first += LANES) {
        const int n = NEW_HALF - first < LANES ? NEW_HALF - first : LANES;
        const float *w = s->band_w;
        for (i = 0; i < HOP; i++) { /* the second half of a frame is the first of the next one */
            STORE(AT(z, i), MUL(LOAD(hops + 8 * i + first), SET(s->window[i])));
            STORE(AT(z, HOP + i), MUL(LOAD(hops + 8 * i + first + 1), SET(s->window[HOP - 1 - i])));
        }
        FN(radix_5)(z, other, HOP, s->turns);
        FN(radix_4)(other, z, HOP / 5, 5, s->turns);
        FN(radix_4)(z, other, HOP / 20, 20, s->turns);
        FN(radix_2)(other, z, 80);
        FN(powers)(z, other, s->turns);
        for (band = 0; band < BANDS; band++) {
            const float *power = AT(other, s->band_first[band]);
            V sum = SET(0);
            for (i = 0; i < (int)s->band_n[band]; i++)
                sum = MULADD(LOAD(AT(power, i)), SET(*w++), sum);
            sum = FN(log)(ADD(sum, SET(LOG_FLOOR)));
            STORE(AT(levels, band), MULADD(sum, SET(0.2f), SET(1)));
        }
        for (j = 0; j < n; j++)
            for (band = 0; band < BANDS; band++) to[(first + j) * BANDS + band] = levels[band * LANES + j];
    }
}

/* --- Layer 9 --- */

/* to = a + b; the sums of 8-bit students are whole numbers. */
static void FN(added)(int bytes, float *to, const float *a, const float *b, int n) {
    int i;
    (void)bytes;
    if (WHOLE(bytes))
        for (i = 0; i < n; i += LANES)
            ISTORE((int32_t *)(void *)(to + i), IADD(ILOAD((const int32_t *)(const void *)(a + i)),
                                                     ILOAD((const int32_t *)(const void *)(b + i))));
    else
        for (i = 0; i < n; i += LANES) STORE(to + i, ADD(LOAD(a + i), LOAD(b + i)));
}

/* Write steps + gelu(layer 9) as [n_steps, channels]. */
static void FN(context)(const marotte_student *s, const void *ring, float *sums, float *to) {
    const int c = s->channels, group = c / GROUPS, tall = s->width / GROUPS;
    int t, g, i;
    for (t = 0; t < s->n_steps; t++, sums += s->width, to += c) {
        for (i = 0; i < s->width; i += LANES) {
            const V bias = LOAD(s->taps.bias + i);
            const V sum = WHOLE(s->bytes) ? TO_FLOAT(ILOAD((int32_t *)(void *)(sums + i)))
                                          : LOAD(sums + i);
            STORE(sums + i,
                  s->bytes ? MULADD(sum, MUL(LOAD(s->taps.scale + i), SET(s->step_scale)), bias)
                           : ADD(sum, bias));
        }
        FN(gelus)(sums, s->width);
        for (g = 0; g < GROUPS; g++)
            for (i = 0; i < group; i++) {
                const int at = t * c + g * group + i;
                const float step = s->bytes ? (float)((const int16_t *)ring)[at] * s->step_scale
                                            : ((const float *)ring)[at];
                to[g * group + i] = step + sums[g * tall + i];
            }
    }
}

#undef AT
#undef V
#undef I
#undef W

#endif
