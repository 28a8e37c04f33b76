/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_RELAY_H
#define MEDIA_RELAY_H

#include "media/stream.h"

/* A datagram that arrived on a component of a side; other is the session's other side. If
 * it is to go on it is queued at the component's udp_io; DTLS is deferred there. */
void relay_packet(struct stream *stream, struct stream *other, struct component *component,
	struct udp_packet *packet, usec_t now);

/* What was deferred: of the component around socket. */
void relay_deferred(struct udp_socket *socket, struct udp_packet *packet, usec_t now);

#endif
