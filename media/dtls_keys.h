/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_DTLS_KEYS_H
#define MEDIA_DTLS_KEYS_H

#include <stddef.h>

#include "media/profile.h"

struct dtls_keys {
	const struct profile *profile; /* borrowed, constant */
	struct srtp_master ours;       /* protects what we send */
	struct srtp_master peers;      /* protects what the peer sends */
};

/* Bytes of the exporter "EXTRACTOR-dtls_srtp" that a profile takes. */
#define DTLS_KEYS_MATERIAL_MAX (2 * (PROFILE_KEY_MAX + PROFILE_SALT_MAX))
size_t dtls_keys_material_len(const struct profile *profile);

/* SBC_EINVAL when len is not the profile's. */
int dtls_keys_split(struct dtls_keys *out, const struct profile *profile,
	const uint8_t *material, size_t len, enum media_dtls_role our_role);

#endif
