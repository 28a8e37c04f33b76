/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two clocks. Any thread; shells only. */

#include "base/clock.h"

#include <time.h>

usec_t clock_monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

int64_t clock_wall_s(void)
{
	return clock_wall_us() / USEC_PER_SEC;
}

int64_t clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}
