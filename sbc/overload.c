/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which new calls are let in. Above the limit the share falls by an eighth at each tick, well
 * below it it grows by a fiftieth (by an eighth when
 * half of the time is left): as TCP finds its rate (RFC 5681), and as RFC 7339 wants
 * servers to shed load, before they are full. Pure.
 */

#include "sbc/overload.h"

#define WHOLE 1000 /* permille */

void overload_init(struct overload *overload, unsigned limit_percent)
{
	*overload = (struct overload){.share_permille = WHOLE};
	overload_set_limit(overload, limit_percent);
}

void overload_set_limit(struct overload *overload, unsigned limit_percent)
{
	overload->limit_permille = limit_percent * 10;
	if (!limit_percent)
		overload->share_permille = WHOLE;
}

bool overload_is_on(const struct overload *overload)
{
	return overload->share_permille < WHOLE;
}

bool overload_note(struct overload *overload, unsigned busy_permille)
{
	bool was_on = overload_is_on(overload);
	unsigned share = overload->share_permille, limit = overload->limit_permille;

	/* One long turn alone is no overload. */
	overload->busy_permille = (overload->busy_permille + busy_permille) / 2;
	if (!limit)
		return false;
	if (overload->busy_permille > limit)
		share -= share / 8;
	else if (overload->busy_permille < limit / 2)
		share += share / 8 + 5;
	else if (overload->busy_permille < limit - limit / 16)
		share += share / 50 + 2;
	share = share > WHOLE ? WHOLE : share;
	overload->share_permille = share < OVERLOAD_SHARE_MIN ? OVERLOAD_SHARE_MIN : share;
	return overload_is_on(overload) != was_on;
}

bool overload_admits(struct overload *overload)
{
	overload->credit += overload->share_permille;
	if (overload->credit < WHOLE) {
		overload->refused++;
		return false;
	}
	overload->credit -= WHOLE;
	return true;
}
