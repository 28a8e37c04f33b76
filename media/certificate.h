/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_CERTIFICATE_H
#define MEDIA_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fingerprint.h"

#define CERTIFICATE_DER_MAX 1024
#define CERTIFICATE_KEY_MAX 256

/* Our end-entity certificate and its key, for use.  The key is secret. */
struct certificate {
	uint8_t der[CERTIFICATE_DER_MAX];
	size_t der_len;
	uint8_t key[CERTIFICATE_KEY_MAX]; /* DER, RFC 5915 */
	size_t key_len;
	struct fingerprint fingerprint; /* sha-256 */
};

/* Fresh P-256 key, signed by itself (RFC 5763 section 5 lets the fingerprint vouch for it).
 * SBC_ECRYPTO. */
int certificate_init(struct certificate *certificate);
/* Wipes the key. */
void certificate_fini(struct certificate *certificate);

/* RFC 8122 section 5: hash of the certificate's DER. SBC_EINVAL: hash is not computed here. */
int certificate_fingerprint(
	struct fingerprint *out, enum fingerprint_hash hash, const uint8_t *der, size_t len);

#endif
