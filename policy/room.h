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

struct policy {
	struct domain *domains; /* owned */
	size_t domain_count;
	struct cert_anchors *anchors; /* owned */
	struct cert_cache certs;
	struct replay_cache seen_8224;
	struct replay_cache seen_4474;
	struct digest digest;
	int64_t max_age_8224_s;
	int64_t max_age_4474_s;
};

const struct domain *policy_find_domain(const struct policy *policy, struct slice name);

/* ---- verification: what the two mechanisms share (verify.c) ---- */

/* One request being judged. */
struct verification {
	struct policy *policy;
	const struct identity_facts *facts;
	const struct identity_rules *rules;
	int64_t now_s;
	struct identity_name from, to;
};

/* The word about one signature. */
enum judgement {
	JUDGED_IGNORED, /* says nothing to us (ID8224-30) */
	JUDGED_REFUSED,
	JUDGED_FETCH,
	JUDGED_VERIFIED,
};

/* Each sets the verdict and returns JUDGED_REFUSED. why: static or short-lived text. */
enum judgement verdict_refuse(struct identity_verdict *verdict, int code, const char *why);
enum judgement verdict_refuse_as(
	struct identity_verdict *verdict, int code, const char *phrase, const char *why);

bool is_fresh(int64_t moment, int64_t now_s, int64_t max_age_s);

/* The certificate behind verdict->url, if it may vouch for From with a key of this kind at
 * verdict->signed_at and now. JUDGED_VERIFIED: *cert is set; it is borrowed from the cache. */
enum judgement obtain_certificate(const struct verification *v, enum crypto_key_kind kind,
	struct identity_verdict *verdict, const struct cert **cert);
/* The signature does not fit: perhaps the key was changed, so one that was not fetched just
 * now is fetched again (CERT-7); else 438. */
enum judgement refuse_signature(const struct verification *v, struct identity_verdict *verdict);

enum judgement verify_8224(const struct verification *v, const struct identity_value *value,
	struct identity_verdict *verdict, struct replay_use *use);
enum judgement verify_4474(const struct verification *v, const struct identity_value *value,
	struct identity_verdict *verdict, struct replay_use *use);

#endif
