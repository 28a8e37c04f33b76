/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a certificate may vouch for an identity: RFC 8224 section 6.2 step 3 and section
 * 8.4, RFC 4474 section 13.4. All of it on each request, also for a certificate from the
 * cache (ID4474-46). Signalling thread.
 */

#include <stdio.h>

#include "policy/verdict.h"

/* By the domain of the address, or by a number that is in its TNAuthList (RFC 8226). */
static bool covers(const struct verification *v, const struct identity_name *name,
	const struct cert *cert, struct identity_verdict *verdict)
{
	const char *subject = cert_covers(cert, slice_str(name->host));

	if (!subject)
		return cert_covers_number(
			cert, slice_str(name->tn), v->rules->provider_codes, verdict->subject);
	slice_copy(slice_str(subject), verdict->subject, sizeof(verdict->subject));
	return true;
}

static enum judgement check_certificate(const struct verification *v,
	const struct identity_name *name, const struct cert_cache_result *found,
	enum crypto_key_kind kind, struct identity_verdict *verdict)
{
	const struct cert *cert = found->cert;

	verdict->stage = IDENTITY_STAGE_CERTIFICATE;
	if (!cert->is_trusted)
		return verdict_refuse(verdict, 437, cert->why);
	if (!cert_is_valid_at(&cert->chain, v->now_s)) {
		/* It may have been renewed since. */
		if (found->may_refresh)
			return verdict_fetch(verdict);
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
	if (v->rules->require_sip_usage && !cert->is_for_sip)
		return verdict_refuse(
			verdict, 437, "certificate's extendedKeyUsage has no sipDomain");
	if (cert->limit)
		return verdict_refuse(verdict, 437, cert->limit);
	if (!covers(v, name, cert, verdict))
		return verdict_refuse(verdict, 437,
			name->tn[0] ? "certificate covers neither the number nor its domain"
				    : "certificate does not name the domain in From");
	return JUDGED_VERIFIED;
}

enum judgement authority_find(const struct verification *v, const struct identity_name *name,
	enum crypto_key_kind kind, struct identity_verdict *verdict, const struct cert **cert)
{
	struct cert_cache_result found;
	char why[sizeof(verdict->why)];

	verdict->stage = IDENTITY_STAGE_FETCH;
	switch (cert_cache_find(&v->policy->certs, slice_str(verdict->url), v->now_s, &found)) {
	case CERT_CACHE_FOUND:
		*cert = found.cert;
		return check_certificate(v, name, &found, kind, verdict);
	case CERT_CACHE_FAILED:
		snprintf(why, sizeof(why), "certificate cannot be had: %s", found.why);
		return verdict_refuse(verdict, 436, why);
	case CERT_CACHE_UNKNOWN:
		break;
	}
	return verdict_fetch(verdict);
}

enum judgement authority_doubt(const struct verification *v, struct identity_verdict *verdict)
{
	struct cert_cache_result found;

	verdict->stage = IDENTITY_STAGE_SIGNATURE;
	if (cert_cache_find(&v->policy->certs, slice_str(verdict->url), v->now_s, &found) ==
			CERT_CACHE_FOUND &&
		found.may_refresh)
		return verdict_fetch(verdict);
	return verdict_refuse_altered(v, verdict, "signature does not verify");
}
