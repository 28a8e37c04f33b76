/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door to the media room. Signalling thread. */

#include "sbc/media_link.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Streams of a usual call. */
#define STREAMS_USUAL 2

static struct media_interface interface_of(const struct config_media *media, size_t i)
{
	return (struct media_interface){.address = media->interfaces[i].address,
		.advertised = media->interfaces[i].advertised,
		.port_min = media->port_min,
		.port_max = media->port_max};
}

int media_link_new(struct media **out, const struct config *config, uv_loop_t *loop,
	const struct media_link_ears *ears)
{
	const struct config_media *from = &config->media;
	struct media_config to;

	if (from->interface_count > MEDIA_INTERFACE_MAX ||
		from->profile_count > MEDIA_PROFILE_MAX)
		return SBC_EINVAL;
	media_config_init(&to);
	to.loop_count = from->loops;
	/* Few calls have more than audio and video; those get 503 when it runs short. */
	to.session_max = config->limits.calls * STREAMS_USUAL;
	to.dtls_retransmit = from->dtls_retransmit_ms * USEC_PER_MS;
	to.dtls_deadline = from->dtls_deadline_ms * USEC_PER_MS;
	to.media_timeout = from->media_timeout_s * USEC_PER_SEC;
	to.dtls_mtu = from->dtls_mtu;
	to.coalesce = from->coalesce_us;
	to.want_ring = from->io_uring;
	to.want_connected = from->connected_sockets;
	to.secret = ears->secret;
	to.secret_arg = ears->arg;
	to.interface_count = (unsigned)from->interface_count;
	for (size_t i = 0; i < from->interface_count; i++)
		to.interfaces[i] = interface_of(from, i);
	to.profile_count = (unsigned)from->profile_count;
	for (size_t i = 0; i < from->profile_count; i++)
		to.profiles[i] = (enum media_srtp_profile)from->profiles[i];
	return media_new(out, &to, loop, ears->event, ears->arg);
}

int media_link_check_interfaces(const struct config *before, const struct config *after)
{
	const struct config_media *old = &before->media, *now = &after->media;

	if (now->interface_count < old->interface_count ||
		now->interface_count > MEDIA_INTERFACE_MAX)
		return SBC_EINVAL;
	for (size_t i = 0; i < old->interface_count; i++) {
		if (!netaddr_equal_host(
			    &old->interfaces[i].address, &now->interfaces[i].address) ||
			!netaddr_equal_host(
				&old->interfaces[i].advertised, &now->interfaces[i].advertised))
			return SBC_EINVAL;
	}
	return 0;
}

int media_link_add_interfaces(struct media *media, const struct config *before,
	const struct config *after, unsigned *count)
{
	int err = 0;

	*count = 0;
	for (size_t i = before->media.interface_count; !err && i < after->media.interface_count;
		i++) {
		struct media_interface interface = interface_of(&after->media, i);
		err = media_add_interface(media, &interface);
		*count += !err;
	}
	if (err) {
		media_link_drop_interfaces(media, *count);
		*count = 0;
	}
	return err;
}

void media_link_drop_interfaces(struct media *media, unsigned count)
{
	while (count--)
		media_drop_interface(media);
}

void media_link_stop(struct media *media, media_stopped_h *stopped, void *arg)
{
	media_stop(media, stopped, arg);
}

const struct fingerprint *media_link_fingerprint(const struct sbc *sbc)
{
	return media_own_fingerprint(sbc->media);
}

unsigned media_link_stuck_loops(struct media *media)
{
	return media_stuck_loops(media);
}

void media_link_rings(const struct sbc *sbc, struct media_rings *out)
{
	*out = (struct media_rings){0};
	if (sbc->media)
		media_rings(sbc->media, out);
}

/* What others send to tells the family. */
static sa_family_t family_of(const struct config_interface *interface)
{
	return netaddr_is_set(&interface->advertised) ? interface->advertised.sa.sa_family
						      : interface->address.sa.sa_family;
}

int media_link_interface(const struct config *config, const struct config_media_rules *rules,
	sa_family_t family, unsigned *out)
{
	const struct config_media *media = &config->media;
	bool is_named = rules->interface && rules->interface[0];

	for (size_t i = 0; i < media->interface_count; i++) {
		if (is_named && i != rules->interface_index)
			continue;
		if (family == AF_UNSPEC || family_of(&media->interfaces[i]) == family) {
			*out = (unsigned)i;
			return 0;
		}
	}
	return SBC_ENOENT;
}

