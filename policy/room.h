/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_ROOM_H
#define POLICY_ROOM_H

#include "policy/cert.h"
#include "policy/cert_cache.h"
#include "policy/digest.h"
#include "policy/identity.h"
#include "policy/name.h"
#include "policy/policy.h"
#include "policy/replay.h"

/* What the files of this room share behind the door. */

/* One key with its certificate. */
struct credential {
	struct cert *cert;      /* owned; NULL: none of this kind */
	struct crypto_key *key; /* owned, secret */
	char *url;              /* owned: info, x5u or Identity-Info */
};

struct domain {
	char name[NAME_HOST_MAX]; /* lower case */
	struct credential es256;
	struct credential rsa; /* RFC 4474 */
};

/* A key beside a domain's first one; of numbers when domain is empty. */
struct signing_key {
	char domain[NAME_HOST_MAX]; /* lower case */
	struct credential credential;
};

struct policy {
	struct domain *domains; /* owned */
	size_t domain_count;
	struct signing_key *keys; /* owned */
	size_t key_count;
	struct cert_anchors *anchors;       /* owned */
	uint8_t trusted[CRYPTO_SHA256_LEN]; /* of the texts that anchors was made of */
	struct cert_cache certs;
	struct replay_cache seen_8224;
	struct replay_cache seen_4474;
	struct digest digest;
	int64_t max_age_8224_s;
	int64_t max_age_4474_s;
};

const struct domain *policy_find_domain(const struct policy *policy, struct slice name);

#endif
