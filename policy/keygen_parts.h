/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_KEYGEN_PARTS_H
#define POLICY_KEYGEN_PARTS_H

#include "base/netaddr.h"
#include "policy/crypto.h"
#include "policy/der_out.h"
#include "policy/keygen.h"

/* What certificates and requests for them have in common. Private to keygen. */

#define KEYGEN_KEY_ID_LEN  20 /* RFC 7093 section 2, method 1 */
#define KEYGEN_CN_MAX      64 /* ub-common-name */
#define KEYGEN_KEY_DER_MAX 1024

struct keygen_spec {
	struct slice issuer;  /* DER of the Name */
	struct slice subject; /* likewise */
	struct slice spki;
	int64_t not_before, not_after;
	bool is_ca;    /* may sign certificates */
	bool is_leaf;  /* may sign for itself */
	bool has_name; /* its issuer is named by key */
	uint8_t key_id[KEYGEN_KEY_ID_LEN];
	uint8_t issuer_key_id[KEYGEN_KEY_ID_LEN];
	struct slice domain;  /* empty: none */
	struct netaddr ip;    /* may be unset */
	struct slice numbers; /* DER of a TNAuthList; empty: none */
};

/* Extensions (RFC 5280 section 4.1), a SEQUENCE. */
void keygen_put_extensions(struct der_out *d, const struct keygen_spec *spec);
/* Name with one commonName. */
void keygen_put_name(struct der_out *d, struct slice text);
/* Signs what is to be signed with ecdsa-with-SHA256 and appends the PEM of the whole. */
int keygen_sign(
	const struct der_out *tbs, const char *label, struct crypto_key *key, struct buf *pem);
/* AlgorithmIdentifier of that. */
void keygen_put_algorithm(struct der_out *d);
/* spec's key becomes this one; spki keeps the bytes that spec borrows. */
int keygen_set_key(struct keygen_spec *spec, struct crypto_key *key, struct buf *spki);
/* Domain and numbers, checked; numbers keeps the bytes that spec borrows. SBC_EINVAL. */
int keygen_set_subject(struct keygen_spec *spec, const struct keygen_subject *subject,
	struct der_out *numbers);

#endif
