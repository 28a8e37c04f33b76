/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_CERT_TRUST_H
#define POLICY_CERT_TRUST_H

#include "policy/cert.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>

/* Whom a chain ends in, and when all of it is valid: between cert.c and wolfSSL's certificate
 * manager. Private to the two. */

struct issuer {
	uint8_t name_hash[KEYID_SIZE];
	uint8_t key_hash[CRYPTO_SHA256_LEN];
	struct cert_validity validity; /* of it and of all above it */
};

/* The anchors and what a chain brings; made for one chain. */
struct trust {
	WOLFSSL_CERT_MANAGER *manager; /* owned, or borrowed from anchors */
	bool is_borrowed;
	const struct cert_anchors *anchors;
	struct issuer issuers[CERT_CHAIN_MAX]; /* intermediates that were verified */
	size_t issuer_count;
};

/* SBC_ENOMEM. trust_fini() afterwards. */
int trust_init(struct trust *trust, const struct cert_anchors *anchors, bool has_intermediates);
void trust_fini(struct trust *trust);

/* For a signer's certificate; wc_FreeDecodedCert() afterwards. */
void trust_init_leaf(DecodedCert *decoded, struct slice der);
/* Signature, CA above it, name constraints; not the dates, which come out. SBC_ECRYPTO. */
int trust_verify(struct trust *trust, DecodedCert *decoded, struct cert_validity *out);
/* Fails closed: whatever a list says but "not in me" counts, also that it is out of date. A CA
 * without a list is not asked for one. */
bool trust_is_revoked(const struct trust *trust, struct slice der);
/* An intermediate, when it is good itself: false when it is not. below: intermediates between
 * it and the leaf. */
bool trust_add(struct trust *trust, struct slice der, size_t below);

/* Of one certificate. */
int trust_read_validity(const DecodedCert *decoded, struct cert_validity *out);
struct slice trust_public_key(const DecodedCert *decoded);

#endif
