/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One Identity header field, RFC 8224 section 6.2. What costs nothing comes first: syntax,
 * freshness, claims against the message, replay; then the certificate; the signature last.
 */

#include "base/b64.h"
#include "base/err.h"
#include "policy/date.h"
#include "policy/passport.h"
#include "policy/room.h"

#define SIGNED_TEXT_MAX 32768 /* bytes of header "." payload that we make ourselves */

static bool is_supported(struct slice ppt)
{
	return !ppt.len || slice_equal(ppt, SLICE("shaken"));
}

/* Date, when there is one, must be fresh whatever iat says (RFC 8224 section 6.2 step 4).
 * *out stays when there is none. */
static enum judgement check_date(
	const struct verification *v, struct identity_verdict *verdict, int64_t *out)
{
	if (!v->facts->date.len)
		return JUDGED_VERIFIED;
	if (date_parse(v->facts->date, out))
		return verdict_refuse(verdict, 438, "Date is malformed");
	if (!is_fresh(*out, v->now_s, v->policy->max_age_8224_s))
		return verdict_refuse(verdict, 403, "Date is too old or in the future");
	return JUDGED_VERIFIED;
}

/* ID8224-43, ID8224-44: the claim and the session description name the same keys. */
static enum judgement check_mky(const struct verification *v, const struct passport *passport,
	struct identity_verdict *verdict)
{
	static const struct fingerprint_set none;
	const struct fingerprint_set *sdp =
		v->facts->fingerprints ? v->facts->fingerprints : &none;

	if (passport->has_mky && !fingerprint_set_equal(&passport->mky, sdp))
		return verdict_refuse(
			verdict, 438, "mky does not name the fingerprints of the body");
	if (!passport->has_mky && sdp->count && v->rules->require_mky)
		return verdict_refuse(verdict, 438, "no mky for the fingerprint in the body");
	if (passport->has_mky)
		verdict->fingerprints = passport->mky;
	return JUDGED_VERIFIED;
}

static enum judgement check_claims(const struct verification *v,
	const struct identity_value *value, const struct passport *passport,
	struct identity_verdict *verdict)
{
	int64_t date;

	if (!slice_equal(passport->alg, SLICE("ES256")))
		return verdict_refuse(verdict, 438, "alg of the PASSporT is not ES256");
	if (!slice_equal(passport->x5u, value->info))
		return verdict_refuse(verdict, 438, "x5u is not info");
	if (!slice_equal(passport->ppt, value->ppt))
		return verdict_refuse(verdict, 438, "ppt of header and parameter differ");
	verdict->signed_at = passport->iat;
	if (!is_fresh(passport->iat, v->now_s, v->policy->max_age_8224_s))
		return verdict_refuse(verdict, 403, "iat is too old or in the future");
	if (check_date(v, verdict, &date) != JUDGED_VERIFIED)
		return JUDGED_REFUSED;
	if (!passport_has_orig(passport, &v->from))
		return verdict_refuse(verdict, 438, "orig is not From");
	if (!passport_has_dest(passport, &v->to))
		return verdict_refuse(verdict, 438, "dest is not To");
	return check_mky(v, passport, verdict);
}

/* The signature is over the bytes received (ID8224-36). */
static enum judgement read_full(const struct verification *v,
	const struct identity_value *value, struct identity_verdict *verdict,
	struct buf *signed_text)
{
	struct passport passport;
	const char *why;
	enum judgement judgement;
	int err = passport_parse(&passport, value->header, value->payload, &why);

	if (err == SBC_ENOMEM)
		judgement = verdict_refuse(verdict, 500, "no memory");
	else if (err)
		judgement = verdict_refuse_as(verdict, 438, "Invalid PASSporT", why);
	else
		judgement = check_claims(v, value, &passport, verdict);
	passport_fini(&passport);
	if (judgement == JUDGED_VERIFIED && buf_put_slice(signed_text, value->signed_text))
		judgement = verdict_refuse(verdict, 500, "no memory");
	return judgement;
}

