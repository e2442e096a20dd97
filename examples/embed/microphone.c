/* The microphone's voice as one line per frame: how far jaw, lips and smile move.
 *
 * miniaudio.h (miniaud.io, public domain) reads microphones on all systems: put it beside this file.
 *
 *     cc -O2 -I../../c microphone.c ../../c/marotte.c -lpthread -lm -ldl -o microphone
 *     ./microphone live.mrt
 */
#define MINIAUDIO_IMPLEMENTATION
#include "miniaudio.h"

#include "marotte.h"

#include <stdio.h>
#include <stdlib.h>

#define RATE 48000

static int jaw_open, mouth_pucker, smile;

/* The sound card's thread: a push takes far less time than the sound it takes in. A game would copy
 * the face under a lock and draw it in its own thread. */
static void hear(ma_device *device, void *output, const void *input, ma_uint32 n) {
    marotte_voice *voice = device->pUserData;
    const float *samples = input;
    float face[MAROTTE_MAX_CONTROLS];
    (void)output;
    while (n > 0) {
        const size_t taken = marotte_push(voice, samples, n);
        samples += taken;
        n -= (ma_uint32)taken;
        while (marotte_next(voice, face, NULL))
            printf("\rjaw %3.0f %%  pucker %3.0f %%  smile %3.0f %% ", 100 * face[jaw_open],
                   100 * face[mouth_pucker], 100 * face[smile]);
        fflush(stdout);
    }
}

static int find(const marotte_student *student, const char *name) {
    int i = 0;
    while (marotte_control_name(student, i) && strcmp(marotte_control_name(student, i), name)) i++;
    return i;
}

int main(int n_arguments, char **arguments) {
    static unsigned char file[1 << 22];
    FILE *from = n_arguments == 2 ? fopen(arguments[1], "rb") : NULL;
    const size_t size = from ? fread(file, 1, sizeof file, from) : 0;
    marotte_student *student = malloc(marotte_student_size(file, size));
    int result = marotte_student_init(student, file, size);
    if (result != MAROTTE_OK) return fprintf(stderr, "%s\n", marotte_error(result)), 1;
    marotte_voice *voice = malloc(marotte_voice_size(student, RATE));
    result = marotte_voice_init(voice, student, RATE);
    if (result != MAROTTE_OK) return fprintf(stderr, "%s\n", marotte_error(result)), 1;
    jaw_open = find(student, "jawOpen");
    mouth_pucker = find(student, "mouthPucker");
    smile = find(student, "mouthSmileLeft");

    ma_device_config config = ma_device_config_init(ma_device_type_capture);
    config.capture.format = ma_format_f32;
    config.capture.channels = 1;
    config.sampleRate = RATE;
    config.dataCallback = hear;
    config.pUserData = voice;
    ma_device device;
    if (ma_device_init(NULL, &config, &device) != MA_SUCCESS || ma_device_start(&device) != MA_SUCCESS)
        return fprintf(stderr, "no microphone can be opened\n"), 1;
    puts("Speak; Enter ends.");
    getchar();
    ma_device_uninit(&device);
    return 0;
}
