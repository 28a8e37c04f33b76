/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates for a lab or a first start, RFC 5280, written as DER here: wolfSSL's own
 * maker takes dates from its clock and knows no iPAddress. Any thread.
 */

#include "policy/keygen.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/netaddr.h"
#include "base/random.h"
#include "policy/crypto.h"
#include "policy/date.h"
#include "policy/name.h"
#include "policy/pem.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>

#define DER_MAX         4096 /* bytes of one certificate: names are short */
#define KEY_ID_LEN      20   /* RFC 7093 section 2, method 1 */
#define SERIAL_LEN      16   /* bytes: no two alike (RFC 5280 section 4.1.2.2) */
#define CN_MAX          64   /* ub-common-name */
#define BACKDATE_S      3600 /* clocks of neighbours may be slow */
#define DAYS_MAX        36500
#define KEY_DER_MAX     1024
#define SECONDS_PER_DAY INT64_C(86400)

/* ---- writing DER, from the end to the front: a length is known when it is written ---- */

struct der {
	uint8_t bytes[DER_MAX];
	size_t at; /* what is written stands from here to the end */
	bool is_full;
};

static void der_init(struct der *d)
{
	d->at = DER_MAX;
	d->is_full = false;
}

static void der_put(struct der *d, const void *bytes, size_t len)
{
	if (len > d->at) {
		d->is_full = true;
		return;
	}
	d->at -= len;
	if (len)
		memcpy(d->bytes + d->at, bytes, len);
}

static void der_put_byte(struct der *d, unsigned byte)
{
	uint8_t one = (uint8_t)byte;

	der_put(d, &one, 1);
}

/* Puts tag and length before what was written since end. */
static void der_wrap(struct der *d, unsigned tag, size_t end)
{
	size_t len = end - d->at;

	if (len < 0x80) {
		der_put_byte(d, (unsigned)len);
	} else {
		der_put_byte(d, len & 0xff);
		if (len > 0xff)
			der_put_byte(d, (unsigned)(len >> 8));
		der_put_byte(d, len > 0xff ? 0x82 : 0x81);
	}
	der_put_byte(d, tag);
}

static void der_put_value(struct der *d, unsigned tag, const void *bytes, size_t len)
{
	size_t end = d->at;

	der_put(d, bytes, len);
	der_wrap(d, tag, end);
}

static struct slice der_slice(const struct der *d)
{
	return slice_of(d->bytes + d->at, DER_MAX - d->at);
}

enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_OCTET_STRING = 0x04,
	TAG_OID = 0x06,
	TAG_UTF8 = 0x0c,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
};

/* ---- a certificate ---- */

struct spec {
	struct slice issuer;  /* DER of the Name */
	struct slice subject; /* likewise */
	struct slice spki;
	int64_t not_before, not_after;
	bool is_ca;
	uint8_t key_id[KEY_ID_LEN];
	uint8_t issuer_key_id[KEY_ID_LEN];
	struct slice domain; /* not for a CA */
	struct netaddr ip;   /* may be unset */
};

