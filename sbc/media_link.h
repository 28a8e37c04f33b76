/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_MEDIA_LINK_H
#define SBC_MEDIA_LINK_H

#include "media/media.h"
#include "sbc/core.h"
#include "sbc/sdp_keying.h"
#include "sbc/tls_id.h"

/*
 * The door to the media room: what offer and answer came to becomes media commands, media
 * events become facts of a call. Only media_link.c calls media. Signalling thread.
 */

/* m= sections of a call that are relayed, each by a media session of its own; more are
 * refused with port 0. Audio and video, twice. */
#define CALL_STREAM_MAX 4

/* What was agreed with one leg about one section. Secret. */
struct stream_keying {
	enum sdp_keying chosen; /* SDP_REFUSED: not yet, or the leg does not want it */
	struct sdes_line ours[SDES_LINE_MAX]; /* what we offered, or the one we answered */
	size_t count;
	size_t line;             /* of ours: the one in use */
	struct sdes_line theirs; /* the one that the leg sends with */
};

/* One relayed section. Secret: wiped with the call. */
struct call_stream {
	size_t index; /* of its m= line */
	char kind[8]; /* "audio" */
	unsigned interface[MEDIA_SIDE_COUNT];
	bool is_open;     /* the media room has a session for it */
	bool is_taken;    /* by both legs */
	bool is_given_up; /* a leg refused it, then or later: it closes */
	bool is_new;      /* offered in the middle of a call, and not agreed yet */
	struct media_id id;
	struct netaddr local[MEDIA_SIDE_COUNT]; /* advertised, RTP port */
	struct stream_keying keying[MEDIA_SIDE_COUNT];
	bool has_remote[MEDIA_SIDE_COUNT]; /* the media room knows that side, and these: */
	struct fingerprint_set signalled[MEDIA_SIDE_COUNT];
	enum media_dtls_role role[MEDIA_SIDE_COUNT]; /* ours */
	struct tls_id tls_id[MEDIA_SIDE_COUNT];
	bool is_secured[MEDIA_SIDE_COUNT];
	bool is_renumbered[MEDIA_SIDE_COUNT]; /* payload types of what it sends */
	enum media_failure failure[MEDIA_SIDE_COUNT];
	struct media_security security[MEDIA_SIDE_COUNT];
	struct media_counters counters[MEDIA_SIDE_COUNT]; /* as last told */
	struct media_quality quality[MEDIA_SIDE_COUNT];   /* likewise */
	char codec[32];                                   /* the first that was agreed */
	uint32_t clock_rate;
};

/* What a leg's configuration and its hop allow. */
struct leg_media {
	enum media_mode mode;
	const struct config_media_rules *rules; /* borrowed from the call's configuration */
	bool is_hop_secured;                    /* its SIP goes over TLS */
	sa_family_t family;                     /* of its hop: media's, until it says another */
};

struct call_media {
	struct leg_media legs[MEDIA_SIDE_COUNT];
	struct call_stream *streams; /* owned; secret; NULL: none */
	size_t count, room;
	unsigned open_count;    /* streams whose session is open */
	unsigned counters_told; /* how often, over all streams */
};

/* What the media room tells. */
struct media_link_ears {
	media_event_h *event;
	media_secret_h *secret; /* NULL, but in a laboratory */
	void *arg;              /* borrowed; of both */
};
/* The media room as the configuration wants it; errors of media_new(). */
int media_link_new(struct media **out, const struct config *config, uv_loop_t *loop,
	const struct media_link_ears *ears);

/* Interfaces can only be added to those that are there, at the end: calls know them by their
 * place. SBC_EINVAL. */
int media_link_check_interfaces(const struct config *before, const struct config *after);
/* Those that after has more. *count: how many. SBC_ENOMEM: none was. */
int media_link_add_interfaces(struct media *media, const struct config *before,
	const struct config *after, unsigned *count);
/* Takes so many back, which nobody has used. */
void media_link_drop_interfaces(struct media *media, unsigned count);

/* As media_stop(). */
void media_link_stop(struct media *media, media_stopped_h *stopped, void *arg);

/* Where media of a leg comes and goes: the interface that its rules name, else the first one
 * of that family (AF_UNSPEC: of any). SBC_ENOENT: none has it. */
int media_link_interface(const struct config *config, const struct config_media_rules *rules,
	sa_family_t family, unsigned *out);

const struct fingerprint *media_link_fingerprint(const struct sbc *sbc);

