/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door of the media room: how it begins, what its loops tell, how it ends. Runs on:
 * signalling loop.
 */

#include "base/err.h"
#include "base/mem.h"
#include "media/media_room.h"
#include "media/profile.h"
#include "media/session.h"
#include "media/srtp_kernels.h"

#define SESSION_MAX 65535u /* of a loop: slots have 16 bits */
/* UDP payload. Less holds no flight in a sane number of pieces; more than Ethernet's is
 * nobody's path. */
#define MTU_MIN 256u
#define MTU_MAX 1472u

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
