/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_CRYPTO_CONTEXT_H
#define MEDIA_CRYPTO_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "media/dtls_keys.h"
#include "media/rtp.h"

/*
 * SRTP cryptographic context (RFC 3711 section 3.2): one direction of one association, RTP
 * and RTCP, all its SSRCs, each with rollover counter and replay window of its own. It lives
 * as long as the association. One thread. srtp_kernels_install() comes first.
 */
struct crypto_context;

enum crypto_direction { CRYPTO_OUT, CRYPTO_IN };

/* Bytes that protecting may add behind a packet; room for them must be there. */
#define CRYPTO_TRAILER_MAX 160

/* SBC_ECRYPTO, SBC_ENOMEM. */
int crypto_context_new(struct crypto_context **out, const struct profile *profile,
	const struct srtp_master *master, enum crypto_direction direction);
/* Another key for what comes from now on: rollover counters and replay windows stay (RFC
 * 3711 section 3.3.1). On error the old key stays. SBC_ECRYPTO, SBC_ENOMEM. */
int crypto_context_rekey(struct crypto_context *context, const struct profile *profile,
	const struct srtp_master *master);
/*
 * What another context needs to go on where this one stops: with the same key no index may
 * come twice (RFC 3711 section 9.1), and the other end counts on. Out is filled whole.
 */
void crypto_context_export(
	const struct crypto_context *context, struct media_direction_state *out);
/* Into a context that was made with the same key and has seen nothing. Each SSRC goes on with
 * the first packet that is newer than the last one exported; older ones are replays.
 * SBC_EINVAL: more than a context can have; SBC_ENOMEM, SBC_ECRYPTO. */
int crypto_context_import(
	struct crypto_context *context, const struct media_direction_state *state);
/* NULL is allowed. Wipes the keys. */
void crypto_context_free(struct crypto_context *context);

/*
 * In place; *len is changed. The packet begins on a boundary of four bytes. Headers were
 * checked before (rtp_parse, rtcp_check_first). SBC_ECRYPTO: does not verify, or the
 * key is used up for that SSRC; SBC_EEXIST: a
 * replay, or too old to tell; SBC_ELIMIT: more than RTP_SOURCE_MAX SSRCs. Once for
 * each new SSRC, after its first packet was verified, memory is taken: SBC_ENOMEM.
 */
int crypto_context_protect_rtp(struct crypto_context *context, uint8_t *packet, size_t *len);
int crypto_context_unprotect_rtp(struct crypto_context *context, uint8_t *packet, size_t *len);
int crypto_context_protect_rtcp(struct crypto_context *context, uint8_t *packet, size_t *len);
int crypto_context_unprotect_rtcp(struct crypto_context *context, uint8_t *packet, size_t *len);

/* Tests only: the rollover counter of an SSRC that was used already. SBC_ENOENT. */
int crypto_context_set_roc(struct crypto_context *context, uint32_t ssrc, uint32_t roc);

#endif
