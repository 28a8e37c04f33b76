/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CAs that chains end in, over wolfSSL. Its certificate manager checks signatures, CA flags
 * and name constraints; dates it would compare with its own clock, so they are skipped there
 * and kept here, for the whole chain, to be compared with the time that the caller gives.
 */

#include "policy/cert_trust.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pem.h"
#include "policy/date.h"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>

#define RSA_BITS_MIN  2048 /* of every key of a chain (NIST SP 800-57) */
#define EC_BITS_MIN   256
#define CRL_BYTES_MAX (1 << 20) /* of one list: some ten thousand certificates */

/* ---- one certificate ---- */

static int digits_at(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* UTCTime "YYMMDDHHMMSSZ" or GeneralizedTime "YYYYMMDDHHMMSSZ" with tag and length (RFC 5280
 * section 4.1.2.5). */
static int parse_time(const byte *der, int der_len, int64_t *out)
{
	const char *text = (const char *)der + 2;
	size_t year_len = der_len > 0 && der[0] == ASN_UTC_TIME ? 2 : 4;
	struct civil_time civil;

	if (der_len < 2 || (der[0] != ASN_UTC_TIME && der[0] != ASN_GENERALIZED_TIME) ||
		(size_t)der_len != 2 + year_len + 11 || der[1] != year_len + 11 ||
		text[year_len + 10] != 'Z')
		return SBC_EPARSE;
	civil.year = digits_at(text, year_len);
	if (civil.year < 0)
		return SBC_EPARSE;
	if (year_len == 2)
		civil.year += civil.year < 50 ? 2000 : 1900;
	civil.month = digits_at(text + year_len, 2);
	civil.day = digits_at(text + year_len + 2, 2);
	civil.hour = digits_at(text + year_len + 4, 2);
	civil.minute = digits_at(text + year_len + 6, 2);
	civil.second = digits_at(text + year_len + 8, 2);
	return date_from_civil(&civil, out);
}

int trust_read_validity(const DecodedCert *decoded, struct cert_validity *out)
{
	if (parse_time(decoded->beforeDate, decoded->beforeDateLen, &out->not_before) ||
		parse_time(decoded->afterDate, decoded->afterDateLen, &out->not_after))
		return SBC_EPARSE;
	return 0;
}

/* A certificate made with MD5 or SHA-1 may have a twin with other names. */
static bool is_weakly_signed(const DecodedCert *decoded)
{
	switch (decoded->signatureOID) {
	case CTC_MD2wRSA:
	case CTC_MD5wRSA:
	case CTC_SHAwRSA:
	case CTC_SHAwECDSA:
	case CTC_SHAwDSA:
		return true;
	default:
		return false;
	}
}

static bool is_strong(const struct crypto_key *key)
{
	unsigned least = crypto_key_kind(key) == CRYPTO_KEY_RSA ? RSA_BITS_MIN : EC_BITS_MIN;

	return crypto_key_bits(key) >= least;
}

struct slice trust_public_key(const DecodedCert *decoded)
{
	return slice_of(decoded->publicKey, decoded->pubKeySize);
}

static bool has_strong_key(const DecodedCert *decoded)
{
	struct crypto_key *key;
	bool result;

	if (crypto_key_public(&key, trust_public_key(decoded)))
		return false;
	result = is_strong(key);
	crypto_key_free(key);
	return result;
}

int cert_read_basics(struct slice der, struct cert_basics *out)
{
	DecodedCert decoded;
	int rc, err;

	wc_InitDecodedCert(&decoded, (const byte *)der.ptr, (word32)der.len, NULL);
	rc = wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL);
	err = rc == 0 || rc == ASN_CRIT_EXT_E ? trust_read_validity(&decoded, &out->validity)
					      : SBC_EPARSE;
	if (!err) {
		out->is_weakly_signed = is_weakly_signed(&decoded);
		out->has_strong_key = has_strong_key(&decoded);
	}
	wc_FreeDecodedCert(&decoded);
	return err;
}

