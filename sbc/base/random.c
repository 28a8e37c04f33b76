/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bytes from the kernel. Any thread. */

#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

static void fill_system(void *arg, void *out, size_t len)
{
	uint8_t *at = out;

	(void)arg;
	while (len) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno != EINTR)
			abort(); /* no randomness: keys and tags could be guessed */
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

struct random_source random_system(void)
{
	return (struct random_source){.fill = fill_system};
}

static void fill_pooled(void *arg, void *out, size_t len)
{
	struct random_pool *pool = arg;
	unsigned char *first;

	if (len > sizeof(pool->_bytes) / 4) {
		fill_system(NULL, out, len);
		return;
	}
	if (len > pool->_left) {
		fill_system(NULL, pool->_bytes, sizeof(pool->_bytes));
		pool->_left = sizeof(pool->_bytes);
	}
	first = pool->_bytes + sizeof(pool->_bytes) - pool->_left;
	memcpy(out, first, len);
	mem_wipe(first, len);
	pool->_left -= len;
}

struct random_source random_pooled(struct random_pool *pool)
{
	return (struct random_source){.fill = fill_pooled, .arg = pool};
}

void random_token(const struct random_source *random, char *out, size_t len)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: no bias */

	random->fill(random->arg, out, len);
	for (size_t i = 0; i < len; i++)
		out[i] = alphabet[(unsigned char)out[i] % 32];
	out[len] = '\0';
}
