/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wolfSSL's random numbers: the kernel's, each time. It is built with
 * CUSTOM_RAND_GENERATE_BLOCK, or each handshake would open /dev/urandom and seed and test a
 * generator of its own for some hundred bytes (docs/decisions/wolfssl-build.md). Any thread.
 */

#include <errno.h>
#include <stddef.h>

#include <sys/random.h>

#include "base/wolfssl_random.h"

int wolfssl_random(unsigned char *output, unsigned int size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = getrandom(output + done, size - done, 0);

		if (n < 0 && errno != EINTR)
			return -1; /* wolfSSL gives up what it was to be for */
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}
