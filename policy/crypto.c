/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signatures and hashes over wolfCrypt. Everything that comes back from it is compared with
 * success, never with one failure: what is not known to be right is wrong.
 */

#include "policy/crypto.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pem.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/md5.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha512.h>
#include <wolfssl/wolfcrypt/signature.h>
#include <wolfssl/wolfcrypt/wc_port.h>

#define SCALAR_LEN  32
#define KEY_DER_MAX 8192 /* bytes: RSA-8192 in PKCS #8 has half of it */
#define RSA_SIG_MAX 1024 /* bytes: RSA-8192 */

struct crypto_key {
	enum crypto_key_kind kind;
	bool has_rng;
	WC_RNG rng; /* private keys: nonces and blinding */
	union {
		ecc_key ecc;
		RsaKey rsa;
	};
};

int crypto_open(void)
{
	return wolfCrypt_Init() == 0 ? 0 : SBC_ECRYPTO;
}

void crypto_close(void)
{
	wolfCrypt_Cleanup();
}

/* ---- keys ---- */

void crypto_key_free(struct crypto_key *key)
{
	if (!key)
		return;
	if (key->kind == CRYPTO_KEY_RSA)
		wc_FreeRsaKey(&key->rsa);
	else
		wc_ecc_free(&key->ecc);
	if (key->has_rng)
		wc_FreeRng(&key->rng);
	mem_wipe(key, sizeof(*key));
	mem_free(key);
}

static int key_new(struct crypto_key **out, enum crypto_key_kind kind, bool is_private)
{
	struct crypto_key *key = mem_alloc(sizeof(*key));
	int rc;

	if (!key)
		return SBC_ENOMEM;
	key->kind = kind;
	rc = kind == CRYPTO_KEY_RSA ? wc_InitRsaKey(&key->rsa, NULL) : wc_ecc_init(&key->ecc);
	if (rc != 0) {
		mem_free(key);
		return SBC_ECRYPTO;
	}
	if (is_private && wc_InitRng(&key->rng) != 0) {
		crypto_key_free(key);
		return SBC_ECRYPTO;
	}
	key->has_rng = is_private;
	*out = key;
	return 0;
}

/* Once it is decoded: another curve than P-256 is none of ours. */
static void set_curve(struct crypto_key *key)
{
	if (!key->ecc.dp || key->ecc.dp->id != ECC_SECP256R1)
		key->kind = CRYPTO_KEY_OTHER;
}

static int decode_public(struct crypto_key *key, struct slice der)
{
	word32 at = 0;

	if (key->kind == CRYPTO_KEY_RSA)
		return wc_RsaPublicKeyDecode(
			(const byte *)der.ptr, &at, &key->rsa, (word32)der.len);
	if (wc_EccPublicKeyDecode((const byte *)der.ptr, &at, &key->ecc, (word32)der.len) != 0)
		return -1;
	set_curve(key);
	/* A point beside the curve would let its maker choose what verifies. */
	return key->kind == CRYPTO_KEY_P256 ? wc_ecc_check_key(&key->ecc) : 0;
}

int crypto_key_public(struct crypto_key **out, struct slice spki_der)
{
	static const enum crypto_key_kind kinds[] = {CRYPTO_KEY_P256, CRYPTO_KEY_RSA};

	if (spki_der.len > KEY_DER_MAX)
		return SBC_ECRYPTO;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct crypto_key *key;
		int err = key_new(&key, kinds[i], false);
		if (err)
			return err;
		if (decode_public(key, spki_der) == 0) {
			*out = key;
			return 0;
		}
		crypto_key_free(key);
	}
	return SBC_ECRYPTO;
}

