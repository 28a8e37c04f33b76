/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session: its sockets, and what it has to tell. Events are not queued but kept as facts
 * until the mailbox takes them: so none is lost, and a peer cannot fill memory with them.
 */

#include "media/session.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/relay.h"

static void free_sides(struct session *session)
{
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		if (session->sides[side])
			mem_wipe(session->sides[side], sizeof(*session->sides[side]));
		mem_free(session->sides[side]);
	}
}

static int make_sides(struct session *session)
{
	struct session_side **sides = session->sides;

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		sides[side] = mem_alloc(sizeof(*sides[side]));
		if (!sides[side]) {
			free_sides(session);
			return SBC_ENOMEM;
		}
		sides[side]->session = session;
	}
	sides[MEDIA_SIDE_A]->other = sides[MEDIA_SIDE_B];
	sides[MEDIA_SIDE_B]->other = sides[MEDIA_SIDE_A];
	return 0;
}

int session_new(struct session **out, struct media_id id, uint64_t cookie,
	const int fds[MEDIA_SIDE_COUNT][2], struct dtls_context *dtls)
{
	struct session *session = mem_alloc(sizeof(*session));

	if (!session)
		return SBC_ENOMEM;
	if (make_sides(session)) {
		mem_free(session);
		return SBC_ENOMEM;
	}
	list_init(&session->telling);
	session->id = id;
	session->cookie = cookie;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		session->fds[side][0] = fds[side][0];
		session->fds[side][1] = fds[side][1];
		session->sides[side]->env.dtls = dtls;
	}
	*out = session;
	return 0;
}

void session_discard(struct session *session)
{
	free_sides(session);
	mem_free(session);
}

void session_state_free(struct media_state *state)
{
	if (state)
		mem_wipe(state, sizeof(*state));
	mem_free(state);
}

void session_free(struct session *session)
{
	list_remove(&session->telling);
	session_state_free(session->state);
	free_sides(session);
	mem_wipe(session, sizeof(*session));
	mem_free(session);
}

static void tell(struct session *session)
{
	session->env->on_tell(session, session->env->arg);
}

/* What arg of a side's handlers is: the side, since it may go to another session. */
static void on_stream_tell(struct stream *stream, void *arg)
{
	struct session_side *side = arg;

	(void)stream;
	tell(side->session);
}

/* ---- sockets: which one it is tells the component ---- */

static void on_rtp(struct udp_packet *packet, usec_t now, void *arg)
{
	struct session_side *side = arg;

	relay_packet(&side->stream, &side->other->stream, &side->stream.rtp, packet, now);
}

static void on_rtcp(struct udp_packet *packet, usec_t now, void *arg)
{
	struct session_side *side = arg;

	relay_packet(&side->stream, &side->other->stream, &side->stream.rtcp, packet, now);
}

static int open_stream(struct session *session, enum media_side side)
{
	const struct session_env *env = session->env;
	struct session_side *own = session->sides[side];
	struct stream *stream = &own->stream;
	int err = udp_socket_open(&stream->rtp.socket, env->uv, env->io, session->fds[side][0]);

	/* Most sides have rtcp-mux: the other port is only kept, then. */
	udp_socket_reserve(&stream->rtcp.socket, env->io, session->fds[side][1]);
	if (err)
		return err;
	udp_socket_start(&stream->rtp.socket, on_rtp, own);
	return 0;
}

/* Ready to take this description? Its RTCP is heard from now on if it has a port of its own;
 * a handshake that began there waits in the socket. Without sockets a description is of no use.
 */
static bool prepare(struct session_side *own, const struct media_remote *remote)
{
	struct stream *stream = &own->stream;
	struct udp_socket *rtcp = &stream->rtcp.socket;
	const struct session_env *env = own->session->env;

	if (!stream->rtp.socket.is_open)
		return false;
	if (remote->rtcp_mux || rtcp->is_open)
		return true;
	if (udp_socket_open(rtcp, env->uv, env->io, rtcp->fd)) {
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
		return false;
	}
	udp_socket_start(rtcp, on_rtcp, own);
	return true;
}

void session_open(struct session *session, const struct session_env *env)
{
	session->env = env;
	session->open_sockets = 2 * MEDIA_SIDE_COUNT;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct session_side *own = session->sides[side];
		struct dtls_context *dtls = own->env.dtls;

		own->env = env->component;
		own->env.dtls = dtls;
		stream_init(&own->stream, &own->env, on_stream_tell, own);
	}
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		if (open_stream(session, (enum media_side)side))
			stream_fail(&session->sides[side]->stream, MEDIA_FAILURE_INTERNAL);
	}
}

void session_set_remote(struct session *session, enum media_side side,
	const struct media_remote *remote, usec_t now)
{
	struct session_side *own = session->sides[side];

	if (!session->is_closing && prepare(own, remote))
		stream_set_remote(&own->stream, remote, now);
}

void session_set_gate(struct session *session, enum media_side side, bool is_open)
{
	session->sides[side]->stream.is_gate_open = is_open;
}

