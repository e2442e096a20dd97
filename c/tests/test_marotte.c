/* Tests that need no Python: test_marotte STUDENT.mrt [CHANGED COPIES] [SEED]. The files beside it are
 * small random students; opening a voice compares their answer with that of the network they were made
 * from. */
#include "marotte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE 16000
#define N 12000 /* samples of the test sound: 45 frames */
#define MOST_FRAMES 128

static int failures;

static void check(int holds, const char *what) {
    if (!holds) failures++;
    printf("%s %s\n", holds ? "ok    " : "FAILED", what);
}

static uint32_t random_state = 1;

static uint32_t random_number(void) { /* xorshift */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void make_sound(float *sound) { /* a saw at 125 Hz that swells four times per second */
    int i;
    for (i = 0; i < N; i++) {
        const int at = i % 4000;
        const float swell = (float)(at < 2000 ? at : 4000 - at) / 2000;
        sound[i] = 0.3f * swell * ((float)(i % 128) / 64 - 1);
    }
}

static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    void *content = malloc(1 << 22);
    if (!file || !content) {
        printf("can't read %s\n", path);
        exit(2);
    }
    *size = fread(content, 1, 1 << 22, file);
    fclose(file);
    return content;
}

/* Animate a sound pushed in pieces of a size; return the number of frames. */
static int animate(marotte_voice *voice, const float *sound, size_t n_samples, size_t piece, float *frames,
                   int width) {
    size_t at = 0;
    int n = 0;
    while (at < n_samples) {
        const size_t rest = n_samples - at;
        at += marotte_push(voice, sound + at, rest < piece ? rest : piece);
        while (n < MOST_FRAMES && marotte_next(voice, frames + n * width, NULL)) n++;
    }
    marotte_flush(voice);
    while (n < MOST_FRAMES && marotte_next(voice, frames + n * width, NULL)) n++;
    marotte_reset(voice);
    return n;
}

static int all_within(const float *x, int n, float low, float high) {
    int i;
    for (i = 0; i < n; i++)
        if (!(x[i] >= low && x[i] <= high)) return 0;
    return 1;
}

