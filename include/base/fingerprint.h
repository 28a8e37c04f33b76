/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_FINGERPRINT_H
#define BASE_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * The certificate fingerprint of RFC 8122: the value of a=fingerprint, the mky claim's
 * alg and dig, and the hash of the certificate shown in a handshake. It lives on the
 * ground floor because sbc (SDP), policy (mky) and media (DTLS) must mean the same.
 */
enum fingerprint_hash {
	FINGERPRINT_UNKNOWN, /* a hash we do not compute: kept for mky, never matched */
	FINGERPRINT_SHA1,
	FINGERPRINT_SHA256,
	FINGERPRINT_SHA384,
	FINGERPRINT_SHA512,
};

#define FINGERPRINT_DIGEST_MAX 64
#define FINGERPRINT_ALG_MAX    16
/* "sha-512 " and 64 times "AB:", terminated. */
#define FINGERPRINT_TEXT_MAX (FINGERPRINT_ALG_MAX + 3 * FINGERPRINT_DIGEST_MAX + 2)

struct fingerprint {
	char alg[FINGERPRINT_ALG_MAX]; /* lower case token, "sha-256" */
	uint8_t digest[FINGERPRINT_DIGEST_MAX];
	uint8_t digest_len; /* bytes */
};

/* More in one session description are refused (SBC_ELIMIT). */
#define FINGERPRINT_SET_MAX 8

struct fingerprint_set {
	struct fingerprint items[FINGERPRINT_SET_MAX];
	size_t count;
};

/* "sha-256 4A:AD:..." (RFC 8122 section 5), either case. SBC_EPARSE: malformed, or a
 * length that is not the known hash's. */
int fingerprint_parse(struct fingerprint *out, struct slice value);
/* alg and digits without colons, as in mky. SBC_EPARSE. */
int fingerprint_parse_hex(struct fingerprint *out, struct slice alg, struct slice hex);

/* Lower case alg, upper case digits with colons. Returns out (FINGERPRINT_TEXT_MAX). */
const char *fingerprint_print(const struct fingerprint *f, char *out);
/* Upper case digits without colons. out: 2 * FINGERPRINT_DIGEST_MAX + 1 bytes. */
const char *fingerprint_print_hex(const struct fingerprint *f, char *out);

enum fingerprint_hash fingerprint_hash(const struct fingerprint *f);

/* Constant time in the digest. */
bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);

/* Adds unless it is there already. SBC_ELIMIT. */
int fingerprint_set_add(struct fingerprint_set *set, const struct fingerprint *f);
bool fingerprint_set_has(const struct fingerprint_set *set, const struct fingerprint *f);
/* The same members, in any order. */
bool fingerprint_set_equal(const struct fingerprint_set *a, const struct fingerprint_set *b);
/* The strongest hash in the set that we compute and allow (SDP-8: no fallback to a weaker
 * one after a mismatch). FINGERPRINT_UNKNOWN when there is none. SHA-1 never. */
enum fingerprint_hash fingerprint_set_strongest(const struct fingerprint_set *set);

#endif