void session_set_payload_map(
	struct session *session, enum media_side side, struct media_payload_map *map)
{
	if (session->is_closing)
		mem_free(map);
	else
		stream_set_payload_map(&session->sides[side]->stream, map);
}

void session_ask_counters(struct session *session)
{
	session->wants_counters = true;
	tell(session);
}

void session_ask_state(struct session *session)
{
	struct media_state *state;

	if (session->is_closing)
		return;
	state = mem_alloc(sizeof(*state));
	if (!state)
		return;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		stream_export(&session->sides[side]->stream, &state->sides[side]);
	session_state_free(session->state);
	session->state = state;
	tell(session);
}

void session_restore(struct session *session, const struct media_state *state, usec_t now)
{
	if (session->is_closing)
		return;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct session_side *own = session->sides[side];

		if (prepare(own, &state->sides[side].remote))
			stream_restore(&own->stream, &state->sides[side], now);
	}
}

static void put(struct session *session, enum media_side side, struct session_side *own)
{
	struct session_side *other = session->sides[!side];

	session->sides[side] = own;
	own->session = session;
	own->other = other;
	other->other = own;
	stream_set_payload_map(&own->stream, NULL); /* numbers of two that are none now */
	stream_set_payload_map(&other->stream, NULL);
}

void session_exchange(
	struct session *one, enum media_side side, struct session *two, enum media_side other)
{
	struct session_side *first = one->sides[side], *second = two->sides[other];

	/* Their sockets are counted: a closing one waits for its own. */
	if (one == two || one->is_closing || two->is_closing)
		return;
	put(one, side, second);
	put(two, other, first);
	/* What a side has to tell is told of where it is now. */
	tell(one);
	tell(two);
}

static void on_socket_closed(void *arg)
{
	struct session *session = ((struct session_side *)arg)->session;

	if (--session->open_sockets)
		return;
	session->is_closed = true;
	tell(session);
}

void session_close(struct session *session)
{
	if (session->is_closing)
		return;
	session->is_closing = true;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct stream *stream = &session->sides[side]->stream;

		stream_close(stream);
		stream_fini(stream);
		stream->is_secured = false;
		stream->tell = 0;
	}
	session->wants_counters = false;
	session_state_free(session->state);
	session->state = NULL;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct session_side *own = session->sides[side];

		udp_socket_close(&own->stream.rtp.socket, on_socket_closed, own);
		udp_socket_close(&own->stream.rtcp.socket, on_socket_closed, own);
	}
}

/* ---- events ---- */

static bool stream_event(const struct stream *stream, struct media_event *out)
{
	if (stream->tell & STREAM_TELL_FAILED) {
		out->type = MEDIA_EVENT_FAILED;
		out->failure = stream->failure;
		out->security = stream->security;
	} else if (stream->tell & STREAM_TELL_SECURED) {
		out->type = MEDIA_EVENT_SECURED;
		out->security = stream->security;
	} else if (stream->tell & STREAM_TELL_TIMEOUT) {
		out->type = MEDIA_EVENT_TIMEOUT;
	} else {
		return false;
	}
	return true;
}

bool session_next_event(const struct session *session, struct media_event *out)
{
	*out = (struct media_event){.id = session->id, .cookie = session->cookie};
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		out->side = (enum media_side)side;
		if (stream_event(&session->sides[side]->stream, out)) {
			out->is_one_way = out->type == MEDIA_EVENT_TIMEOUT &&
					  !session->sides[!side]->stream.is_silent &&
					  !session->sides[!side]->stream.remote.is_held;
			return true;
		}
	}
	out->side = MEDIA_SIDE_A;
	if (session->state) {
		out->type = MEDIA_EVENT_STATE;
		out->state = session->state;
		return true;
	}
	if (!session->wants_counters && !session->is_closed)
		return false;
	out->type = session->wants_counters ? MEDIA_EVENT_COUNTERS : MEDIA_EVENT_CLOSED;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		stream_counters(&session->sides[side]->stream, &out->counters[side]);
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		stream_quality(&session->sides[side]->stream, &out->quality[side]);
	return true;
}

void session_event_taken(struct session *session, const struct media_event *event)
{
	struct stream *stream = &session->sides[event->side]->stream;

	switch (event->type) {
	case MEDIA_EVENT_FAILED: /* and nothing else matters any more */
		stream->tell = 0;
		break;
	case MEDIA_EVENT_SECURED:
		stream->tell &= ~(unsigned)STREAM_TELL_SECURED;
		break;
	case MEDIA_EVENT_TIMEOUT:
		stream->tell &= ~(unsigned)STREAM_TELL_TIMEOUT;
		break;
	case MEDIA_EVENT_COUNTERS:
		session->wants_counters = false;
		break;
	case MEDIA_EVENT_STATE:
		session->state = NULL; /* it has changed owner */
		break;
	case MEDIA_EVENT_CLOSED:
		session->is_closed = false;
		break;
	}
}