/* ecdsa-with-SHA256 (RFC 5758 section 3.2) */
static const uint8_t signature_algorithm[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

static void put_time(struct der *d, int64_t seconds)
{
	struct civil_time t;
	struct buf text;
	bool is_utc;

	date_to_civil(seconds, &t);
	is_utc = t.year < 2050;
	buf_init(&text, 32);
	if (is_utc)
		buf_printf(&text, "%02d", t.year % 100);
	else
		buf_printf(&text, "%04d", t.year);
	buf_printf(&text, "%02d%02d%02d%02d%02dZ", t.month, t.day, t.hour, t.minute, t.second);
	if (text.err)
		d->is_full = true;
	der_put_value(d, is_utc ? TAG_UTC_TIME : TAG_GENERALIZED_TIME, text.data, text.len);
	buf_fini(&text);
}

/* arc: the last number of 2.5.29. The extension's value was written since end. */
static void wrap_extension(struct der *d, unsigned arc, bool is_critical, size_t end)
{
	const uint8_t oid[] = {0x55, 0x1d, (uint8_t)arc};

	der_wrap(d, TAG_OCTET_STRING, end);
	if (is_critical)
		der_put_value(d, TAG_BOOLEAN, "\xff", 1);
	der_put_value(d, TAG_OID, oid, sizeof(oid));
	der_wrap(d, TAG_SEQUENCE, end);
}

static void put_key_ids(struct der *d, const struct spec *spec)
{
	size_t end = d->at;

	if (!spec->is_ca) {
		der_put_value(d, 0x80, spec->issuer_key_id, KEY_ID_LEN);
		der_wrap(d, TAG_SEQUENCE, end);
		wrap_extension(d, 35, false, end); /* authorityKeyIdentifier */
	}
	end = d->at;
	der_put_value(d, TAG_OCTET_STRING, spec->key_id, KEY_ID_LEN);
	wrap_extension(d, 14, false, end); /* subjectKeyIdentifier */
}

/* subjectAltName: [2] dNSName, [7] iPAddress. */
static void put_names(struct der *d, const struct spec *spec)
{
	size_t end = d->at;

	if (spec->ip.sa.sa_family == AF_INET)
		der_put_value(d, 0x87, &spec->ip.in.sin_addr, 4);
	else if (spec->ip.sa.sa_family == AF_INET6)
		der_put_value(d, 0x87, &spec->ip.in6.sin6_addr, 16);
	der_put_value(d, 0x82, spec->domain.ptr, spec->domain.len);
	der_wrap(d, TAG_SEQUENCE, end);
	wrap_extension(d, 17, false, end);
}

/* serverAuth and clientAuth: a TLS connection between two of us has either end of it. */
static void put_purposes(struct der *d)
{
	static const uint8_t server[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
	static const uint8_t client[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
	size_t end = d->at;

	der_put_value(d, TAG_OID, client, sizeof(client));
	der_put_value(d, TAG_OID, server, sizeof(server));
	der_wrap(d, TAG_SEQUENCE, end);
	wrap_extension(d, 37, false, end);
}

static void put_usage(struct der *d, bool is_ca)
{
	/* Unused bits, then the bits: keyCertSign and cRLSign, or digitalSignature. */
	static const uint8_t ca[] = {0x01, 0x06}, leaf[] = {0x07, 0x80};
	size_t end = d->at;

	der_put_value(d, TAG_BIT_STRING, is_ca ? ca : leaf, 2);
	wrap_extension(d, 15, true, end);
	end = d->at;
	if (is_ca) {
		der_put_value(d, TAG_INTEGER, "\0", 1); /* pathLen 0: no CA below it */
		der_put_value(d, TAG_BOOLEAN, "\xff", 1);
	}
	der_wrap(d, TAG_SEQUENCE, end);
	wrap_extension(d, 19, true, end); /* basicConstraints */
}

static void put_extensions(struct der *d, const struct spec *spec)
{
	size_t end = d->at;

	if (!spec->is_ca) {
		put_names(d, spec);
		put_purposes(d);
	}
	put_key_ids(d, spec);
	put_usage(d, spec->is_ca);
	der_wrap(d, TAG_SEQUENCE, end);
	der_wrap(d, 0xa3, end);
}

/* TBSCertificate (RFC 5280 section 4.1), its last field first. */
static void put_tbs(struct der *d, const struct spec *spec)
{
	struct random_source random = random_system();
	uint8_t serial[SERIAL_LEN];
	size_t end = d->at, validity;

	put_extensions(d, spec);
	der_put(d, spec->spki.ptr, spec->spki.len);
	der_put(d, spec->subject.ptr, spec->subject.len);
	validity = d->at;
	put_time(d, spec->not_after);
	put_time(d, spec->not_before);
	der_wrap(d, TAG_SEQUENCE, validity);
	der_put(d, spec->issuer.ptr, spec->issuer.len);
	der_put(d, signature_algorithm, sizeof(signature_algorithm));
	random.fill(random.arg, serial, sizeof(serial));
	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and no leading zero */
	der_put_value(d, TAG_INTEGER, serial, sizeof(serial));
	der_put(d, "\xa0\x03\x02\x01\x02", 5); /* version 3 */
	der_wrap(d, TAG_SEQUENCE, end);
}

static int sign(const struct spec *spec, struct crypto_key *issuer_key, struct buf *pem)
{
	struct der tbs, all;
	struct buf signature;
	size_t end;
	int err;

	der_init(&tbs);
	put_tbs(&tbs, spec);
	buf_init(&signature, 128);
	err = crypto_ecdsa_sign_der(issuer_key, der_slice(&tbs), &signature);
	der_init(&all);
	end = all.at;
	der_put(&all, signature.data, signature.len);
	der_put_byte(&all, 0); /* unused bits */
	der_wrap(&all, TAG_BIT_STRING, end);
	der_put(&all, signature_algorithm, sizeof(signature_algorithm));
	der_put(&all, der_slice(&tbs).ptr, der_slice(&tbs).len);
	der_wrap(&all, TAG_SEQUENCE, end);
	if (!err && (tbs.is_full || all.is_full))
		err = SBC_ELIMIT;
	err = err ? err : pem_put(pem, "CERTIFICATE", der_slice(&all));
	buf_fini(&signature);
	return err;
}

/* Name: one commonName. */
static void put_common_name(struct der *d, struct slice text)
{
	static const uint8_t oid[] = {0x55, 0x04, 0x03};
	size_t end = d->at;

	der_put_value(d, TAG_UTF8, text.ptr, text.len);
	der_put_value(d, TAG_OID, oid, sizeof(oid));
	der_wrap(d, TAG_SEQUENCE, end);
	der_wrap(d, TAG_SET, end);
	der_wrap(d, TAG_SEQUENCE, end);
}

static int hash_key_id(struct slice spki, uint8_t out[KEY_ID_LEN])
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	int err;

	/* The subjectPublicKey of P-256 is the last 65 bytes. */
	if (spki.len < 65)
		return SBC_ECRYPTO;
	err = crypto_sha256(slice_from(spki, spki.len - 65), hash);
	memcpy(out, hash, KEY_ID_LEN);
	return err;
}

/* A new key: in the spec, and as PEM. spki keeps the bytes that spec borrows. */
static int make_key(
	struct crypto_key **out, struct spec *spec, struct buf *spki, struct buf *key_pem)
{
	struct buf der;
	int err = crypto_key_generate(out);

	if (err)
		return err;
	buf_init(&der, KEY_DER_MAX);
	err = crypto_key_put_private(*out, &der);
	err = err ? err : pem_put(key_pem, "PRIVATE KEY", buf_slice(&der));
	err = err ? err : crypto_key_put_public(*out, spki);
	spec->spki = buf_slice(spki);
	err = err ? err : hash_key_id(spec->spki, spec->key_id);
	buf_fini_secret(&der);
	if (err)
		crypto_key_free(*out);
	return err;
}

static void set_dates(struct spec *spec, int64_t now_s, int days)
{
	spec->not_before = now_s - BACKDATE_S;
	spec->not_after = now_s + days * SECONDS_PER_DAY;
}

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	}
	return s.len > 0;
}

