/* Marotte: a voice in, the curves of a face out, 60 times per second.
 *
 * Add marotte.h and marotte.c to a program. They need a C99 compiler and nothing else: no library, no
 * allocation, no file, no thread, no clock. A student file comes from `marotte export live -o live.mrt`
 * (weights of 8 bits with --int8; as C source to compile in with --c-array).
 *
 *     #include "marotte.h"
 *     #include <stdlib.h>
 *
 *     // Once: the file's bytes, which must stay in memory, aligned to 4 bytes (malloc aligns them).
 *     marotte_student *student = malloc(marotte_student_size(file, size));
 *     int result = marotte_student_init(student, file, size);
 *     if (result != MAROTTE_OK) fail(marotte_error(result));
 *
 *     // Per voice: any number of voices share one student.
 *     marotte_voice *voice = malloc(marotte_voice_size(student, 48000));
 *     result = marotte_voice_init(voice, student, 48000);
 *     if (result != MAROTTE_OK) fail(marotte_error(result));
 *
 *     // As sound comes, in pieces of any size; `marotte_push` stops where a frame is complete.
 *     while (n > 0) {
 *         size_t taken = marotte_push(voice, samples, n);
 *         float face[MAROTTE_MAX_CONTROLS];
 *         double time;  // the sound's time that the face belongs to, in seconds
 *         samples += taken, n -= taken;
 *         while (marotte_next(voice, face, &time)) show(face, time);
 *     }
 *
 *     // At the end of the sound; `marotte_reset` then begins another one.
 *     marotte_flush(voice);
 *     while (marotte_next(voice, face, &time)) show(face, time);
 *
 * A face is `n_controls` floats in the order of the student's rig: for the students that come with
 * Marotte, ARKit's 52 blendshapes, 0 to 1. Controls that speech doesn't drive are 0.
 *
 * A student is read-only after `marotte_student_init`: threads may share it. A voice is one thread's at
 * a time. The frames do not depend on how the sound is cut into pieces.
 */
#ifndef MAROTTE_H
#define MAROTTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MAROTTE_API
#define MAROTTE_API
#endif

#define MAROTTE_LOWEST_RATE 8000    /* Hz */
#define MAROTTE_HIGHEST_RATE 768000 /* Hz */
#define MAROTTE_MAX_CONTROLS 1024

enum {
    MAROTTE_OK = 0,
    MAROTTE_FOREIGN = -1, /* not a .mrt file */
    MAROTTE_VERSION = -2, /* a .mrt file of another version */
    MAROTTE_DAMAGED = -3, /* cut short or changed */
    MAROTTE_MEMORY = -4,  /* a null pointer, or memory that is not aligned */
    MAROTTE_RATE = -5,    /* a sample rate below 8000 or above 768000 Hz */
    MAROTTE_ANSWER = -6   /* the student's answer to its test sound is wrong on this machine */
};

typedef struct marotte_student marotte_student;
typedef struct marotte_voice marotte_voice;

typedef struct {
    const char *name, *version, *licence; /* of the student */
    int n_controls;                       /* floats per face */
    double frame_rate;                    /* faces per second: 60 */
    double delay; /* seconds of sound needed after a face's time: look-ahead and smoothing */
} marotte_info;

/* Return the bytes of memory that a student needs; 0 if the file can't be used. */
MAROTTE_API size_t marotte_student_size(const void *file, size_t size);

/* Open a student in memory of `marotte_student_size` bytes, aligned as by malloc. The file's bytes must
 * stay as long as the student is in use. */
MAROTTE_API int marotte_student_init(marotte_student *student, const void *file, size_t size);

/* Describe a student. */
MAROTTE_API marotte_info marotte_student_info(const marotte_student *student);

/* Return the name of a control, 0 to n_controls - 1; NULL if there is no such control. */
MAROTTE_API const char *marotte_control_name(const marotte_student *student, int control);

/* Return the bytes of memory that a voice needs for sound at `rate` Hz; 0 if the rate is impossible. */
MAROTTE_API size_t marotte_voice_size(const marotte_student *student, int rate);

/* Start a voice in memory of `marotte_voice_size` bytes, aligned as by malloc. It first computes the
 * student's answer to its test sound and compares it with the one in the file: a few milliseconds. */
MAROTTE_API int marotte_voice_init(marotte_voice *voice, const marotte_student *student, int rate);

/* Take in mono samples, about -1 to 1, and return how many were taken: fewer than n if a frame is
 * complete, which `marotte_next` must fetch first. After `marotte_flush`, none are taken. */
MAROTTE_API size_t marotte_push(marotte_voice *voice, const float *samples, size_t n);

/* The same for 16-bit samples. */
MAROTTE_API size_t marotte_push_int16(marotte_voice *voice, const int16_t *samples, size_t n);

/* Compute the next frame if its sound is complete: return 1 and write n_controls floats and the time
 * of the frame in seconds (`time` may be NULL); else return 0. */
MAROTTE_API int marotte_next(marotte_voice *voice, float *controls, double *time);

/* Write the face at any time, on the line between the frames before and after it, for programs with
 * another frame rate: return 1, or 0 if more sound must be pushed first or the sound has ended before.
 * Times must not go back by more than one frame. Use either this function or `marotte_next`. */
MAROTTE_API int marotte_at(marotte_voice *voice, double time, float *controls);

/* Follow the level of the voice, as a new voice does, or not: quiet and loud speech is brought to a
 * usual level, slowly and without delay. Students know usual levels only. The setting outlives
 * `marotte_reset`. */
MAROTTE_API void marotte_follow_level(marotte_voice *voice, int on);

/* End the sound: silence follows its last sample, and the last frames can be fetched. */
MAROTTE_API void marotte_flush(marotte_voice *voice);

/* Begin another sound at time 0. */
MAROTTE_API void marotte_reset(marotte_voice *voice);

/* Return a sentence about a result. */
MAROTTE_API const char *marotte_error(int result);

/* Return the instructions that voices use on this machine: "avx2", "sse2", "neon", "simd128", "plain".
 * Compile with MAROTTE_NO_AVX2 or MAROTTE_NO_SIMD defined to leave them out. */
MAROTTE_API const char *marotte_instructions(void);

#ifdef __cplusplus
}
#endif
#endif