static uint32_t crc32(const unsigned char *bytes, size_t n) {
    uint32_t crc = 0xffffffffu;
    size_t i;
    int bit;
    for (i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static void put_u32(unsigned char *at, uint32_t value) {
    at[0] = (unsigned char)value, at[1] = (unsigned char)(value >> 8);
    at[2] = (unsigned char)(value >> 16), at[3] = (unsigned char)(value >> 24);
}

/* Open changed copies of the file. The sum of most is right again, so that more than the sum refuses
 * them. They are refused, or do no harm. */
static void test_changed_files(const void *file, size_t size, const float *sound, int n_changes) {
    unsigned char *copy = (unsigned char *)malloc(size);
    static float frames[MOST_FRAMES * MAROTTE_MAX_CONTROLS];
    int i, j, refused = 0, finite = 1;
    for (i = 0; i < n_changes; i++) {
        const size_t range = i % 2 ? size - 16 : 1200;
        size_t kept = size;
        memcpy(copy, file, size);
        for (j = 0; j < 3; j++) copy[16 + random_number() % range] = (unsigned char)random_number();
        if (i % 3 == 0) { /* a size or a number at a limit: also -1, NaN, -inf and the largest float */
            static const uint32_t limits[] = {0, 1, 0x7fffffffu, 0x80000000u, 0xfffffff0u,
                                              0xffffffffu, 0xbf800000u, 0x7fc00000u, 0xff800000u,
                                              0x7f7fffffu};
            put_u32(copy + 16 + random_number() % (range / 4 - 1) * 4, limits[random_number() % 10]);
        }
        if (i % 5 == 0) kept = 16 + random_number() % (size - 16);
        if (i % 7 == 0) { /* as it comes, with its header */
            copy[random_number() % 16] ^= (unsigned char)random_number();
        } else {
            put_u32(copy + 8, (uint32_t)kept);
            put_u32(copy + 12, crc32(copy + 16, kept - 16));
        }
        {
            const size_t needed = marotte_student_size(copy, kept);
            marotte_student *student = needed ? (marotte_student *)malloc(needed) : NULL;
            if (student && marotte_student_init(student, copy, kept) == MAROTTE_OK) {
                marotte_voice *voice = (marotte_voice *)malloc(marotte_voice_size(student, RATE));
                const int width = marotte_student_info(student).n_controls;
                if (marotte_voice_init(voice, student, RATE) != MAROTTE_OK) {
                    refused++;
                } else {
                    const int n = animate(voice, sound, 1000, N, frames, width);
                    finite &= all_within(frames, n * width, -1e30f, 1e30f);
                }
                free(voice);
            } else {
                refused++;
            }
            free(student);
        }
    }
    check(finite, "changed files give finite faces");
    check(refused >= n_changes / 4, "many changed files are refused");
    free(copy);
}

int main(int n_arguments, char **arguments) {
    static float sound[N], dirty[N];
    static float whole[MOST_FRAMES * MAROTTE_MAX_CONTROLS], other[MOST_FRAMES * MAROTTE_MAX_CONTROLS];
    static const size_t pieces[] = {1, 128, 441, 5000};
    static const int rates[] = {8000, 11025, 44100, 44101, 48000, 192000};
    size_t size = 0, i;
    int n, width, j;
    float face[MAROTTE_MAX_CONTROLS];
    marotte_student *student;
    marotte_voice *voice;
    void *file;
    if (n_arguments < 2) return 2;
    if (n_arguments > 3) random_state = (uint32_t)atoi(arguments[3]) * 2654435761u + 1;
    file = read_file(arguments[1], &size);
    make_sound(sound);
    printf("%s with %s\n", arguments[1], marotte_instructions());

    student = (marotte_student *)malloc(marotte_student_size(file, size));
    check(marotte_student_init(student, file, size) == MAROTTE_OK, "the student opens");
    width = marotte_student_info(student).n_controls;
    check(width == 52 && !strcmp(marotte_control_name(student, 17), "jawOpen"), "it has ARKit's names");
    voice = (marotte_voice *)malloc(marotte_voice_size(student, RATE));
    check(marotte_voice_init(voice, student, RATE) == MAROTTE_OK, "its answer is right");
    if (failures) return 1;

    n = animate(voice, sound, N, N, whole, width);
    check(n == 45, "there are 45 frames");
    check(all_within(whole, n * width, 0, 1), "faces are within 0..1");
    for (i = 0; i < 4; i++) {
        memset(other, 0, sizeof other);
        check(animate(voice, sound, N, pieces[i], other, width) == n &&
                  !memcmp(whole, other, 4 * (size_t)(n * width)),
              "pieces of any size give the same bits");
    }
    memcpy(dirty, sound, sizeof dirty);
    for (i = 0; i < 4; i++) {
        static const float bad[] = {1e30f, -1e38f, 1e-42f, 0};
        dirty[2000 + i] = i == 3 ? bad[1] * 1e10f - bad[1] * 1e10f : bad[i]; /* inf - inf */
    }
    n = animate(voice, dirty, N, N, other, width);
    check(all_within(other, n * width, 0, 1), "impossible samples give finite faces");
    for (j = 0; j < width; j++) face[j] = other[(n - 3) * width + j] - whole[(n - 3) * width + j];
    check(all_within(face, width, -1e-3f, 1e-3f), "and are forgotten");

    check(!marotte_at(voice, 0.5, face), "a face waits for its sound");
    for (i = 0; i < N;) {
        i += marotte_push(voice, sound + i, N - i);
        if (marotte_at(voice, 0.1, face)) break;
    }
    check(!memcmp(face, whole + 6 * width, 4 * (size_t)width), "a face at a frame's time is the frame");

    for (i = 0; i < 6; i++) {
        marotte_voice *faster = (marotte_voice *)malloc(marotte_voice_size(student, rates[i]));
        check(marotte_voice_init(faster, student, rates[i]) == MAROTTE_OK, "another rate");
        n = animate(faster, sound, N, 1000, other, width);
        check(n > 0 && all_within(other, n * width, 0, 1), "its faces are within 0..1");
        free(faster);
    }
    check(marotte_voice_size(student, 7999) == 0, "a rate of 7999 Hz is refused");
    check(marotte_voice_init(voice, student, 7999) == MAROTTE_RATE, "with a result");
    check(marotte_student_init(student, "RIFF1234567890123456", 20) == MAROTTE_FOREIGN, "so is a WAV");
    test_changed_files(file, size, sound, n_arguments > 2 ? atoi(arguments[2]) : 100);
    free(voice);
    free(student);
    free(file);
    printf("%s\n", failures ? "FAILED" : "all tests passed");
    return failures != 0;
}
