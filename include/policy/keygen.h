/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_KEYGEN_H
#define POLICY_KEYGEN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Makes keys and certificates for a lab or a first start: a demo CA and domain certificates
 * under it (P-256, ecdsa-with-SHA256). PEM in bufs that the caller wipes. SBC_ECRYPTO.
 */
int keygen_ca(struct slice common_name, int64_t now_s, int days, struct buf *key_pem,
	struct buf *certificate_pem);
/* subjectAltName: dNSName domain and, when not empty, iPAddress host (literal). Usable for
 * PASSporT, TLS server and TLS client. certificate_pem: leaf, then the CA. */
int keygen_domain(struct slice ca_key_pem, struct slice ca_certificate_pem, struct slice domain,
	struct slice ip, int64_t now_s, int days, struct buf *key_pem,
	struct buf *certificate_pem);

/* ---- a key of one's own, for a CA to certify ---- */

/* What a certificate shall vouch for. At least one of both. */
struct keygen_subject {
	struct slice domain; /* dNSName; empty: for numbers alone */
	/* TNAuthList (RFC 8226): "+12155551212", "12155551200-12155551299", "spc:709J" */
	const struct slice *numbers;
	size_t number_count;
};

/* A new P-256 key. */
int keygen_key(struct buf *key_pem);
/* The request (PKCS #10) for a certificate of this key. SBC_EINVAL: no such domain or number;
 * SBC_ECRYPTO: no P-256 key. */
int keygen_request(
	struct slice key_pem, const struct keygen_subject *subject, struct buf *request_pem);
/* For a lab: a certificate that is its own CA, so that whoever takes it as anchor believes it.
 * Errors of keygen_request(). */
int keygen_self_signed(struct slice key_pem, const struct keygen_subject *subject,
	int64_t now_s, int days, struct buf *certificate_pem);

#endif
