/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session's state as bytes (base/coder.h). There is one way only to write a value: bytes that
 * are read are those that would be written. Pure.
 */

#include <string.h>

#include "base/coder.h"
#include "base/err.h"
#include "base/mem.h"
#include "media/media.h"
#include "media/profile.h"

static const uint8_t magic[] = {'C', 'S', 'M', 1}; /* and the version */

/* What no session has, whichever way it goes. */
static void refuse(struct coder *c)
{
	if (!c->err)
		c->err = c->is_reading ? SBC_EPARSE : SBC_EINVAL;
}

/* So many bytes; of a number that is never wider. */
static uint32_t code_u32(struct coder *c, uint32_t value, size_t len, uint32_t max)
{
	return (uint32_t)code_number(c, value, len, max);
}

static void code_profile(struct coder *c, enum media_srtp_profile *profile)
{
	*profile = (enum media_srtp_profile)code_u32(c, *profile, 2, UINT16_MAX);
	if (!profile_find((unsigned)*profile))
		refuse(c);
}

static enum media_keying code_keying(struct coder *c, enum media_keying keying)
{
	return (enum media_keying)code_u32(c, keying, 1, MEDIA_KEYING_NONE);
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
	remote->clock_rate = code_u32(c, remote->clock_rate, 4, UINT32_MAX);
	remote->keying = code_keying(c, remote->keying);
	switch (remote->keying) {
	case MEDIA_KEYING_DTLS:
		remote->role =
			(enum media_dtls_role)code_u32(c, remote->role, 1, MEDIA_DTLS_SERVER);
		remote->association = code_u32(c, remote->association, 4, UINT32_MAX);
		code_fingerprints(c, &remote->fingerprints);
		if (fingerprint_set_strongest(&remote->fingerprints) == FINGERPRINT_UNKNOWN)
			refuse(c);
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
	source->ssrc = code_u32(c, source->ssrc, 4, UINT32_MAX);
	source->rtcp_next = code_u32(c, source->rtcp_next, 4, MEDIA_RTCP_INDEX_MAX + 1u);
	source->has_rtp = code_bool(c, source->has_rtp);
	if (!source->has_rtp)
		return;
	source->roc = code_u32(c, source->roc, 4, UINT32_MAX);
	source->sequence = (uint16_t)code_u32(c, source->sequence, 2, UINT16_MAX);
}

static void code_direction(struct coder *c, struct media_direction_state *direction)
{
	code_profile(c, &direction->profile);
	code_bytes(c, &direction->master, sizeof(direction->master));
	direction->source_count =
		code_u32(c, direction->source_count, 1, MEDIA_STATE_SOURCE_MAX);
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
		map->to[i] = (uint8_t)code_u32(c, map->to[i], 1, MEDIA_PAYLOAD_TYPES - 1);
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
		state->port[side] = (uint16_t)code_u32(c, state->port[side], 2, UINT16_MAX);
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
	code_end(&c);
	if (!c.err)
		*out = *state;
	mem_wipe(state, sizeof(*state));
	mem_free(state);
	return c.err;
}
