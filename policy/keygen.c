/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates for a lab or a first start, RFC 5280, written as DER here: wolfSSL's own
 * maker takes dates from its clock and knows no iPAddress. Any thread.
 */

#include "policy/keygen.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pem.h"
#include "base/random.h"
#include "policy/date.h"
#include "policy/der.h"
#include "policy/keygen_parts.h"
#include "policy/name.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>

#define SERIAL_LEN      16   /* bytes: no two alike (RFC 5280 section 4.1.2.2) */
#define BACKDATE_S      3600 /* clocks of neighbours may be slow */
#define DAYS_MAX        36500
#define SECONDS_PER_DAY INT64_C(86400)

/* ---- a certificate ---- */

static void put_time(struct der_out *d, int64_t seconds)
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
	der_out_value(d, is_utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, text.data, text.len);
	buf_fini(&text);
}

/* TBSCertificate (RFC 5280 section 4.1), its last field first. */
static void put_tbs(struct der_out *d, const struct keygen_spec *spec)
{
	struct random_source random = random_system();
	uint8_t serial[SERIAL_LEN];
	size_t end = d->at, validity;

	keygen_put_extensions(d, spec);
	der_out_wrap(d, 0xa3, end);
	der_out_put(d, spec->spki.ptr, spec->spki.len);
	der_out_put(d, spec->subject.ptr, spec->subject.len);
	validity = d->at;
	put_time(d, spec->not_after);
	put_time(d, spec->not_before);
	der_out_wrap(d, DER_SEQUENCE, validity);
	der_out_put(d, spec->issuer.ptr, spec->issuer.len);
	keygen_put_algorithm(d);
	random.fill(random.arg, serial, sizeof(serial));
	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and no leading zero */
	der_out_value(d, DER_INTEGER, serial, sizeof(serial));
	der_out_put(d, "\xa0\x03\x02\x01\x02", 5); /* version 3 */
	der_out_wrap(d, DER_SEQUENCE, end);
}

static int sign(const struct keygen_spec *spec, struct crypto_key *issuer_key, struct buf *pem)
{
	struct der_out tbs;

	der_out_init(&tbs);
	put_tbs(&tbs, spec);
	return keygen_sign(&tbs, "CERTIFICATE", issuer_key, pem);
}

/* A new key: in the spec, and as PEM. spki keeps the bytes that spec borrows. */
static int make_key(struct crypto_key **out, struct keygen_spec *spec, struct buf *spki,
	struct buf *key_pem)
{
	struct buf der;
	int err = crypto_key_generate(out);

	if (err)
		return err;
	buf_init(&der, KEYGEN_KEY_DER_MAX);
	err = crypto_key_put_private(*out, &der);
	err = err ? err : pem_put(key_pem, "PRIVATE KEY", buf_slice(&der));
	err = err ? err : keygen_set_key(spec, *out, spki);
	buf_fini_secret(&der);
	if (err)
		crypto_key_free(*out);
	return err;
}

static void set_dates(struct keygen_spec *spec, int64_t now_s, int days)
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
	struct keygen_spec spec = {.is_ca = true};
	struct crypto_key *key;
	struct der_out name;
	struct buf spki;
	int err;

	if (!is_printable(common_name) || common_name.len > KEYGEN_CN_MAX || days < 1 ||
		days > DAYS_MAX)
		return SBC_EINVAL;
	if (crypto_open())
		return SBC_ECRYPTO;
	der_out_init(&name);
	keygen_put_name(&name, common_name);
	spec.subject = spec.issuer = der_out_slice(&name);
	set_dates(&spec, now_s, days);
	buf_init(&spki, KEYGEN_KEY_DER_MAX);
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
	uint8_t key_id[KEYGEN_KEY_ID_LEN];
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
	struct der_out name;
	int err = SBC_ECRYPTO;

	wc_InitDecodedCert(&decoded, (const byte *)ca->der.data, (word32)ca->der.len, NULL);
	if (wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL) == 0 && decoded.isCA &&
		decoded.extSubjKeyIdSet)
		err = crypto_key_public(
			&public_key, slice_of(decoded.publicKey, decoded.pubKeySize));
	if (!err && !crypto_key_match(ca->key, public_key))
		err = SBC_ECRYPTO;
	if (!err) {
		der_out_init(&name);
		der_out_value(
			&name, DER_SEQUENCE, decoded.subjectRaw, (size_t)decoded.subjectRawLen);
		memcpy(ca->key_id, decoded.extSubjKeyId, KEYGEN_KEY_ID_LEN);
		err = buf_put_slice(&ca->subject, der_out_slice(&name));
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
	buf_init(&ca->der, DER_OUT_MAX);
	buf_init(&ca->subject, DER_OUT_MAX);
	err = pem_next(&rest, &label, &ca->der);
	err = err ? err : crypto_key_private(&ca->key, key_pem);
	if (!err && crypto_key_kind(ca->key) != CRYPTO_KEY_P256)
		err = SBC_ECRYPTO;
	err = err ? err : read_ca_certificate(ca);
	return err == SBC_ENOENT || err == SBC_EPARSE ? SBC_ECRYPTO : err;
}

