/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session's state as bytes. Each part is walked by one function in both directions, so that
 * what is written and what is read cannot differ. Numbers are big-endian, fields stand one
 * behind the other, and there is one way only to write a value: bytes that are read are those
 * that would be written. Pure.
 */

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/media.h"
#include "media/profile.h"

static const uint8_t magic[] = {'C', 'S', 'M', 1}; /* and the version */

struct coder {
	bool is_reading;
	struct buf *out; /* borrowed; when writing */
	struct slice in; /* when reading: what is left */
	int err;
};

static void refuse(struct coder *c)
{
	if (!c->err)
		c->err = SBC_EPARSE;
}

static void code_bytes(struct coder *c, void *bytes, size_t len)
{
	if (!c->is_reading) {
		buf_put(c->out, bytes, len);
		return;
	}
	if (c->err || c->in.len < len) {
		refuse(c);
		memset(bytes, 0, len);
		return;
	}
	memcpy(bytes, c->in.ptr, len);
	c->in = slice_from(c->in, len);
}

/* Of so many bytes; more than max are refused. Returns it. */
static uint32_t code_number(struct coder *c, uint32_t value, size_t len, uint32_t max)
{
	uint8_t bytes[sizeof(value)];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> 8 * (len - 1 - i));
	code_bytes(c, bytes, len);
	value = 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	if (value > max) {
		refuse(c);
		return 0;
	}
	return value;
}

static bool code_bool(struct coder *c, bool value)
{
	return code_number(c, value, 1, 1);
}

static void code_text(struct coder *c, char *text, size_t size)
{
	size_t len = code_number(c, (uint32_t)strlen(text), 1, (uint32_t)size - 1);

	code_bytes(c, text, len);
	text[len] = '\0';
	if (strlen(text) != len)
		refuse(c);
}

static void code_address(struct coder *c, struct netaddr *address)
{
	sa_family_t family = address->sa.sa_family;
	unsigned version = family == AF_INET6 ? 6 : family == AF_INET ? 4 : 0;
	uint16_t port = netaddr_port(address);

	version = code_number(c, version, 1, 6);
	if (version == 4) {
		address->sa.sa_family = AF_INET;
		code_bytes(c, &address->in.sin_addr, sizeof(address->in.sin_addr));
	} else if (version == 6) {
		address->sa.sa_family = AF_INET6;
		code_bytes(c, &address->in6.sin6_addr, sizeof(address->in6.sin6_addr));
	} else if (version) {
		refuse(c);
	}
	if (version)
		netaddr_set_port(address, (uint16_t)code_number(c, port, 2, UINT16_MAX));
}

static void code_fingerprint(struct coder *c, struct fingerprint *fingerprint)
{
	code_text(c, fingerprint->alg, sizeof(fingerprint->alg));
	fingerprint->digest_len = (uint8_t)code_number(
		c, fingerprint->digest_len, 1, sizeof(fingerprint->digest));
	code_bytes(c, fingerprint->digest, fingerprint->digest_len);
}

static void code_fingerprints(struct coder *c, struct fingerprint_set *set)
{
	set->count = code_number(c, (uint32_t)set->count, 1, FINGERPRINT_SET_MAX);
	for (size_t i = 0; i < set->count; i++)
		code_fingerprint(c, &set->items[i]);
	if (fingerprint_set_strongest(set) == FINGERPRINT_UNKNOWN)
		refuse(c);
}

static void code_profile(struct coder *c, enum media_srtp_profile *profile)
{
	*profile = (enum media_srtp_profile)code_number(c, *profile, 2, UINT16_MAX);
	if (!profile_find((unsigned)*profile))
		refuse(c);
}

static enum media_keying code_keying(struct coder *c, enum media_keying keying)
{
	return (enum media_keying)code_number(c, keying, 1, MEDIA_KEYING_NONE);
}

static void code_remote(struct coder *c, struct media_remote *remote)
{
	code_address(c, &remote->rtp);
	remote->rtcp_mux = code_bool(c, remote->rtcp_mux);
	if (!remote->rtcp_mux)
		code_address(c, &remote->rtcp);
	if (!netaddr_is_set(&remote->rtp) ||
		(!remote->rtcp_mux && !netaddr_is_set(&remote->rtcp)))
		refuse(c);
	remote->is_held = code_bool(c, remote->is_held);
	remote->clock_rate = code_number(c, remote->clock_rate, 4, UINT32_MAX);
	remote->keying = code_keying(c, remote->keying);
	switch (remote->keying) {
	case MEDIA_KEYING_DTLS:
		remote->role = (enum media_dtls_role)code_number(
			c, remote->role, 1, MEDIA_DTLS_SERVER);
		remote->association = code_number(c, remote->association, 4, UINT32_MAX);
		code_fingerprints(c, &remote->fingerprints);
		break;
	case MEDIA_KEYING_SDES:
		code_profile(c, &remote->profile);
		code_bytes(c, &remote->ours, sizeof(remote->ours));
		code_bytes(c, &remote->peers, sizeof(remote->peers));
		break;
	case MEDIA_KEYING_NONE:
		remote->may_latch = code_bool(c, remote->may_latch);
		break;
	}
}

