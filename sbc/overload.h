/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_OVERLOAD_H
#define SBC_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * More calls than there is time for: the share of new ones that is let in follows how busy
 * the signalling loop was, so that those that were let in complete. Told ten times a second.
 * Pure. Signalling thread.
 */
struct overload {
	unsigned limit_permille; /* busy at most; 0: everything is let in */
	unsigned busy_permille;  /* smoothed */
	unsigned share_permille; /* of new calls that is let in */
	unsigned credit;         /* permille of the next one */
	uint64_t refused;
};

#define OVERLOAD_TICK_MS   100
#define OVERLOAD_SHARE_MIN 20 /* permille: else nobody would find out that it is over */

void overload_init(struct overload *overload, unsigned limit_percent);
/* After a reload: what was learned stays. */
void overload_set_limit(struct overload *overload, unsigned limit_percent);
/* Of the last tick: how much of it the loop did something else than wait. True when new
 * calls begin or cease to be refused. */
bool overload_note(struct overload *overload, unsigned busy_permille);
/* A new call: false, and counted, when it is to be refused. */
bool overload_admits(struct overload *overload);
bool overload_is_on(const struct overload *overload);

#endif
