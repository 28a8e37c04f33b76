/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 3711 and RFC 7714 through libsrtp: one srtp_t a direction. Runs on: a media loop. */

#include "media/crypto_context.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/rtp.h"

#include <srtp2/srtp.h>

/* Packets; RFC 3711 section 3.3.2 asks for 64 at least. */
#define REPLAY_WINDOW 128
#define RTP_SSRC_AT   8
#define RTCP_SSRC_AT  4
/* What stands behind a packet of SRTCP */
#define RTCP_INDEX_LEN 4  /* with the bit that says encrypted */
#define RTCP_TAG_LEN   10 /* of HMAC-SHA1, with both profiles (RFC 5764 section 4.1.2) */

struct imported;

struct source {
	uint32_t ssrc;
	uint32_t rtcp_next;  /* above every SRTCP index there was */
	uint32_t rtcp_floor; /* below it are those from before an import */
	uint16_t highest;    /* sequence number; only to be exported */
	bool has_rtp;
};

struct crypto_context {
	srtp_t srtp; /* owned */
	enum crypto_direction direction;
	const struct profile *profile; /* borrowed, constant */
	struct srtp_master master;     /* secret */
	size_t ssrc_count;
	size_t ssrc_last;       /* index of the one seen last: a stream rarely has a second */
	struct source *sources; /* owned unless it is the one; has room for a power of two */
	struct source one;
	size_t import_count;       /* the first of the sources: libsrtp has them by name */
	struct imported *imported; /* owned; NULL once every SSRC is far enough */
};

/* What libsrtp cannot be told: it begins with an empty replay window, so that what is behind
 * the last packet of the import is refused here until it is behind the window too. */
struct imported {
	size_t count; /* that are not past */
	enum { PAST, WAITING, NEAR } state[RTP_SOURCE_MAX];
	uint32_t rocs[RTP_SOURCE_MAX];   /* WAITING: rollover counter */
	uint16_t floors[RTP_SOURCE_MAX]; /* the last packet there */
};

_Static_assert(CRYPTO_TRAILER_MAX >= SRTP_MAX_TRAILER_LEN + 4, "room for SRTCP's index too");

static void set_policies(srtp_policy_t *policy, enum media_srtp_profile profile)
{
	switch (profile) {
	case MEDIA_SRTP_AES128_CM_SHA1_80:
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
		break;
	case MEDIA_SRTP_AES128_CM_SHA1_32:
		/* RFC 5764 section 4.1.2: the short tag is RTP's only. */
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
		break;
	case MEDIA_SRTP_AEAD_AES_128_GCM:
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
		break;
	case MEDIA_SRTP_AEAD_AES_256_GCM:
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
		break;
	}
}

typedef srtp_err_status_t(srtp_begin)(srtp_t *srtp, const srtp_policy_t *policy);

/* libsrtp keeps the streams that came from the wildcard, with index and replay window. */
static srtp_err_status_t update(srtp_t *srtp, const srtp_policy_t *policy)
{
	return srtp_update(*srtp, policy);
}

/* ssrc: of this one alone; NULL: of all that have no key of their own. */
static int run_policy(struct crypto_context *context, const struct profile *profile,
	const struct srtp_master *master, const uint32_t *ssrc, srtp_begin *begin)
{
	uint8_t key[PROFILE_KEY_MAX + PROFILE_SALT_MAX];
	srtp_policy_t policy = {0};
	srtp_err_status_t status;

	memcpy(key, master->key, profile->key_len);
	memcpy(key + profile->key_len, master->salt, profile->salt_len);
	set_policies(&policy, profile->id);
	policy.ssrc.type =
		context->direction == CRYPTO_IN ? ssrc_any_inbound : ssrc_any_outbound;
	if (ssrc) {
		policy.ssrc.type = ssrc_specific;
		policy.ssrc.value = *ssrc;
	}
	policy.key = key;
	policy.window_size = REPLAY_WINDOW;
	status = begin(&context->srtp, &policy);
	mem_wipe(key, sizeof(key));
	if (status)
		return status == srtp_err_status_alloc_fail ? SBC_ENOMEM : SBC_ECRYPTO;
	return 0;
}

