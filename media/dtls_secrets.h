/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_DTLS_SECRETS_H
#define MEDIA_DTLS_SECRETS_H

#include "media/media.h"

/*
 * The secrets of a handshake, told to whoever the configuration of a laboratory names.
 * Private to the media room; media loop.
 */
struct dtls_secrets {
	media_secret_h *told; /* NULL: nobody */
	void *arg;            /* borrowed */
};

struct WOLFSSL;
/* From now on until ssl is freed; secrets is borrowed so long. SBC_ECRYPTO: this TLS library
 * tells none. */
int dtls_secrets_tell(struct WOLFSSL *ssl, const struct dtls_secrets *secrets);

#endif
