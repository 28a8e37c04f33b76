/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wolfSSL's clock. It is built with USER_TICKS: DTLS 1.3 sends a flight again at most once a
 * tick, so a tick must be shorter than our first retransmission. Any thread.
 */

#include "base/clock.h"

#define TICK_US (50 * USEC_PER_MS)

unsigned int LowResTimer(void); /* declared by nobody: wolfSSL only calls it */

unsigned int LowResTimer(void)
{
	return (unsigned int)(clock_monotonic_us() / TICK_US);
}