static int decode_private(struct crypto_key *key, struct slice der)
{
	word32 at = 0;

	if (key->kind == CRYPTO_KEY_RSA) {
		if (wc_RsaPrivateKeyDecode(
			    (const byte *)der.ptr, &at, &key->rsa, (word32)der.len) != 0)
			return -1;
		return wc_RsaSetRNG(&key->rsa, &key->rng);
	}
	if (wc_EccPrivateKeyDecode((const byte *)der.ptr, &at, &key->ecc, (word32)der.len) != 0)
		return -1;
	set_curve(key);
	if (key->kind != CRYPTO_KEY_P256)
		return 0;
	/* SEC 1 may leave the public half out. */
	if (key->ecc.type == ECC_PRIVATEKEY_ONLY &&
		wc_ecc_make_pub_ex(&key->ecc, NULL, &key->rng) != 0)
		return -1;
	return wc_ecc_set_rng(&key->ecc, &key->rng);
}

static int key_from_der(struct crypto_key **out, struct slice der)
{
	static const enum crypto_key_kind kinds[] = {CRYPTO_KEY_P256, CRYPTO_KEY_RSA};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct crypto_key *key;
		int err = key_new(&key, kinds[i], true);
		if (err)
			return err;
		if (decode_private(key, der) == 0) {
			*out = key;
			return 0;
		}
		crypto_key_free(key);
	}
	return SBC_ECRYPTO;
}

static bool is_private_label(struct slice label)
{
	return slice_equal(label, SLICE("PRIVATE KEY")) ||
	       slice_equal(label, SLICE("EC PRIVATE KEY")) ||
	       slice_equal(label, SLICE("RSA PRIVATE KEY"));
}

int crypto_key_private(struct crypto_key **out, struct slice pem)
{
	struct slice label = {0};
	struct buf der;
	int err;

	buf_init(&der, KEY_DER_MAX);
	do {
		buf_reset(&der);
		err = pem_next(&pem, &label, &der);
	} while (!err && !is_private_label(label));
	if (!err)
		err = key_from_der(out, buf_slice(&der));
	else if (err != SBC_ENOMEM)
		err = SBC_EPARSE;
	buf_fini_secret(&der);
	return err;
}

int crypto_key_generate(struct crypto_key **out)
{
	struct crypto_key *key;
	int err = key_new(&key, CRYPTO_KEY_P256, true);

	if (err)
		return err;
	if (wc_ecc_make_key_ex(&key->rng, SCALAR_LEN, &key->ecc, ECC_SECP256R1) != 0 ||
		wc_ecc_set_rng(&key->ecc, &key->rng) != 0) {
		crypto_key_free(key);
		return SBC_ECRYPTO;
	}
	*out = key;
	return 0;
}

enum crypto_key_kind crypto_key_kind(const struct crypto_key *key)
{
	return key->kind;
}

unsigned crypto_key_bits(const struct crypto_key *key)
{
	if (key->kind == CRYPTO_KEY_RSA)
		return (unsigned)wc_RsaEncryptSize(&key->rsa) * 8;
	return key->ecc.dp ? (unsigned)key->ecc.dp->size * 8 : 0;
}

bool crypto_key_match(struct crypto_key *private_key, struct crypto_key *public_key)
{
	const struct slice probe = SLICE("do these two belong together?");
	uint8_t signature[CRYPTO_ES256_LEN];
	struct buf rsa_signature;
	bool is_match;

	if (private_key->kind != public_key->kind)
		return false;
	if (private_key->kind != CRYPTO_KEY_RSA)
		return !crypto_es256_sign(private_key, probe, signature) &&
		       crypto_es256_verify(public_key, probe, slice_of(signature, 64));
	buf_init(&rsa_signature, RSA_SIG_MAX);
	is_match = !crypto_rsa_sha1_sign(private_key, probe, &rsa_signature) &&
		   crypto_rsa_sha1_verify(public_key, probe, buf_slice(&rsa_signature));
	buf_fini(&rsa_signature);
	return is_match;
}

int crypto_key_put_private(struct crypto_key *key, struct buf *out)
{
	byte der[256];
	word32 len = sizeof(der);
	int rc = wc_EccKeyToPKCS8(&key->ecc, der, &len);

	if (rc > 0)
		buf_put(out, der, (size_t)rc);
	mem_wipe(der, sizeof(der));
	return rc > 0 ? out->err : SBC_ECRYPTO;
}

