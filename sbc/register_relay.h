/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_REGISTER_RELAY_H
#define SBC_REGISTER_RELAY_H

#include "sbc/core.h"
#include "sbc/request.h"

/*
 * Registrations of a domain whose registrar is a peer (domains[].registrar). The phone's first
 * REGISTER goes there with our Contact in place of its own; the registrar's challenge and the
 * phone's answer to it cross as they are. From then on the phone is told a short expiry, so
 * that the way to it stays open, and its refreshes are answered here; one goes through when
 * half of what the registrar granted is over. Its contacts are in our own location service.
 * Signalling thread.
 */
struct register_relay;

#define RELAY_PENDING_MAX 1024 /* REGISTERs under way at once; more get 503 */

int register_relay_new(struct register_relay **out, struct sbc *sbc); /* SBC_ENOMEM */
void register_relay_free(struct register_relay *relay);

/* A REGISTER for a user of such a domain. Always answered, now or later. */
void register_relay_request(struct register_relay *relay, const struct request *request,
	const struct config_domain *domain);
/* A user whose registration went that way, and who is at this address or connection. NULL:
 * nobody. */
const struct config_user *register_relay_user(const struct sbc *sbc,
	const struct transport_source *source, const struct sip_uri *uri, usec_t now);
/* The domain whose registrar the peer is, when host is an address of ours: where the
 * registrar sends its calls. NULL: none. */
const struct config_domain *register_relay_domain(
	const struct sbc *sbc, const struct config_peer *peer, struct slice host);
/* Now and then. */
void register_relay_expire(struct register_relay *relay, usec_t now);

#endif
