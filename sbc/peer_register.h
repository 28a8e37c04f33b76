/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEER_REGISTER_H
#define SBC_PEER_REGISTER_H

#include "sbc/core.h"

/*
 * We register at peers that want it (RFC 3261 section 10.2), so that they know where calls for
 * us go: one binding each, refreshed before it is over, tried again with growing pauses (RFC
 * 5626 section 4.5). Signalling thread.
 */
void peer_register_start(struct sbc *sbc, usec_t now);
/* Gives bindings back (Expires: 0), without waiting for the answers. */
void peer_register_stop(struct sbc *sbc, usec_t now);
/* No event comes any more. */
void peer_register_forget(struct sbc *sbc);

/* The user part of our Contact at this peer. */
struct slice peer_register_user(const struct config_peer *peer);

#endif
