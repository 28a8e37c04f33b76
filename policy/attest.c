/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be said of a caller: attestation and origin identifier (RFC 8588). Pure. */

#include <stdio.h>

#include "policy/crypto.h"
#include "policy/policy.h"

/* The weaker of two: 'A' is more than 'C'. */
static char weaker(char a, char b)
{
	return a > b ? a : b;
}

char policy_attest(enum caller_proof proof, bool may_use_identity, char received)
{
	switch (proof) {
	case PROOF_NONE:
		break;
	case PROOF_USER:
	case PROOF_PEER:
		return may_use_identity ? 'A' : 'B';
	case PROOF_VERIFIED:
		/* EXT-2: never more than what came; a base PASSporT says who, not what right
		 * to the number. Our own authorisation alone could say more. */
		return may_use_identity ? 'A' : received ? weaker('A', received) : 'C';
	}
	return '\0';
}

int policy_origid(struct slice secret, struct slice origin, char out[POLICY_ORIGID_SIZE])
{
	uint8_t d[CRYPTO_SHA256_LEN];
	int err = crypto_hmac_sha256(secret, origin, d);

	/* RFC 9562 section 5.8: version 8, our own making. */
	snprintf(out, POLICY_ORIGID_SIZE,
		"%02x%02x%02x%02x-%02x%02x-8%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0],
		d[1], d[2], d[3], d[4], d[5], d[6] & 15, d[7], (d[8] & 0x3f) | 0x80, d[9],
		d[10], d[11], d[12], d[13], d[14], d[15]);
	return err;
}

int policy_certificate_id(struct slice der, char out[POLICY_CERTIFICATE_ID_SIZE])
{
	uint8_t d[CRYPTO_SHA256_LEN];
	int err = crypto_sha256(der, d);

	snprintf(out, POLICY_CERTIFICATE_ID_SIZE, "%02x%02x%02x%02x%02x%02x%02x%02x", d[0],
		d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
	return err;
}
