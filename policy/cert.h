/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_CERT_H
#define POLICY_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "policy/crypto.h"
#include "policy/tn_auth.h"

/*
 * A signer's certificate with its chain (RFC 5280), judged as RFC 8224 section 8.4, RFC 4474
 * section 13.4 and RFC 5922 want it. Times are given: no clock is read here. One thread.
 */

/* The CAs that chains must end in. */
struct cert_anchors;

#define CERT_ANCHOR_MAX 256
#define CERT_CHAIN_MAX  8     /* certificates in one chain */
#define CERT_BODY_MAX   65536 /* bytes of PEM or DER */
#define CERT_NAME_MAX   16    /* subjectAltNames that we look at */
#define CERT_TEXT_MAX   128   /* bytes of one name, terminated */
#define CERT_CRL_MAX    64    /* certificate revocation lists */

/* Revocation lists of these CAs (PEM, "X509 CRL"): a certificate that is in one is not trusted,
 * nor is any from a CA whose list ran out (by wolfSSL's clock). SBC_EPARSE: none that can be
 * read; SBC_ECRYPTO: ran out, or not signed by one of the anchors; SBC_ELIMIT, SBC_ENOMEM. */
int cert_anchors_add_crls(struct cert_anchors *anchors, struct slice pem);

/* pem may be empty: then nothing is trusted. Certificates that cannot be used are left out;
 * when none is left, SBC_EPARSE: they do not parse; SBC_ECRYPTO: no CAs, or too weak.
 * SBC_ELIMIT, SBC_ENOMEM. */
int cert_anchors_new(struct cert_anchors **out, struct slice pem);
void cert_anchors_free(struct cert_anchors *anchors);

struct cert_validity {
	int64_t not_before;
	int64_t not_after;
};

struct cert {
	bool is_read;           /* false: unknown kind or broken; then only why is set */
	struct crypto_key *key; /* owned; NULL: of a kind that we do not know */
	struct cert_validity leaf;
	bool is_trusted;            /* chains to an anchor, leaving dates aside */
	const char *why;            /* static: what is wrong when it is not trusted */
	struct cert_validity chain; /* when every certificate of the chain is valid */
	bool may_sign;              /* keyUsage, if present, has digitalSignature */
	bool is_for_sip;            /* extendedKeyUsage, if present, has sipDomain or any */
	bool has_san;               /* dNSName or URI: the CN does not count then (ID4474-35) */
	size_t name_count;
	struct cert_name {
		bool is_uri;
		char text[CERT_TEXT_MAX]; /* as written */
	} names[CERT_NAME_MAX];
	char common_name[CERT_TEXT_MAX];
	struct tn_auth *numbers; /* owned; NULL: no TNAuthList (RFC 8226) */
	/* Those of the CAs between it and the anchor: what they have was given to them, and is
	 * all that they can give on (RFC 9060). Owned. */
	struct tn_auth *bounds[CERT_CHAIN_MAX];
	size_t bound_count;
	/* It may only sign certain claims (RFC 8226 section 8, RFC 9118), or its TNAuthList
	 * is broken: it vouches for nothing here. Static; NULL: no such thing. */
	const char *limit;
};

/*
 * body: PEM (leaf, then intermediates) or one DER. anchors NULL: not judged, is_trusted stays
 * false. SBC_EPARSE: nothing that is meant as a certificate; SBC_ELIMIT, SBC_ENOMEM;
 * SBC_ECRYPTO: wolfSSL failed.
 */
int cert_new(struct cert **out, struct slice body, const struct cert_anchors *anchors);
void cert_free(struct cert *cert); /* NULL is allowed */
enum crypto_key_kind cert_key_kind(const struct cert *cert);

/* The name of the certificate that covers the host, exactly and without wildcards (RFC 5922
 * section 7.2), or NULL. */
const char *cert_covers(const struct cert *cert, struct slice host);

/* Its TNAuthList covers the number: writes "TN 1215..." or "SPC 709J" for logs. codes: see
 * tn_auth_covers(). */
bool cert_covers_number(const struct cert *cert, struct slice number, struct slice codes,
	char text[CERT_TEXT_MAX]);

/* What any certificate of a chain is held to. */
struct cert_basics {
	struct cert_validity validity;
	bool is_weakly_signed; /* with MD5 or SHA-1: it may have a twin with other names */
	bool has_strong_key;
};
/* Of one certificate in DER. SBC_EPARSE. */
int cert_read_basics(struct slice der, struct cert_basics *out);

bool cert_is_valid_at(const struct cert_validity *validity, int64_t when_s);

#endif
