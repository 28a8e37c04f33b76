/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_FETCH_GUARD_H
#define SBC_FETCH_GUARD_H

#include <stddef.h>

#include "base/netaddr.h"
#include "sbc/http_get.h"

/*
 * Where a stranger's URL may send us. Identity headers name the URL of a
 * certificate before anything about the caller is proven, so that a fetch must not reach
 * what only this host can reach (server-side request forgery). Private to the sbc room.
 */

#define FETCH_URL_MAX 511 /* bytes: identity_verdict.url */

struct fetch_url {
	bool is_https;     /* else http */
	struct slice host; /* borrowed from the text; IPv6 with its brackets */
	uint16_t port;
};

/* Nothing but http(s)://host[:port]/path[?query]: no user, no fragment, no odd characters
 * that two readers might read differently. SBC_EINVAL. Pure. */
int fetch_url_parse(struct fetch_url *out, struct slice text);

/* May an answer from one URL lead to the other? Never from https to http, and to http only
 * for who may use it. Whether its address may be reached is for fetch_guard_passes(). Pure. */
bool fetch_redirect_passes(enum fetch_redirects rule, const struct fetch_url *from,
	const struct fetch_url *to, bool allow_http);

#define FETCH_GUARD_OWN_MAX 64

struct fetch_guard {
	const struct netaddr_block *allow; /* borrowed: what may be reached all the same */
	size_t allow_count;
	struct netaddr own[FETCH_GUARD_OWN_MAX]; /* this host's: its public ones, too */
	size_t own_count;
};

/* Reads this host's addresses. */
void fetch_guard_init(
	struct fetch_guard *guard, const struct netaddr_block *allow, size_t allow_count);

/* True for an address of the public Internet that is not ours, and for what is allowed.
 * v4-mapped IPv6 has to be IPv4 already (netaddr_from_sockaddr). Pure; any thread. */
bool fetch_guard_passes(const struct fetch_guard *guard, const struct netaddr *address);

#endif
