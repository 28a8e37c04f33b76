/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 5764 section 4.2: client key, server key, client salt, server salt, in that order;
 * the client's keys protect what the client sends. Pure.
 */

#include "media/dtls_keys.h"

#include <string.h>

#include "base/err.h"

size_t dtls_keys_material_len(const struct profile *profile)
{
	return 2 * ((size_t)profile->key_len + profile->salt_len);
}

int dtls_keys_split(struct dtls_keys *out, const struct profile *profile,
	const uint8_t *material, size_t len, enum media_dtls_role our_role)
{
	struct srtp_master *client, *server;
	const uint8_t *salts = material + 2 * (size_t)profile->key_len;

	if (len != dtls_keys_material_len(profile))
		return SBC_EINVAL;
	client = our_role == MEDIA_DTLS_CLIENT ? &out->ours : &out->peers;
	server = our_role == MEDIA_DTLS_CLIENT ? &out->peers : &out->ours;
	out->profile = profile;
	memcpy(client->key, material, profile->key_len);
	memcpy(server->key, material + profile->key_len, profile->key_len);
	memcpy(client->salt, salts, profile->salt_len);
	memcpy(server->salt, salts + profile->salt_len, profile->salt_len);
	return 0;
}
