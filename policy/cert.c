/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A signer's certificate and its chain; whom it may end in is in cert_trust.c. */

#include "policy/cert.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pem.h"
#include "policy/cert_trust.h"
#include "policy/der.h"

/* ---- chains ---- */

struct chain {
	struct buf ders[CERT_CHAIN_MAX];
	size_t count;
};

static void chain_fini(struct chain *chain)
{
	for (size_t i = 0; i < CERT_CHAIN_MAX; i++)
		buf_fini(&chain->ders[i]);
}

static int chain_read_pem(struct chain *chain, struct slice body)
{
	struct slice label;
	int err = 0;

	while (chain->count < CERT_CHAIN_MAX) {
		struct buf *der = &chain->ders[chain->count];
		buf_reset(der);
		err = pem_next(&body, &label, der);
		if (err)
			break;
		if (slice_equal(label, SLICE("CERTIFICATE")))
			chain->count++;
	}
	if (err == SBC_ENOENT)
		err = chain->count ? 0 : SBC_EPARSE;
	else if (!err && pem_next(&body, &label, &(struct buf){0}) != SBC_ENOENT)
		err = SBC_ELIMIT;
	return err;
}

/* One SEQUENCE and nothing behind it; of a length that certificates have. */
static bool is_der(struct slice body)
{
	const uint8_t *at = (const uint8_t *)body.ptr;

	return body.len > 4 && at[0] == (ASN_SEQUENCE | ASN_CONSTRUCTED) && at[1] == 0x82 &&
	       ((size_t)at[2] << 8 | at[3]) + 4 == body.len;
}

static int chain_read(struct chain *chain, struct slice body)
{
	*chain = (struct chain){0};
	for (size_t i = 0; i < CERT_CHAIN_MAX; i++)
		buf_init(&chain->ders[i], CERT_BODY_MAX);
	if (body.len > CERT_BODY_MAX)
		return SBC_ELIMIT;
	if (is_der(body)) {
		chain->count = 1;
		return buf_put_slice(&chain->ders[0], body);
	}
	return chain_read_pem(chain, body);
}

/* A name with a NUL or any other unprintable byte in it is no name (LESSONS: I11). */
static void add_name(struct cert *cert, const DNS_entry *entry)
{
	struct cert_name *name = &cert->names[cert->name_count];

	if (entry->type != ASN_DNS_TYPE && entry->type != ASN_URI_TYPE)
		return;
	cert->has_san = true;
	if (cert->name_count >= CERT_NAME_MAX || entry->len <= 0)
		return;
	for (int i = 0; i < entry->len; i++) {
		if (entry->name[i] <= ' ' || entry->name[i] > '~')
			return;
	}
	if (slice_copy(
		    slice_of(entry->name, (size_t)entry->len), name->text, sizeof(name->text)))
		return;
	name->is_uri = entry->type == ASN_URI_TYPE;
	cert->name_count++;
}

static void read_common_name(struct cert *cert, const DecodedCert *decoded)
{
	for (int i = 0; decoded->subjectCN && i < decoded->subjectCNLen; i++) {
		if (decoded->subjectCN[i] <= ' ' || decoded->subjectCN[i] > '~')
			return;
	}
	if (decoded->subjectCN && decoded->subjectCNLen > 0)
		slice_copy(slice_of(decoded->subjectCN, (size_t)decoded->subjectCNLen),
			cert->common_name, sizeof(cert->common_name));
}

static const struct slice tn_auth_list = SLICE("\x2b\x06\x01\x05\x05\x07\x01\x1a");

/* The TNAuthList of a CA in the chain. One that cannot be read bounds everything. */
static int read_bound(struct cert *cert, struct slice der)
{
	struct slice value;
	int err = der_find_extension(der, tn_auth_list, &value);

	if (err == SBC_ENOENT)
		return 0;
	err = err ? err : tn_auth_new(&cert->bounds[cert->bound_count], value);
	if (!err)
		cert->bound_count++;
	else if (err != SBC_ENOMEM)
		cert->limit = "TNAuthList of a CA above the certificate cannot be read";
	return err == SBC_ENOMEM ? err : 0;
}

/* What the extensions of RFC 8226 and RFC 9118 say. Claim constraints are not worked out but
 * refused: a delegate's certificate is then good for nothing instead of for too much. */
