/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The authentication service: RFC 8224 section 6.1, RFC 4474 section 5. Signalling thread. */

#include "base/b64.h"
#include "base/err.h"
#include "policy/date.h"
#include "policy/passport.h"
#include "policy/rfc4474.h"
#include "policy/room.h"

#define SIGNED_TEXT_MAX 32768 /* bytes of one Identity value */
#define SIGNATURE_MAX   1024  /* bytes: RSA-8192 */

/* ID4474-6, ID8224-13: a signature outside of the certificate's time helps nobody. */
static int check_credential(const struct credential *credential, int64_t now_s)
{
	if (!credential->cert)
		return SBC_ENOENT;
	return cert_is_valid_at(&credential->cert->leaf, now_s) ? 0 : SBC_ECRYPTO;
}

static int put_8224(const struct credential *credential, const struct passport_claims *claims,
	struct buf *out)
{
	struct buf text;
	uint8_t signature[CRYPTO_ES256_LEN];
	int err;

	buf_init(&text, SIGNED_TEXT_MAX);
	err = passport_put(&text, slice_str(credential->url), claims);
	err = err ? err : crypto_es256_sign(credential->key, buf_slice(&text), signature);
	if (!err) {
		buf_put_str(out, "Identity: ");
		buf_put_slice(out, buf_slice(&text));
		buf_put_char(out, '.');
		b64_encode(out, B64_URL, signature, sizeof(signature));
		buf_printf(out, ";info=<%s>;alg=ES256\r\n", credential->url);
	}
	buf_fini(&text);
	return err ? err : out->err;
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

/* ID4474-8, RFC 8224 section 3: neither is signed. */
static bool is_signable(struct slice method)
{
	return method.len && !slice_equal(method, SLICE("CANCEL")) &&
	       !slice_equal(method, SLICE("REGISTER"));
}

int policy_sign(struct policy *policy, const struct sign_request *request, int64_t now_s,
	struct buf *headers)
{
	struct identity_name from, to;
	const struct passport_claims claims = {
		.orig = &from, .dest = &to, .iat = now_s, .mky = request->fingerprints};
	const struct domain *domain;
	char date[DATE_TEXT_SIZE];
	struct buf lines;
	int err;

	if (!is_signable(request->method))
		return SBC_EINVAL;
	if (name_parse(&from, request->from_uri) || name_parse(&to, request->to_uri))
		return SBC_EPARSE;
	domain = policy_find_domain(policy, slice_str(from.host));
	if (!domain)
		return SBC_ENOENT;
	/* Both or none: a peer that wants the pair is not served by half of it. */
	err = request->rfc4474 ? check_credential(&domain->rsa, now_s) : 0;
	if (!err && request->passport)
		err = check_credential(&domain->es256, now_s);
	if (err)
		return err;
	buf_init(&lines, SIGNED_TEXT_MAX);
	buf_printf(&lines, "Date: %s\r\n", date_print(now_s, date));
	if (request->rfc4474)
		err = put_4474(&domain->rsa, request, date, &lines);
	if (!err && request->passport)
		err = put_8224(&domain->es256, &claims, &lines);
	err = err ? err : lines.err;
	err = err ? err : buf_put_slice(headers, buf_slice(&lines));
	buf_fini(&lines);
	return err;
}