/* RFC 8224 section 6.2 step 5, RFC 8225 section 7: everything is made from the message. */
static enum judgement read_compact(const struct verification *v,
	const struct identity_value *value, struct identity_verdict *verdict,
	struct buf *signed_text)
{
	struct passport_claims claims = {
		.orig = &v->from, .dest = &v->to, .mky = v->facts->fingerprints};

	if (value->ppt.len)
		return verdict_refuse_as(verdict, 438, "Invalid PASSporT",
			"compact form without the claims of its ppt");
	if (!v->facts->date.len)
		return verdict_refuse(verdict, 438, "compact form without Date");
	if (check_date(v, verdict, &claims.iat) != JUDGED_VERIFIED)
		return JUDGED_REFUSED;
	verdict->signed_at = claims.iat;
	if (claims.mky)
		verdict->fingerprints = *claims.mky;
	if (passport_put(signed_text, value->info, &claims))
		return verdict_refuse(verdict, 500, "no memory");
	return JUDGED_VERIFIED;
}

static enum judgement check_signature(const struct verification *v, struct slice signature,
	struct slice signed_text, struct identity_verdict *verdict, struct replay_use *use)
{
	const struct identity_facts *facts = v->facts;
	const struct cert *cert;
	enum judgement judgement;

	if (replay_use_8224(use, signature, facts->call_id, facts->from_tag, facts->method,
		    facts->cseq))
		return verdict_refuse(verdict, 500, "hashing failed");
	if (replay_is_seen(&v->policy->seen_8224, use, v->now_s))
		return verdict_refuse_as(
			verdict, 403, "Replayed Identity", "signature was used already");
	judgement = obtain_certificate(v, CRYPTO_KEY_P256, verdict, &cert);
	if (judgement != JUDGED_VERIFIED)
		return judgement;
	if (!crypto_es256_verify(cert->key, signed_text, signature))
		return refuse_signature(v, verdict);
	return JUDGED_VERIFIED;
}

static enum judgement verify_token(const struct verification *v,
	const struct identity_value *value, struct identity_verdict *verdict,
	struct replay_use *use)
{
	struct buf signature, signed_text;
	enum judgement judgement;
	int err;

	buf_init(&signature, CRYPTO_ES256_LEN);
	buf_init(&signed_text, SIGNED_TEXT_MAX);
	err = b64_decode(&signature, B64_URL, value->signature);
	if (err == SBC_ENOMEM)
		judgement = verdict_refuse(verdict, 500, "no memory");
	else if (err || signature.len != CRYPTO_ES256_LEN)
		judgement = verdict_refuse(verdict, 438, "signature is not of 64 bytes");
	else if (value->is_compact)
		judgement = read_compact(v, value, verdict, &signed_text);
	else
		judgement = read_full(v, value, verdict, &signed_text);
	if (judgement == JUDGED_VERIFIED)
		judgement = check_signature(
			v, buf_slice(&signature), buf_slice(&signed_text), verdict, use);
	buf_fini(&signature);
	buf_fini(&signed_text);
	return judgement;
}

enum judgement verify_8224(const struct verification *v, const struct identity_value *value,
	struct identity_verdict *verdict, struct replay_use *use)
{
	if (!is_supported(value->ppt))
		return JUDGED_IGNORED;
	if (value->code)
		return verdict_refuse(verdict, value->code, value->why);
	if (value->alg.len && !slice_equal(value->alg, SLICE("ES256")))
		return verdict_refuse(verdict, 437, "alg is not ES256");
	if (!identity_is_url(value->info, v->rules->allow_http) ||
		slice_copy(value->info, verdict->url, sizeof(verdict->url)))
		return verdict_refuse(verdict, 436, "info is no URL that we fetch from");
	return verify_token(v, value, verdict, use);
}
