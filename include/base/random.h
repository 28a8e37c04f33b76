/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

/*
 * Where random bytes come from. Passed in, so that a scenario test can make them
 * repeatable; the program passes random_system().
 */
struct random_source {
	void (*fill)(void *arg, void *out, size_t len);
	void *arg; /* borrowed */
};

/* The kernel's generator. Aborts when the kernel has none: nothing is safe then. */
struct random_source random_system(void);

/* The same by the half kilobyte, for who asks often: nothing that was given out stays here.
 * One thread. Zeroed memory is an empty one. */
struct random_pool {
	unsigned char _bytes[512];
	size_t _left; /* the last ones of _bytes */
};
struct random_source random_pooled(struct random_pool *pool);

/* len characters of [a-z0-9] and a NUL: out has len + 1 bytes. 5 bits a character. */
void random_token(const struct random_source *random, char *out, size_t len);

#endif
