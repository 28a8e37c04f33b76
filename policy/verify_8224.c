/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Identity header fields, RFC 8224 section 6.2, and diversions, RFC 8946 section 5. What
 * costs nothing comes first: syntax, freshness, claims against the message, the chain of
 * diversions, replay; then the certificate; the signature last. Signalling thread.
 */

#include "base/b64.h"
#include "base/err.h"
#include "policy/date.h"
#include "policy/token.h"

#define REBUILT_TEXT_MAX 32768 /* bytes of header "." payload that we make ourselves */

/* ---- reading ---- */

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
		return verdict_refuse_altered(
			v, verdict, "mky does not name the fingerprints of the body");
	if (!passport->has_mky && sdp->count && v->rules->require_mky)
		return verdict_refuse(verdict, 438, "no mky for the fingerprint in the body");
	if (passport->has_mky)
		verdict->fingerprints = passport->mky;
	return JUDGED_VERIFIED;
}

static enum judgement check_claims(
	const struct verification *v, const struct identity_value *value, struct token *token)
{
	const struct passport *passport = &token->passport;
	struct identity_verdict *verdict = &token->verdict;
	int64_t date;

	if (!slice_equal(passport->alg, SLICE("ES256")))
		return verdict_refuse(verdict, 438, "alg of the PASSporT is not ES256");
	if (!slice_equal(passport->x5u, value->info))
		return verdict_refuse(verdict, 438, "x5u is not info");
	if (!slice_equal(passport->ppt, value->ppt))
		return verdict_refuse(verdict, 438, "ppt of header and parameter differ");
	verdict->stage = IDENTITY_STAGE_FRESHNESS;
	verdict->signed_at = passport->iat;
	if (!is_fresh(passport->iat, v->now_s, v->policy->max_age_8224_s))
		return verdict_refuse(verdict, 403, "iat is too old or in the future");
	if (check_date(v, verdict, &date) != JUDGED_VERIFIED)
		return JUDGED_REFUSED;
	verdict->stage = IDENTITY_STAGE_CLAIMS;
	if (!passport_has_orig(passport, &v->from))
		return verdict_refuse(verdict, 438, "orig is not From");
	verdict->attest = passport->attest;
	slice_copy(slice_head(passport->origid, sizeof(verdict->origid) - 1), verdict->origid,
		sizeof(verdict->origid));
	if (passport->type == PASSPORT_DIV)
		return passport_diverted(passport, &token->diverted)
			       ? verdict_refuse(verdict, 438, "div names nobody")
			       : JUDGED_VERIFIED;
	return check_mky(v, passport, verdict);
}

/* The signature is over the bytes received (ID8224-36). */
static enum judgement read_full(
	const struct verification *v, const struct identity_value *value, struct token *token)
{
	const struct passport_parameters said = {.info = value->info, .ppt = value->ppt};
	const char *why;
	int err = passport_parse(&token->passport, value->header, value->payload, &said, &why);

	if (err == SBC_ENOMEM)
		return verdict_refuse(&token->verdict, 500, "no memory");
	if (err)
		return verdict_refuse_as(&token->verdict, 438, "Invalid PASSporT", why);
	token->signed_text = value->signed_text;
	return check_claims(v, value, token);
}

/* RFC 8224 section 6.2 step 5, RFC 8225 section 7: everything is made from the message. */
static enum judgement read_compact(
	const struct verification *v, const struct identity_value *value, struct token *token)
{
	struct identity_verdict *verdict = &token->verdict;
	struct passport_claims claims = {
		.orig = &v->from, .dest = &v->to, .mky = v->facts->fingerprints};

	if (value->ppt.len)
		return verdict_refuse_as(verdict, 438, "Invalid PASSporT",
			"compact form without the claims of its ppt");
	if (!v->facts->date.len)
		return verdict_refuse(verdict, 438, "compact form without Date");
	verdict->stage = IDENTITY_STAGE_FRESHNESS;
	if (check_date(v, verdict, &claims.iat) != JUDGED_VERIFIED)
		return JUDGED_REFUSED;
	verdict->signed_at = claims.iat;
	if (claims.mky)
		verdict->fingerprints = *claims.mky;
	if (passport_put(&token->rebuilt, value->info, &claims))
		return verdict_refuse(verdict, 500, "no memory");
	token->signed_text = buf_slice(&token->rebuilt);
	return JUDGED_VERIFIED;
}

static enum judgement read_signature(
	const struct verification *v, const struct identity_value *value, struct token *token)
{
	struct identity_verdict *verdict = &token->verdict;
	const struct identity_facts *facts = v->facts;
	struct buf signature;
	int err;

	buf_init(&signature, CRYPTO_ES256_LEN);
	err = b64_decode(&signature, B64_URL, value->signature);
	if (!err && signature.len == CRYPTO_ES256_LEN)
		memcpy(token->signature, signature.data, CRYPTO_ES256_LEN);
	else if (err != SBC_ENOMEM)
		err = SBC_EPARSE;
	buf_fini(&signature);
	if (err)
		return verdict_refuse(verdict, err == SBC_ENOMEM ? 500 : 438,
			err == SBC_ENOMEM ? "no memory" : "signature is not of 64 bytes");
	if (replay_use_8224(&token->use, slice_of(token->signature, CRYPTO_ES256_LEN),
		    facts->call_id, facts->from_tag, facts->method, facts->cseq))
		return verdict_refuse(verdict, 500, "hashing failed");
	return JUDGED_VERIFIED;
}