int keygen_ca(struct slice common_name, int64_t now_s, int days, struct buf *key_pem,
	struct buf *certificate_pem)
{
	struct spec spec = {.is_ca = true};
	struct crypto_key *key;
	struct der name;
	struct buf spki;
	int err;

	if (!is_printable(common_name) || common_name.len > CN_MAX || days < 1 ||
		days > DAYS_MAX)
		return SBC_EINVAL;
	if (crypto_open())
		return SBC_ECRYPTO;
	der_init(&name);
	put_common_name(&name, common_name);
	spec.subject = spec.issuer = der_slice(&name);
	set_dates(&spec, now_s, days);
	buf_init(&spki, KEY_DER_MAX);
	err = make_key(&key, &spec, &spki, key_pem);
	if (!err) {
		err = sign(&spec, key, certificate_pem);
		crypto_key_free(key);
	}
	buf_fini(&spki);
	crypto_close();
	return err;
}

/* ---- below a CA ---- */

struct ca {
	struct crypto_key *key; /* owned */
	struct buf der;
	struct buf subject; /* DER of its Name */
	uint8_t key_id[KEY_ID_LEN];
};

static void ca_fini(struct ca *ca)
{
	crypto_key_free(ca->key);
	buf_fini(&ca->der);
	buf_fini(&ca->subject);
}

