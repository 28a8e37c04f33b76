/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How busy a loop is, from libuv's own account of its waiting. */

#include "sbc/load_meter.h"

#define WHOLE 1000 /* permille */

static void on_tick(uv_timer_t *timer)
{
	struct load_meter *meter = (struct load_meter *)timer;
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(timer->loop);
	uint64_t passed = now - meter->at_ns, waited = idle - meter->idle_ns;

	meter->at_ns = now;
	meter->idle_ns = idle;
	waited = waited > passed ? passed : waited;
	if (passed)
		meter->note((unsigned)(WHOLE - waited * WHOLE / passed), meter->arg);
}

int load_meter_start(struct load_meter *meter, uv_loop_t *loop, unsigned tick_ms,
	load_meter_h *note, void *arg)
{
	int err = uv_loop_configure(loop, UV_METRICS_IDLE_TIME);

	err = err ? err : uv_timer_init(loop, &meter->timer);
	if (err)
		return err;
	meter->timer.data = arg;
	meter->note = note;
	meter->arg = arg;
	meter->at_ns = uv_hrtime();
	return uv_timer_start(&meter->timer, on_tick, tick_ms, tick_ms);
}

void load_meter_close(struct load_meter *meter, uv_close_cb closed)
{
	uv_close((uv_handle_t *)&meter->timer, closed);
}
