/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_WEIGHTED_H
#define SBC_WEIGHTED_H

#include "base/random.h"

/*
 * Order by priority and weight as RFC 2782 has it for SRV: lower priority first, and among
 * equals each one first as often as its weight says. Pure.
 */
struct weighted {
	unsigned priority;
	unsigned weight; /* 0: last of its priority, mostly */
	size_t index;    /* the caller's */
};

#define WEIGHTED_MAX 32 /* items; a weighted draw looks at each */

void weighted_order(struct weighted *items, size_t count, const struct random_source *random);

#endif
