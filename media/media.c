/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door of the media room. It knows names and ports; sessions are the loops'. Runs on:
 * signalling loop.
 */

#include "media/media.h"

#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/loop.h"
#include "media/names.h"
#include "media/own.h"
#include "media/port_pool.h"
#include "media/profile.h"
#include "media/session.h"
#include "media/srtp_kernels.h"

#define SESSION_MAX 65535u /* of a loop: slots have 16 bits */
/* UDP payload. Less holds no flight in a sane number of pieces; more than Ethernet's is
 * nobody's path. */
#define MTU_MIN  256u
#define MTU_MAX  1472u
#define DSCP_MAX 63 /* six bits */

struct media {
	struct media_config config;
	struct own *own;       /* of sessions that begin now */
	uv_loop_t *signalling; /* borrowed */
	media_event_h *handler;
	void *arg;                                /* borrowed */
	struct media_loop *loops[MEDIA_LOOP_MAX]; /* owned */
	struct names names[MEDIA_LOOP_MAX];
	struct port_pool pools[MEDIA_INTERFACE_MAX];
	unsigned session_count;

	bool is_stopping;
	unsigned running; /* loops that have not said their last word */
	uv_timer_t finish;
	media_stopped_h *stopped;
	void *stopped_arg; /* borrowed */
};

const char *media_failure_name(enum media_failure failure)
{
	switch (failure) {
	case MEDIA_FAILURE_NONE:
		return "none";
	case MEDIA_FAILURE_FINGERPRINT:
		return "fingerprint mismatch";
	case MEDIA_FAILURE_HANDSHAKE:
		return "handshake failed";
	case MEDIA_FAILURE_DEADLINE:
		return "handshake timed out";
	case MEDIA_FAILURE_INTERNAL:
		return "internal error";
	}
	return "unknown";
}

const char *media_keying_name(enum media_keying keying)
{
	switch (keying) {
	case MEDIA_KEYING_DTLS:
		return "dtls";
	case MEDIA_KEYING_SDES:
		return "sdes";
	case MEDIA_KEYING_NONE:
		return "none";
	}
	return "unknown";
}

void media_config_init(struct media_config *config)
{
	*config = (struct media_config){
		.loop_count = 1,
		.session_max = 1000,
		/* GCM first: it costs half of AES_CM with HMAC. */
		.profiles = {MEDIA_SRTP_AEAD_AES_128_GCM, MEDIA_SRTP_AEAD_AES_256_GCM,
			MEDIA_SRTP_AES128_CM_SHA1_80},
		.profile_count = 3,
		.dtls_retransmit = 250 * USEC_PER_MS,
		.dtls_deadline = 10 * USEC_PER_SEC,
		.media_timeout = 30 * USEC_PER_SEC,
		.dtls_mtu = 1200,
		/* A twentieth of the time between two packets of a call. */
		.coalesce = USEC_PER_MS,
		.want_ring = true,
		.want_connected = true,
	};
}

/* ---- reports from the loops ---- */

/* The ports are the signalling thread's knowledge. */
static void on_state(
	struct media *media, const struct name *name, const struct media_event *event)
{
	struct media_state *state = (struct media_state *)event->state;

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		state->port[side] = name->port[side];
	media->handler(event, media->arg);
	session_state_free(state);
}

static void on_event(struct media *media, const struct media_event *event)
{
	struct names *names = &media->names[event->id.loop];
	struct name *name = names_find(names, event->id);

	if (!name) {
		session_state_free((struct media_state *)event->state);
		return;
	}
	if (event->type == MEDIA_EVENT_STATE) {
		on_state(media, name, event);
		return;
	}
	if (event->type == MEDIA_EVENT_CLOSED) {
		for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
			port_pool_give(&media->pools[name->interface[side]], name->port[side]);
		for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
			own_unref(name->own[side]);
			name->own[side] = NULL;
		}
		names_give(names, event->id);
		media->session_count--;
	}
	media->handler(event, media->arg);
}

static void free_media(struct media *media)
{
	for (unsigned i = 0; i < MEDIA_LOOP_MAX; i++)
		names_fini(&media->names[i]);
	for (unsigned i = 0; i < MEDIA_INTERFACE_MAX; i++)
		port_pool_fini(&media->pools[i]);
	own_unref(media->own);
	mem_free(media);
}

static void on_finish_closed(uv_handle_t *handle)
{
	struct media *media = handle->data;
	media_stopped_h *stopped = media->stopped;
	void *arg = media->stopped_arg;

	free_media(media);
	if (stopped)
		stopped(arg);
}

static void on_finish(uv_timer_t *handle)
{
	struct media *media = handle->data;

	for (unsigned i = 0; i < media->config.loop_count; i++)
		media_loop_free(media->loops[i]);
	uv_close((uv_handle_t *)handle, on_finish_closed);
}

static void on_report(const void *msg, void *arg)
{
	const struct report *report = msg;
	struct media *media = arg;

	if (!report->is_stopped)
		on_event(media, &report->event);
	else if (!--media->running && media->is_stopping)
		/* Not from within the mailbox that is to be closed. */
		uv_timer_start(&media->finish, on_finish, 0, 0);
}

/* ---- life ---- */

