/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_PROFILE_H
#define MEDIA_PROFILE_H

#include "media/media.h"

/* What an SRTP protection profile means (RFC 5764 section 4.1.2, RFC 7714 section 14.2). */
struct profile {
	enum media_srtp_profile id;
	const char *name;         /* as registered */
	const char *wolfssl_name; /* as wolfSSL wants it: others it ignores without a word */
	uint8_t key_len;          /* bytes */
	uint8_t salt_len;         /* bytes */
};

#define PROFILE_KEY_MAX  MEDIA_KEY_MAX
#define PROFILE_SALT_MAX MEDIA_SALT_MAX

/* NULL: not one of ours; the NULL ciphers (0x0005, 0x0006) never are. */
const struct profile *profile_find(unsigned id);

#endif
