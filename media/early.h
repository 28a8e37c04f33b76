/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_EARLY_H
#define MEDIA_EARLY_H

#include "media/udp_io.h"

/*
 * The newest datagrams from before the peer is known: a peer may begin its handshake before
 * its answer has reached us (RFC 5763 section 5). Bounded; one thread.
 */
#define EARLY_MAX 8

struct early;

/* Keeps a copy, in place of the oldest when full. *early is made at the first one; without
 * memory for it nothing is kept: the peer will repeat. */
void early_put(struct early **early, const struct udp_packet *packet);

typedef void(early_h)(const struct udp_packet *packet, void *arg);
/* Oldest first. early may be NULL. */
void early_visit(struct early *early, early_h *visit, void *arg);
void early_free(struct early **early);

#endif
