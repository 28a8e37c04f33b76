/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packet path, top to bottom: class, header, unprotect, address, gate, protect, queue.
 * No lock, no allocation, no clock, no word in a log; every packet ends in a counter. Runs
 * on: a media loop.
 */

#include "media/relay.h"

#include "base/err.h"
#include "base/list.h"
#include "media/crypto_context.h"
#include "media/demux.h"
#include "media/rtcp.h"
#include "media/rtp.h"

/* Where a packet that did not verify is counted. */
static void count_refused(struct stream *stream, const struct component *component,
	const struct udp_packet *packet, int err)
{
	struct media_counters *counters = &stream->counters;

	if (!netaddr_equal(&packet->peer, &component->peer))
		counters->dropped_source++;
	else if (err == SBC_EEXIST)
		counters->dropped_replay++;
	else
		counters->dropped_auth++;
}

typedef int(unprotect_h)(struct crypto_context *context, uint8_t *bytes, size_t *len);

/* 0; or 1: by the keys before (RFC 5764 section 5.2, DTLS-16), which a packet that was under
 * way as they changed still has. */
static int unprotect(
	const struct component *component, struct udp_packet *packet, unprotect_h *work)
{
	uint8_t kept[UDP_PACKET_MAX];
	size_t len = packet->len;
	int err;

	if (!component->keys.in_before)
		return work(component->keys.in, packet->data, &packet->len);
	memcpy(kept, packet->data, len);
	err = work(component->keys.in, packet->data, &packet->len);
	if (!err)
		return 0;
	memcpy(packet->data, kept, len); /* which failing may have spoiled */
	packet->len = len;
	return work(component->keys.in_before, packet->data, &packet->len) ? err : 1;
}

/* Where the sender of a packet that was taken is: who uses the keys before is gone. */
static const struct netaddr *place_of(
	const struct component *component, const struct udp_packet *packet, int taken)
{
	return taken ? &component->peer : &packet->peer;
}

static void send_on(struct component *to, struct udp_packet *packet, uint64_t *relayed,
	struct media_counters *counters)
{
	struct udp_queued entry = {.fd = to->socket.fd,
		.packet = packet,
		.sent = relayed,
		.dropped = &counters->dropped_send};

	if (to->socket.is_connected)
		packet->peer.sa.sa_family = AF_UNSPEC;
	else
		packet->peer = to->peer;
	udp_io_queue(to->socket.io, &entry);
}

/* Plain RTP verifies by its address alone. Before the gate, so that the rollover counter
 * keeps up while it is shut. Below 0: counted. 1: by the keys before. */
static int take_rtp(struct stream *stream, struct component *component,
	struct udp_packet *packet, const struct rtp_header *header, usec_t now)
{
	int err;

	if (stream_is_plain(stream)) {
		if (stream_takes_plain(stream, component, &packet->peer, header, now))
			return 0;
		stream->counters.dropped_source++;
		return SBC_ENOENT;
	}
	err = unprotect(component, packet, crypto_context_unprotect_rtp);
	if (err < 0)
		count_refused(stream, component, packet, err);
	return err;
}

static int take_rtcp(struct stream *stream, struct component *component,
	struct udp_packet *packet, usec_t now)
{
	int err;

	if (stream_is_plain(stream)) {
		if (stream_takes_plain(stream, component, &packet->peer, NULL, now))
			return 0;
		stream->counters.dropped_source++;
		return SBC_ENOENT;
	}
	err = unprotect(component, packet, crypto_context_unprotect_rtcp);
	if (err < 0)
		count_refused(stream, component, packet, err);
	return err;
}

static void relay_rtp(struct stream *stream, struct stream *other, struct component *component,
	struct udp_packet *packet, usec_t now)
{
	struct media_counters *counters = &stream->counters;
	struct rtp_header header;
	int taken, err = 0;

	if (rtp_parse(&header, packet->data, packet->len)) {
		counters->dropped_malformed++;
		return;
	}
	counters->rtp_received++;
	if (!stream->is_secured) {
		counters->dropped_gate++;
		return;
	}
	taken = take_rtp(stream, component, packet, &header, now);
	if (taken < 0)
		return;
	stream_heard(stream, component, place_of(component, packet, taken), now);
	stream_count_rtp(stream, &header, now);
	if (!stream_may_forward(stream, other)) {
		counters->dropped_gate++;
		return;
	}
	if (stream->payload_map)
		rtp_renumber(packet->data, stream->payload_map->to);
	if (!stream_is_plain(other))
		err = crypto_context_protect_rtp(
			other->rtp.keys.out, packet->data, &packet->len);
	if (err)
		counters->dropped_replay++; /* a number that this direction used already */
	else
		send_on(&other->rtp, packet, &counters->rtp_relayed, counters);
}

static void relay_rtcp(struct stream *stream, struct stream *other, struct component *component,
	struct udp_packet *packet, usec_t now)
{
	struct media_counters *counters = &stream->counters;
	struct component *to = stream_rtcp(other);
	int taken, err = 0;

	if (rtcp_check_first(packet->data, packet->len)) {
		counters->dropped_malformed++;
		return;
	}
	counters->rtcp_received++;
	if (!stream->is_secured) {
		counters->dropped_gate++;
		return;
	}
	taken = take_rtcp(stream, component, packet, now);
	if (taken < 0)
		return;
	stream_heard(stream, component, place_of(component, packet, taken), now);
	if (rtcp_check(packet->data, packet->len)) {
		counters->dropped_malformed++;
		return;
	}
	if (!stream_may_forward(stream, other)) {
		counters->dropped_gate++;
		return;
	}
	stream_read_rtcp(stream, other, packet->data, packet->len, now);
	if (!stream_is_plain(other))
		err = crypto_context_protect_rtcp(to->keys.out, packet->data, &packet->len);
	if (err)
		counters->dropped_auth++;
	else
		send_on(to, packet, &counters->rtcp_relayed, counters);
}

static void relay_media(struct stream *stream, struct stream *other,
	struct component *component, struct udp_packet *packet, usec_t now)
{
	bool is_rtcp = component == &stream->rtcp ||
		       (stream->remote.rtcp_mux && rtcp_is_rtcp(packet->data, packet->len));

	if (is_rtcp && component != stream_rtcp(stream)) /* the RTCP port of a side with mux */
		stream->counters.dropped_source++;
	else if (is_rtcp)
		relay_rtcp(stream, other, component, packet, now);
	else
		relay_rtp(stream, other, component, packet, now);
}

/* A handshake's step takes as long as thirty packets: it waits for its turn. */
static void defer(struct component *component, const struct udp_packet *packet)
{
	if (udp_socket_defer(&component->socket, packet)) {
		component->counters->dtls_received++;
		component->counters->dropped_dtls++;
	}
}

void relay_deferred(struct udp_socket *socket, struct udp_packet *packet, usec_t now)
{
	component_input(container_of(socket, struct component, socket), packet, now);
}

void relay_packet(struct stream *stream, struct stream *other, struct component *component,
	struct udp_packet *packet, usec_t now)
{
	switch (demux_classify(packet->data, packet->len)) {
	case DEMUX_DTLS:
		defer(component, packet);
		break;
	case DEMUX_RTP:
		if (packet->is_truncated)
			stream->counters.dropped_malformed++;
		else
			relay_media(stream, other, component, packet, now);
		break;
	case DEMUX_STUN:
	case DEMUX_ZRTP:
	case DEMUX_TURN:
	case DEMUX_UNKNOWN:
		stream->counters.dropped_malformed++;
		break;
	}
}
