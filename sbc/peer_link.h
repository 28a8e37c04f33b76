/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEER_LINK_H
#define SBC_PEER_LINK_H

#include "sbc/core.h"
#include "sbc/peer_table.h"

/* The core's peers: how to reach one, whom a message comes from. Signalling thread. */

/* SBC_ENOENT: no address is known, or no listener has its transport. */
int sbc_hop_to_peer(const struct sbc *sbc, const struct config_peer *peer, struct hop *out);
/* The same for its other addresses; 0 is the one in use. SBC_ENOENT: there are not so many. */
int sbc_hop_to_peer_at(
	const struct sbc *sbc, const struct config_peer *peer, size_t index, struct hop *out);
/* Of a peer that registers here: its contacts, newest first. NULL: not (so many). Borrowed
 * until the next registration. */
const struct registrar_binding *sbc_peer_binding(
	const struct sbc *sbc, const struct config_peer *peer, size_t index);
/* Peers that register have other contacts now. */
void sbc_peers_registered(struct sbc *sbc);
/* Names of peers are looked up, and again when their TTL is over. */
void sbc_resolve_start(struct sbc *sbc, usec_t now);
/* Is it the peer by its TLS name and by its address? Only then may it speak for our users and
 * be signed for. */
bool sbc_peer_is_certain(const struct sbc *sbc, const struct config_peer *peer,
	const struct transport_source *source);
/* A configured neighbour: by its certificate's name where TLS is agreed on, else by its
 * address. NULL: a stranger, or a phone. */
const struct config_peer *sbc_peer_of(
	const struct sbc *sbc, const struct transport_source *source);

/* Is a message from there looked at? Peers and blocking.allow are not asked. */
bool sbc_admits(struct sbc *sbc, const struct transport_source *source, usec_t now);
void sbc_blame(
	struct sbc *sbc, const struct transport_source *source, unsigned points, usec_t now);
void sbc_praise(struct sbc *sbc, const struct transport_source *source, usec_t now);

#endif
