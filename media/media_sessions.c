/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door's sessions. It knows their names and ports and posts commands; sessions are the
 * loops'. Runs on: signalling loop.
 */

#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/media_room.h"
#include "media/profile.h"
#include "media/session.h"

#define DSCP_MAX 63 /* six bits */

static struct name *find(struct media *media, struct media_id id)
{
	struct name *name;

	if (id.loop >= media->config.loop_count)
		return NULL;
	name = names_find(&media->names[id.loop], id);
	return name && !name->is_closing ? name : NULL;
}

static uint16_t least_loaded(const struct media *media)
{
	uint16_t best = 0;

	for (uint16_t i = 1; i < media->config.loop_count; i++) {
		if (media->names[i].live_count < media->names[best].live_count)
			best = i;
	}
	return best;
}

static void give_pair(struct media *media, unsigned interface, const struct port_pair *pair)
{
	close(pair->rtp_fd);
	close(pair->rtcp_fd);
	port_pool_give(&media->pools[interface], pair->port);
}

static int take_pair(struct media *media, const struct media_open_request *request,
	enum media_side side, struct port_pair *pair)
{
	struct port_pool *pool = &media->pools[request->interface[side]];

	return request->port[side] ? port_pool_take_port(pool, request->port[side], pair)
				   : port_pool_take(pool, pair);
}

static int take_pairs(struct media *media, const struct media_open_request *request,
	struct port_pair pairs[MEDIA_SIDE_COUNT])
{
	const unsigned *interface = request->interface;
	int err;

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		if (interface[side] >= media->config.interface_count ||
			request->dscp[side] > DSCP_MAX)
			return SBC_EINVAL;
	}
	err = take_pair(media, request, MEDIA_SIDE_A, &pairs[MEDIA_SIDE_A]);
	if (err)
		return err;
	err = take_pair(media, request, MEDIA_SIDE_B, &pairs[MEDIA_SIDE_B]);
	if (err) {
		give_pair(media, interface[MEDIA_SIDE_A], &pairs[MEDIA_SIDE_A]);
		return err;
	}
	for (int side = 0; !err && side < MEDIA_SIDE_COUNT; side++) {
		if (request->dscp[side])
			err = port_pair_set_dscp(&pairs[side], request->dscp[side]);
	}
	for (int side = 0; err && side < MEDIA_SIDE_COUNT; side++)
		give_pair(media, interface[side], &pairs[side]);
	return err;
}

/* Hands the sockets to a new session of the loop. */
static int post_open(struct media *media, struct media_id id, uint64_t cookie,
	const struct port_pair pairs[MEDIA_SIDE_COUNT])
{
	const int fds[MEDIA_SIDE_COUNT][2] = {
		{pairs[MEDIA_SIDE_A].rtp_fd, pairs[MEDIA_SIDE_A].rtcp_fd},
		{pairs[MEDIA_SIDE_B].rtp_fd, pairs[MEDIA_SIDE_B].rtcp_fd},
	};
	struct command command = {.type = COMMAND_OPEN, .id = id};
	int err = session_new(&command.session, id, cookie, fds, media->own->contexts[id.loop]);

	if (err)
		return err;
	err = media_loop_post(media->loops[id.loop], &command);
	if (err)
		session_discard(command.session);
	return err;
}

static void tell_local(const struct media *media, const struct media_open_request *request,
	const struct port_pair pairs[MEDIA_SIDE_COUNT], struct media_opened *out)
{
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		const struct media_interface *interface =
			&media->config.interfaces[request->interface[side]];

		out->local[side] = netaddr_is_set(&interface->advertised)
					   ? interface->advertised
					   : interface->address;
		netaddr_set_port(&out->local[side], pairs[side].port);
	}
}

int media_open(
	struct media *media, const struct media_open_request *request, struct media_opened *out)
{
	struct media_id id = {
		.loop = request->beside ? request->beside->loop : least_loaded(media)};
	struct names *names = &media->names[id.loop];
	struct port_pair pairs[MEDIA_SIDE_COUNT];
	struct name *name;
	int err;

	if (media->is_stopping)
		return SBC_ESTATE;
	if (request->beside && !find(media, *request->beside))
		return SBC_ENOENT;
	if (media->session_count >= media->config.session_max || names_take(names, &id))
		return SBC_ELIMIT;
	err = take_pairs(media, request, pairs);
	if (err)
		goto give_name;
	err = post_open(media, id, request->cookie, pairs);
	if (err)
		goto give_pairs;
	name = names_find(names, id);
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		name->interface[side] = request->interface[side];
		name->port[side] = pairs[side].port;
		name->own[side] = own_ref(media->own);
		out->own[side] = media->own->fingerprint;
	}
	media->session_count++;
	out->id = id;
	tell_local(media, request, pairs, out);
	return 0;
give_pairs:
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		give_pair(media, request->interface[side], &pairs[side]);
give_name:
	names_give(names, id);
	return err;
}

static bool is_keying_usable(const struct media_remote *remote)
{
	switch (remote->keying) {
	case MEDIA_KEYING_DTLS:
		return fingerprint_set_strongest(&remote->fingerprints) != FINGERPRINT_UNKNOWN;
	case MEDIA_KEYING_SDES:
		return profile_find((unsigned)remote->profile) != NULL;
	case MEDIA_KEYING_NONE:
		return true;
	}
	return false;
}

