/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One verdict about one request: RFC 8224 section 6.2 with its several Identity header
 * fields, or RFC 4474 section 6. Which one counts is DEC-1. Signalling thread.
 */

#include <stdio.h>

#include "base/err.h"
#include "policy/room.h"

/* ---- verdicts ---- */

/* STANDARDS section 8; DEC-9: the phrase follows the mechanism. */
static const char *phrase_of(int code, enum identity_mechanism mechanism)
{
	bool is_old = mechanism == IDENTITY_RFC4474;

	switch (code) {
	case 403:
		return "Stale Date";
	case 428:
		return "Use Identity Header";
	case 436:
		return is_old ? "Bad Identity-Info" : "Bad Identity Info";
	case 437:
		return is_old ? "Unsupported Certificate" : "Unsupported Credential";
	case 438:
		return "Invalid Identity Header";
	case 503:
		return "Service Unavailable";
	default:
		return "Server Internal Error";
	}
}

enum judgement verdict_refuse_as(
	struct identity_verdict *verdict, int code, const char *phrase, const char *why)
{
	verdict->outcome = IDENTITY_REFUSED;
	verdict->code = code;
	verdict->phrase = phrase;
	snprintf(verdict->why, sizeof(verdict->why), "%s", why ? why : "");
	verdict->fingerprints = (struct fingerprint_set){0};
	return JUDGED_REFUSED;
}

enum judgement verdict_refuse(struct identity_verdict *verdict, int code, const char *why)
{
	return verdict_refuse_as(verdict, code, phrase_of(code, verdict->mechanism), why);
}

/* ID8224-42: the most specific evidence first; our own failures before all. */
static int rank_of(int code)
{
	switch (code) {
	case 438:
		return 5;
	case 437:
		return 4;
	case 403:
		return 3;
	case 436:
		return 2;
	case 428:
		return 1;
	default:
		return 6;
	}
}

bool is_fresh(int64_t moment, int64_t now_s, int64_t max_age_s)
{
	return moment >= now_s - max_age_s && moment <= now_s + max_age_s;
}

/* ---- certificates ---- */

static enum judgement need_certificate(struct identity_verdict *verdict)
{
	verdict->outcome = IDENTITY_NEED_CERTIFICATE;
	verdict->fingerprints = (struct fingerprint_set){0};
	return JUDGED_FETCH;
}

/* All of it on each request, also for a certificate from the cache (ID4474-46). */
static enum judgement check_certificate(const struct verification *v,
	const struct cert_cache_result *found, enum crypto_key_kind kind,
	struct identity_verdict *verdict)
{
	const struct cert *cert = found->cert;
	const char *subject = cert_covers(cert, slice_str(v->from.host));

	if (!cert->is_trusted)
		return verdict_refuse(verdict, 437, cert->why);
	if (!cert_is_valid_at(&cert->chain, v->now_s)) {
		/* It may have been renewed since. */
		if (found->may_refresh)
			return need_certificate(verdict);
		return verdict_refuse(
			verdict, 437, "certificate or a CA above is not valid now");
	}
	if (!cert_is_valid_at(&cert->chain, verdict->signed_at))
		return verdict_refuse(
			verdict, 437, "certificate was not valid when it was signed");
	if (cert_key_kind(cert) != kind)
		return verdict_refuse(verdict, 437, "certificate's key is of the wrong kind");
	if (!cert->may_sign)
		return verdict_refuse(verdict, 437, "certificate's keyUsage forbids signing");
	if (!subject)
		return verdict_refuse(
			verdict, 437, "certificate does not name the domain in From");
	slice_copy(slice_str(subject), verdict->subject, sizeof(verdict->subject));
	return JUDGED_VERIFIED;
}

enum judgement obtain_certificate(const struct verification *v, enum crypto_key_kind kind,
	struct identity_verdict *verdict, const struct cert **cert)
{
	struct cert_cache_result found;
	char why[sizeof(verdict->why)];

	switch (cert_cache_find(&v->policy->certs, slice_str(verdict->url), v->now_s, &found)) {
	case CERT_CACHE_FOUND:
		*cert = found.cert;
		return check_certificate(v, &found, kind, verdict);
	case CERT_CACHE_FAILED:
		snprintf(why, sizeof(why), "certificate cannot be had: %s", found.why);
		return verdict_refuse(verdict, 436, why);
	case CERT_CACHE_UNKNOWN:
		break;
	}
	return need_certificate(verdict);
}

enum judgement refuse_signature(const struct verification *v, struct identity_verdict *verdict)
{
	struct cert_cache_result found;

	if (cert_cache_find(&v->policy->certs, slice_str(verdict->url), v->now_s, &found) ==
			CERT_CACHE_FOUND &&
		found.may_refresh)
		return need_certificate(verdict);
	return verdict_refuse(verdict, 438, "signature does not verify");
}

/* ---- one request ---- */

static bool has_fingerprints(const struct verification *v)
{
	return v->facts->fingerprints && v->facts->fingerprints->count;
}

static void absent(const struct verification *v, struct identity_verdict *out)
{
	if (v->rules->is_required)
		verdict_refuse(out, 428, "no Identity that we understand");
	else
		out->outcome = IDENTITY_ABSENT;
}

/* Only now, when everything is right; a request that cannot be remembered is not verified. */
static void accept(const struct verification *v, struct replay_cache *seen,
	const struct replay_use *uses, size_t count, struct identity_verdict *out)
{
	for (size_t i = 0; i < count; i++) {
		int err = replay_remember(seen, &uses[i], v->now_s);
		if (err) {
			verdict_refuse(out, err == SBC_ELIMIT ? 503 : 500,
				err == SBC_ELIMIT ? "no room to remember it against replay"
						  : "no memory");
			return;
		}
	}
	out->outcome = IDENTITY_VERIFIED;
}