static int set_key(struct crypto_context *context, const struct profile *profile,
	const struct srtp_master *master, srtp_begin *begin)
{
	int err = run_policy(context, profile, master, NULL, begin);

	if (err)
		return err;
	context->profile = profile;
	context->master = *master;
	return 0;
}

int crypto_context_new(struct crypto_context **out, const struct profile *profile,
	const struct srtp_master *master, enum crypto_direction direction)
{
	struct crypto_context *context = mem_alloc(sizeof(*context));
	int err;

	if (!context)
		return SBC_ENOMEM;
	context->direction = direction;
	context->sources = &context->one;
	err = set_key(context, profile, master, srtp_create);
	if (err) {
		mem_free(context);
		return err;
	}
	*out = context;
	return 0;
}

int crypto_context_rekey(struct crypto_context *context, const struct profile *profile,
	const struct srtp_master *master)
{
	int err = 0;

	for (size_t i = 0; !err && i < context->import_count; i++)
		err = run_policy(context, profile, master, &context->sources[i].ssrc, update);
	return err ? err : set_key(context, profile, master, update);
}

void crypto_context_free(struct crypto_context *context)
{
	if (!context)
		return;
	srtp_dealloc(context->srtp);
	if (context->sources != &context->one)
		mem_free(context->sources);
	mem_free(context->imported);
	mem_wipe(&context->master, sizeof(context->master));
	mem_free(context);
}

static bool is_known(struct crypto_context *context, uint32_t ssrc)
{
	if (context->ssrc_count && context->sources[context->ssrc_last].ssrc == ssrc)
		return true;
	for (size_t i = 0; i < context->ssrc_count; i++) {
		if (context->sources[i].ssrc == ssrc) {
			context->ssrc_last = i;
			return true;
		}
	}
	return false;
}

/* Room for so many SSRCs, at least. */
static int make_room(struct crypto_context *context, size_t count)
{
	size_t room = 1, more = 1;
	struct source *sources;

	while (room < context->ssrc_count)
		room *= 2;
	while (more < count)
		more *= 2;
	if (more <= room)
		return 0;
	sources = mem_array(more, sizeof(*sources));
	if (!sources)
		return SBC_ENOMEM;
	memcpy(sources, context->sources, context->ssrc_count * sizeof(*sources));
	if (context->sources != &context->one)
		mem_free(context->sources);
	context->sources = sources;
	return 0;
}

/* Once for each new SSRC, whose first packet was verified. */
static int remember(struct crypto_context *context, uint32_t ssrc)
{
	int err = make_room(context, context->ssrc_count + 1);

	if (err)
		return err;
	context->ssrc_last = context->ssrc_count++;
	context->sources[context->ssrc_last] = (struct source){.ssrc = ssrc};
	return 0;
}

static int err_of(srtp_err_status_t status)
{
	if (status == srtp_err_status_ok)
		return 0;
	if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old ||
		status == srtp_err_status_pkt_idx_old)
		return SBC_EEXIST;
	return SBC_ECRYPTO;
}

typedef srtp_err_status_t(srtp_step)(srtp_t srtp, void *packet, int *len);

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* known: by is_known() */
static int run(struct crypto_context *context, srtp_step *step, uint8_t *packet, size_t *len,
	uint32_t ssrc, bool known)
{
	int n = (int)*len, err;

	if (!known && context->ssrc_count == RTP_SOURCE_MAX)
		return SBC_ELIMIT;
	err = err_of(step(context->srtp, packet, &n));
	if (err)
		return err;
	*len = (size_t)n;
	return known ? 0 : remember(context, ssrc);
}

static uint16_t sequence_of(const uint8_t *packet)
{
	return (uint16_t)(packet[2] << 8 | packet[3]);
}

static bool is_above(uint16_t sequence, uint16_t floor)
{
	return (int16_t)(uint16_t)(sequence - floor) > 0;
}

/* A packet of an imported SSRC. The first one: which turn of the numbers it is in (RFC 3711
 * appendix A). SBC_EEXIST: not newer than what was exported. */
