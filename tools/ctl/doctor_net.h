/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_NET_H
#define CTL_DOCTOR_NET_H

#include "base/netaddr.h"
#include "sbc/config.h"

/* Names to addresses with the system's resolver, as another program on this host would have
 * them. Blocks as long as the resolver does. */

#define NET_ADDRESS_MAX 16

struct net_place {
	char host[256]; /* that was looked up: a target of SRV, or the name itself */
	bool is_srv;    /* RFC 2782 named it */
	bool is_listed; /* in the section hosts of the configuration */
	struct netaddr addresses[NET_ADDRESS_MAX];
	size_t count;
	const char *why; /* static: count is 0 */
};

/* host: a name or an address, IPv6 with or without brackets. port 0: _sips._tcp SRV, else the
 * one for sips. config: its hosts go before DNS; may be NULL. */
void net_find(
	struct net_place *out, struct slice host, uint16_t port, const struct config *config);

/* "host", "host:port", "[v6]:port": cut in two; port 0 when there is none. SBC_EINVAL. */
int net_cut(struct slice text, struct slice *host, uint16_t *port);

#endif
