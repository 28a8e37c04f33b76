/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drives a timer set from one uv_timer. Runs on: the loop it is attached to. */

#include "base/err.h"
#include "base/mem.h"
#include "base/timers.h"
#include "sbc/base/timers_driver.h"

struct timers_driver {
	uv_timer_t handle;
	struct timers *set; /* borrowed; NULL while closing */
	usec_t armed_for;   /* -1: not armed */
};

static void on_timer(uv_timer_t *handle)
{
	struct timers_driver *driver = handle->data;

	driver->armed_for = -1;
	timers_run(driver->set, clock_monotonic_us());
}

void timers_rearm(struct timers *set)
{
	struct timers_driver *driver = set->_driver;
	usec_t next = timers_next(set);
	usec_t wait;

	if (!driver || driver->armed_for == next)
		return;
	driver->armed_for = next;
	if (next < 0) {
		uv_timer_stop(&driver->handle);
		return;
	}
	/* libuv counts from its loop's cached time: bring that up to date first. */
	uv_update_time(driver->handle.loop);
	wait = next - clock_monotonic_us();
	wait = wait > 0 ? (wait + USEC_PER_MS - 1) / USEC_PER_MS : 0;
	uv_timer_start(&driver->handle, on_timer, (uint64_t)wait, 0);
}

int timers_attach(struct timers *set, uv_loop_t *loop)
{
	struct timers_driver *driver = mem_alloc(sizeof(*driver));

	if (!driver)
		return SBC_ENOMEM;
	uv_timer_init(loop, &driver->handle);
	driver->handle.data = driver;
	driver->set = set;
	driver->armed_for = -1;
	set->_driver = driver;
	timers_rearm(set);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void timers_detach(struct timers *set)
{
	struct timers_driver *driver = set->_driver;

	if (!driver)
		return;
	set->_driver = NULL;
	driver->set = NULL;
	uv_close((uv_handle_t *)&driver->handle, on_closed);
}
