/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy room's door: what it holds, checked when it is built. Signalling thread. */

#include "policy/policy.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "policy/room.h"

void policy_config_init(struct policy_config *config)
{
	*config = (struct policy_config){
		.max_age_8224_s = 60,
		.max_age_4474_s = 3600,
		.certificate_cache_max = 1024,
		.replay_cache_max = 262144, /* 72 calls a second over an hour of RFC 4474 */
	};
}

/* ---- building ---- */

struct fault {
	char *text; /* borrowed; may be NULL */
	size_t size;
};

static int set_fault(const struct fault *fault, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int set_fault(const struct fault *fault, int err, const char *format, ...)
{
	va_list args;

	if (!fault->text || !fault->size)
		return err;
	va_start(args, format);
	vsnprintf(fault->text, fault->size, format, args);
	va_end(args);
	return err;
}

struct credential_source {
	struct slice certificate_pem, key_pem, url;
	enum crypto_key_kind kind;
	const char *kind_name;
	bool is_for_numbers;
};

static const char *check_credential(
	const struct credential *c, const struct credential_source *source, struct slice domain)
{
	if (crypto_key_kind(c->key) != source->kind || cert_key_kind(c->cert) != source->kind)
		return "is not of the right kind";
	if (source->kind == CRYPTO_KEY_RSA && crypto_key_bits(c->key) < 2048)
		return "is shorter than 2048 bits";
	if (!crypto_key_match(c->key, c->cert->key))
		return "does not belong to its certificate";
	if (source->is_for_numbers && !c->cert->numbers)
		return "has a certificate without TNAuthList, and no domain";
	if (!source->is_for_numbers && !cert_covers(c->cert, domain))
		return "has a certificate that does not name the domain";
	if (c->cert->limit)
		return "has a certificate with claim constraints or a broken TNAuthList";
	if (!c->cert->may_sign)
		return "has a certificate whose keyUsage forbids signing";
	return NULL;
}

static int load_credential(struct credential *out, const struct credential_source *source,
	struct slice domain, const struct fault *fault)
{
	const char *name = source->kind_name;
	const char *why;
	int err = cert_new(&out->cert, source->certificate_pem, NULL);

	if (err || !out->cert->is_read)
		return set_fault(fault, err == SBC_ENOMEM ? err : SBC_ECRYPTO,
			"%.*s: no %s certificate that can be read", SLICE_ARG(domain), name);
	err = crypto_key_private(&out->key, source->key_pem);
	if (err)
		return set_fault(fault, err == SBC_ENOMEM ? err : SBC_ECRYPTO,
			"%.*s: no %s private key that can be read", SLICE_ARG(domain), name);
	why = check_credential(out, source, domain);
	if (why)
		return set_fault(fault, SBC_ECRYPTO, "%.*s: the %s key %s", SLICE_ARG(domain),
			name, why);
	if (!identity_is_url(source->url, true))
		return set_fault(fault, SBC_EINVAL,
			"%.*s: the URL of its %s certificate is no http(s) URL",
			SLICE_ARG(domain), name);
	out->url = mem_strdup(source->url);
	return out->url ? 0 : SBC_ENOMEM;
}

static void copy_lower(struct slice name, char out[NAME_HOST_MAX])
{
	slice_copy(name, out, NAME_HOST_MAX);
	for (char *at = out; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
}

static int load_domain(struct domain *out, const struct policy_domain *domain,
	const struct policy *policy, const struct fault *fault)
{
	const struct credential_source es256 = {domain->certificate_pem, domain->key_pem,
		domain->info_url, CRYPTO_KEY_P256, "P-256", false};
	const struct credential_source rsa = {domain->rsa_certificate_pem, domain->rsa_key_pem,
		domain->rsa_info_url, CRYPTO_KEY_RSA, "RSA", false};
	bool is_rsa_only = rsa.certificate_pem.len && !es256.certificate_pem.len;
	int err = 0;

	if (!name_is_host(domain->name))
		return set_fault(fault, SBC_EINVAL, "%.*s: no domain name",
			SLICE_ARG(slice_head(domain->name, NAME_HOST_MAX)));
	if (policy_find_domain(policy, domain->name))
		return set_fault(
			fault, SBC_EINVAL, "%.*s: stands there twice", SLICE_ARG(domain->name));
	copy_lower(domain->name, out->name);
	if (!is_rsa_only)
		err = load_credential(&out->es256, &es256, domain->name, fault);
	if (!err && rsa.certificate_pem.len)
		err = load_credential(&out->rsa, &rsa, domain->name, fault);
	return err;
}

static int load_domains(
	struct policy *policy, const struct policy_config *config, const struct fault *fault)
{
	int err = 0;

	if (config->domain_count > POLICY_DOMAIN_MAX)
		return set_fault(fault, SBC_ELIMIT, "more than %d domains", POLICY_DOMAIN_MAX);
	policy->domains = mem_array(config->domain_count + 1, sizeof(struct domain));
	if (!policy->domains)
		return SBC_ENOMEM;
	for (size_t i = 0; i < config->domain_count && !err; i++) {
		err = load_domain(&policy->domains[i], &config->domains[i], policy, fault);
		policy->domain_count++; /* also on error: policy_free frees what is there */
	}
	return err;
}

static int load_key(struct signing_key *out, const struct policy_key *key,
	const struct policy *policy, const struct fault *fault)
{
	const struct credential_source source = {key->certificate_pem, key->key_pem,
		key->info_url, CRYPTO_KEY_P256, "P-256", !key->domain.len};
	struct slice name = key->domain.len ? key->domain : SLICE("numbers");

	if (key->domain.len && !policy_find_domain(policy, key->domain))
		return set_fault(fault, SBC_EINVAL, "%.*s: a key for a domain that is not ours",
			SLICE_ARG(slice_head(key->domain, NAME_HOST_MAX)));
	copy_lower(key->domain, out->domain);
	return load_credential(&out->credential, &source, name, fault);
}

/* After the domains. */
static int load_keys(
	struct policy *policy, const struct policy_config *config, const struct fault *fault)
{
	int err = 0;

	if (config->key_count > POLICY_KEY_MAX)
		return set_fault(fault, SBC_ELIMIT, "more than %d keys", POLICY_KEY_MAX);
	policy->keys = mem_array(config->key_count + 1, sizeof(struct signing_key));
	if (!policy->keys)
		return SBC_ENOMEM;
	for (size_t i = 0; i < config->key_count && !err; i++) {
		err = load_key(&policy->keys[i], &config->keys[i], policy, fault);
		policy->key_count++; /* also on error, as above */
	}
	return err;
}

static int load_anchors(
	struct policy *policy, const struct policy_config *config, const struct fault *fault)
{
	int err = cert_anchors_new(&policy->anchors, config->anchors_pem);

	if (!err && slice_trim(config->crls_pem).len) {
		err = cert_anchors_add_crls(policy->anchors, config->crls_pem);
		if (err && err != SBC_ENOMEM)
			return set_fault(fault, SBC_ECRYPTO, "revocation lists: %s",
				err == SBC_EPARSE ? "there is none that can be read"
				: err == SBC_ELIMIT
					? "too many"
					: "one is out of date, or not of a trusted CA");
	}
	if (err == SBC_ENOMEM || !err)
		return err;
	return set_fault(fault, err == SBC_ELIMIT ? err : SBC_ECRYPTO, "trusted CAs: %s",
		err == SBC_ELIMIT   ? "too many"
		: err == SBC_EPARSE ? "there is none that can be read"
				    : "there is no CA among them, or a weak one");
}

/* Which trust it is: certificates are judged by it when they are fetched. */
static int note_trust(struct policy *policy, const struct policy_config *config)
{
	uint8_t parts[2][CRYPTO_SHA256_LEN];
	int err = crypto_sha256(config->anchors_pem, parts[0]);

	err = err ? err : crypto_sha256(config->crls_pem, parts[1]);
	return err ? err : crypto_sha256(slice_of(parts, sizeof(parts)), policy->trusted);
}

static int open_tables(
	struct policy *policy, const struct policy_config *config, const struct fault *fault)
{
	struct random_source random = random_system();
	uint8_t seeds[4][16];
	int err;

	random.fill(random.arg, seeds, sizeof(seeds));
	err = cert_cache_init(&policy->certs, config->certificate_cache_max, seeds[0]);
	/* A request may come from as far in the future as in the past: both ends count. */
	err = err ? err
		  : replay_init(&policy->seen_8224, config->replay_cache_max,
			    2 * config->max_age_8224_s + 1, seeds[1]);
	err = err ? err
		  : replay_init(&policy->seen_4474, config->replay_cache_max,
			    2 * config->max_age_4474_s + 1, seeds[2]);
	err = err ? err : digest_init(&policy->digest, config->digest_secret, seeds[3]);
	if (err == SBC_EINVAL)
		set_fault(
			fault, err, "the digest secret is not of %d bytes", DIGEST_SECRET_LEN);
	return err;
}

/* Anything else would make the sums of freshness overflow. */
static bool is_age(int64_t seconds)
{
	return seconds > 0 && seconds <= 86400;
}

int policy_new(struct policy **out, const struct policy_config *config, char *fault_text,
	size_t fault_size)
{
	const struct fault fault = {fault_text, fault_size};
	struct policy *policy;
	int err;

	set_fault(&fault, 0, "out of memory or of wolfSSL");
	if (!is_age(config->max_age_8224_s) || !is_age(config->max_age_4474_s))
		return set_fault(&fault, SBC_EINVAL, "an age is not between 1 s and a day");
	if (crypto_open())
		return SBC_ECRYPTO;
	policy = mem_alloc(sizeof(*policy));
	if (!policy) {
		crypto_close();
		return SBC_ENOMEM;
	}
	policy->max_age_8224_s = config->max_age_8224_s;
	policy->max_age_4474_s = config->max_age_4474_s;
	err = open_tables(policy, config, &fault);
	err = err ? err : load_anchors(policy, config, &fault);
	err = err ? err : note_trust(policy, config);
	err = err ? err : load_domains(policy, config, &fault);
	err = err ? err : load_keys(policy, config, &fault);
	if (err) {
		policy_free(policy);
		return err;
	}
	set_fault(&fault, 0, "%s", "");
	*out = policy;
	return 0;
}

static void credential_fini(struct credential *credential)
{
	cert_free(credential->cert);
	crypto_key_free(credential->key);
	mem_free(credential->url);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->domain_count; i++) {
		credential_fini(&policy->domains[i].es256);
		credential_fini(&policy->domains[i].rsa);
	}
	for (size_t i = 0; i < policy->key_count; i++)
		credential_fini(&policy->keys[i].credential);
	mem_free(policy->keys);
	mem_free(policy->domains);
	cert_anchors_free(policy->anchors);
	cert_cache_fini(&policy->certs);
	replay_fini(&policy->seen_8224);
	replay_fini(&policy->seen_4474);
	digest_fini(&policy->digest);
	mem_free(policy);
	crypto_close();
}

#define SWAP(type, a, b)                                                                       \
	do {                                                                                   \
		type kept = (a);                                                               \
		(a) = (b);                                                                     \
		(b) = kept;                                                                    \
	} while (0)

/* Certificates keep no pointer to anchors, lists of the cache point to themselves: the cache
 * is emptied in place. */
static void trust_anew(struct policy *policy, struct policy *next)
{
	SWAP(struct cert_anchors *, policy->anchors, next->anchors);
	memcpy(policy->trusted, next->trusted, sizeof(policy->trusted));
	cert_cache_clear(&policy->certs);
}

void policy_renew(struct policy *policy, struct policy *next)
{
	SWAP(struct domain *, policy->domains, next->domains);
	SWAP(size_t, policy->domain_count, next->domain_count);
	SWAP(struct signing_key *, policy->keys, next->keys);
	SWAP(size_t, policy->key_count, next->key_count);
	if (memcmp(policy->trusted, next->trusted, sizeof(policy->trusted)))
		trust_anew(policy, next);
	policy_free(next);
}

const struct domain *policy_find_domain(const struct policy *policy, struct slice name)
{
	for (size_t i = 0; i < policy->domain_count; i++) {
		if (slice_equal_nocase(slice_str(policy->domains[i].name), name))
			return &policy->domains[i];
	}
	return NULL;
}

bool policy_signs_for(const struct policy *policy, struct slice domain)
{
	return policy_find_domain(policy, domain) != NULL;
}

/* ---- words ---- */

const char *identity_mechanism_name(enum identity_mechanism mechanism)
{
	switch (mechanism) {
	case IDENTITY_NONE:
		return "none";
	case IDENTITY_RFC8224:
		return "RFC 8224";
	case IDENTITY_RFC4474:
		return "RFC 4474";
	}
	return "none";
}

const char *identity_outcome_name(enum identity_outcome outcome)
{
	switch (outcome) {
	case IDENTITY_VERIFIED:
		return "verified";
	case IDENTITY_ABSENT:
		return "absent";
	case IDENTITY_REFUSED:
		return "refused";
	case IDENTITY_FAILED:
		return "failed";
	case IDENTITY_NEED_CERTIFICATE:
		return "need certificate";
	}
	return "refused";
}

const char *identity_stage_name(enum identity_stage stage)
{
	static const char *const names[IDENTITY_STAGE_COUNT] = {
		[IDENTITY_STAGE_PRESENT] = "there is a signature that we understand",
		[IDENTITY_STAGE_SYNTAX] = "it is well formed",
		[IDENTITY_STAGE_FRESHNESS] = "it is fresh",
		[IDENTITY_STAGE_CLAIMS] = "it says what the message says",
		[IDENTITY_STAGE_REPLAY] = "it was not seen before",
		[IDENTITY_STAGE_FETCH] = "its certificate can be had",
		[IDENTITY_STAGE_CERTIFICATE] = "the certificate may vouch for it",
		[IDENTITY_STAGE_SIGNATURE] = "the signature verifies",
	};

	return stage < IDENTITY_STAGE_COUNT ? names[stage] : "";
}

/* ---- certificates from outside ---- */

int policy_store_certificate(struct policy *policy, struct slice url, struct slice body,
	int64_t max_age_s, int64_t now_s)
{
	struct cert *cert = NULL;
	int err = cert_new(&cert, body, policy->anchors);

	if (err == SBC_ENOMEM)
		return err;
	return cert_cache_store(&policy->certs, url, err ? NULL : cert,
		"what is served there is no certificate", max_age_s, now_s);
}

void policy_store_failure(
	struct policy *policy, struct slice url, const char *why, int64_t now_s)
{
	cert_cache_store_failure(&policy->certs, url, why, now_s);
}

/* ---- digest: see digest.c ---- */

void policy_challenge(struct policy *policy, struct slice realm, const struct digest_user *user,
	bool is_stale, int64_t now_s, struct digest_challenges *out)
{
	digest_challenge(&policy->digest, realm, user, is_stale, now_s, out);
}

int policy_credentials_user(
	struct slice credentials, struct slice *username, struct slice *realm)
{
	return digest_credentials_user(credentials, username, realm);
}

enum digest_outcome policy_authenticate(struct policy *policy, const struct digest_user *user,
	struct slice method, struct slice request_uri, struct slice credentials, int64_t now_s)
{
	const struct digest_request request = {method, request_uri, credentials};

	return digest_authenticate(&policy->digest, user, &request, now_s);
}

void policy_kept(const struct policy *policy, struct policy_kept *out)
{
	*out = (struct policy_kept){
		.certificates = policy->certs._table.count,
		.certificates_max = hash_max(&policy->certs._table),
		.certificates_evicted = policy->certs.evicted_count,
		.replay_8224 = policy->seen_8224._table.count,
		.replay_8224_full = policy->seen_8224.full_count,
		.replay_4474 = policy->seen_4474._table.count,
		.replay_4474_full = policy->seen_4474.full_count,
		.replay_max = hash_max(&policy->seen_8224._table),
	};
}
