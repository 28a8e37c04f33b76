/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_ROUTE_H
#define SBC_ROUTE_H

#include "base/arena.h"
#include "base/random.h"
#include "sbc/config.h"
#include "sbc/sip_msg.h"

/* Whither a call goes, by the configuration alone. Pure; any thread. */

struct route_question {
	struct slice user;              /* called, as written */
	struct slice domain;            /* called */
	const struct config_peer *from; /* NULL: one of our users */
};

/* The route that says most about the call: by its peer first, then by its domain, then by
 * the longest prefix; of equals the first. NULL: none. */
const struct config_route *route_find(
	const struct config *config, const struct route_question *question);

/* Peers in the order in which they are tried. */
struct route_targets {
	const struct config_peer *peers[ROUTE_TARGET_MAX];
	size_t count;
};
void route_order(const struct config *config, const struct config_route *route,
	const struct random_source *random, struct route_targets *out);

/* The first rewrite of the configuration that is about this address of a call from that
 * peer, carried out: a new URI in arena. SBC_ENOENT: none is; SBC_ENOMEM, SBC_ELIMIT. */
struct route_rewrite {
	const struct config *config;
	const struct config_peer *from;
	bool is_caller;
	const struct sip_uri *uri;
};
int route_rewrite(
	const struct route_rewrite *question, struct arena *arena, struct sip_uri *out);

#endif
