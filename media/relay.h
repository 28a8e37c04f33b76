/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_RELAY_H
#define MEDIA_RELAY_H

#include "media/stream.h"

/* Datagrams that arrived on a component of a side; other is the session's other side. What
 * is to go on is queued at the component's udp_io. */
void relay_packets(struct stream *stream, struct stream *other, struct component *component,
	struct udp_packet *packets, unsigned count, usec_t now);

#endif