int crypto_key_put_public(struct crypto_key *key, struct buf *out)
{
	byte der[256];
	int rc = wc_EccPublicKeyToDer(&key->ecc, der, sizeof(der), 1);

	return rc > 0 ? buf_put(out, der, (size_t)rc) : SBC_ECRYPTO;
}

/* ---- ES256 ---- */

/* n, the order of P-256 (SEC 2 section 2.4.2), and its half. */
static const uint8_t order[SCALAR_LEN] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e,
	0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t half_order[SCALAR_LEN] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00,
	0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b,
	0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

/* From 1 to n - 1: zero would verify everything in a careless verifier (CVE-2022-21449). */
static bool is_scalar(const uint8_t *number)
{
	static const uint8_t zero[SCALAR_LEN];

	return memcmp(number, zero, SCALAR_LEN) != 0 && memcmp(number, order, SCALAR_LEN) < 0;
}

void crypto_es256_normalize(uint8_t signature[CRYPTO_ES256_LEN])
{
	uint8_t *s = signature + SCALAR_LEN;
	unsigned borrow = 0;

	if (memcmp(s, half_order, SCALAR_LEN) <= 0)
		return;
	for (int i = SCALAR_LEN - 1; i >= 0; i--) {
		unsigned difference = 256u + order[i] - s[i] - borrow;
		s[i] = (uint8_t)difference;
		borrow = difference < 256;
	}
}

static int sign_der(struct crypto_key *key, struct slice data, byte *der, word32 *len)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	int err = key->kind == CRYPTO_KEY_P256 && key->has_rng ? 0 : SBC_ECRYPTO;

	err = err ? err : crypto_sha256(data, hash);
	if (err)
		return err;
	return wc_ecc_sign_hash(hash, sizeof(hash), der, len, &key->rng, &key->ecc) == 0
		       ? 0
		       : SBC_ECRYPTO;
}

/* r or s, right aligned in its 32 bytes. */
static void align(uint8_t *out, const byte *number, word32 len)
{
	memset(out, 0, SCALAR_LEN);
	memcpy(out + SCALAR_LEN - len, number, len);
}

int crypto_es256_sign(
	struct crypto_key *key, struct slice data, uint8_t signature[CRYPTO_ES256_LEN])
{
	byte der[ECC_MAX_SIG_SIZE], r[SCALAR_LEN + 1], s[SCALAR_LEN + 1];
	word32 len = sizeof(der), r_len = sizeof(r), s_len = sizeof(s);
	int err = sign_der(key, data, der, &len);

	if (err)
		return err;
	if (wc_ecc_sig_to_rs(der, len, r, &r_len, s, &s_len) != 0 || r_len > SCALAR_LEN ||
		s_len > SCALAR_LEN)
		return SBC_ECRYPTO;
	align(signature, r, r_len);
	align(signature + SCALAR_LEN, s, s_len);
	return 0;
}

int crypto_ecdsa_sign_der(struct crypto_key *key, struct slice data, struct buf *out)
{
	byte der[ECC_MAX_SIG_SIZE];
	word32 len = sizeof(der);
	int err = sign_der(key, data, der, &len);

	return err ? err : buf_put(out, der, len);
}

bool crypto_es256_verify(struct crypto_key *key, struct slice data, struct slice signature)
{
	const uint8_t *raw = (const uint8_t *)signature.ptr;
	uint8_t hash[CRYPTO_SHA256_LEN];
	int is_valid = 0;
	mp_int r, s;

	if (key->kind != CRYPTO_KEY_P256 || signature.len != CRYPTO_ES256_LEN ||
		!is_scalar(raw) || !is_scalar(raw + SCALAR_LEN))
		return false;
	if (crypto_sha256(data, hash) || mp_init_multi(&r, &s, NULL, NULL, NULL, NULL) != 0)
		return false;
	/* The numbers as they are: no DER is made to be taken apart again. */
	if (mp_read_unsigned_bin(&r, raw, SCALAR_LEN) != 0 ||
		mp_read_unsigned_bin(&s, raw + SCALAR_LEN, SCALAR_LEN) != 0 ||
		wc_ecc_verify_hash_ex(&r, &s, hash, sizeof(hash), &is_valid, &key->ecc) != 0)
		is_valid = 0;
	mp_clear(&r);
	mp_clear(&s);
	return is_valid == 1;
}