/* What the header fields came to until now. */
struct outcome {
	struct identity_verdict verified, fetch, refused;
	bool is_verified, is_fetch, is_refused;
	struct replay_use uses[IDENTITY_HEADER_MAX];
	size_t use_count;
};

static void judge_value(const struct verification *v, const struct identity_value *value,
	const struct identity_verdict *start, struct outcome *o)
{
	struct identity_verdict verdict = *start;
	struct replay_use use;

	switch (verify_8224(v, value, &verdict, &use)) {
	case JUDGED_IGNORED:
		break;
	case JUDGED_REFUSED:
		if (!o->is_refused || rank_of(verdict.code) > rank_of(o->refused.code))
			o->refused = verdict;
		o->is_refused = true;
		break;
	case JUDGED_FETCH:
		if (!o->is_fetch)
			o->fetch = verdict;
		o->is_fetch = true;
		break;
	case JUDGED_VERIFIED:
		/* ID8224-45: the one that covers the fingerprints is worth more. */
		if (!o->is_verified || !o->verified.fingerprints.count)
			o->verified = verdict;
		o->is_verified = true;
		o->uses[o->use_count++] = use;
		break;
	}
}

/* ID8224-38: one good header field is enough. */
static void verify_all_8224(const struct verification *v, const struct identity_value *values,
	size_t count, struct identity_verdict *out)
{
	struct outcome o = {0};

	out->mechanism = IDENTITY_RFC8224;
	for (size_t i = 0; i < count; i++) {
		if (values[i].kind != IDENTITY_KIND_4474)
			judge_value(v, &values[i], out, &o);
	}
	if (o.is_verified &&
		(!o.is_fetch || !has_fingerprints(v) || o.verified.fingerprints.count)) {
		*out = o.verified;
		accept(v, &v->policy->seen_8224, o.uses, o.use_count, out);
	} else if (o.is_fetch) {
		*out = o.fetch;
	} else if (o.is_refused) {
		*out = o.refused;
	} else {
		out->mechanism = IDENTITY_NONE;
		absent(v, out);
	}
}

static void verify_one_4474(const struct verification *v, const struct identity_value *values,
	size_t count, struct identity_verdict *out)
{
	struct replay_use use;
	const struct identity_value *one = NULL;

	out->mechanism = IDENTITY_RFC4474;
	for (size_t i = 0; i < count; i++) {
		if (values[i].kind == IDENTITY_KIND_8224)
			continue;
		if (one) {
			verdict_refuse(out, 438, "more than one RFC 4474 Identity");
			return;
		}
		one = &values[i];
	}
	if (verify_4474(v, one, out, &use) == JUDGED_VERIFIED)
		accept(v, &v->policy->seen_4474, &use, 1, out);
}

/* All values of all header fields. SBC_ELIMIT: more than we look at. */
static int read_values(const struct identity_facts *facts,
	struct identity_value values[IDENTITY_HEADER_MAX], size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < facts->identity_count && i < IDENTITY_HEADER_MAX; i++) {
		struct slice rest = facts->identity[i], value = identity_next(&rest);
		do {
			if (*count >= IDENTITY_HEADER_MAX)
				return SBC_ELIMIT;
			/* An empty header field is one too: a broken one. */
			identity_parse(&values[(*count)++], value);
			value = identity_next(&rest);
		} while (value.len);
	}
	return facts->identity_count > IDENTITY_HEADER_MAX ? SBC_ELIMIT : 0;
}

static bool has_kind(const struct identity_value *values, size_t count, enum identity_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		if (values[i].kind == kind || values[i].kind == IDENTITY_KIND_BROKEN)
			return true;
	}
	return false;
}

void policy_verify(struct policy *policy, const struct identity_facts *facts,
	const struct identity_rules *rules, int64_t now_s, struct identity_verdict *out)
{
	struct verification v = {
		.policy = policy, .facts = facts, .rules = rules, .now_s = now_s};
	struct identity_value values[IDENTITY_HEADER_MAX];
	size_t count;
	bool is_8224, is_4474, is_named;
	int err = read_values(facts, values, &count);

	*out = (struct identity_verdict){.outcome = IDENTITY_REFUSED, .phrase = ""};
	is_8224 = rules->accept_8224 && has_kind(values, count, IDENTITY_KIND_8224);
	is_4474 = !is_8224 && rules->accept_4474 && has_kind(values, count, IDENTITY_KIND_4474);
	is_named = !name_parse(&v.from, facts->from_uri) && !name_parse(&v.to, facts->to_uri);
	if (is_named) {
		slice_copy(slice_str(name_text(&v.from)), out->identity, sizeof(out->identity));
		slice_copy(slice_str(v.from.host), out->domain, sizeof(out->domain));
	}
	out->mechanism = is_8224   ? IDENTITY_RFC8224
			 : is_4474 ? IDENTITY_RFC4474
				   : IDENTITY_NONE;
	if (!is_8224 && !is_4474)
		absent(&v, out);
	else if (err)
		verdict_refuse(out, 438, "too many Identity header fields");
	else if (!is_named)
		verdict_refuse(out, 438, "From or To is no identity that can be signed");
	else if (is_8224)
		verify_all_8224(&v, values, count, out);
	else
		verify_one_4474(&v, values, count, out);
}
