/* Many voices at once, in threads that share one student: what a crowd of characters costs.
 *
 *     cc -O2 -I../../c voices.c ../../c/marotte.c -lpthread -o voices
 *     ./voices live.mrt 100 4        100 voices in 4 threads
 */
#include "marotte.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RATE 48000
#define SECONDS 5
#define BLOCK 480 /* 10 ms */

static const marotte_student *student;
static int n_voices, n_threads;

static void *speak(void *argument) {
    const int first = (int)(size_t)argument;
    marotte_voice **voices = malloc((size_t)n_voices * sizeof *voices);
    float face[MAROTTE_MAX_CONTROLS], block[BLOCK];
    int i, j, at;
    for (i = first; i < n_voices; i += n_threads) {
        voices[i] = malloc(marotte_voice_size(student, RATE));
        if (marotte_voice_init(voices[i], student, RATE) != MAROTTE_OK) exit(1);
    }
    for (at = 0; at < SECONDS * RATE; at += BLOCK)
        for (i = first; i < n_voices; i += n_threads) {
            size_t taken = 0;
            for (j = 0; j < BLOCK; j++) block[j] = (float)((at + j) * (i + 3) % 400) / 1000 - 0.2f;
            while (taken < BLOCK) {
                taken += marotte_push(voices[i], block + taken, BLOCK - taken);
                while (marotte_next(voices[i], face, NULL)) continue;
            }
        }
    return NULL;
}

int main(int n_arguments, char **arguments) {
    static unsigned char file[1 << 22];
    FILE *from = n_arguments == 4 ? fopen(arguments[1], "rb") : NULL;
    const size_t size = from ? fread(file, 1, sizeof file, from) : 0;
    marotte_student *opened = malloc(marotte_student_size(file, size));
    const int result = marotte_student_init(opened, file, size);
    pthread_t threads[64];
    struct timespec start, end;
    double seconds;
    int i;
    if (result != MAROTTE_OK) return fprintf(stderr, "%s\n", marotte_error(result)), 1;
    student = opened;
    n_voices = atoi(arguments[2]);
    n_threads = atoi(arguments[3]) < 64 ? atoi(arguments[3]) : 64;
    timespec_get(&start, TIME_UTC);
    for (i = 0; i < n_threads; i++) pthread_create(&threads[i], NULL, speak, (void *)(size_t)i);
    for (i = 0; i < n_threads; i++) pthread_join(threads[i], NULL);
    timespec_get(&end, TIME_UTC);
    seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%d voices of %d s in %d threads: %.2f s, so %.2f %% of real time for each voice\n", n_voices,
           SECONDS, n_threads, seconds, 100 * seconds / SECONDS / n_voices);
    printf("%zu bytes per voice\n", marotte_voice_size(student, RATE));
    return 0;
}
