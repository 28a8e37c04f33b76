/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The authentication service: RFC 8224 section 6.1, RFC 8588, RFC 8946, RFC 4474 section 5.
 * Which key signs: of those whose certificate covers the identity and is valid, the one whose
 * validity began last, so that a new one takes over by itself. Signalling thread.
 */

#include "base/b64.h"
#include "base/err.h"
#include "policy/date.h"
#include "policy/passport.h"
#include "policy/rfc4474.h"
#include "policy/room.h"

#define SIGNED_TEXT_MAX 32768 /* bytes of one Identity value */
#define SIGNATURE_MAX   1024  /* bytes: RSA-8192 */

/* ---- which key ---- */

struct choice {
	int64_t now_s;
	const struct credential *best; /* NULL: none until now */
	bool is_any_expired;
};

/* ID4474-6, ID8224-13: a signature outside of the certificate's time helps nobody. */
static void consider(struct choice *choice, const struct credential *credential)
{
	if (!credential->cert)
		return;
	if (!cert_is_valid_at(&credential->cert->leaf, choice->now_s))
		choice->is_any_expired = true;
	else if (!choice->best ||
		 credential->cert->leaf.not_before > choice->best->cert->leaf.not_before)
		choice->best = credential;
}

static int choose(const struct choice *choice, const struct credential **out)
{
	*out = choice->best;
	return choice->best ? 0 : choice->is_any_expired ? SBC_ECRYPTO : SBC_ENOENT;
}

static int choose_for_number(const struct policy *policy, const struct identity_name *name,
	int64_t now_s, const struct credential **out)
{
	struct choice choice = {.now_s = now_s};
	char text[CERT_TEXT_MAX];

	for (size_t i = 0; i < policy->key_count; i++) {
		const struct credential *credential = &policy->keys[i].credential;
		if (cert_covers_number(
			    credential->cert, slice_str(name->tn), (struct slice){0}, text) ||
			(name->tn[0] && tn_auth_has_code(credential->cert->numbers)))
			consider(&choice, credential);
	}
	return choose(&choice, out);
}

static int choose_for_domain(const struct policy *policy, const struct identity_name *name,
	int64_t now_s, const struct credential **out)
{
	const struct domain *domain = policy_find_domain(policy, slice_str(name->host));
	struct choice choice = {.now_s = now_s};

	if (!domain)
		return SBC_ENOENT;
	consider(&choice, &domain->es256);
	for (size_t i = 0; i < policy->key_count; i++) {
		if (slice_equal(slice_str(policy->keys[i].domain), slice_str(domain->name)))
			consider(&choice, &policy->keys[i].credential);
	}
	return choose(&choice, out);
}

/* A number by the key that has it, else by the domain that it is used in. */
static int choose_es256(const struct policy *policy, const struct identity_name *name,
	int64_t now_s, const struct credential **out)
{
	int err = name->is_tn ? choose_for_number(policy, name, now_s, out) : SBC_ENOENT;

	return err ? choose_for_domain(policy, name, now_s, out) : 0;
}

static int choose_rsa(const struct policy *policy, const struct identity_name *name,
	int64_t now_s, const struct credential **out)
{
	const struct domain *domain = policy_find_domain(policy, slice_str(name->host));
	struct choice choice = {.now_s = now_s};

	if (domain)
		consider(&choice, &domain->rsa);
	return choose(&choice, out);
}

/* ---- header lines ---- */

static int put_8224(const struct credential *credential, const struct passport_claims *claims,
	struct buf *out)
{
	static const char *const parameters[] = {[PASSPORT_BASE] = "",
		[PASSPORT_SHAKEN] = ";ppt=shaken",
		[PASSPORT_DIV] = ";ppt=div",
		[PASSPORT_MSEC] = ";ppt=msec"};
	uint8_t signature[CRYPTO_ES256_LEN];
	size_t start;
	int err;

	buf_put_str(out, "Identity: ");
	start = out->len;
	err = passport_put(out, slice_str(credential->url), claims);
	/* Where it stands it is signed: no copy. */
	err = err ? err
		  : crypto_es256_sign(
			    credential->key, slice_from(buf_slice(out), start), signature);
	if (err)
		return err;
	buf_put_char(out, '.');
	b64_encode(out, B64_URL, signature, sizeof(signature));
	return buf_printf(
		out, ";info=<%s>;alg=ES256%s\r\n", credential->url, parameters[claims->type]);
}

