/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process's own certificate, and fingerprints of others. Any thread. */

#include "media/certificate.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/random.h>

#define P256_LEN 32 /* bytes of a scalar */
/* Peers do not look at it (RFC 5763 section 5), but must be able to parse it. */
#define VALID_DAYS 3650
#define NAME_LEN   16 /* random, so that certificates do not tell who made them */

static int make_self_signed(struct certificate *c, ecc_key *key, WC_RNG *rng)
{
	Cert *cert = mem_alloc(sizeof(*cert)); /* some kilobytes: not for the stack */
	struct random_source random = random_system();
	int n = -1;

	if (!cert)
		return SBC_ENOMEM;
	if (wc_InitCert(cert))
		goto out;
	random_token(&random, cert->subject.commonName, NAME_LEN);
	cert->sigType = CTC_SHA256wECDSA;
	cert->daysValid = VALID_DAYS;
	cert->selfSigned = 1;
	n = wc_MakeCert(cert, c->der, sizeof(c->der), NULL, key, rng);
	if (n < 0)
		goto out;
	n = wc_SignCert(cert->bodySz, cert->sigType, c->der, sizeof(c->der), NULL, key, rng);
out:
	mem_free(cert);
	if (n <= 0)
		return SBC_ECRYPTO;
	c->der_len = (size_t)n;
	return 0;
}

static int make_key_and_certificate(struct certificate *c, WC_RNG *rng)
{
	ecc_key key;
	int n, err = SBC_ECRYPTO;

	if (wc_ecc_init(&key))
		return SBC_ECRYPTO;
	if (wc_ecc_make_key_ex(rng, P256_LEN, &key, ECC_SECP256R1))
		goto out;
	n = wc_EccKeyToDer(&key, c->key, sizeof(c->key));
	if (n <= 0)
		goto out;
	c->key_len = (size_t)n;
	err = make_self_signed(c, &key, rng);
out:
	wc_ecc_free(&key);
	return err;
}

int certificate_init(struct certificate *certificate)
{
	struct certificate c = {0};
	WC_RNG rng;
	int err;

	if (wc_InitRng(&rng))
		return SBC_ECRYPTO;
	err = make_key_and_certificate(&c, &rng);
	wc_FreeRng(&rng);
	if (!err)
		err = certificate_fingerprint(
			&c.fingerprint, FINGERPRINT_SHA256, c.der, c.der_len);
	if (!err)
		*certificate = c;
	mem_wipe(&c, sizeof(c));
	return err;
}

void certificate_fini(struct certificate *certificate)
{
	mem_wipe(certificate, sizeof(*certificate));
}

static int hash_type(enum fingerprint_hash hash, const char **name)
{
	switch (hash) {
	case FINGERPRINT_SHA1:
		*name = "sha-1";
		return WC_HASH_TYPE_SHA;
	case FINGERPRINT_SHA256:
		*name = "sha-256";
		return WC_HASH_TYPE_SHA256;
	case FINGERPRINT_SHA384:
		*name = "sha-384";
		return WC_HASH_TYPE_SHA384;
	case FINGERPRINT_SHA512:
		*name = "sha-512";
		return WC_HASH_TYPE_SHA512;
	case FINGERPRINT_UNKNOWN:
		break;
	}
	return WC_HASH_TYPE_NONE;
}

int certificate_fingerprint(
	struct fingerprint *out, enum fingerprint_hash hash, const uint8_t *der, size_t len)
{
	struct fingerprint f = {0};
	const char *name = "";
	int type = hash_type(hash, &name), size;

	if (type == WC_HASH_TYPE_NONE || !len || len > UINT32_MAX)
		return SBC_EINVAL;
	size = wc_HashGetDigestSize((enum wc_HashType)type);
	if (size <= 0 || (size_t)size > sizeof(f.digest) ||
		wc_Hash((enum wc_HashType)type, der, (word32)len, f.digest, (word32)size))
		return SBC_ECRYPTO;
	slice_copy(slice_str(name), f.alg, sizeof(f.alg));
	f.digest_len = (uint8_t)size;
	*out = f;
	return 0;
}