static int read_numbers(struct cert *cert, struct slice der)
{
	static const struct slice constraints[] = {
		SLICE("\x2b\x06\x01\x05\x05\x07\x01\x1b"),  /* JWTClaimConstraints */
		SLICE("\x2b\x06\x01\x05\x05\x07\x01\x21")}; /* the Enhanced ones */
	struct slice value;
	int err;

	for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++) {
		if (der_find_extension(der, constraints[i], &value) != SBC_ENOENT)
			cert->limit =
				"certificate has claim constraints, which are not known here";
	}
	err = der_find_extension(der, tn_auth_list, &value);
	if (err == SBC_ENOENT)
		return 0;
	err = err ? err : tn_auth_new(&cert->numbers, value);
	if (err && err != SBC_ENOMEM)
		cert->limit = "certificate's TNAuthList cannot be read";
	return err == SBC_ENOMEM ? err : 0;
}

/* RFC 5924 section 4. An extension that cannot be read says nothing good. */
static bool has_sip_usage(struct slice der)
{
	struct slice value, usages, oid;
	int err = der_find_extension(der, SLICE("\x55\x1d\x25"), &value);

	if (err)
		return err == SBC_ENOENT;
	if (der_next_tag(&value, DER_SEQUENCE, &usages))
		return false;
	while (!der_next_tag(&usages, DER_OID, &oid)) {
		if (slice_equal(oid, SLICE("\x2b\x06\x01\x05\x05\x07\x03\x14")) ||
			slice_equal(oid, slice_of("\x55\x1d\x25\x00", 4)))
			return true;
	}
	return false;
}

static int read_leaf(struct cert *cert, struct slice der)
{
	DecodedCert decoded;
	int rc, err = 0;

	trust_init_leaf(&decoded, der);
	rc = wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL);
	/* An extension that must be understood and is not: a certificate all the same, which
	 * judge() will not trust. */
	cert->is_read = (rc == 0 || rc == ASN_CRIT_EXT_E) &&
			!trust_read_validity(&decoded, &cert->leaf);
	if (cert->is_read &&
		crypto_key_public(&cert->key, trust_public_key(&decoded)) == SBC_ENOMEM)
		err = SBC_ENOMEM;
	if (cert->is_read && !err) {
		cert->may_sign =
			!decoded.extKeyUsageSet || (decoded.extKeyUsage & KEYUSE_DIGITAL_SIG);
		cert->is_for_sip = has_sip_usage(der);
		for (const DNS_entry *entry = decoded.altNames; entry; entry = entry->next)
			add_name(cert, entry);
		read_common_name(cert, &decoded);
		err = read_numbers(cert, der);
	}
	wc_FreeDecodedCert(&decoded);
	return err;
}

/* From the far end of the chain down, so that each finds the one above it. What does not
 * verify (a root that is no anchor) is left out, and the leaf then finds nobody. */
static int judge(
	struct cert *cert, const struct chain *chain, const struct cert_anchors *anchors)
{
	struct trust trust;
	DecodedCert decoded;
	struct slice leaf = buf_slice(&chain->ders[0]);
	int err = trust_init(&trust, anchors, chain->count > 1);

	if (err)
		return err;
	for (size_t i = chain->count - 1; i > 0; i--) {
		struct slice der = buf_slice(&chain->ders[i]);
		if (trust_add(&trust, der, i - 1) && !err)
			err = read_bound(cert, der);
	}
	trust_init_leaf(&decoded, leaf);
	if (trust_verify(&trust, &decoded, &cert->chain))
		cert->why = "certificate does not chain to a trusted CA";
	else if (trust_is_revoked(&trust, leaf))
		cert->why = "certificate is revoked, or its CA's list is out of date";
	else
		cert->is_trusted = true;
	wc_FreeDecodedCert(&decoded);
	trust_fini(&trust);
	return err;
}

int cert_new(struct cert **out, struct slice body, const struct cert_anchors *anchors)
{
	struct cert *cert = mem_alloc(sizeof(*cert));
	struct chain chain;
	int err = chain_read(&chain, body);

	if (!cert)
		err = SBC_ENOMEM;
	err = err ? err : read_leaf(cert, buf_slice(&chain.ders[0]));
	if (!err) {
		cert->why = cert->is_read
				    ? "certificate was not judged"
				    : "certificate cannot be read: unknown kind or broken";
		err = anchors && cert->is_read ? judge(cert, &chain, anchors) : 0;
	}
	chain_fini(&chain);
	if (err) {
		cert_free(cert);
		return err;
	}
	*out = cert;
	return 0;
}

void cert_free(struct cert *cert)
{
	if (!cert)
		return;
	crypto_key_free(cert->key);
	for (size_t i = 0; i < cert->bound_count; i++)
		mem_free(cert->bounds[i]);
	mem_free(cert->numbers);
	mem_free(cert);
}

enum crypto_key_kind cert_key_kind(const struct cert *cert)
{
	return cert->key ? crypto_key_kind(cert->key) : CRYPTO_KEY_OTHER;
}