/* A session for each stream, or for none. number: the call's, comes back in events. beside:
 * sides may change places with the stream of the same m= line there; NULL: with nobody.
 * SBC_ELIMIT, SBC_EAGAIN, SBC_EIO: 503. */
int media_link_open(struct sbc *sbc, struct call_media *media, uint64_t number,
	const struct call_media *beside);

/* What one side's description says about a stream whose keying was agreed. */
struct media_link_words {
	int side;
	const struct sdp_media *section;
	const struct fingerprint_set *fingerprints; /* DTLS: those that may be shown */
	enum media_dtls_role role;                  /* ours, of DTLS */
};
int media_link_set_remote(struct sbc *sbc, const struct call_media *media,
	const struct call_stream *stream, const struct media_link_words *words);
int media_link_set_gate(
	struct sbc *sbc, const struct call_stream *stream, int side, bool is_open);
/* One side of a stream. */
struct stream_side {
	struct call_stream *stream;
	int side;
};
/* Can these two change places? */
bool media_link_may_exchange(const struct call_stream *one, const struct call_stream *two);
/* They do, with all that is known of each. Errors of media_exchange(). */
int media_link_exchange(struct sbc *sbc, struct stream_side one, struct stream_side two);
/* Of what a side sends; NULL: as it is. */
int media_link_set_payload_map(struct sbc *sbc, const struct call_stream *stream, int side,
	const struct media_payload_map *map);
/* It is open, and to stay so. */
static inline bool media_link_is_live(const struct call_stream *stream)
{
	return stream->is_open && !stream->is_given_up;
}
/* Room for so many streams, count being 0. SBC_ENOMEM. */
int media_link_make_room(struct call_media *media, size_t stream_count);
/* Streams that a call remembers, live or not. */
#define CALL_STREAM_EVER 12
/* A place for one more, zeroed: behind the others, or, of CALL_STREAM_EVER, that of the oldest
 * one that is over. It may move the others. SBC_ENOMEM; SBC_ELIMIT: too many are live. */
int media_link_add(struct call_media *media, struct call_stream **out);
/* A session for this stream; errors of media_link_open(). */
int media_link_open_one(
	struct sbc *sbc, struct call_media *media, struct call_stream *stream, uint64_t number);
/* Wipes and frees them; their sessions are closed, or about to be. */
void media_link_forget(struct call_media *media);
/* The first stream; without any, one of which nothing is known. */
const struct call_stream *media_link_first(const struct call_media *media);
/* The live stream of that m= line; NULL: there is none. */
const struct call_stream *media_link_stream(const struct call_media *media, size_t index);
/* CLOSED follows if it was open. */
void media_link_close_stream(struct sbc *sbc, const struct call_stream *stream);
void media_link_close(struct sbc *sbc, struct call_media *media);

/* The counters of each open stream come with a later event. SBC_EAGAIN: a mailbox is full;
 * SBC_ESTATE. */
int media_link_ask_counters(struct sbc *sbc, const struct call_media *media);

/* Each open stream's state comes with a later event. SBC_EAGAIN: a mailbox is full. */
int media_link_ask_states(struct sbc *sbc, const struct call_media *media);
/* As media_state_write(). */
int media_link_put_state(struct buf *out, const struct media_state *state);
/* A session for each stream, on the ports that it has and with what media_state_write() wrote
 * of it; none on an error: SBC_EPARSE, SBC_ELIMIT (a port is taken), what else media_open() and
 * media_restore() say. */
int media_link_restore(
	struct sbc *sbc, struct call_media *media, uint64_t number, const struct slice *states);

/* Copies what an event says into the call's record of it. NULL: it is about no stream. */
struct call_stream *media_link_take(struct call_media *media, const struct media_event *ev);

/* "dtls", "sdes", "none"; "" until it is agreed. Static. */
const char *media_link_keying_name(const struct stream_keying *keying);

/* How the media loops receive and send. */
void media_link_rings(const struct sbc *sbc, struct media_rings *out);

/* As media_stuck_loops(). */
unsigned media_link_stuck_loops(struct media *media);

/* The last numbers of a session go into the totals. */
void media_link_count(struct sbc_counters *counters, const struct media_event *ev);

/* Of all streams together. */
void media_link_sum(
	const struct call_media *media, enum media_side side, struct media_counters *out);
/* Every stream that both legs took is secured on this side, and there is one. */
bool media_link_is_secured(const struct call_media *media, enum media_side side);

#endif
