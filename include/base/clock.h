/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Monotonic time in microseconds since an arbitrary start. Never a wall clock. */
typedef int64_t usec_t;

#define USEC_PER_MS  INT64_C(1000)
#define USEC_PER_SEC INT64_C(1000000)

/* Only the shells (loops, main) read clocks; everything below them is given the time. */
usec_t clock_monotonic_us(void);
/* Seconds since 1970 UTC: for Date, iat, certificates and logs only. */
int64_t clock_wall_s(void);
/* The same in microseconds, for what is shown beside other programs' captures. */
int64_t clock_wall_us(void);

#endif