/* ---- rsa-sha1 ---- */

int crypto_rsa_sha1_sign(struct crypto_key *key, struct slice data, struct buf *out)
{
	byte signature[RSA_SIG_MAX];
	word32 len = sizeof(signature);

	if (key->kind != CRYPTO_KEY_RSA || !key->has_rng)
		return SBC_ECRYPTO;
	if (wc_SignatureGenerate(WC_HASH_TYPE_SHA, WC_SIGNATURE_TYPE_RSA_W_ENC,
		    (const byte *)data.ptr, (word32)data.len, signature, &len, &key->rsa,
		    sizeof(key->rsa), &key->rng) != 0)
		return SBC_ECRYPTO;
	return buf_put(out, signature, len);
}

bool crypto_rsa_sha1_verify(struct crypto_key *key, struct slice data, struct slice signature)
{
	if (key->kind != CRYPTO_KEY_RSA || !data.len || signature.len > RSA_SIG_MAX ||
		signature.len * 8 != crypto_key_bits(key))
		return false;
	/* It compares the whole block, padding and DigestInfo, so nothing can hide in it. */
	return wc_SignatureVerify(WC_HASH_TYPE_SHA, WC_SIGNATURE_TYPE_RSA_W_ENC,
		       (const byte *)data.ptr, (word32)data.len, (const byte *)signature.ptr,
		       (word32)signature.len, &key->rsa, sizeof(key->rsa)) == 0;
}

/* ---- hashes ---- */

int crypto_sha256(struct slice data, uint8_t out[CRYPTO_SHA256_LEN])
{
	return wc_Sha256Hash((const byte *)(data.ptr ? data.ptr : ""), (word32)data.len, out) ==
			       0
		       ? 0
		       : SBC_ECRYPTO;
}

int crypto_hmac_sha256(struct slice key, struct slice data, uint8_t out[CRYPTO_SHA256_LEN])
{
	Hmac hmac;
	int rc = wc_HmacInit(&hmac, NULL, INVALID_DEVID);

	memset(out, 0, CRYPTO_SHA256_LEN);
	if (rc != 0)
		return SBC_ECRYPTO;
	rc = wc_HmacSetKey(&hmac, WC_SHA256, (const byte *)key.ptr, (word32)key.len);
	if (rc == 0)
		rc = wc_HmacUpdate(&hmac, (const byte *)data.ptr, (word32)data.len);
	if (rc == 0)
		rc = wc_HmacFinal(&hmac, out);
	wc_HmacFree(&hmac);
	return rc == 0 ? 0 : SBC_ECRYPTO;
}

size_t crypto_hash_hex_len(enum crypto_hash hash)
{
	return hash == CRYPTO_MD5 ? 32 : 64;
}

int crypto_hash_hex(enum crypto_hash hash, struct slice data, char out[CRYPTO_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	const byte *bytes = (const byte *)(data.ptr ? data.ptr : "");
	word32 len = (word32)data.len;
	uint8_t digest[CRYPTO_SHA256_LEN];
	int rc = hash == CRYPTO_MD5          ? wc_Md5Hash(bytes, len, digest)
		 : hash == CRYPTO_SHA512_256 ? wc_Sha512_256Hash(bytes, len, digest)
					     : wc_Sha256Hash(bytes, len, digest);
	size_t hex_len = crypto_hash_hex_len(hash);

	out[0] = '\0';
	if (rc != 0)
		return SBC_ECRYPTO;
	for (size_t i = 0; i < hex_len; i++)
		out[i] = digits[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4];
	out[hex_len] = '\0';
	return 0;
}