static int open_stream(struct sbc *sbc, const struct call_media *media,
	struct call_stream *stream, struct media_open_request request)
{
	struct media_opened opened;
	int err;

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		request.interface[side] = stream->interface[side];
		request.dscp[side] = (uint8_t)media->legs[side].rules->dscp;
	}
	err = media_open(sbc->media, &request, &opened);
	if (err)
		return err;
	stream->id = opened.id;
	stream->is_open = true;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		stream->local[side] = opened.local[side];
	return 0;
}

int media_link_open(struct sbc *sbc, struct call_media *media, uint64_t number,
	const struct call_media *beside)
{
	struct media_open_request request = {.cookie = number};
	int err = 0;

	for (size_t i = 0; !err && i < media->count; i++) {
		struct call_stream *stream = &media->streams[i];
		const struct call_stream *near =
			beside ? media_link_stream(beside, stream->index) : NULL;

		request.beside = near ? &near->id : NULL;
		err = open_stream(sbc, media, stream, request);
		media->open_count += !err;
	}
	if (err)
		media_link_close(sbc, media);
	return err;
}

int media_link_make_room(struct call_media *media, size_t stream_count)
{
	media_link_forget(media);
	media->streams = mem_array(stream_count, sizeof(*media->streams));
	media->room = media->streams ? stream_count : 0;
	return media->streams ? 0 : SBC_ENOMEM;
}

static struct call_stream *find_over(struct call_media *media)
{
	for (size_t i = 0; i < media->count; i++) {
		if (!media->streams[i].is_open)
			return &media->streams[i];
	}
	return NULL;
}

static int grow(struct call_media *media)
{
	struct call_stream *more = mem_array(media->room + 1, sizeof(*more));

	if (!more)
		return SBC_ENOMEM;
	if (media->count)
		memcpy(more, media->streams, media->count * sizeof(*more));
	if (media->streams)
		mem_wipe(media->streams, media->room * sizeof(*more));
	mem_free(media->streams);
	media->streams = more;
	media->room++;
	return 0;
}

int media_link_add(struct call_media *media, struct call_stream **out)
{
	size_t live = 0;

	for (size_t i = 0; i < media->count; i++)
		live += media_link_is_live(&media->streams[i]);
	if (live >= CALL_STREAM_MAX)
		return SBC_ELIMIT;
	if (media->count == CALL_STREAM_EVER) {
		*out = find_over(media);
		if (!*out)
			return SBC_ELIMIT;
		mem_wipe(*out, sizeof(**out));
		return 0;
	}
	if (media->count == media->room && grow(media))
		return SBC_ENOMEM;
	*out = &media->streams[media->count++];
	return 0;
}

int media_link_open_one(
	struct sbc *sbc, struct call_media *media, struct call_stream *stream, uint64_t number)
{
	int err =
		open_stream(sbc, media, stream, (struct media_open_request){.cookie = number});

	media->open_count += !err;
	return err;
}

void media_link_forget(struct call_media *media)
{
	if (media->streams)
		mem_wipe(media->streams, media->room * sizeof(*media->streams));
	mem_free(media->streams);
	media->streams = NULL;
	media->count = media->room = 0;
	media->open_count = 0;
}

const struct call_stream *media_link_first(const struct call_media *media)
{
	static const struct call_stream none = {0};

	return media->count ? &media->streams[0] : &none;
}

/* Key and salt stand in one piece in a description. */
static void split_key(struct srtp_master *out, const struct sdes_line *line)
{
	size_t key_len = sdes_key_len(line->profile);

	memcpy(out->key, line->key, key_len);
	memcpy(out->salt, line->key + key_len, sdes_salt_len(line->profile));
}

static void set_keying(struct media_remote *remote, const struct stream_keying *keying)
{
	switch (keying->chosen) {
	case SDP_SDES:
		remote->keying = MEDIA_KEYING_SDES;
		remote->profile = (enum media_srtp_profile)keying->theirs.profile;
		split_key(&remote->ours, &keying->ours[keying->line]);
		split_key(&remote->peers, &keying->theirs);
		break;
	case SDP_PLAIN:
		remote->keying = MEDIA_KEYING_NONE;
		break;
	case SDP_DTLS:
	case SDP_REFUSED: /* which the room refuses without fingerprints */
		remote->keying = MEDIA_KEYING_DTLS;
		break;
	}
}

