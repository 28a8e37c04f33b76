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

#endif