static bool may_issue(const DecodedCert *decoded)
{
	return decoded->isCA &&
	       (!decoded->extKeyUsageSet || (decoded->extKeyUsage & KEYUSE_KEY_CERT_SIGN));
}

/* ---- those who sign certificates: when they are valid ---- */

struct cert_anchors {
	WOLFSSL_CERT_MANAGER *manager; /* owned; has all of them */
	size_t count;
	struct buf ders[CERT_ANCHOR_MAX];
	struct issuer issuers[CERT_ANCHOR_MAX];
	size_t crl_count;
	struct buf crls[CERT_CRL_MAX]; /* DER */
};

static int fill_issuer(struct issuer *out, const DecodedCert *decoded)
{
	memcpy(out->name_hash, decoded->subjectHash, KEYID_SIZE);
	return crypto_sha256(trust_public_key(decoded), out->key_hash);
}

static bool is_issuer(const struct issuer *issuer, const Signer *signer, const uint8_t *hash)
{
	return memcmp(issuer->name_hash, signer->subjectNameHash, KEYID_SIZE) == 0 &&
	       memcmp(issuer->key_hash, hash, CRYPTO_SHA256_LEN) == 0;
}

/* When the signer that wolfSSL found is valid. One CA may be there twice, renewed: the
 * later one counts. */
static int find_validity(
	const struct trust *trust, const Signer *signer, struct cert_validity *out)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	const struct issuer *best = NULL;

	if (!signer || crypto_sha256(slice_of(signer->publicKey, signer->pubKeySize), hash))
		return SBC_ECRYPTO;
	for (size_t i = 0; i < trust->anchors->count + trust->issuer_count; i++) {
		const struct issuer *issuer =
			i < trust->anchors->count ? &trust->anchors->issuers[i]
						  : &trust->issuers[i - trust->anchors->count];
		if (is_issuer(issuer, signer, hash) &&
			(!best || issuer->validity.not_after > best->validity.not_after))
			best = issuer;
	}
	if (!best)
		return SBC_ECRYPTO;
	*out = best->validity;
	return 0;
}

static int load_ca(WOLFSSL_CERT_MANAGER *manager, struct slice der)
{
	return wolfSSL_CertManagerLoadCABuffer_ex(manager, (const unsigned char *)der.ptr,
		       (long)der.len, WOLFSSL_FILETYPE_ASN1, 0,
		       WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY) == WOLFSSL_SUCCESS
		       ? 0
		       : SBC_ECRYPTO;
}

void trust_fini(struct trust *trust)
{
	if (!trust->is_borrowed)
		wolfSSL_CertManagerFree(trust->manager);
	trust->manager = NULL;
}