static void code_security(struct coder *c, struct media_security *security)
{
	security->keying = code_keying(c, security->keying);
	code_text(c, security->dtls_version, sizeof(security->dtls_version));
	code_text(c, security->cipher_suite, sizeof(security->cipher_suite));
	code_text(c, security->srtp_profile, sizeof(security->srtp_profile));
	code_fingerprint(c, &security->presented);
}

static void code_source(struct coder *c, struct media_source_state *source)
{
	source->ssrc = code_number(c, source->ssrc, 4, UINT32_MAX);
	source->rtcp_next = code_number(c, source->rtcp_next, 4, MEDIA_RTCP_INDEX_MAX + 1u);
	source->has_rtp = code_bool(c, source->has_rtp);
	if (!source->has_rtp)
		return;
	source->roc = code_number(c, source->roc, 4, UINT32_MAX);
	source->sequence = (uint16_t)code_number(c, source->sequence, 2, UINT16_MAX);
}

static void code_direction(struct coder *c, struct media_direction_state *direction)
{
	code_profile(c, &direction->profile);
	code_bytes(c, &direction->master, sizeof(direction->master));
	direction->source_count =
		code_number(c, direction->source_count, 1, MEDIA_STATE_SOURCE_MAX);
	for (unsigned i = 0; i < direction->source_count; i++) {
		code_source(c, &direction->sources[i]);
		for (unsigned j = 0; j < i; j++) {
			if (direction->sources[j].ssrc == direction->sources[i].ssrc)
				refuse(c);
		}
	}
}

static void code_secured(struct coder *c, struct media_side_state *side)
{
	int ports = side->remote.rtcp_mux ? 1 : 2;

	code_security(c, &side->security);
	if (side->security.keying != side->remote.keying)
		refuse(c);
	for (int i = 0; i < ports; i++) {
		code_address(c, &side->peer[i]);
		if (side->remote.keying == MEDIA_KEYING_NONE)
			continue;
		code_direction(c, &side->in[i]);
		code_direction(c, &side->out[i]);
	}
}

static void code_payload_map(struct coder *c, struct media_side_state *side)
{
	struct media_payload_map *map = &side->payload_map;

	side->has_payload_map = code_bool(c, side->has_payload_map);
	if (!side->has_payload_map)
		return;
	for (unsigned i = 0; i < MEDIA_PAYLOAD_TYPES; i++)
		map->to[i] = (uint8_t)code_number(c, map->to[i], 1, MEDIA_PAYLOAD_TYPES - 1);
}

static void code_side(struct coder *c, struct media_side_state *side)
{
	side->is_gate_open = code_bool(c, side->is_gate_open);
	code_payload_map(c, side);
	side->has_remote = code_bool(c, side->has_remote);
	if (!side->has_remote)
		return;
	code_remote(c, &side->remote);
	side->is_secured = code_bool(c, side->is_secured);
	if (side->is_secured)
		code_secured(c, side);
}

static void code_state(struct coder *c, struct media_state *state)
{
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		state->port[side] = (uint16_t)code_number(c, state->port[side], 2, UINT16_MAX);
		code_side(c, &state->sides[side]);
	}
}

int media_state_write(struct buf *out, const struct media_state *state)
{
	struct coder c = {.out = out};

	buf_put(out, magic, sizeof(magic));
	code_state(&c, (struct media_state *)state); /* which only reading changes */
	return out->err ? out->err : c.err ? SBC_EINVAL : 0;
}

int media_state_read(struct media_state *out, struct slice bytes)
{
	struct coder c = {.is_reading = true};
	struct media_state *state;

	if (bytes.len < sizeof(magic) || memcmp(bytes.ptr, magic, sizeof(magic) - 1) != 0)
		return SBC_EPARSE;
	if ((uint8_t)bytes.ptr[sizeof(magic) - 1] != magic[sizeof(magic) - 1])
		return SBC_EPROTO;
	state = mem_alloc(sizeof(*state));
	if (!state)
		return SBC_ENOMEM;
	c.in = slice_from(bytes, sizeof(magic));
	code_state(&c, state);
	if (c.in.len)
		refuse(&c);
	if (!c.err)
		*out = *state;
	mem_wipe(state, sizeof(*state));
	mem_free(state);
	return c.err;
}