int media_link_set_remote(struct sbc *sbc, const struct call_media *media,
	const struct call_stream *stream, const struct media_link_words *words)
{
	const struct sdp_media *section = words->section;
	enum media_side side = (enum media_side)words->side;
	struct media_remote remote = {.rtp = section->address,
		.rtcp_mux = section->rtcp_mux,
		.is_held = section->direction == SDP_RECVONLY ||
			   section->direction == SDP_INACTIVE,
		.role = words->role,
		.association = stream->tls_id[words->side].association,
		.clock_rate = stream->clock_rate,
		.may_latch = media->legs[side].rules->may_latch};
	int err;

	set_keying(&remote, &stream->keying[side]);
	if (remote.keying == MEDIA_KEYING_DTLS)
		remote.fingerprints = *words->fingerprints;
	netaddr_set_port(&remote.rtp, section->port);
	if (!section->rtcp_mux) {
		remote.rtcp = section->address;
		netaddr_set_port(&remote.rtcp, section->rtcp_port
						       ? section->rtcp_port
						       : (uint16_t)(section->port + 1));
	}
	err = media_set_remote(sbc->media, stream->id, side, &remote);
	mem_wipe(&remote, sizeof(remote));
	return err;
}

int media_link_set_gate(
	struct sbc *sbc, const struct call_stream *stream, int side, bool is_open)
{
	return media_set_gate(sbc->media, stream->id, (enum media_side)side, is_open);
}

bool media_link_may_exchange(const struct call_stream *one, const struct call_stream *two)
{
	return media_link_is_live(one) && media_link_is_live(two) &&
	       one->id.loop == two->id.loop && !strcmp(one->kind, two->kind);
}

static void swap(void *one, void *two, size_t size)
{
	uint8_t *a = one, *b = two;

	for (size_t i = 0; i < size; i++) {
		uint8_t kept = a[i];
		a[i] = b[i];
		b[i] = kept;
	}
}

#define SWAP(field) swap(&a->field[one.side], &b->field[two.side], sizeof(a->field[one.side]))

int media_link_exchange(struct sbc *sbc, struct stream_side one, struct stream_side two)
{
	struct call_stream *a = one.stream, *b = two.stream;
	int err = media_exchange(
		sbc->media, a->id, (enum media_side)one.side, b->id, (enum media_side)two.side);

	if (err)
		return err;
	SWAP(interface);
	SWAP(local);
	SWAP(keying);
	SWAP(tls_id);
	SWAP(has_remote);
	SWAP(signalled);
	SWAP(role);
	SWAP(is_secured);
	SWAP(failure);
	SWAP(security);
	SWAP(counters);
	SWAP(quality);
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		a->is_renumbered[side] = b->is_renumbered[side] =
			false; /* as the room has it */
	a->is_taken = a->has_remote[MEDIA_SIDE_A] && a->has_remote[MEDIA_SIDE_B];
	b->is_taken = b->has_remote[MEDIA_SIDE_A] && b->has_remote[MEDIA_SIDE_B];
	return 0;
}

int media_link_set_payload_map(struct sbc *sbc, const struct call_stream *stream, int side,
	const struct media_payload_map *map)
{
	return media_set_payload_map(sbc->media, stream->id, (enum media_side)side, map);
}

const struct call_stream *media_link_stream(const struct call_media *media, size_t index)
{
	for (size_t i = 0; i < media->count; i++) {
		if (media->streams[i].index == index && media_link_is_live(&media->streams[i]))
			return &media->streams[i];
	}
	return NULL;
}

void media_link_close_stream(struct sbc *sbc, const struct call_stream *stream)
{
	if (stream->is_open)
		media_close(sbc->media, stream->id);
}

void media_link_close(struct sbc *sbc, struct call_media *media)
{
	for (size_t i = 0; i < media->count; i++)
		media_link_close_stream(sbc, &media->streams[i]);
}

int media_link_ask_counters(struct sbc *sbc, const struct call_media *media)
{
	int err = media->open_count ? 0 : SBC_ESTATE;

	for (size_t i = 0; !err && i < media->count; i++) {
		if (media->streams[i].is_open)
			err = media_ask_counters(sbc->media, media->streams[i].id);
	}
	return err;
}

int media_link_ask_states(struct sbc *sbc, const struct call_media *media)
{
	int err = 0;

	for (size_t i = 0; !err && i < media->count; i++)
		if (media_link_is_live(&media->streams[i]))
			err = media_ask_state(sbc->media, media->streams[i].id);
	return err;
}

int media_link_put_state(struct buf *out, const struct media_state *state)
{
	return media_state_write(out, state);
}