static int load_crl(WOLFSSL_CERT_MANAGER *manager, const struct buf *der)
{
	return wolfSSL_CertManagerEnableCRL(manager, WOLFSSL_CRL_CHECK) == WOLFSSL_SUCCESS &&
			       wolfSSL_CertManagerLoadCRLBuffer(manager,
				       (const unsigned char *)der->data, (long)der->len,
				       WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS
		       ? 0
		       : SBC_ECRYPTO;
}

/* What a manager does not take of the CAs it does not trust: no more is lost. */
static WOLFSSL_CERT_MANAGER *manager_new(const struct cert_anchors *anchors)
{
	WOLFSSL_CERT_MANAGER *manager = wolfSSL_CertManagerNew();
	int err = 0;

	for (size_t i = 0; manager && i < anchors->count; i++)
		load_ca(manager, buf_slice(&anchors->ders[i]));
	for (size_t i = 0; manager && i < anchors->crl_count && !err; i++)
		err = load_crl(manager, &anchors->crls[i]);
	if (err) {
		wolfSSL_CertManagerFree(manager);
		return NULL;
	}
	return manager;
}

/* Intermediates would stay in the manager as if they were anchors: a chain that has some
 * gets a manager of its own. */
int trust_init(struct trust *trust, const struct cert_anchors *anchors, bool has_intermediates)
{
	*trust = (struct trust){.anchors = anchors, .is_borrowed = !has_intermediates};
	trust->manager = has_intermediates ? manager_new(anchors) : anchors->manager;
	return trust->manager ? 0 : SBC_ENOMEM;
}

/* RFC 8226 section 9: 1.3.6.1.5.5.7.1.26 */
static bool is_tn_auth_list(const word16 *oid, word32 count)
{
	static const word16 wanted[] = {1, 3, 6, 1, 5, 5, 7, 1, 26};

	return count == sizeof(wanted) / sizeof(wanted[0]) &&
	       !memcmp(oid, wanted, sizeof(wanted));
}

/* Asked by wolfSSL about an extension that it does not know: 0 when it need not. */
static int on_unknown_extension(const word16 *oid, word32 oid_count, int is_critical,
	const unsigned char *der, word32 der_len)
{
	(void)der;
	(void)der_len;
	return is_critical && !is_tn_auth_list(oid, oid_count) ? ASN_CRIT_EXT_E : 0;
}

/* Of a signer's certificate we understand one more extension than wolfSSL, whether it is
 * critical or not: read_numbers() reads it, or the certificate vouches for nothing. In a CA's
 * it is read too, but may not be critical: wolfSSL does not take such a CA. */
void trust_init_leaf(DecodedCert *decoded, struct slice der)
{
	wc_InitDecodedCert(decoded, (const byte *)der.ptr, (word32)der.len, NULL);
	wc_SetUnknownExtCallback(decoded, on_unknown_extension);
}

/* Signature, CA above it, name constraints; not the dates, which come out. */
int trust_verify(struct trust *trust, DecodedCert *decoded, struct cert_validity *out)
{
	struct cert_validity own, above;

	if (wc_ParseCert(decoded, CERT_TYPE, VERIFY_SKIP_DATE, trust->manager) != 0 ||
		trust_read_validity(decoded, &own) ||
		find_validity(trust, decoded->ca, &above) || is_weakly_signed(decoded) ||
		!has_strong_key(decoded))
		return SBC_ECRYPTO;
	out->not_before = own.not_before > above.not_before ? own.not_before : above.not_before;
	out->not_after = own.not_after < above.not_after ? own.not_after : above.not_after;
	return 0;
}

/* wolfSSL's check of lists does not ask about extensions, its verification does. Only for what
 * trust_verify() let pass, so that it lets no more pass than that. */
static int verify_with_lists(const struct trust *trust, struct slice der)
{
	int rc;

	wolfSSL_CertManagerSetUnknownExtCallback(trust->manager, on_unknown_extension);
	rc = wolfSSL_CertManagerVerifyBuffer(trust->manager, (const unsigned char *)der.ptr,
		(long)der.len, WOLFSSL_FILETYPE_ASN1);
	wolfSSL_CertManagerSetUnknownExtCallback(trust->manager, NULL);
	return rc;
}

/* Fails closed: whatever a list says but "not in me" counts, also that it is out of date. A CA
 * without a list is not asked for one. */
bool trust_is_revoked(const struct trust *trust, struct slice der)
{
	int rc;

	if (!trust->anchors->crl_count)
		return false;
	rc = wolfSSL_CertManagerCheckCRL(
		trust->manager, (const unsigned char *)der.ptr, (int)der.len);
	if (rc == ASN_CRIT_EXT_E)
		rc = verify_with_lists(trust, der);
	return rc != WOLFSSL_SUCCESS && rc != CRL_MISSING;
}

/* An intermediate becomes an issuer only after it was verified itself. */
bool trust_add(struct trust *trust, struct slice der, size_t below)
{
	struct issuer issuer = {0};
	DecodedCert decoded;
	bool is_good;

	wc_InitDecodedCert(&decoded, (const byte *)der.ptr, (word32)der.len, NULL);
	is_good = !trust_verify(trust, &decoded, &issuer.validity) && may_issue(&decoded) &&
		  decoded.extKeyUsageSet &&
		  (!decoded.pathLengthSet || decoded.pathLength >= below) &&
		  !trust_is_revoked(trust, der) && !fill_issuer(&issuer, &decoded) &&
		  !load_ca(trust->manager, der);
	if (is_good)
		trust->issuers[trust->issuer_count++] = issuer;
	wc_FreeDecodedCert(&decoded);
	return is_good;
}

/* ---- anchors ---- */

static int add_anchor(struct cert_anchors *anchors, struct slice der)
{
	struct issuer *issuer = &anchors->issuers[anchors->count];
	DecodedCert decoded;
	int err = 0;

	wc_InitDecodedCert(&decoded, (const byte *)der.ptr, (word32)der.len, NULL);
	if (wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL) != 0 ||
		trust_read_validity(&decoded, &issuer->validity))
		err = SBC_EPARSE;
	else if (!may_issue(&decoded) || !has_strong_key(&decoded))
		err = SBC_ECRYPTO;
	else
		err = fill_issuer(issuer, &decoded);
	wc_FreeDecodedCert(&decoded);
	if (!err)
		anchors->count++;
	return err;
}

