/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of profiles: a new kind of peer is a row of it. Pure; any thread.
 */

#include "sbc/peer_profile.h"

static const char *const modes[] = {
	[MEDIA_MODE_DTLS] = "dtls",
	[MEDIA_MODE_SDES] = "sdes",
	[MEDIA_MODE_RTP] = "rtp",
	[MEDIA_MODE_OPPORTUNISTIC] = "opportunistic",
	[MEDIA_MODE_BYPASS] = "bypass",
};

/* clang-format off: a table */
static const struct peer_profile profiles[] = {
	{"domain-dtls", "another domain's border: proves its callers, media by DTLS-SRTP",
		{.media = MEDIA_MODE_DTLS,
			.sign_8224 = true,
			.accept_8224 = true,
			.identity_required = true,
			.require_mky = true}},
	{"sipbrandy", "the same by RFC 8862: who answers proves itself too, else no media",
		{.media = MEDIA_MODE_DTLS,
			.sign_8224 = true,
			.accept_8224 = true,
			.identity_required = true,
			.require_mky = true,
			.answer_identity = ANSWER_IDENTITY_REQUIRE}},
	{"trunk-sdes", "a carrier: known by address or certificate, keys in the description",
		{.media = MEDIA_MODE_SDES,
			.sign_8224 = true,
			.accept_8224 = true,
			.is_trusted = true}},
	{"trunk-rtp", "a carrier whose media is not encrypted",
		{.media = MEDIA_MODE_RTP,
			.media_rules = {.allow_downgrade = true},
			.accept_8224 = true,
			.is_trusted = true}},
	{"lab", "a neighbour of our own: nothing is proved or signed, all may be seen",
		{.media = MEDIA_MODE_DTLS,
			.accept_8224 = true,
			.allow_http = true,
			.is_trusted = true,
			.refer = REFER_CARRY_OUT}},
};
/* clang-format on */

static const struct {
	const char *name;
	size_t offset; /* in struct config_peer */
	size_t size;
	size_t second; /* the other field of a pair; 0: none */
} keys[PEER_KEY_COUNT] = {
	[PEER_KEY_MEDIA] = {"media", offsetof(struct config_peer, media),
		sizeof(enum media_mode), 0},
	[PEER_KEY_SIGN] = {"sign", offsetof(struct config_peer, sign_8224), sizeof(bool),
		offsetof(struct config_peer, sign_4474)},
	[PEER_KEY_ACCEPT] = {"accept", offsetof(struct config_peer, accept_8224), sizeof(bool),
		offsetof(struct config_peer, accept_4474)},
	[PEER_KEY_IDENTITY_REQUIRED] = {"identity_required",
		offsetof(struct config_peer, identity_required), sizeof(bool), 0},
	[PEER_KEY_REQUIRE_MKY] = {"require_mky", offsetof(struct config_peer, require_mky),
		sizeof(bool), 0},
	[PEER_KEY_ALLOW_HTTP] = {"allow_http", offsetof(struct config_peer, allow_http),
		sizeof(bool), 0},
	[PEER_KEY_TRUSTED] = {"trusted", offsetof(struct config_peer, is_trusted), sizeof(bool),
		0},
	[PEER_KEY_ALLOW_DOWNGRADE] = {"allow_downgrade",
		offsetof(struct config_peer, media_rules.allow_downgrade), sizeof(bool), 0},
	[PEER_KEY_ANSWER_IDENTITY] = {"answer_identity",
		offsetof(struct config_peer, answer_identity),
		sizeof(enum config_answer_identity), 0},
	[PEER_KEY_REFER] = {"refer", offsetof(struct config_peer, refer),
		sizeof(enum config_refer), 0},
};

const struct peer_profile *peer_profile_at(size_t index)
{
	return index < sizeof(profiles) / sizeof(profiles[0]) ? &profiles[index] : NULL;
}

const struct peer_profile *peer_profile_find(struct slice name)
{
	for (size_t i = 0; peer_profile_at(i); i++)
		if (slice_equal(name, slice_str(profiles[i].name)))
			return &profiles[i];
	return NULL;
}

const char *media_mode_name(enum media_mode mode)
{
	return modes[mode];
}

const char *answer_identity_name(enum config_answer_identity answer)
{
	static const char *const names[] = {[ANSWER_IDENTITY_OFF] = "off",
		[ANSWER_IDENTITY_PREFER] = "prefer",
		[ANSWER_IDENTITY_REQUIRE] = "require"};

	return names[answer];
}

const char *refer_name(enum config_refer refer)
{
	static const char *const names[] = {[REFER_REFUSE] = "refuse",
		[REFER_PASS] = "pass",
		[REFER_CARRY_OUT] = "carry_out"};

	return names[refer];
}

const char *peer_key_name(enum peer_key key)
{
	return key < PEER_KEY_COUNT ? keys[key].name : NULL;
}

void peer_profile_apply(const struct peer_profile *profile, struct config_peer *peer)
{
	const char *from = (const char *)&profile->settings;
	char *to = (char *)peer;

	for (unsigned i = 0; i < PEER_KEY_COUNT; i++) {
		if (peer->written & 1u << i)
			continue;
		memcpy(to + keys[i].offset, from + keys[i].offset, keys[i].size);
		if (keys[i].second)
			memcpy(to + keys[i].second, from + keys[i].second, keys[i].size);
	}
}
