/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_CRYPTO_H
#define POLICY_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Keys, signatures and hashes: ES256 (RFC 7518 section 3.4), rsa-sha1 (RFC 4474 section 9),
 * SHA-256, SHA-512/256, MD5, HMAC. A key is used by one thread at a time.
 */
struct crypto_key;

enum crypto_key_kind {
	CRYPTO_KEY_P256,
	CRYPTO_KEY_RSA,
	CRYPTO_KEY_OTHER, /* another curve: it can be named, not used */
};

/* wolfCrypt, counted: once for each user of this room. SBC_ECRYPTO. */
int crypto_open(void);
void crypto_close(void);

/* A SubjectPublicKeyInfo. A P-256 point is checked to lie on the curve. SBC_ECRYPTO: no key
 * that we know; SBC_ENOMEM. */
int crypto_key_public(struct crypto_key **out, struct slice spki_der);
/* The first private key of a PEM text (SEC 1, PKCS #1 or PKCS #8, not encrypted).
 * SBC_EPARSE: there is none; SBC_ECRYPTO, SBC_ENOMEM. */
int crypto_key_private(struct crypto_key **out, struct slice pem);
/* A new P-256 key. */
int crypto_key_generate(struct crypto_key **out);
void crypto_key_free(struct crypto_key *key); /* NULL is allowed */

enum crypto_key_kind crypto_key_kind(const struct crypto_key *key);
unsigned crypto_key_bits(const struct crypto_key *key);
/* Does the private key belong to the public one? */
bool crypto_key_match(struct crypto_key *private_key, struct crypto_key *public_key);
/* P-256 only: PKCS #8 and SubjectPublicKeyInfo, appended. The first is secret. */
int crypto_key_put_private(struct crypto_key *key, struct buf *out);
int crypto_key_put_public(struct crypto_key *key, struct buf *out);

#define CRYPTO_ES256_LEN 64 /* r and s, 32 bytes each */

/* SBC_ECRYPTO. Each signature is another one: replay caches, ours and those of others, tell
 * calls apart by it, so RFC 6979 (PP-6, a SHOULD) would make two calls of one second look
 * like a replay. */
int crypto_es256_sign(
	struct crypto_key *key, struct slice data, uint8_t signature[CRYPTO_ES256_LEN]);
bool crypto_es256_verify(struct crypto_key *key, struct slice data, struct slice signature);
/* The signature in the DER form of X.509 (ecdsa-with-SHA256), appended. */
int crypto_ecdsa_sign_der(struct crypto_key *key, struct slice data, struct buf *out);
/* From (r, s) anybody can make (r, n - s), which is valid too: replaces it by the one with
 * the smaller s, so that one signature has one name. */
void crypto_es256_normalize(uint8_t signature[CRYPTO_ES256_LEN]);

/* RSASSA-PKCS1-v1_5 with SHA-1 and DigestInfo; appended. SBC_ECRYPTO. */
int crypto_rsa_sha1_sign(struct crypto_key *key, struct slice data, struct buf *out);
bool crypto_rsa_sha1_verify(struct crypto_key *key, struct slice data, struct slice signature);

#define CRYPTO_SHA256_LEN 32

/* The rest: SBC_ECRYPTO when wolfCrypt fails (no memory), out untouched or zero then. */
int crypto_sha256(struct slice data, uint8_t out[CRYPTO_SHA256_LEN]);
int crypto_hmac_sha256(struct slice key, struct slice data, uint8_t out[CRYPTO_SHA256_LEN]);

enum crypto_hash { CRYPTO_SHA256, CRYPTO_SHA512_256, CRYPTO_MD5 };
#define CRYPTO_HEX_SIZE 65 /* lower case, terminated */

size_t crypto_hash_hex_len(enum crypto_hash hash);
int crypto_hash_hex(enum crypto_hash hash, struct slice data, char out[CRYPTO_HEX_SIZE]);

#endif
