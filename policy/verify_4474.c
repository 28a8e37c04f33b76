/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Identity and Identity-Info pair, RFC 4474 section 6. In the order of ID4474-45: syntax,
 * freshness, replay, certificate, signature.
 */

#include "base/b64.h"
#include "base/err.h"
#include "policy/date.h"
#include "policy/rfc4474.h"
#include "policy/token.h"

#define SIGNATURE_MAX 1024 /* bytes: RSA-8192 */

static enum judgement check_info(const struct verification *v, struct identity_verdict *verdict)
{
	struct slice url, alg;

	verdict->stage = IDENTITY_STAGE_SYNTAX;
	if (!v->facts->identity_info.len)
		return verdict_refuse(verdict, 436, "no Identity-Info");
	if (identity_info_parse(v->facts->identity_info, &url, &alg))
		return verdict_refuse(verdict, 436, "Identity-Info is malformed");
	if (alg.len && !slice_equal_nocase(alg, SLICE("rsa-sha1")))
		return verdict_refuse(verdict, 437, "alg is not rsa-sha1");
	if (!identity_is_url(url, v->rules->allow_http) ||
		slice_copy(url, verdict->url, sizeof(verdict->url)))
		return verdict_refuse(
			verdict, 436, "Identity-Info is no URL that we fetch from");
	return JUDGED_VERIFIED;
}

static enum judgement check_date(const struct verification *v, struct identity_verdict *verdict)
{
	verdict->stage = IDENTITY_STAGE_FRESHNESS;
	if (!v->facts->date.len)
		return verdict_refuse(verdict, 438, "no Date");
	if (date_parse(v->facts->date, &verdict->signed_at))
		return verdict_refuse(verdict, 438, "Date is malformed");
	if (!is_fresh(verdict->signed_at, v->now_s, v->policy->max_age_4474_s))
		return verdict_refuse(verdict, 403, "Date is too old or in the future");
	return JUDGED_VERIFIED;
}

static enum judgement check_replay(
	const struct verification *v, struct identity_verdict *verdict, struct replay_use *use)
{
	const struct identity_facts *f = v->facts;

	verdict->stage = IDENTITY_STAGE_REPLAY;
	if (replay_use_4474(use, f->call_id, f->from_uri, f->to_uri, f->method, f->cseq))
		return verdict_refuse(verdict, 500, "hashing failed");
	if (replay_is_seen(&v->policy->seen_4474, use, v->now_s))
		return verdict_refuse_as(verdict, 403, "Replayed Identity",
			"Call-ID and CSeq were used already");
	return JUDGED_VERIFIED;
}

static enum judgement check_signature(const struct verification *v, struct slice signature,
	struct slice digest_string, struct identity_verdict *verdict)
{
	const struct cert *cert;
	enum judgement judgement = authority_find(v, &v->from, CRYPTO_KEY_RSA, verdict, &cert);

	if (judgement != JUDGED_VERIFIED)
		return judgement;
	if (!crypto_rsa_sha1_verify(cert->key, digest_string, signature))
		return authority_doubt(v, verdict);
	verdict->stage = IDENTITY_STAGE_SIGNATURE;
	/* The whole body is signed, and with it every fingerprint in it. */
	if (v->facts->fingerprints)
		verdict->fingerprints = *v->facts->fingerprints;
	return JUDGED_VERIFIED;
}

int policy_digest_string(const struct identity_facts *f, struct buf *out)
{
	const struct rfc4474_fields fields = {.from_uri = f->from_uri,
		.to_uri = f->to_uri,
		.call_id = f->call_id,
		.cseq = f->cseq,
		.method = f->method,
		.date = f->date,
		.contact_uri = f->contact_uri,
		.body = f->body};

	return rfc4474_put(out, &fields);
}

static enum judgement check_text(const struct verification *v,
	const struct identity_value *value, struct identity_verdict *verdict)
{
	struct buf text, signature;
	enum judgement judgement;
	int err;

	buf_init(&text, RFC4474_TEXT_MAX);
	buf_init(&signature, SIGNATURE_MAX);
	err = policy_digest_string(v->facts, &text);
	err = err ? err : b64_decode(&signature, B64_PLAIN, value->signature);
	if (err == SBC_ENOMEM)
		judgement = verdict_refuse(verdict, 500, "no memory");
	else if (err == SBC_EPROTO)
		judgement = verdict_refuse(verdict, 438, "a signed field has a '|' in it");
	else if (err)
		judgement =
			verdict_refuse(verdict, 438, "Identity is no base64 of a signature");
	else
		judgement =
			check_signature(v, buf_slice(&signature), buf_slice(&text), verdict);
	buf_fini(&text);
	buf_fini(&signature);
	return judgement;
}

enum judgement verify_4474(const struct verification *v, const struct identity_value *value,
	struct identity_verdict *verdict, struct replay_use *use)
{
	enum judgement judgement;

	verdict->stage = IDENTITY_STAGE_SYNTAX;
	if (value->code)
		return verdict_refuse(verdict, value->code, value->why);
	judgement = check_info(v, verdict);
	if (judgement == JUDGED_VERIFIED)
		judgement = check_date(v, verdict);
	if (judgement == JUDGED_VERIFIED)
		judgement = check_replay(v, verdict, use);
	if (judgement == JUDGED_VERIFIED)
		judgement = check_text(v, value, verdict);
	return judgement;
}
