/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One-shot timers in a heap, driven by the time they are given. Pure. */

#include "base/timers.h"

#include <assert.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/base/timers_driver.h"

#define HEAP_FIRST 64
#define CHILDREN   4 /* of 16 bytes: they share a cache line or two */

void timers_init(struct timers *set, size_t max)
{
	*set = (struct timers){._max = max};
}

void timers_fini(struct timers *set)
{
	assert(!set->_driver);
	for (size_t i = 0; i < set->_count; i++)
		set->_heap[i].timer->_place = 0;
	mem_free(set->_heap);
	*set = (struct timers){0};
}

void timer_init(struct timer *timer, timer_h *handler, void *arg)
{
	*timer = (struct timer){._handler = handler, ._arg = arg};
}

bool timer_is_running(const struct timer *timer)
{
	return timer->_place != 0;
}

static void place(struct timers *set, size_t i, struct timer_due due)
{
	set->_heap[i] = due;
	due.timer->_place = i + 1;
}

static size_t sift_up(struct timers *set, size_t i, usec_t at)
{
	while (i > 0 && set->_heap[(i - 1) / CHILDREN].at > at) {
		place(set, i, set->_heap[(i - 1) / CHILDREN]);
		i = (i - 1) / CHILDREN;
	}
	return i;
}

static size_t first_child(const struct timers *set, size_t i)
{
	size_t first = CHILDREN * i + 1, least = first;

	for (size_t c = first + 1; c < first + CHILDREN && c < set->_count; c++) {
		if (set->_heap[c].at < set->_heap[least].at)
			least = c;
	}
	return least;
}

static size_t sift_down(struct timers *set, size_t i, usec_t at)
{
	for (;;) {
		size_t child = first_child(set, i);
		if (child >= set->_count || set->_heap[child].at >= at)
			return i;
		place(set, i, set->_heap[child]);
		i = child;
	}
}

static void settle(struct timers *set, size_t i, struct timer_due due)
{
	size_t up = sift_up(set, i, due.at);

	place(set, up == i ? sift_down(set, i, due.at) : up, due);
}

static void take_out(struct timers *set, struct timer *timer)
{
	size_t i = timer->_place - 1;
	struct timer_due last = set->_heap[--set->_count];

	timer->_place = 0;
	if (last.timer != timer)
		settle(set, i, last);
}

static int make_room(struct timers *set)
{
	size_t cap = set->_cap ? set->_cap * 2 : HEAP_FIRST;
	struct timer_due *heap;

	if (set->_count >= set->_max)
		return SBC_ELIMIT;
	if (set->_count < set->_cap)
		return 0;
	heap = mem_resize(set->_heap, cap * sizeof(*heap));
	if (!heap)
		return SBC_ENOMEM;
	set->_heap = heap;
	set->_cap = cap;
	return 0;
}

int timer_start(struct timers *set, struct timer *timer, usec_t at)
{
	const struct timer_due due = {.at = at, .timer = timer};
	int err = 0;

	if (timer->_place) { /* moved where it is */
		settle(set, timer->_place - 1, due);
	} else {
		err = make_room(set);
		if (!err) {
			set->_count++;
			settle(set, set->_count - 1, due);
		}
	}
	timers_rearm(set);
	return err;
}

void timer_stop(struct timers *set, struct timer *timer)
{
	if (!timer->_place)
		return;
	take_out(set, timer);
	timers_rearm(set);
}

usec_t timers_next(const struct timers *set)
{
	return set->_count ? set->_heap[0].at : -1;
}

void timers_run(struct timers *set, usec_t now)
{
	while (set->_count && set->_heap[0].at <= now) {
		struct timer *timer = set->_heap[0].timer;
		take_out(set, timer);
		timer->_handler(timer, now, timer->_arg);
	}
	timers_rearm(set);
}
