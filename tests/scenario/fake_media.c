/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes the place of the media room in scenario tests: the same door, but it only remembers
 * what it was told, so that a test can ask.
 */

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "tests/scenario/world.h"

/* One test at a time, one media room: the door gives no other place to keep it. */
static struct fake_media room;
static struct fingerprint own;

struct fake_media *fake_media(void)
{
	return &room;
}

void fake_media_reset(void)
{
	/* Those that were used: there are many tests, and it is a large table. */
	memset(room.sessions, 0, room.session_count * sizeof(room.sessions[0]));
	memset(&room, 0, offsetof(struct fake_media, sessions));
	fingerprint_parse(&own, SLICE("sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
				      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"));
}

const char *media_failure_name(enum media_failure failure)
{
	return failure == MEDIA_FAILURE_FINGERPRINT ? "fingerprint mismatch"
						    : "handshake failed";
}

const char *media_keying_name(enum media_keying keying)
{
	static const char *const names[] = {"dtls", "sdes", "none"};

	return names[keying];
}

/* The rest of the door is the program's: a scenario starts no room and stops none. */
void media_config_init(struct media_config *config)
{
	*config = (struct media_config){0};
}

int media_new(struct media **out, const struct media_config *config, uv_loop_t *loop,
	media_event_h *handler, void *arg)
{
	(void)out;
	(void)config;
	(void)loop;
	(void)handler;
	(void)arg;
	return SBC_ESTATE;
}

int media_add_interface(struct media *media, const struct media_interface *interface)
{
	(void)media;
	(void)interface;
	return SBC_ESTATE;
}

void media_drop_interface(struct media *media)
{
	(void)media;
}

void media_stop(struct media *media, media_stopped_h *stopped, void *arg)
{
	(void)media;
	stopped(arg);
}

unsigned media_stuck_loops(struct media *media)
{
	(void)media;
	return 0;
}

void media_rings(const struct media *media, struct media_rings *out)
{
	(void)media;
	*out = (struct media_rings){0};
}

const struct fingerprint *media_own_fingerprint(const struct media *media)
{
	(void)media;
	return &own;
}

int media_open(
	struct media *media, const struct media_open_request *request, struct media_opened *out)
{
	(void)media;
	if (room.open_error)
		return room.open_error;
	if (room.session_count == FAKE_SESSION_MAX)
		return SBC_ELIMIT;
	room.open_count++;
	out->id = (struct media_id){
		.slot = (uint16_t)room.session_count, .generation = room.open_count};
	room.sessions[room.session_count++] = (struct fake_session){
		.id = out->id, .cookie = request->cookie, .is_open = true, .request = *request};
	if (room.cookie != request->cookie || room.sessions[room.id.slot].is_closing)
		room.id = out->id;
	room.cookie = request->cookie;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		netaddr_parse(&out->local[side],
			request->interface[side] ? SLICE("::1") : SLICE("127.0.0.1"),
			request->port[side] ? request->port[side]
					    : (uint16_t)(20000 + 2 * side));
	return 0;
}

int media_set_remote(struct media *media, struct media_id id, enum media_side side,
	const struct media_remote *remote)
{
	struct fake_session *session = &room.sessions[id.slot];

	(void)media;
	session->remote[side] = *remote;
	session->has_remote[side] = true;
	if (id.slot == room.id.slot) {
		room.remote[side] = *remote;
		room.has_remote[side] = true;
	}
	return remote->keying == MEDIA_KEYING_DTLS &&
			       fingerprint_set_strongest(&remote->fingerprints) ==
				       FINGERPRINT_UNKNOWN
		       ? SBC_EINVAL
		       : 0;
}

int media_set_gate(struct media *media, struct media_id id, enum media_side side, bool is_open)
{
	(void)media;
	room.sessions[id.slot].gate[side] = is_open;
	if (id.slot == room.id.slot)
		room.gate[side] = is_open;
	return 0;
}

/* What room.remote and room.gate say is of the session that opened last. */
static void show_last(void)
{
	const struct fake_session *last = &room.sessions[room.id.slot];

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		room.remote[side] = last->remote[side];
		room.has_remote[side] = last->has_remote[side];
		room.gate[side] = last->gate[side];
	}
}

int media_exchange(struct media *media, struct media_id one, enum media_side side,
	struct media_id two, enum media_side other)
{
	struct fake_session *first = &room.sessions[one.slot],
			    *second = &room.sessions[two.slot];
	struct fake_session kept = *first;

	(void)media;
	if (room.exchange_error)
		return room.exchange_error;
	room.exchange_count++;
	first->remote[side] = second->remote[other];
	first->has_remote[side] = second->has_remote[other];
	first->gate[side] = second->gate[other];
	second->remote[other] = kept.remote[side];
	second->has_remote[other] = kept.has_remote[side];
	second->gate[other] = kept.gate[side];
	for (int i = 0; i < MEDIA_SIDE_COUNT; i++)
		first->has_map[i] = second->has_map[i] = false;
	show_last();
	return 0;
}

int media_set_payload_map(struct media *media, struct media_id id, enum media_side side,
	const struct media_payload_map *map)
{
	struct fake_session *session = &room.sessions[id.slot];

	(void)media;
	session->map_count++;
	session->has_map[side] = map != NULL;
	if (map)
		session->map[side] = *map;
	return 0;
}

int media_ask_counters(struct media *media, struct media_id id)
{
	(void)media;
	(void)id;
	return 0;
}

/* Answered when time passes: world.c. */
int media_ask_state(struct media *media, struct media_id id)
{
	(void)media;
	room.sessions[id.slot].is_asked = true;
	return 0;
}

int media_restore(struct media *media, struct media_id id, const struct media_state *state)
{
	(void)media;
	if (room.restore_error)
		return room.restore_error;
	room.restored[room.restored_count % FAKE_RESTORED_MAX] = *state;
	room.restored_count++;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct fake_session *session = &room.sessions[id.slot];
		session->has_remote[side] = state->sides[side].has_remote;
		session->remote[side] = state->sides[side].remote;
		session->gate[side] = state->sides[side].is_gate_open;
	}
	return 0;
}

void media_close(struct media *media, struct media_id id)
{
	(void)media;
	if (!room.sessions[id.slot].is_closing)
		room.close_count++;
	room.sessions[id.slot].is_closing = true;
}