static int place(struct crypto_context *context, uint32_t ssrc, uint16_t sequence)
{
	const struct imported *imported = context->imported;
	size_t i = context->ssrc_last;
	uint32_t roc;

	if (imported->state[i] == PAST)
		return 0;
	if (!is_above(sequence, imported->floors[i]))
		return SBC_EEXIST;
	if (imported->state[i] == NEAR)
		return 0;
	roc = imported->rocs[i] + (sequence < imported->floors[i]);
	return srtp_set_stream_roc(context->srtp, ssrc, roc) ? SBC_ECRYPTO : 0;
}

static void went_on(struct crypto_context *context)
{
	struct imported *imported = context->imported;
	size_t i = context->ssrc_last;

	if (imported->state[i] == WAITING)
		imported->state[i] = NEAR;
	if (imported->state[i] == PAST ||
		(uint16_t)(context->sources[i].highest - imported->floors[i]) < REPLAY_WINDOW)
		return;
	imported->state[i] = PAST;
	if (!--imported->count) {
		mem_free(imported);
		context->imported = NULL;
	}
}

/* RFC 3711 section 9.2: a key is good for 2^48 packets of an SSRC. Behind the last one libsrtp
 * would count from zero again, and protect other packets with the same keystream. */
static bool is_used_up(const struct crypto_context *context, uint32_t ssrc, uint16_t sequence)
{
	const struct source *source = &context->sources[context->ssrc_last];
	uint32_t roc;

	return source->has_rtp && sequence < source->highest &&
	       is_above(sequence, source->highest) &&
	       !srtp_get_stream_roc(context->srtp, ssrc, &roc) && roc == UINT32_MAX;
}

static int run_rtp(
	struct crypto_context *context, srtp_step *step, uint8_t *packet, size_t *len)
{
	uint16_t sequence = sequence_of(packet);
	uint32_t ssrc = get32(packet + RTP_SSRC_AT);
	bool known = is_known(context, ssrc);
	int err = context->imported && known ? place(context, ssrc, sequence) : 0;
	struct source *source;

	if (!err && known && is_used_up(context, ssrc, sequence))
		err = SBC_ECRYPTO;
	err = err ? err : run(context, step, packet, len, ssrc, known);
	if (err)
		return err;
	source = &context->sources[context->ssrc_last];
	if (!source->has_rtp || is_above(sequence, source->highest))
		source->highest = sequence;
	source->has_rtp = true;
	if (context->imported)
		went_on(context);
	return 0;
}

int crypto_context_protect_rtp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	return run_rtp(context, srtp_protect, packet, len);
}

int crypto_context_unprotect_rtp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	return run_rtp(context, srtp_unprotect, packet, len);
}

/* SRTCP's index stands before the tag (RFC 3711 section 3.4), with GCM behind it (RFC 7714
 * section 9.2). 0 of what is too short to be one. */
static uint32_t rtcp_index(
	const struct crypto_context *context, const uint8_t *packet, size_t len)
{
	bool is_gcm = context->profile->id == MEDIA_SRTP_AEAD_AES_128_GCM ||
		      context->profile->id == MEDIA_SRTP_AEAD_AES_256_GCM;
	size_t behind = RTCP_INDEX_LEN + (is_gcm ? 0 : RTCP_TAG_LEN);

	return len < behind ? 0 : get32(packet + len - behind) & 0x7fffffff;
}

static void count_rtcp(struct crypto_context *context, uint32_t index)
{
	struct source *source = &context->sources[context->ssrc_last];

	if (index >= source->rtcp_next)
		source->rtcp_next = index + 1;
}

int crypto_context_protect_rtcp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	uint32_t ssrc = get32(packet + RTCP_SSRC_AT);
	int err = run(context, srtp_protect_rtcp, packet, len, ssrc, is_known(context, ssrc));

	if (!err)
		count_rtcp(context, rtcp_index(context, packet, *len));
	return err;
}

int crypto_context_unprotect_rtcp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	uint32_t ssrc = get32(packet + RTCP_SSRC_AT);
	uint32_t index = rtcp_index(context, packet, *len);
	bool known = is_known(context, ssrc);
	int err;

	if (known && index < context->sources[context->ssrc_last].rtcp_floor)
		return SBC_EEXIST;
	err = run(context, srtp_unprotect_rtcp, packet, len, ssrc, known);
	if (!err)
		count_rtcp(context, index);
	return err;
}

