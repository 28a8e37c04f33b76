/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/clock.h"

struct timer;
struct timers_driver;

/* May start, stop or free any timer, its own included. */
typedef void(timer_h)(struct timer *timer, usec_t now, void *arg);

/* Embedded in its owner. Zeroed memory is a stopped timer. */
struct timer {
	size_t _place; /* 1 + index in the heap; 0: stopped */
	timer_h *_handler;
	void *_arg; /* borrowed */
};

/* When, beside who: what is compared lies close together, however many timers there are. */
struct timer_due {
	usec_t at;
	struct timer *timer; /* borrowed */
};

/*
 * A set of one-shot timers in a heap of four children each, driven by the time it is given: a
 * test hands it virtual time, a program attaches it to one uv_timer. One thread.
 */
struct timers {
	struct timer_due *_heap; /* owned */
	size_t _count;
	size_t _cap;
	size_t _max;                   /* ceiling in timers */
	struct timers_driver *_driver; /* owned; NULL: driven by hand */
};

void timers_init(struct timers *set, size_t max);
/* Stops every timer. The set must not be attached. */
void timers_fini(struct timers *set);

void timer_init(struct timer *timer, timer_h *handler, void *arg);
/* Starts or moves it. at: absolute. SBC_ENOMEM, SBC_ELIMIT: it is stopped then. */
int timer_start(struct timers *set, struct timer *timer, usec_t at);
void timer_stop(struct timers *set, struct timer *timer);
bool timer_is_running(const struct timer *timer);

/* When the next one is due; -1 when none is. */
usec_t timers_next(const struct timers *set);
/* Runs all that are due at now, in order of time. */
void timers_run(struct timers *set, usec_t now);

/* Drives the set from one uv_timer on loop, by clock_monotonic_us(). */
int timers_attach(struct timers *set, uv_loop_t *loop);
/* Returns at once; the handle closes on the loop and frees its own memory. */
void timers_detach(struct timers *set);

#endif
