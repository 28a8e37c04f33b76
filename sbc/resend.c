/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending a response again until it is acknowledged. Signalling thread. */

#include "sbc/resend.h"

/* The next repetition, or the deadline if that is sooner. */
static int start_timer(struct resend *resend, usec_t now)
{
	usec_t at = now + resend->interval;

	return timer_start(resend->sbc->timers, &resend->timer,
		at < resend->deadline ? at : resend->deadline);
}

static void on_timer(struct timer *timer, usec_t now, void *arg)
{
	struct resend *resend = arg;
	struct sbc *sbc = resend->sbc;

	(void)timer;
	if (now >= resend->deadline) {
		resend_stop(resend);
		resend->lost(now, resend->arg);
		return;
	}
	sbc->outside.send(
		&resend->hop, 0, resend->bytes.data, resend->bytes.len, sbc->outside.arg);
	resend->interval *= 2;
	if (resend->interval_max && resend->interval > resend->interval_max)
		resend->interval = resend->interval_max;
	start_timer(resend, now);
}

int resend_start(struct resend *resend, struct sbc *sbc, struct slice bytes, usec_t now)
{
	int err;

	resend->sbc = sbc;
	resend->interval = sbc->timing.t1;
	resend->deadline = now + 64 * sbc->timing.t1;
	timer_init(&resend->timer, on_timer, resend);
	buf_init(&resend->bytes, SIP_MESSAGE_MAX);
	err = buf_put_slice(&resend->bytes, bytes);
	err = err ? err : start_timer(resend, now);
	if (err)
		buf_fini_secret(&resend->bytes);
	return err;
}

void resend_stop(struct resend *resend)
{
	if (!resend->sbc)
		return;
	timer_stop(resend->sbc->timers, &resend->timer);
	buf_fini_secret(&resend->bytes);
}

bool resend_is_running(const struct resend *resend)
{
	return timer_is_running(&resend->timer);
}
