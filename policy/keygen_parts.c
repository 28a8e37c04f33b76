/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of certificates and requests: extensions of RFC 5280 and RFC 8226, names, keys. */

#include "policy/keygen_parts.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pem.h"
#include "policy/der.h"
#include "policy/name.h"
#include "policy/tn_auth.h"

/* ecdsa-with-SHA256 (RFC 5758 section 3.2) */
static const uint8_t signature_algorithm[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

/* ---- extensions ---- */

/* The extension's value was written since end. */
static void wrap_extension(struct der_out *d, struct slice oid, bool is_critical, size_t end)
{
	der_out_wrap(d, DER_OCTET_STRING, end);
	if (is_critical)
		der_out_value(d, DER_BOOLEAN, "\xff", 1);
	der_out_value(d, DER_OID, oid.ptr, oid.len);
	der_out_wrap(d, DER_SEQUENCE, end);
}

/* One of 2.5.29, by its last number. */
static void wrap_standard(struct der_out *d, unsigned arc, bool is_critical, size_t end)
{
	const uint8_t oid[] = {0x55, 0x1d, (uint8_t)arc};

	wrap_extension(d, slice_of(oid, sizeof(oid)), is_critical, end);
}

static void put_key_ids(struct der_out *d, const struct keygen_spec *spec)
{
	size_t end = d->at;

	if (spec->has_name) {
		der_out_value(d, 0x80, spec->issuer_key_id, KEYGEN_KEY_ID_LEN);
		der_out_wrap(d, DER_SEQUENCE, end);
		wrap_standard(d, 35, false, end); /* authorityKeyIdentifier */
	}
	end = d->at;
	der_out_value(d, DER_OCTET_STRING, spec->key_id, KEYGEN_KEY_ID_LEN);
	wrap_standard(d, 14, false, end); /* subjectKeyIdentifier */
}

/* subjectAltName: [2] dNSName, [7] iPAddress. */
static void put_names(struct der_out *d, const struct keygen_spec *spec)
{
	size_t end = d->at;

	if (spec->ip.sa.sa_family == AF_INET)
		der_out_value(d, 0x87, &spec->ip.in.sin_addr, 4);
	else if (spec->ip.sa.sa_family == AF_INET6)
		der_out_value(d, 0x87, &spec->ip.in6.sin6_addr, 16);
	if (spec->domain.len)
		der_out_value(d, 0x82, spec->domain.ptr, spec->domain.len);
	if (d->at == end)
		return;
	der_out_wrap(d, DER_SEQUENCE, end);
	wrap_standard(d, 17, false, end);
}

/* serverAuth and clientAuth: a TLS connection between two of us has either end of it. */
static void put_purposes(struct der_out *d)
{
	static const uint8_t server[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
	static const uint8_t client[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
	size_t end = d->at;

	der_out_value(d, DER_OID, client, sizeof(client));
	der_out_value(d, DER_OID, server, sizeof(server));
	der_out_wrap(d, DER_SEQUENCE, end);
	wrap_standard(d, 37, false, end);
}

static void put_usage(struct der_out *d, const struct keygen_spec *spec)
{
	/* Unused bits, then the bits: digitalSignature, keyCertSign, cRLSign. */
	const uint8_t bits[] = {spec->is_ca ? 0x01 : 0x07,
		(uint8_t)((spec->is_leaf ? 0x80 : 0) | (spec->is_ca ? 0x06 : 0))};
	size_t end = d->at;

	der_out_value(d, DER_BIT_STRING, bits, sizeof(bits));
	wrap_standard(d, 15, true, end);
	end = d->at;
	if (spec->is_ca) {
		der_out_value(d, DER_INTEGER, "\0", 1); /* pathLen 0: no CA below it */
		der_out_value(d, DER_BOOLEAN, "\xff", 1);
	}
	der_out_wrap(d, DER_SEQUENCE, end);
	wrap_standard(d, 19, true, end); /* basicConstraints */
}

/* id-pe-TNAuthList (RFC 8226 section 9) */
static void put_numbers(struct der_out *d, struct slice numbers)
{
	size_t end = d->at;

	if (!numbers.len)
		return;
	der_out_put(d, numbers.ptr, numbers.len);
	wrap_extension(d, SLICE("\x2b\x06\x01\x05\x05\x07\x01\x1a"), false, end);
}

void keygen_put_extensions(struct der_out *d, const struct keygen_spec *spec)
{
	size_t end = d->at;

	put_numbers(d, spec->numbers);
	if (spec->is_leaf) {
		put_names(d, spec);
		if (spec->domain.len)
			put_purposes(d);
	}
	put_key_ids(d, spec);
	put_usage(d, spec);
	der_out_wrap(d, DER_SEQUENCE, end);
}

/* ---- numbers ---- */

static void put_text_entry(struct der_out *d, uint8_t tag, struct slice text)
{
	size_t end = d->at;

	der_out_value(d, DER_IA5_STRING, text.ptr, text.len);
	der_out_wrap(d, tag, end);
}

static int put_range(struct der_out *d, struct slice first, struct slice last)
{
	size_t end = d->at;
	uint64_t from, to;

	if (first.len != last.len || first.len > 15 || slice_to_u64(first, UINT64_MAX, &from) ||
		slice_to_u64(last, UINT64_MAX, &to) || to <= from)
		return SBC_EINVAL;
	der_out_integer(d, to - from + 1);
	der_out_value(d, DER_IA5_STRING, first.ptr, first.len);
	der_out_wrap(d, DER_SEQUENCE, end);
	der_out_wrap(d, DER_CONTEXT(1), end);
	return 0;
}

/* "+12155551212", "12155551200-12155551299" or "spc:709J". */
static int put_entry(struct der_out *d, struct slice text)
{
	struct slice first;

	if (slice_starts(text, SLICE("spc:"))) {
		put_text_entry(d, DER_CONTEXT(0), slice_from(text, 4));
		return 0;
	}
	if (text.len && text.ptr[0] == '+')
		text = slice_from(text, 1);
	if (slice_find(text, '-') == text.len) {
		put_text_entry(d, DER_CONTEXT(2), text);
		return 0;
	}
	first = slice_cut(&text, '-');
	return put_range(d, first, text.len && text.ptr[0] == '+' ? slice_from(text, 1) : text);
}

/* Our own reader has the last word on what may stand there. */
static int is_readable(struct slice der)
{
	struct tn_auth *list = NULL;
	int err = tn_auth_new(&list, der);

	mem_free(list);
	return err == SBC_ENOMEM ? err : err ? SBC_EINVAL : 0;
}

int keygen_set_subject(
	struct keygen_spec *spec, const struct keygen_subject *subject, struct der_out *numbers)
{
	struct slice domain = subject->domain;
	int err = 0;

	if (domain.len && (!name_is_host(domain) || domain.ptr[0] == '['))
		return SBC_EINVAL;
	if (!domain.len && !subject->number_count)
		return SBC_EINVAL;
	spec->domain = domain;
	der_out_init(numbers);
	for (size_t i = subject->number_count; i > 0 && !err; i--)
		err = put_entry(numbers, subject->numbers[i - 1]);
	if (err || !subject->number_count)
		return err;
	der_out_wrap(numbers, DER_SEQUENCE, DER_OUT_MAX);
	if (numbers->is_full)
		return SBC_EINVAL;
	spec->numbers = der_out_slice(numbers);
	return is_readable(spec->numbers);
}

/* ---- names, keys, signatures ---- */

void keygen_put_name(struct der_out *d, struct slice text)
{
	static const uint8_t oid[] = {0x55, 0x04, 0x03};
	size_t end = d->at;

	der_out_value(d, DER_UTF8, text.ptr, text.len);
	der_out_value(d, DER_OID, oid, sizeof(oid));
	der_out_wrap(d, DER_SEQUENCE, end);
	der_out_wrap(d, DER_SET, end);
	der_out_wrap(d, DER_SEQUENCE, end);
}

static int hash_key_id(struct slice spki, uint8_t out[KEYGEN_KEY_ID_LEN])
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	int err;

	/* The subjectPublicKey of P-256 is the last 65 bytes. */
	if (spki.len < 65)
		return SBC_ECRYPTO;
	err = crypto_sha256(slice_from(spki, spki.len - 65), hash);
	memcpy(out, hash, KEYGEN_KEY_ID_LEN);
	return err;
}

int keygen_set_key(struct keygen_spec *spec, struct crypto_key *key, struct buf *spki)
{
	int err = crypto_key_put_public(key, spki);

	spec->spki = buf_slice(spki);
	return err ? err : hash_key_id(spec->spki, spec->key_id);
}

void keygen_put_algorithm(struct der_out *d)
{
	der_out_put(d, signature_algorithm, sizeof(signature_algorithm));
}

int keygen_sign(
	const struct der_out *tbs, const char *label, struct crypto_key *key, struct buf *pem)
{
	struct slice signed_bytes = der_out_slice(tbs);
	struct der_out all;
	struct buf signature;
	int err;

	buf_init(&signature, 128);
	err = crypto_ecdsa_sign_der(key, signed_bytes, &signature);
	der_out_init(&all);
	der_out_put(&all, signature.data, signature.len);
	der_out_byte(&all, 0); /* unused bits */
	der_out_wrap(&all, DER_BIT_STRING, DER_OUT_MAX);
	keygen_put_algorithm(&all);
	der_out_put(&all, signed_bytes.ptr, signed_bytes.len);
	der_out_wrap(&all, DER_SEQUENCE, DER_OUT_MAX);
	if (!err && (tbs->is_full || all.is_full))
		err = SBC_ELIMIT;
	err = err ? err : pem_put(pem, label, der_out_slice(&all));
	buf_fini(&signature);
	return err;
}
