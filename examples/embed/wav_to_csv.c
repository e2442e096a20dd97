/* A WAV file (16 bits, mono or stereo) to a CSV of the face's curves, one row per frame.
 *
 *     marotte export live -o live.mrt --int8
 *     cc -O2 -I../../c wav_to_csv.c ../../c/marotte.c -o wav_to_csv
 *     ./wav_to_csv live.mrt ../../samples/hello.wav > hello.csv
 */
#include "marotte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size + 1);
    *size = fread(bytes, 1, *size, file);
    fclose(file);
    return bytes;
}

static void fail(const char *what) {
    fprintf(stderr, "wav_to_csv: %s\n", what);
    exit(1);
}

int main(int n, char **arguments) {
    size_t mrt_size = 0, wav_size = 0, at, i, n_samples;
    unsigned char *mrt = n == 3 ? read_file(arguments[1], &mrt_size) : NULL;
    unsigned char *wav = n == 3 ? read_file(arguments[2], &wav_size) : NULL;
    if (!mrt || !wav) fail("give a .mrt file and a WAV file that exist");
    if (wav_size < 44 || memcmp(wav, "RIFF", 4)) fail("the sound is not a WAV file");

    const int channels = wav[22], rate = wav[24] | wav[25] << 8 | wav[26] << 16, bits = wav[34];
    if (wav[20] != 1 || bits != 16 || channels < 1) fail("the WAV file must have 16 bits per sample");
    for (at = 12; at + 8 < wav_size && memcmp(wav + at, "data", 4);)
        at += 8 + (wav[at + 4] | wav[at + 5] << 8 | wav[at + 6] << 16 | (size_t)wav[at + 7] << 24);
    int16_t *samples = (int16_t *)(wav + at + 8);
    n_samples = at + 8 < wav_size ? (wav_size - at - 8) / 2 / (size_t)channels : 0;
    for (i = 0; i < n_samples; i++) samples[i] = samples[i * (size_t)channels]; /* the left channel */

    marotte_student *student = malloc(marotte_student_size(mrt, mrt_size));
    int result = marotte_student_init(student, mrt, mrt_size);
    if (result != MAROTTE_OK) fail(marotte_error(result));
    marotte_voice *voice = malloc(marotte_voice_size(student, rate));
    result = marotte_voice_init(voice, student, rate);
    if (result != MAROTTE_OK) fail(marotte_error(result));

    const int width = marotte_student_info(student).n_controls;
    float face[MAROTTE_MAX_CONTROLS];
    double time;
    printf("time");
    for (i = 0; i < (size_t)width; i++) printf(",%s", marotte_control_name(student, (int)i));
    for (at = 0; at < n_samples;) {
        at += marotte_push_int16(voice, samples + at, n_samples - at);
        if (at == n_samples) marotte_flush(voice);
        while (marotte_next(voice, face, &time)) {
            printf("\n%.4f", time);
            for (i = 0; i < (size_t)width; i++) printf(",%.4f", face[i]);
        }
    }
    printf("\n");
    return 0; /* the system frees the memory */
}
