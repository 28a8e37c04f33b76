/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taken out of use by command, without ending a call (KAM-2); sbc_drain() is another thing.
 * Signalling thread. */

#include "sbc/core.h"

static void note_drained(const struct sbc *sbc)
{
	if (!sbc->by_number.count)
		log_event(sbc->log, LOG_INFO, "sbc", "drain.empty", "calls=0");
}

void sbc_set_draining(struct sbc *sbc, bool is_on)
{
	if (sbc->is_draining == is_on)
		return;
	sbc->is_draining = is_on;
	log_event(sbc->log, LOG_INFO, "sbc", "drain", "state=%s calls=%llu",
		is_on ? "on" : "off", (unsigned long long)sbc->counters.calls_now);
	if (is_on)
		note_drained(sbc);
}

bool sbc_takes_calls(const struct sbc *sbc)
{
	return !sbc->drained && !sbc->is_draining;
}

void sbc_call_gone(struct sbc *sbc, usec_t now)
{
	if (sbc->by_number.count)
		return;
	if (sbc->drained)
		timer_start(sbc->timers, &sbc->drain_timer, now);
	else if (sbc->is_draining)
		note_drained(sbc);
}
