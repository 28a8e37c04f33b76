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

struct crypto_context {
	srtp_t srtp; /* owned */
	enum crypto_direction direction;
	size_t ssrc_count;
	uint32_t ssrc_last; /* the one seen last: a stream rarely has a second */
	uint32_t *ssrcs;    /* owned; has room for a power of two */
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

static int set_key(struct crypto_context *context, const struct profile *profile,
	const struct srtp_master *master, srtp_begin *begin)
{
	uint8_t key[PROFILE_KEY_MAX + PROFILE_SALT_MAX];
	srtp_policy_t policy = {0};
	srtp_err_status_t status;

	memcpy(key, master->key, profile->key_len);
	memcpy(key + profile->key_len, master->salt, profile->salt_len);
	set_policies(&policy, profile->id);
	policy.ssrc.type =
		context->direction == CRYPTO_IN ? ssrc_any_inbound : ssrc_any_outbound;
	policy.key = key;
	policy.window_size = REPLAY_WINDOW;
	status = begin(&context->srtp, &policy);
	mem_wipe(key, sizeof(key));
	if (status)
		return status == srtp_err_status_alloc_fail ? SBC_ENOMEM : SBC_ECRYPTO;
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
	return set_key(context, profile, master, update);
}

void crypto_context_free(struct crypto_context *context)
{
	if (!context)
		return;
	srtp_dealloc(context->srtp);
	mem_free(context->ssrcs);
	mem_free(context);
}

static bool is_known(struct crypto_context *context, uint32_t ssrc)
{
	if (context->ssrc_count && context->ssrc_last == ssrc)
		return true;
	for (size_t i = 0; i < context->ssrc_count; i++) {
		if (context->ssrcs[i] == ssrc) {
			context->ssrc_last = ssrc;
			return true;
		}
	}
	return false;
}

/* Once for each new SSRC, whose first packet was verified. */
static int remember(struct crypto_context *context, uint32_t ssrc)
{
	size_t count = context->ssrc_count;

	if (!(count & (count - 1))) { /* all room is taken: twice as much */
		uint32_t *more = mem_resize(
			context->ssrcs, (count ? 2 * count : 1) * sizeof(context->ssrcs[0]));

		if (!more)
			return SBC_ENOMEM;
		context->ssrcs = more;
	}
	context->ssrcs[context->ssrc_count++] = ssrc;
	context->ssrc_last = ssrc;
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

static int run(struct crypto_context *context, srtp_step *step, uint8_t *packet, size_t *len,
	size_t ssrc_at)
{
	const uint8_t *at = packet + ssrc_at;
	uint32_t ssrc =
		(uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	bool known = is_known(context, ssrc);
	int n = (int)*len, err;

	if (!known && context->ssrc_count == RTP_SOURCE_MAX)
		return SBC_ELIMIT;
	err = err_of(step(context->srtp, packet, &n));
	if (err)
		return err;
	*len = (size_t)n;
	return known ? 0 : remember(context, ssrc);
}

int crypto_context_protect_rtp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	return run(context, srtp_protect, packet, len, RTP_SSRC_AT);
}

int crypto_context_unprotect_rtp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	return run(context, srtp_unprotect, packet, len, RTP_SSRC_AT);
}

int crypto_context_protect_rtcp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	return run(context, srtp_protect_rtcp, packet, len, RTCP_SSRC_AT);
}

int crypto_context_unprotect_rtcp(struct crypto_context *context, uint8_t *packet, size_t *len)
{
	return run(context, srtp_unprotect_rtcp, packet, len, RTCP_SSRC_AT);
}

int crypto_context_set_roc(struct crypto_context *context, uint32_t ssrc, uint32_t roc)
{
	return srtp_set_stream_roc(context->srtp, ssrc, roc) ? SBC_ENOENT : 0;
}
