/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One verdict about one request: RFC 8224 section 6.2 with its several Identity header
 * fields, or RFC 4474 section 6. Which one counts is DEC-1. Signalling thread.
 */

#include "base/err.h"
#include "policy/token.h"

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

/* What the PASSporTs came to until now. */
struct outcome {
	struct identity_verdict verified, fetch, refused;
	bool is_verified, is_fetch, is_refused;
	struct replay_use uses[IDENTITY_HEADER_MAX];
	size_t use_count;
};

static void count_refusal(struct outcome *o, const struct identity_verdict *verdict)
{
	if (!o->is_refused || verdict_rank(verdict->code) > verdict_rank(o->refused.code))
		o->refused = *verdict;
	o->is_refused = true;
}

/* One PASSporT of who is calling, with the diversions that lead from its dest to To. */
static void judge_token(
	struct verification *v, struct tokens *tokens, struct token *token, struct outcome *o)
{
	switch (tokens_judge(v, tokens, token)) {
	case JUDGED_IGNORED:
		break;
	case JUDGED_REFUSED:
		count_refusal(o, &token->verdict);
		break;
	case JUDGED_FETCH:
		if (!o->is_fetch)
			o->fetch = token->verdict;
		o->is_fetch = true;
		break;
	case JUDGED_VERIFIED:
		/* ID8224-45: the one that covers the fingerprints is worth more. */
		if (!o->is_verified || !o->verified.fingerprints.count)
			o->verified = token->verdict;
		o->is_verified = true;
		break;
	}
}

static void judge_all(struct verification *v, struct tokens *tokens, struct outcome *o)
{
	for (size_t i = 0; i < tokens->count; i++) {
		struct token *token = &tokens->items[i];
		/* A diversion alone says nothing (RFC 8946 section 5). */
		if (token->judgement == JUDGED_REFUSED)
			count_refusal(o, &token->verdict);
		else if (token->judgement == JUDGED_VERIFIED && !token->is_div)
			judge_token(v, tokens, token, o);
	}
	for (size_t i = 0; i < tokens->count; i++) {
		if (tokens->items[i].is_judged)
			o->uses[o->use_count++] = tokens->items[i].use;
	}
}

/* ID8224-38: one good header field is enough. */
static void verify_all_8224(struct verification *v, const struct identity_value *values,
	size_t count, struct identity_verdict *out)
{
	struct tokens tokens;
	struct outcome o;

	o.is_verified = o.is_fetch = o.is_refused = false;
	o.use_count = 0;
	out->mechanism = IDENTITY_RFC8224;
	tokens_read(&tokens, v, values, count, out);
	judge_all(v, &tokens, &o);
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
	tokens_fini(&tokens);
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
