/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_STREAM_H
#define MEDIA_STREAM_H

#include "media/component.h"
#include "media/latch.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/straight.h"

/* What a side has to tell that the signalling loop has not taken yet. */
enum {
	STREAM_TELL_SECURED = 1,
	STREAM_TELL_FAILED = 2,
	STREAM_TELL_TIMEOUT = 4,
};

struct stream;
/* tell has become other than 0. */
typedef void(stream_tell_h)(struct stream *stream, void *arg);

/*
 * One side of a session: its components, the word of signalling and policy about it, what
 * arrived. Runs on: its media loop.
 */
struct stream {
	struct component rtp; /* with rtcp-mux everything; else RTP alone */

	/* What each packet needs, together in a few cache lines. */
	bool has_remote;
	bool is_gate_open; /* policy's word */
	bool is_secured;   /* its keying is done, as the door says for each kind */
	bool is_failed;
	bool is_renewing; /* secured, and another association is on its way */
	bool is_silent;   /* told already */
	unsigned source_count;
	struct rtp_source *sources;            /* owned; has room for a power of two */
	struct media_payload_map *payload_map; /* owned; of what arrives here; NULL: as it is */
	usec_t heard_at; /* last packet that was taken, or when it was secured */
	struct media_counters counters;
	struct media_remote remote;

	struct component rtcp;           /* without rtcp-mux: RTCP */
	const struct component_env *env; /* borrowed */
	stream_tell_h *on_tell;
	void *arg; /* borrowed */
	enum media_failure failure;
	struct media_security security;
	unsigned tell; /* bits */

	struct timer deadline; /* of the handshakes */
	struct timer silence;
	struct straight straight; /* of the RTP component's socket */
	struct latch latch;       /* plain RTP */
	uint64_t lost_before;     /* of associations that are gone */
	uint64_t expected_before;
	struct media_quality quality; /* but expected */
	uint32_t report_time;         /* the newest sender report that went to this side */
	usec_t report_sent_at;        /* when; 0: none */
};

/* The one place that says whether media goes from one side to the other. */
static inline bool stream_may_forward(const struct stream *from, const struct stream *to)
{
	return from->is_secured && from->is_gate_open && to->is_secured && to->is_gate_open;
}

/* Nothing proves its packets: only where they come from speaks for them. */
static inline bool stream_is_plain(const struct stream *stream)
{
	return stream->remote.keying == MEDIA_KEYING_NONE;
}

/* Where a side's RTCP comes and goes (RFC 5761). */
static inline struct component *stream_rtcp(struct stream *stream)
{
	return stream->remote.rtcp_mux ? &stream->rtp : &stream->rtcp;
}

void stream_init(struct stream *stream, const struct component_env *env, stream_tell_h *on_tell,
	void *arg);
/* Frees all but the sockets. */
void stream_fini(struct stream *stream);

void stream_set_remote(struct stream *stream, const struct media_remote *remote, usec_t now);
/* map is owned from now on; NULL: none. */
void stream_set_payload_map(struct stream *stream, struct media_payload_map *map);
/* What it needs to live on. out is zeroed memory. */
void stream_export(const struct stream *stream, struct media_side_state *out);
/* Lives on from there; in a stream that had no remote yet. */
void stream_restore(struct stream *stream, const struct media_side_state *state, usec_t now);
/* It cannot be any more. */
void stream_fail(struct stream *stream, enum media_failure failure);
/* Says goodbye to the peer. */
void stream_close(struct stream *stream);

/* Plain RTP or RTCP (header NULL): is it from where the peer's media comes from? May find
 * that the peer is elsewhere. */
bool stream_takes_plain(struct stream *stream, struct component *component,
	const struct netaddr *from, const struct rtp_header *header, usec_t now);

/* A packet that was authenticated, or taken, came in on component from there. */
void stream_heard(struct stream *stream, struct component *component,
	const struct netaddr *from, usec_t now);
/* Such an RTP packet. */
void stream_count_rtp(struct stream *stream, const struct rtp_header *header, usec_t now);
/* A checked RTCP packet of stream, in the clear: what it reports about what was sent to it;
 * other's are what it reports about. */
void stream_read_rtcp(struct stream *stream, struct stream *other, const uint8_t *bytes,
	size_t len, usec_t now);
void stream_quality(const struct stream *stream, struct media_quality *out);
/* As they are now. */
void stream_counters(const struct stream *stream, struct media_counters *out);

#endif