/* All certificates of the text. One that we cannot use is left out: its CA is then not
 * trusted, and a bundle of a hundred does not fail for a single odd one. */
static int read_anchors(struct cert_anchors *anchors, struct slice pem)
{
	struct slice label;
	int left_out = SBC_EPARSE, err;

	while (anchors->count < CERT_ANCHOR_MAX) {
		struct buf *der = &anchors->ders[anchors->count];
		buf_fini(der);
		buf_init(der, CERT_BODY_MAX);
		err = pem_next(&pem, &label, der);
		if (err == SBC_ENOENT)
			return anchors->count ? 0 : left_out;
		if (err)
			return err; /* damaged armour: nothing behind it can be trusted to be
				       whole */
		if (slice_equal(label, SLICE("CERTIFICATE")))
			err = add_anchor(anchors, buf_slice(der));
		if (err == SBC_ENOMEM)
			return err;
		if (err)
			left_out = err;
	}
	return pem_next(&pem, &label, &(struct buf){0}) == SBC_ENOENT ? 0 : SBC_ELIMIT;
}

int cert_anchors_new(struct cert_anchors **out, struct slice pem)
{
	struct cert_anchors *anchors = mem_alloc(sizeof(*anchors));
	int err = anchors ? 0 : SBC_ENOMEM;

	if (!err && slice_trim(pem).len)
		err = read_anchors(anchors, pem);
	if (!err) {
		anchors->manager = manager_new(anchors);
		err = anchors->manager ? 0 : SBC_ENOMEM;
	}
	if (err) {
		cert_anchors_free(anchors);
		return err;
	}
	*out = anchors;
	return 0;
}

int cert_anchors_add_crls(struct cert_anchors *anchors, struct slice pem)
{
	struct slice label;
	int err = 0;

	while (!err && slice_trim(pem).len) {
		struct buf *der = &anchors->crls[anchors->crl_count];
		if (anchors->crl_count == CERT_CRL_MAX)
			return SBC_ELIMIT;
		buf_fini(der);
		buf_init(der, CRL_BYTES_MAX);
		err = pem_next(&pem, &label, der);
		if (!err && slice_equal(label, SLICE("X509 CRL"))) {
			err = load_crl(anchors->manager, der);
			anchors->crl_count++;
		}
	}
	if (err == SBC_ENOENT)
		err = 0;
	return err ? err : anchors->crl_count ? 0 : SBC_EPARSE;
}

void cert_anchors_free(struct cert_anchors *anchors)
{
	if (!anchors)
		return;
	for (size_t i = 0; i < CERT_CRL_MAX; i++)
		buf_fini(&anchors->crls[i]);
	for (size_t i = 0; i < CERT_ANCHOR_MAX; i++)
		buf_fini(&anchors->ders[i]);
	wolfSSL_CertManagerFree(anchors->manager);
	mem_free(anchors);
}