int media_set_remote(struct media *media, struct media_id id, enum media_side side,
	const struct media_remote *remote)
{
	struct command command = {.type = COMMAND_REMOTE, .id = id, .side = side};
	int err;

	if (!is_keying_usable(remote))
		return SBC_EINVAL;
	if (!netaddr_is_set(&remote->rtp) ||
		(!remote->rtcp_mux && !netaddr_is_set(&remote->rtcp)))
		return SBC_EINVAL;
	if (!find(media, id))
		return SBC_ENOENT;
	command.remote = mem_alloc(sizeof(*command.remote));
	if (!command.remote)
		return SBC_ENOMEM;
	*command.remote = *remote;
	err = media_loop_post(media->loops[id.loop], &command);
	if (err) {
		mem_wipe(command.remote, sizeof(*command.remote));
		mem_free(command.remote);
	}
	return err;
}

static bool is_map_usable(const struct media_payload_map *map)
{
	for (unsigned i = 0; i < MEDIA_PAYLOAD_TYPES; i++) {
		if (map->to[i] >= MEDIA_PAYLOAD_TYPES)
			return false;
	}
	return true;
}

int media_set_payload_map(struct media *media, struct media_id id, enum media_side side,
	const struct media_payload_map *map)
{
	struct command command = {.type = COMMAND_PAYLOADS, .id = id, .side = side};
	int err;

	if (map && !is_map_usable(map))
		return SBC_EINVAL;
	if (!find(media, id))
		return SBC_ENOENT;
	if (map) {
		command.map = mem_alloc(sizeof(*command.map));
		if (!command.map)
			return SBC_ENOMEM;
		*command.map = *map;
	}
	err = media_loop_post(media->loops[id.loop], &command);
	if (err)
		mem_free(command.map);
	return err;
}

int media_set_gate(struct media *media, struct media_id id, enum media_side side, bool is_open)
{
	const struct command command = {
		.type = COMMAND_GATE, .id = id, .side = side, .is_open = is_open};

	if (!find(media, id))
		return SBC_ENOENT;
	return media_loop_post(media->loops[id.loop], &command);
}

/* What CLOSED gives back goes with the side. */
static void exchange_names(
	struct name *one, enum media_side side, struct name *two, enum media_side other)
{
	unsigned interface = one->interface[side];
	uint16_t port = one->port[side];
	struct own *own = one->own[side];

	one->interface[side] = two->interface[other];
	one->port[side] = two->port[other];
	one->own[side] = two->own[other];
	two->interface[other] = interface;
	two->port[other] = port;
	two->own[other] = own;
}

int media_exchange(struct media *media, struct media_id one, enum media_side side,
	struct media_id two, enum media_side other)
{
	const struct command command = {.type = COMMAND_EXCHANGE,
		.id = one,
		.side = side,
		.other = {.id = two, .side = other}};
	struct name *first = find(media, one), *second = find(media, two);
	int err;

	if (!first || !second)
		return SBC_ENOENT;
	if (one.loop != two.loop || first == second)
		return SBC_EINVAL;
	err = media_loop_post(media->loops[one.loop], &command);
	if (!err)
		exchange_names(first, side, second, other);
	return err;
}

int media_ask_counters(struct media *media, struct media_id id)
{
	const struct command command = {.type = COMMAND_COUNTERS, .id = id};

	if (!find(media, id))
		return SBC_ENOENT;
	return media_loop_post(media->loops[id.loop], &command);
}

int media_ask_state(struct media *media, struct media_id id)
{
	const struct command command = {.type = COMMAND_STATE, .id = id};

	if (!find(media, id))
		return SBC_ENOENT;
	return media_loop_post(media->loops[id.loop], &command);
}

static bool is_state_usable(const struct media_side_state *side)
{
	if (side->has_payload_map && !is_map_usable(&side->payload_map))
		return false;
	if (!side->has_remote || side->remote.keying == MEDIA_KEYING_NONE)
		return true;
	if (!is_keying_usable(&side->remote))
		return false;
	return !side->is_secured || profile_find((unsigned)side->in[0].profile);
}

int media_restore(struct media *media, struct media_id id, const struct media_state *state)
{
	struct command command = {.type = COMMAND_RESTORE, .id = id};
	int err;

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		if (!is_state_usable(&state->sides[side]))
			return SBC_EINVAL;
	}
	if (!find(media, id))
		return SBC_ENOENT;
	command.state = mem_alloc(sizeof(*command.state));
	if (!command.state)
		return SBC_ENOMEM;
	*command.state = *state;
	err = media_loop_post(media->loops[id.loop], &command);
	if (err)
		session_state_free(command.state);
	return err;
}

void media_close(struct media *media, struct media_id id)
{
	const struct command command = {.type = COMMAND_CLOSE, .id = id};
	struct name *name = find(media, id);

	if (!name)
		return;
	name->is_closing = true;
	media_loop_post(media->loops[id.loop], &command); /* room for it is kept */
}