static int put_4474(const struct credential *credential, const struct sign_request *request,
	const char *date, struct buf *out)
{
	const struct rfc4474_fields fields = {.from_uri = request->from_uri,
		.to_uri = request->to_uri,
		.call_id = request->call_id,
		.cseq = request->cseq,
		.method = request->method,
		.date = slice_str(date),
		.contact_uri = request->contact_uri,
		.body = request->body};
	struct buf text, signature;
	int err;

	buf_init(&text, RFC4474_TEXT_MAX);
	buf_init(&signature, SIGNATURE_MAX);
	err = rfc4474_put(&text, &fields);
	err = err ? err : crypto_rsa_sha1_sign(credential->key, buf_slice(&text), &signature);
	if (!err) {
		buf_put_str(out, "Identity: \"");
		b64_encode(out, B64_PLAIN, signature.data, signature.len);
		buf_printf(out, "\"\r\nIdentity-Info: <%s>;alg=rsa-sha1\r\n", credential->url);
	}
	buf_fini(&text);
	buf_fini(&signature);
	return err ? err : out->err;
}

/* ---- one request ---- */

/* What will be signed by whom. */
struct plan {
	struct identity_name from, to, diverted, target;
	const struct credential *rsa, *es256, *div; /* NULL: not this */
	struct passport_claims claims;
};

/* ID4474-8, RFC 8224 section 3: neither is signed. */
static bool is_signable(struct slice method)
{
	return method.len && !slice_equal(method, SLICE("CANCEL")) &&
	       !slice_equal(method, SLICE("REGISTER"));
}

static bool is_shaken(const struct plan *plan, const struct sign_request *request)
{
	return request->shaken && request->attest && request->origid.len && plan->from.tn[0] &&
	       plan->to.tn[0];
}

static int plan_passport(struct plan *plan, const struct policy *policy,
	const struct sign_request *request, int64_t now_s)
{
	plan->claims = (struct passport_claims){.orig = &plan->from,
		.dest = &plan->to,
		.iat = now_s,
		.mky = request->fingerprints};
	if (!is_shaken(plan, request))
		return choose_es256(policy, &plan->from, now_s, &plan->es256);
	plan->claims.type = PASSPORT_SHAKEN;
	plan->claims.attest = request->attest;
	plan->claims.origid = request->origid;
	plan->from.is_tn = plan->to.is_tn = true;
	return choose_for_number(policy, &plan->from, now_s, &plan->es256);
}

/* Only who was called may say where the call went: without its key nothing is said. */
static void plan_div(struct plan *plan, const struct policy *policy,
	const struct sign_request *request, int64_t now_s)
{
	if (!request->diverted_uri.len || name_parse(&plan->diverted, request->diverted_uri) ||
		name_parse(&plan->target, request->target_uri) ||
		choose_es256(policy, &plan->diverted, now_s, &plan->div))
		plan->div = NULL;
}

/* Both mechanisms or none: a peer that wants the pair is not served by half of it. */
static int make_plan(struct plan *plan, const struct policy *policy,
	const struct sign_request *request, int64_t now_s)
{
	int err = 0;

	plan->rsa = plan->es256 = plan->div = NULL;
	if (!is_signable(request->method))
		return SBC_EINVAL;
	if (name_parse(&plan->from, request->from_uri) ||
		name_parse(&plan->to, request->to_uri))
		return SBC_EPARSE;
	if (request->rfc4474)
		err = choose_rsa(policy, &plan->from, now_s, &plan->rsa);
	if (!err && request->passport)
		err = plan_passport(plan, policy, request, now_s);
	if (!err && request->passport)
		plan_div(plan, policy, request, now_s);
	return err;
}

static int put_div(const struct plan *plan, struct buf *out)
{
	struct passport_claims claims = {.type = PASSPORT_DIV,
		.orig = &plan->from,
		.dest = &plan->target,
		.div = &plan->diverted,
		.iat = plan->claims.iat};

	return put_8224(plan->div, &claims, out);
}

int policy_sign(struct policy *policy, const struct sign_request *request, int64_t now_s,
	struct buf *headers)
{
	char date[DATE_TEXT_SIZE];
	struct plan plan;
	struct buf lines;
	int err = make_plan(&plan, policy, request, now_s);

	if (err)
		return err;
	buf_init(&lines, SIGNED_TEXT_MAX);
	buf_printf(&lines, "Date: %s\r\n", date_print(now_s, date));
	if (plan.rsa)
		err = put_4474(plan.rsa, request, date, &lines);
	if (!err && plan.es256)
		err = put_8224(plan.es256, &plan.claims, &lines);
	if (!err && plan.div)
		err = put_div(&plan, &lines);
	err = err ? err : lines.err;
	err = err ? err : buf_put_slice(headers, buf_slice(&lines));
	buf_fini(&lines);
	return err;
}

const char *policy_cannot_sign(
	const struct policy *policy, const struct sign_request *request, int64_t now_s)
{
	struct plan plan;

	switch (make_plan(&plan, policy, request, now_s)) {
	case 0:
		return NULL;
	case SBC_ENOENT:
		if (request->rfc4474 && !plan.rsa)
			return "no RSA certificate covers it";
		return plan.claims.type == PASSPORT_SHAKEN
			       ? "no certificate's TNAuthList covers it"
			       : "no certificate covers it";
	case SBC_ECRYPTO:
		return "the certificate that covers it is not valid now";
	default:
		return "it is no address that can be signed";
	}
}