int crypto_context_set_roc(struct crypto_context *context, uint32_t ssrc, uint32_t roc)
{
	return srtp_set_stream_roc(context->srtp, ssrc, roc) ? SBC_ENOENT : 0;
}

/* ---- going on elsewhere ---- */

_Static_assert(MEDIA_STATE_SOURCE_MAX == RTP_SOURCE_MAX, "all of them fit");

/* An index that is stepped over costs a protected packet: a day of reports, every second. */
#define RTCP_STEP_MAX 86400

void crypto_context_export(
	const struct crypto_context *context, struct media_direction_state *out)
{
	*out = (struct media_direction_state){.profile = context->profile->id,
		.master = context->master,
		.source_count = (unsigned)context->ssrc_count};
	for (size_t i = 0; i < context->ssrc_count; i++) {
		struct media_source_state *source = &out->sources[i];

		source->ssrc = context->sources[i].ssrc;
		source->has_rtp = context->sources[i].has_rtp;
		source->sequence = context->sources[i].highest;
		source->rtcp_next = context->sources[i].rtcp_next;
		if (context->imported && context->imported->state[i] == WAITING)
			source->roc = context->imported->rocs[i];
		else
			srtp_get_stream_roc(context->srtp, source->ssrc, &source->roc);
	}
}

/* libsrtp has no way to set SRTCP's index, so it is stepped to. */
static int step_rtcp(struct crypto_context *context, uint32_t ssrc, uint32_t count)
{
	_Alignas(16) uint8_t packet[8 + CRYPTO_TRAILER_MAX];

	for (uint32_t n = 0; n < count; n++) {
		const uint8_t report[8] = {0x80, 201, 0, 1, (uint8_t)(ssrc >> 24),
			(uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc};
		int len = sizeof(report);

		memcpy(packet, report, sizeof(report));
		if (srtp_protect_rtcp(context->srtp, packet, &len))
			return SBC_ECRYPTO;
	}
	return 0;
}

static srtp_err_status_t add(srtp_t *srtp, const srtp_policy_t *policy)
{
	return srtp_add_stream(*srtp, policy);
}

static int import_source(struct crypto_context *context, const struct media_source_state *state)
{
	struct imported *imported = context->imported;
	size_t i = context->ssrc_count;
	int err = run_policy(context, context->profile, &context->master, &state->ssrc, add);

	if (err)
		return err;
	context->sources[i] = (struct source){.ssrc = state->ssrc,
		.highest = state->sequence,
		.has_rtp = state->has_rtp,
		.rtcp_next = state->rtcp_next};
	context->ssrc_count = context->import_count = i + 1;
	if (state->has_rtp) {
		imported->rocs[i] = state->roc;
		imported->floors[i] = state->sequence;
		imported->state[i] = WAITING;
		imported->count++;
	}
	if (context->direction == CRYPTO_IN) {
		context->sources[i].rtcp_floor = state->rtcp_next;
		return 0;
	}
	context->sources[i].rtcp_next += MEDIA_STATE_RTCP_MARGIN;
	return step_rtcp(context, state->ssrc, context->sources[i].rtcp_next);
}

static bool is_importable(const struct media_direction_state *state)
{
	uint64_t steps = 0;

	for (unsigned i = 0; i < state->source_count && i < RTP_SOURCE_MAX; i++)
		steps += state->sources[i].rtcp_next;
	return state->source_count <= RTP_SOURCE_MAX && steps <= RTCP_STEP_MAX;
}

int crypto_context_import(
	struct crypto_context *context, const struct media_direction_state *state)
{
	int err = 0;

	if (context->ssrc_count || !is_importable(state))
		return SBC_EINVAL;
	if (!state->source_count)
		return 0;
	context->imported = mem_alloc(sizeof(*context->imported));
	if (!context->imported || make_room(context, state->source_count))
		return SBC_ENOMEM;
	for (unsigned i = 0; !err && i < state->source_count; i++)
		err = import_source(context, &state->sources[i]);
	if (!context->imported->count) {
		mem_free(context->imported);
		context->imported = NULL;
	}
	return err;
}