static int restore_stream(struct sbc *sbc, struct call_media *media, struct call_stream *stream,
	uint64_t number, struct slice bytes)
{
	struct media_open_request request = {.cookie = number};
	struct media_state *state = mem_alloc(sizeof(*state));
	int err = state ? media_state_read(state, bytes) : SBC_ENOMEM;

	request.port[MEDIA_SIDE_A] = state ? state->port[MEDIA_SIDE_A] : 0;
	request.port[MEDIA_SIDE_B] = state ? state->port[MEDIA_SIDE_B] : 0;
	err = err ? err : open_stream(sbc, media, stream, request);
	if (!err) {
		media->open_count++;
		err = media_restore(sbc->media, stream->id, state);
	}
	if (state)
		mem_wipe(state, sizeof(*state));
	mem_free(state);
	return err;
}

int media_link_restore(
	struct sbc *sbc, struct call_media *media, uint64_t number, const struct slice *states)
{
	int err = 0;

	for (size_t i = 0; !err && i < media->count; i++)
		err = restore_stream(sbc, media, &media->streams[i], number, states[i]);
	if (err)
		media_link_close(sbc, media);
	return err;
}

static struct call_stream *find_stream(struct call_media *media, struct media_id id)
{
	for (size_t i = 0; i < media->count; i++) {
		struct call_stream *stream = &media->streams[i];

		if (stream->is_open && stream->id.loop == id.loop &&
			stream->id.slot == id.slot && stream->id.generation == id.generation)
			return stream;
	}
	return NULL;
}

static void take_numbers(struct call_stream *stream, const struct media_event *ev)
{
	memcpy(stream->counters, ev->counters, sizeof(stream->counters));
	memcpy(stream->quality, ev->quality, sizeof(stream->quality));
}

struct call_stream *media_link_take(struct call_media *media, const struct media_event *ev)
{
	struct call_stream *stream = find_stream(media, ev->id);

	if (!stream)
		return NULL;
	switch (ev->type) {
	case MEDIA_EVENT_SECURED:
		stream->is_secured[ev->side] = true;
		stream->security[ev->side] = ev->security;
		break;
	case MEDIA_EVENT_FAILED:
		stream->is_secured[ev->side] = false;
		stream->failure[ev->side] = ev->failure;
		stream->security[ev->side] = ev->security;
		break;
	case MEDIA_EVENT_CLOSED:
		stream->is_open = false;
		media->open_count--;
		take_numbers(stream, ev);
		break;
	case MEDIA_EVENT_COUNTERS:
		take_numbers(stream, ev);
		media->counters_told++;
		break;
	case MEDIA_EVENT_TIMEOUT:
	case MEDIA_EVENT_STATE: /* which nobody asks for here */
		break;
	}
	return stream;
}

const char *media_link_keying_name(const struct stream_keying *keying)
{
	switch (keying->chosen) {
	case SDP_DTLS:
		return media_keying_name(MEDIA_KEYING_DTLS);
	case SDP_SDES:
		return media_keying_name(MEDIA_KEYING_SDES);
	case SDP_PLAIN:
		return media_keying_name(MEDIA_KEYING_NONE);
	case SDP_REFUSED:
		break;
	}
	return "";
}

void media_link_count(struct sbc_counters *counters, const struct media_event *ev)
{
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		const struct media_counters *c = &ev->counters[side];

		counters->media_rtp_received += c->rtp_received;
		counters->media_rtp_relayed += c->rtp_relayed;
		counters->media_rtp_lost += c->rtp_lost;
		counters->media_rtcp_relayed += c->rtcp_relayed;
		counters->media_dropped_gate += c->dropped_gate;
		counters->media_dropped_auth += c->dropped_auth;
		counters->media_dropped_replay += c->dropped_replay;
		counters->media_dropped_malformed += c->dropped_malformed;
		counters->media_dropped_source += c->dropped_source;
		counters->media_dropped_dtls += c->dropped_dtls;
		counters->media_dropped_send += c->dropped_send;
	}
}

void media_link_sum(
	const struct call_media *media, enum media_side side, struct media_counters *out)
{
	uint64_t *to = (uint64_t *)out;

	*out = (struct media_counters){0};
	for (size_t i = 0; i < media->count; i++) {
		const uint64_t *from = (const uint64_t *)&media->streams[i].counters[side];

		for (size_t n = 0; n < sizeof(*out) / sizeof(*to); n++)
			to[n] += from[n];
	}
}

bool media_link_is_secured(const struct call_media *media, enum media_side side)
{
	bool is_secured = false;

	for (size_t i = 0; i < media->count; i++) {
		if (!media->streams[i].is_taken || media->streams[i].is_given_up)
			continue;
		if (!media->streams[i].is_secured[side])
			return false;
		is_secured = true;
	}
	return is_secured;
}