static enum judgement read_token(
	const struct verification *v, const struct identity_value *value, struct token *token)
{
	struct identity_verdict *verdict = &token->verdict;
	enum passport_type type;

	if (passport_type_of(value->ppt, &type))
		return JUDGED_IGNORED;
	if (type == PASSPORT_RSP)
		return rsp_judge(v, value, token);
	token->is_div = type == PASSPORT_DIV;
	verdict->stage = IDENTITY_STAGE_SYNTAX;
	if (value->code)
		return verdict_refuse(verdict, value->code, value->why);
	if (value->alg.len && !slice_equal(value->alg, SLICE("ES256")))
		return verdict_refuse(verdict, 437, "alg is not ES256");
	if (!identity_is_url(value->info, v->rules->allow_http) ||
		slice_copy(value->info, verdict->url, sizeof(verdict->url)))
		return verdict_refuse(verdict, 436, "info is no URL that we fetch from");
	if (read_signature(v, value, token) != JUDGED_VERIFIED)
		return JUDGED_REFUSED;
	return value->is_compact ? read_compact(v, value, token) : read_full(v, value, token);
}

void tokens_read(struct tokens *tokens, const struct verification *v,
	const struct identity_value *values, size_t count, const struct identity_verdict *start)
{
	tokens->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct token *token = &tokens->items[tokens->count];
		if (values[i].kind == IDENTITY_KIND_4474)
			continue;
		tokens->count++;
		token->is_div = token->is_judged = false;
		token->passport = (struct passport){0};
		token->verdict = *start;
		buf_init(&token->rebuilt, REBUILT_TEXT_MAX);
		token->judgement = read_token(v, &values[i], token);
		/* A diversion that cannot be read leads nowhere, and that is what counts. */
		if (token->is_div && token->judgement == JUDGED_REFUSED &&
			token->verdict.code != 500)
			token->judgement = JUDGED_IGNORED;
	}
}

void tokens_fini(struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++) {
		passport_fini(&tokens->items[i].passport);
		buf_fini(&tokens->items[i].rebuilt);
	}
}

/* ---- diversions ---- */

/* Does it lead to To? A compact form does by being rebuilt. */
static bool leads_to(const struct verification *v, const struct token *token)
{
	return !token->passport.payload || passport_has_dest(&token->passport, &v->to);
}

/* The diversions from token's dest to To, in order (EXT-4). Depth first; each at most once, so
 * that a ring ends. False: there is no such way. */
static bool find_way(const struct verification *v, struct tokens *tokens,
	const struct token *token, struct token *way[IDENTITY_HEADER_MAX], size_t *length)
{
	bool is_tried[IDENTITY_HEADER_MAX] = {false};
	const struct token *at = token;

	*length = 0;
	while (!leads_to(v, at)) {
		struct token *next = NULL;
		for (size_t i = 0; i < tokens->count && !next; i++) {
			struct token *div = &tokens->items[i];
			if (div->is_div && div->judgement == JUDGED_VERIFIED && !is_tried[i] &&
				passport_has_dest(&at->passport, &div->diverted)) {
				is_tried[i] = true;
				next = div;
			}
		}
		if (next)
			way[(*length)++] = next;
		else if (*length)
			--*length; /* a dead end */
		else
			return false;
		at = *length ? way[*length - 1] : token;
	}
	return true;
}

/* ---- judging ---- */

/* name: whom its certificate must cover. */
static enum judgement check_signature(
	const struct verification *v, struct token *token, const struct identity_name *name)
{
	struct identity_verdict *verdict = &token->verdict;
	const struct cert *cert;
	enum judgement judgement;

	if (token->is_judged)
		return JUDGED_VERIFIED;
	verdict->stage = IDENTITY_STAGE_REPLAY;
	if (replay_is_seen(&v->policy->seen_8224, &token->use, v->now_s))
		return verdict_refuse_as(
			verdict, 403, "Replayed Identity", "signature was used already");
	judgement = authority_find(v, name, CRYPTO_KEY_P256, verdict, &cert);
	if (judgement != JUDGED_VERIFIED)
		return judgement;
	if (!crypto_es256_verify(cert->key, token->signed_text,
		    slice_of(token->signature, CRYPTO_ES256_LEN)))
		return authority_doubt(v, verdict);
	verdict->stage = IDENTITY_STAGE_SIGNATURE;
	token->is_judged = true;
	return JUDGED_VERIFIED;
}

enum judgement tokens_judge(
	const struct verification *v, struct tokens *tokens, struct token *token)
{
	struct token *way[IDENTITY_HEADER_MAX];
	enum judgement judgement;
	size_t length;

	token->verdict.stage = IDENTITY_STAGE_CLAIMS;
	if (!find_way(v, tokens, token, way, &length))
		return verdict_refuse(&token->verdict, 438, "dest is not To");
	judgement = check_signature(v, token, &v->from);
	for (size_t i = 0; i < length && judgement == JUDGED_VERIFIED; i++) {
		/* Whoever was called before says where the call went. */
		judgement = check_signature(v, way[i], &way[i]->diverted);
		if (judgement != JUDGED_VERIFIED)
			token->verdict = way[i]->verdict;
	}
	return judgement;
}
