/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SOURCE_GUARD_H
#define SBC_SOURCE_GUARD_H

#include "base/clock.h"
#include "base/netaddr.h"
#include "base/random.h"

/*
 * Who sends what, by address: a flood is cut to a rate, a scanner is blocked for a while,
 * and both are forgiven with time. Who has proved to be one of ours (a password, a call
 * that was answered) has a larger rate and is never blocked for what strangers are: many
 * phones may share an address. A table of fixed size; the longest silent one makes room.
 * Pure but for memory. Signalling thread.
 */
struct source_guard;

struct source_guard_limits {
	unsigned rate;   /* messages a second; KNOWN_FACTOR times that for known ones */
	unsigned points; /* of blame until it is blocked */
	usec_t block;    /* for so long */
	size_t source_max;
};

#define SOURCE_GUARD_KNOWN_FACTOR 20
#define SOURCE_GUARD_FORGIVE      (5 * USEC_PER_SEC)    /* one point of blame */
#define SOURCE_GUARD_KNOWN        (3600 * USEC_PER_SEC) /* since it last proved itself */

int source_guard_new(struct source_guard **out, const struct source_guard_limits *limits,
	const struct random_source *random);
void source_guard_free(struct source_guard *guard);
/* After a reload. source_max stays as it was. */
void source_guard_set_limits(
	struct source_guard *guard, const struct source_guard_limits *limits);

/* A message came from there: is it looked at? */
bool source_guard_admit(struct source_guard *guard, const struct netaddr *source, usec_t now);
/* It was nothing good. True when the source is blocked from now on. */
bool source_guard_blame(
	struct source_guard *guard, const struct netaddr *source, unsigned points, usec_t now);
/* It proved to be one of ours. */
void source_guard_praise(struct source_guard *guard, const struct netaddr *source, usec_t now);

struct source_guard_counters {
	uint64_t dropped_rate, dropped_blocked, blocked;
	size_t sources;
};
void source_guard_counters(const struct source_guard *guard, struct source_guard_counters *out);

#endif
