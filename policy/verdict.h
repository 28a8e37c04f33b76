/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include "policy/room.h"

/* What both mechanisms say about a signature, and how. Signalling thread. */

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
	JUDGED_VERIFIED, /* or: nothing against it until now */
};

/* Each sets the verdict and returns JUDGED_REFUSED. why: static or short-lived text. */
enum judgement verdict_refuse(struct identity_verdict *verdict, int code, const char *why);
enum judgement verdict_refuse_as(
	struct identity_verdict *verdict, int code, const char *phrase, const char *why);
/* 438 for what may be a forger's work or a helper's on the way: why says which it looks like.
 */
enum judgement verdict_refuse_altered(
	const struct verification *v, struct identity_verdict *verdict, const char *why);
/* Sets the verdict and returns JUDGED_FETCH. */
enum judgement verdict_fetch(struct identity_verdict *verdict);
/* Which of two refusals says more: the higher one. */
int verdict_rank(int code);

bool is_fresh(int64_t moment, int64_t now_s, int64_t max_age_s);

/* ---- authority.c ---- */

/* The certificate behind verdict->url, if it may vouch for name with a key of this kind at
 * verdict->signed_at and now. JUDGED_VERIFIED: *cert is set; it is borrowed from the cache. */
enum judgement authority_find(const struct verification *v, const struct identity_name *name,
	enum crypto_key_kind kind, struct identity_verdict *verdict, const struct cert **cert);
/* The signature does not fit: perhaps the key was changed, so one that was not fetched just
 * now is fetched again (CERT-7); else 438. */
enum judgement authority_doubt(const struct verification *v, struct identity_verdict *verdict);

#endif
