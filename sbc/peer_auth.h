/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEER_AUTH_H
#define SBC_PEER_AUTH_H

#include "sbc/core.h"

/*
 * What a peer's 401 or 407 is answered with (RFC 3261 section 22, RFC 7616, RFC 8760): the
 * login that its configuration has for the realm that its configuration names, and nothing
 * else (S7, AU-3). Signalling thread.
 */
struct peer_challenged {
	const struct config_peer *peer;
	const struct sip_msg *response;
	struct slice method, uri; /* of the request, uri as it was sent */
	unsigned tries;           /* answers before this one */
};

#define PEER_AUTH_TRY_MAX 3 /* a first one, and two that were only stale */

/* Appends Authorization or Proxy-Authorization lines. SBC_ENOENT: nothing there is for us;
 * SBC_EPROTO: the login was refused, or asked for too often; SBC_ENOMEM, SBC_ECRYPTO. */
int peer_auth_answer(struct sbc *sbc, const struct peer_challenged *c, struct buf *lines);

#endif
