/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RESOLVE_H
#define SBC_RESOLVE_H

#include <uv.h>

#include "sbc/config.h"
#include "sbc/sbc.h"

/*
 * From a peer's name to addresses, RFC 3263 section 4: NAPTR where the transport is open,
 * SRV where the port is, then A and AAAA, in the order of priority and weight. By c-ares:
 * nothing blocks. Signalling thread.
 */
struct resolver;

struct resolve_setup {
	uv_loop_t *loop;             /* borrowed */
	const struct config *config; /* counted by the caller; hosts before any DNS */
	const char *servers;         /* "127.0.0.1:53,..."; "": the system's */
	struct random_source random;
	/* Never inside resolver_start(). */
	void (*done)(const struct resolve_result *result, void *arg);
	void *arg; /* borrowed */
};

int resolver_new(struct resolver **out, const struct resolve_setup *setup);
/* Another one; as the first, it must live until the next. */
void resolver_set_config(struct resolver *resolver, const struct config *config);
/* SBC_ELIMIT: too many under way. */
int resolver_start(struct resolver *resolver, const struct resolve_question *question);
typedef void(resolver_closed_h)(void *arg);
/* No result comes any more; closed, then frees. */
void resolver_close(struct resolver *resolver, resolver_closed_h *closed, void *arg);

/* The smallest TTL among the records of a DNS answer; -1: not one. Pure. */
int64_t resolve_min_ttl(struct slice answer);

#endif