static int check_profiles(const struct media_config *c)
{
	if (c->profile_count < 1 || c->profile_count > MEDIA_PROFILE_MAX)
		return SBC_EINVAL;
	for (unsigned i = 0; i < c->profile_count; i++) {
		if (!profile_find((unsigned)c->profiles[i]))
			return SBC_EINVAL;
	}
	return 0;
}

static int check_config(const struct media_config *c)
{
	if (c->loop_count < 1 || c->loop_count > MEDIA_LOOP_MAX || c->interface_count < 1 ||
		c->interface_count > MEDIA_INTERFACE_MAX || c->session_max < 1 ||
		(c->session_max + c->loop_count - 1) / c->loop_count > SESSION_MAX)
		return SBC_EINVAL;
	if (c->dtls_retransmit <= 0 || c->dtls_deadline <= 0 || c->media_timeout < 0 ||
		c->dtls_mtu < MTU_MIN || c->dtls_mtu > MTU_MAX || c->coalesce < 0 ||
		c->coalesce > MEDIA_COALESCE_MAX)
		return SBC_EINVAL;
	for (unsigned i = 0; i < c->interface_count; i++) {
		if (!netaddr_is_set(&c->interfaces[i].address))
			return SBC_EINVAL;
	}
	return check_profiles(c);
}

static int make_loop(struct media *media, unsigned i)
{
	const struct media_config *config = &media->config;
	struct media_loop_config loop = {
		.media = config,
		.index = (uint16_t)i,
		.slot_count = (uint16_t)((config->session_max + config->loop_count - 1) /
					 config->loop_count),
		.signalling = media->signalling,
		.on_report = on_report,
		.arg = media,
	};
	int err = names_init(&media->names[i], loop.slot_count);

	if (!err)
		err = media_loop_new(&media->loops[i], &loop);
	return err;
}

/* Waits for the threads: only while starting, when they have nothing to do yet. */
static void stop_loops_now(struct media *media, unsigned count)
{
	const struct command stop = {.type = COMMAND_STOP};

	for (unsigned i = 0; i < count; i++) {
		media_loop_post(media->loops[i], &stop);
		media_loop_free(media->loops[i]);
	}
}

static int make_parts(struct media *media)
{
	int err = srtp_kernels_install();

	if (!err)
		err = own_new(&media->own, &media->config);
	for (unsigned i = 0; !err && i < media->config.interface_count; i++)
		err = port_pool_init(&media->pools[i], &media->config.interfaces[i]);
	for (unsigned i = 0; !err && i < media->config.loop_count; i++) {
		err = make_loop(media, i);
		if (err)
			stop_loops_now(media, i);
	}
	return err;
}

int media_new(struct media **out, const struct media_config *config, uv_loop_t *loop,
	media_event_h *handler, void *arg)
{
	struct media *media;
	int err = check_config(config);

	if (err)
		return err;
	media = mem_alloc(sizeof(*media));
	if (!media)
		return SBC_ENOMEM;
	media->config = *config;
	media->signalling = loop;
	media->handler = handler;
	media->arg = arg;
	media->running = config->loop_count;
	err = make_parts(media);
	if (err) {
		free_media(media);
		return err;
	}
	uv_timer_init(loop, &media->finish);
	media->finish.data = media;
	*out = media;
	return 0;
}

int media_add_interface(struct media *media, const struct media_interface *interface)
{
	struct media_config *config = &media->config;
	int err;

	if (!netaddr_is_set(&interface->address))
		return SBC_EINVAL;
	if (config->interface_count == MEDIA_INTERFACE_MAX)
		return SBC_ELIMIT;
	err = port_pool_init(&media->pools[config->interface_count], interface);
	if (err)
		return err;
	config->interfaces[config->interface_count++] = *interface;
	return 0;
}

void media_drop_interface(struct media *media)
{
	port_pool_fini(&media->pools[--media->config.interface_count]);
}

void media_stop(struct media *media, media_stopped_h *stopped, void *arg)
{
	const struct command stop = {.type = COMMAND_STOP};

	if (media->is_stopping)
		return;
	media->is_stopping = true;
	media->stopped = stopped;
	media->stopped_arg = arg;
	for (unsigned i = 0; i < media->config.loop_count; i++) {
		struct names *names = &media->names[i];

		for (unsigned slot = 0; slot < names->slot_count; slot++) {
			struct media_id id = {.loop = (uint16_t)i,
				.slot = (uint16_t)slot,
				.generation = names->slots[slot].generation};

			media_close(media, id);
		}
		media_loop_post(media->loops[i], &stop);
	}
}

const struct fingerprint *media_own_fingerprint(const struct media *media)
{
	return &media->own->fingerprint;
}

int media_renew_certificate(struct media *media)
{
	struct own *own;
	int err = media->is_stopping ? SBC_ESTATE : own_new(&own, &media->config);

	if (err)
		return err;
	own_unref(media->own);
	media->own = own;
	return 0;
}

void media_rings(const struct media *media, struct media_rings *out)
{
	*out = (struct media_rings){.loops = media->config.loop_count};
	for (unsigned i = 0; i < out->loops; i++)
		media_loop_rings(media->loops[i], &out->in_use, &out->lost);
}

unsigned media_stuck_loops(struct media *media)
{
	unsigned count = 0;

	for (unsigned i = 0; !media->is_stopping && i < media->config.loop_count; i++)
		count += !media_loop_is_alive(media->loops[i]);
	return count;
}

/* ---- sessions ---- */

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
