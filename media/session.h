/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_SESSION_H
#define MEDIA_SESSION_H

#include "base/list.h"
#include "media/media_msg.h"
#include "media/stream.h"

struct session;

/* It has something to tell: session_next_event(). */
typedef void(session_tell_h)(struct session *session, void *arg);

/* What a session needs of its loop. */
struct session_env {
	struct component_env component;
	uint16_t index;    /* of the loop */
	uv_loop_t *uv;     /* borrowed */
	struct udp_io *io; /* borrowed */
	session_tell_h *on_tell;
	void *arg; /* borrowed */
};

/* One side, with its sockets and keys. It may go over to another session of its loop. */
struct session_side {
	struct stream stream;
	struct component_env env;   /* its loop's, with our certificate of when it began */
	struct session_side *other; /* borrowed: the other side of the same session */
	struct session *session;    /* borrowed: whose it is now */
};

/*
 * A media session: sides A and B, four sockets. Made on the signalling loop, then handed to
 * a media loop for good.
 */
struct session {
	struct list telling; /* in the loop's list of those that have something to tell */
	struct media_id id;
	uint64_t cookie;
	int fds[MEDIA_SIDE_COUNT][2]; /* RTP, RTCP; the sockets' owned from session_open() on */
	const struct session_env *env;                /* borrowed; NULL until session_open() */
	struct session_side *sides[MEDIA_SIDE_COUNT]; /* owned */
	unsigned open_sockets;
	bool is_closing;
	bool wants_counters;
	struct media_state *state; /* owned; to be told */
	bool is_closed;            /* all sockets are; CLOSED is to be told */
};

/* Runs on: signalling loop. dtls is borrowed until CLOSED, by both sides wherever they go.
 * SBC_ENOMEM. */
int session_new(struct session **out, struct media_id id, uint64_t cookie,
	const int fds[MEDIA_SIDE_COUNT][2], struct dtls_context *dtls);
/* Runs on: signalling loop. One that was not handed over; leaves the descriptors alone. */
void session_discard(struct session *session);

/* The rest runs on: the media loop. */
void session_open(struct session *session, const struct session_env *env);
void session_set_remote(struct session *session, enum media_side side,
	const struct media_remote *remote, usec_t now);
void session_set_gate(struct session *session, enum media_side side, bool is_open);
/* The two sides change places, with all that is theirs: sockets, keys, gates, counters. Not
 * when one of the sessions is closing. */
void session_exchange(
	struct session *one, enum media_side side, struct session *two, enum media_side other);
/* map is owned from now on; NULL: none. */
void session_set_payload_map(
	struct session *session, enum media_side side, struct media_payload_map *map);
void session_ask_counters(struct session *session);
/* Without memory nothing is told: who asked may ask again. */
void session_ask_state(struct session *session);
void session_restore(struct session *session, const struct media_state *state, usec_t now);
/* Wipes it. NULL is allowed. */
void session_state_free(struct media_state *state);
/* Asynchronous: CLOSED is its last event. */
void session_close(struct session *session);
/* After CLOSED was taken. */
void session_free(struct session *session);

/* The next thing to tell; false: nothing. Asking again gives the same until it was taken. */
bool session_next_event(const struct session *session, struct media_event *out);
void session_event_taken(struct session *session, const struct media_event *event);

#endif
