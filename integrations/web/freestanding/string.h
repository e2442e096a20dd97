/* What marotte.c needs of <string.h>, for WebAssembly without a C library. */
#ifndef MAROTTE_STRING_H
#define MAROTTE_STRING_H

#include <stddef.h>

#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset

static inline int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *x = a, *y = b;
    for (; n > 0; n--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}

static inline size_t strlen(const char *text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}

#endif