static int read_ca_certificate(struct ca *ca)
{
	struct crypto_key *public_key = NULL;
	DecodedCert decoded;
	struct der name;
	int err = SBC_ECRYPTO;

	wc_InitDecodedCert(&decoded, (const byte *)ca->der.data, (word32)ca->der.len, NULL);
	if (wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL) == 0 && decoded.isCA &&
		decoded.extSubjKeyIdSet)
		err = crypto_key_public(
			&public_key, slice_of(decoded.publicKey, decoded.pubKeySize));
	if (!err && !crypto_key_match(ca->key, public_key))
		err = SBC_ECRYPTO;
	if (!err) {
		der_init(&name);
		der_put_value(
			&name, TAG_SEQUENCE, decoded.subjectRaw, (size_t)decoded.subjectRawLen);
		memcpy(ca->key_id, decoded.extSubjKeyId, KEY_ID_LEN);
		err = buf_put_slice(&ca->subject, der_slice(&name));
	}
	crypto_key_free(public_key);
	wc_FreeDecodedCert(&decoded);
	return err;
}

static int read_ca(struct ca *ca, struct slice key_pem, struct slice certificate_pem)
{
	struct slice rest = certificate_pem, label;
	int err;

	*ca = (struct ca){0};
	buf_init(&ca->der, DER_MAX);
	buf_init(&ca->subject, DER_MAX);
	err = pem_next(&rest, &label, &ca->der);
	err = err ? err : crypto_key_private(&ca->key, key_pem);
	if (!err && crypto_key_kind(ca->key) != CRYPTO_KEY_P256)
		err = SBC_ECRYPTO;
	err = err ? err : read_ca_certificate(ca);
	return err == SBC_ENOENT || err == SBC_EPARSE ? SBC_ECRYPTO : err;
}

static int make_domain(const struct ca *ca, struct spec *spec, struct buf *key_pem,
	struct buf *certificate_pem)
{
	struct crypto_key *key;
	struct der name;
	struct buf spki;
	int err;

	der_init(&name);
	/* Nobody reads the CN beside a subjectAltName, but it must not be too long. */
	put_common_name(&name, spec->domain.len > CN_MAX ? SLICE("countersip") : spec->domain);
	spec->subject = der_slice(&name);
	spec->issuer = buf_slice(&ca->subject);
	memcpy(spec->issuer_key_id, ca->key_id, KEY_ID_LEN);
	buf_init(&spki, KEY_DER_MAX);
	err = make_key(&key, spec, &spki, key_pem);
	if (!err) {
		err = sign(spec, ca->key, certificate_pem);
		crypto_key_free(key);
	}
	err = err ? err : pem_put(certificate_pem, "CERTIFICATE", buf_slice(&ca->der));
	buf_fini(&spki);
	return err;
}

int keygen_domain(struct slice ca_key_pem, struct slice ca_certificate_pem, struct slice domain,
	struct slice ip, int64_t now_s, int days, struct buf *key_pem,
	struct buf *certificate_pem)
{
	struct spec spec = {.domain = domain};
	struct ca ca;
	int err;

	if (!name_is_host(domain) || domain.ptr[0] == '[' || days < 1 || days > DAYS_MAX)
		return SBC_EINVAL;
	if (ip.len && netaddr_parse(&spec.ip, ip, 0))
		return SBC_EINVAL;
	if (crypto_open())
		return SBC_ECRYPTO;
	set_dates(&spec, now_s, days);
	err = read_ca(&ca, ca_key_pem, ca_certificate_pem);
	err = err ? err : make_domain(&ca, &spec, key_pem, certificate_pem);
	ca_fini(&ca);
	crypto_close();
	return err;
}
