/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LOAD_METER_H
#define SBC_LOAD_METER_H

#include <uv.h>

/*
 * How busy a loop is: the part of each tick that it did not spend waiting for events.
 * Embedded; on that loop's thread.
 */
typedef void(load_meter_h)(unsigned busy_permille, void *arg);

struct load_meter {
	uv_timer_t timer;
	uint64_t idle_ns, at_ns;
	load_meter_h *note;
	void *arg; /* borrowed */
};

/* Before the loop runs for the first time. libuv's error. */
int load_meter_start(struct load_meter *meter, uv_loop_t *loop, unsigned tick_ms,
	load_meter_h *note, void *arg);
/* closed gets the handle, whose data is arg. */
void load_meter_close(struct load_meter *meter, uv_close_cb closed);

#endif
