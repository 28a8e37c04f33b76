/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_DIGEST_H
#define POLICY_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "policy/policy.h"

/*
 * Digest access authentication, server side (RFC 7616, RFC 8760): qop=auth only. A nonce
 * proves itself (time and HMAC), so a challenge costs no memory; only nonces that were used
 * rightly are kept, with the nonce counts seen. One thread.
 */
#define DIGEST_SECRET_LEN   32
#define DIGEST_NONCE_LIFE_S 300   /* a phone that registers every minute gets a few uses */
#define DIGEST_NONCE_MAX    65536 /* nonces in use; at the ceiling a new one must be asked for */

struct digest {
	uint8_t _secret[DIGEST_SECRET_LEN];
	struct hash_table _nonces;
	struct list _entries; /* the next to expire first */
};

/* secret: DIGEST_SECRET_LEN bytes, or empty: a random one. SBC_EINVAL, SBC_ENOMEM. */
int digest_init(struct digest *digest, struct slice secret, const uint8_t seed[16]);
void digest_fini(struct digest *digest);

void digest_challenge(struct digest *digest, struct slice realm, const struct digest_user *user,
	bool is_stale, int64_t now_s, struct digest_challenges *out);

/* What a request brings. */
struct digest_request {
	struct slice method;
	struct slice request_uri;
	struct slice credentials;
};
enum digest_outcome digest_authenticate(struct digest *digest, const struct digest_user *user,
	const struct digest_request *request, int64_t now_s);

/* Cuts one "name=value" off a list: quotes go, escapes stay. SBC_EPARSE. */
int digest_parameter(struct slice *rest, struct slice *name, struct slice *value);
/* See policy_credentials_user(). */
int digest_credentials_user(
	struct slice credentials, struct slice *username, struct slice *realm);

#endif
