/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_PORT_KEYS_H
#define MEDIA_PORT_KEYS_H

#include "base/timers.h"
#include "media/crypto_context.h"
#include "media/dtls_keys.h"
#include "media/media.h"

/*
 * A port's SRTP keys: of a handshake, of descriptions, of another machine; and those before
 * them, which verify what is under way for a moment more. Runs on: a media loop.
 */
struct port_keys {
	struct crypto_context *in;        /* owned; NULL: none, or plain RTP */
	struct crypto_context *out;       /* owned; NULL likewise */
	struct crypto_context *in_before; /* owned; NULL mostly */
	struct timers *timers;            /* borrowed */
	struct timer overlap;             /* the end of in_before */
};

void port_keys_init(struct port_keys *keys, struct timers *timers);
/* All of them, those before too. */
void port_keys_forget(struct port_keys *keys);

/* The rest: SBC_ENOMEM, SBC_ECRYPTO; what is there then is to be forgotten. */

/* Of a handshake; the ones that were in force become those before (DTLS-16). */
int port_keys_take(struct port_keys *keys, const struct dtls_keys *fresh, usec_t now);
/* Of a description: SDES, or none. Nothing was there. */
int port_keys_give(struct port_keys *keys, const struct media_remote *remote);
/* Of another description for the same association; what did not change stays. is_moved: the
 * peer's address is another one. */
int port_keys_change(struct port_keys *keys, const struct media_remote *before,
	const struct media_remote *remote, bool is_moved);
/* Where another one stopped. Nothing was there. SBC_EINVAL. */
int port_keys_restore(struct port_keys *keys, const struct media_direction_state *in,
	const struct media_direction_state *out);

#endif