static int make_domain(const struct ca *ca, struct keygen_spec *spec, struct buf *key_pem,
	struct buf *certificate_pem)
{
	struct crypto_key *key;
	struct der_out name;
	struct buf spki;
	int err;

	der_out_init(&name);
	/* Nobody reads the CN beside a subjectAltName, but it must not be too long. */
	keygen_put_name(
		&name, spec->domain.len > KEYGEN_CN_MAX ? SLICE("countersip") : spec->domain);
	spec->subject = der_out_slice(&name);
	spec->issuer = buf_slice(&ca->subject);
	memcpy(spec->issuer_key_id, ca->key_id, KEYGEN_KEY_ID_LEN);
	buf_init(&spki, KEYGEN_KEY_DER_MAX);
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
	struct keygen_spec spec = {.is_leaf = true, .has_name = true, .domain = domain};
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

/* ---- a key of one's own ---- */

int keygen_key(struct buf *key_pem)
{
	struct crypto_key *key;
	struct buf der;
	int err;

	if (crypto_open())
		return SBC_ECRYPTO;
	buf_init(&der, KEYGEN_KEY_DER_MAX);
	err = crypto_key_generate(&key);
	if (!err) {
		err = crypto_key_put_private(key, &der);
		err = err ? err : pem_put(key_pem, "PRIVATE KEY", buf_slice(&der));
		crypto_key_free(key);
	}
	buf_fini_secret(&der);
	crypto_close();
	return err;
}

/* What has the key of the PEM and the subject: spki, numbers and name keep its bytes. */
struct own {
	struct keygen_spec spec;
	struct crypto_key *key; /* owned */
	struct buf spki;
	struct der_out numbers, name;
};

static int own_init(struct own *own, struct slice key_pem, const struct keygen_subject *subject)
{
	struct slice name = subject->domain.len ? subject->domain : SLICE("countersip");
	int err;

	own->spec = (struct keygen_spec){.is_leaf = true};
	own->key = NULL;
	buf_init(&own->spki, KEYGEN_KEY_DER_MAX);
	der_out_init(&own->name);
	keygen_put_name(&own->name, name.len > KEYGEN_CN_MAX ? SLICE("countersip") : name);
	own->spec.subject = own->spec.issuer = der_out_slice(&own->name);
	err = keygen_set_subject(&own->spec, subject, &own->numbers);
	err = err ? err : crypto_key_private(&own->key, key_pem);
	if (!err && crypto_key_kind(own->key) != CRYPTO_KEY_P256)
		err = SBC_ECRYPTO;
	err = err ? err : keygen_set_key(&own->spec, own->key, &own->spki);
	return err == SBC_EPARSE ? SBC_ECRYPTO : err;
}

static void own_fini(struct own *own)
{
	crypto_key_free(own->key);
	buf_fini(&own->spki);
}

/* CertificationRequestInfo (RFC 2986 section 4.1); its one attribute is extensionRequest. */
static void put_request(struct der_out *d, const struct keygen_spec *spec)
{
	static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e};
	size_t end = d->at;

	keygen_put_extensions(d, spec);
	der_out_wrap(d, DER_SET, end);
	der_out_value(d, DER_OID, oid, sizeof(oid));
	der_out_wrap(d, DER_SEQUENCE, end);
	der_out_wrap(d, 0xa0, end);
	der_out_put(d, spec->spki.ptr, spec->spki.len);
	der_out_put(d, spec->subject.ptr, spec->subject.len);
	der_out_value(d, DER_INTEGER, "\0", 1); /* version 1 */
	der_out_wrap(d, DER_SEQUENCE, end);
}

int keygen_request(
	struct slice key_pem, const struct keygen_subject *subject, struct buf *request_pem)
{
	struct der_out info;
	struct own own;
	int err;

	if (crypto_open())
		return SBC_ECRYPTO;
	err = own_init(&own, key_pem, subject);
	if (!err) {
		der_out_init(&info);
		put_request(&info, &own.spec);
		err = keygen_sign(&info, "CERTIFICATE REQUEST", own.key, request_pem);
	}
	own_fini(&own);
	crypto_close();
	return err;
}

int keygen_self_signed(struct slice key_pem, const struct keygen_subject *subject,
	int64_t now_s, int days, struct buf *certificate_pem)
{
	struct own own;
	int err;

	if (days < 1 || days > DAYS_MAX)
		return SBC_EINVAL;
	if (crypto_open())
		return SBC_ECRYPTO;
	err = own_init(&own, key_pem, subject);
	if (!err) {
		own.spec.is_ca = true;
		set_dates(&own.spec, now_s, days);
		err = sign(&own.spec, own.key, certificate_pem);
	}
	own_fini(&own);
	crypto_close();
	return err;
}
