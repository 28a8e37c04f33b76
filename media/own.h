/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_OWN_H
#define MEDIA_OWN_H

#include "media/certificate.h"
#include "media/dtls.h"

/*
 * A self-signed certificate of ours and each loop's DTLS settings with it. A session keeps the
 * one that it began with, whose fingerprint its peers were told, however often there is a newer
 * one; it is freed with the last session that has it. Counted on the signalling loop; each of
 * contexts is used on its media loop alone.
 */
struct own {
	struct fingerprint fingerprint;                /* sha-256 */
	struct dtls_context *contexts[MEDIA_LOOP_MAX]; /* owned; as many as there are loops */
	unsigned refs;
};

/* A fresh one, counted once. SBC_ENOMEM, SBC_ECRYPTO. */
int own_new(struct own **out, const struct media_config *config);
struct own *own_ref(struct own *own);
/* NULL is allowed. The last time: no media loop may use it any more. */
void own_unref(struct own *own);

#endif
