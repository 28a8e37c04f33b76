/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_CERT_VIEW_H
#define POLICY_CERT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * A certificate with its chain as a person wants to see it, judged by what verdicts are
 * judged by. For tools: nothing of a call depends on it. Any thread. Texts are terminated;
 * they are a stranger's bytes and may hold anything.
 */

#define CERT_VIEW_CHAIN_MAX  8
#define CERT_VIEW_NAME_MAX   16
#define CERT_VIEW_NUMBER_MAX 256
#define CERT_VIEW_TEXT_MAX   512

enum cert_view_key {
	CERT_VIEW_KEY_UNKNOWN,
	CERT_VIEW_KEY_P256,
	CERT_VIEW_KEY_EC, /* another curve */
	CERT_VIEW_KEY_RSA,
};

struct cert_view {
	char subject[CERT_VIEW_TEXT_MAX]; /* "/CN=atlanta.test" */
	char issuer[CERT_VIEW_TEXT_MAX];
	char serial[64];      /* hex */
	char fingerprint[96]; /* of the DER: SHA-256, upper case hex with colons */
	enum cert_view_key key;
	unsigned key_bits;
	bool is_key_strong;    /* enough for a chain */
	bool is_weakly_signed; /* with MD5 or SHA-1 */
	int64_t not_before, not_after;
	bool is_ca;
	bool is_self_issued;
	bool may_sign;      /* keyUsage absent, or with digitalSignature */
	bool has_purposes;  /* extendedKeyUsage is there; */
	bool may_be_server; /* with serverAuth or any */
	bool may_be_client; /* with clientAuth or any */
	bool is_critical;   /* an extension must be understood and is not */
};

struct cert_view_name {
	bool is_uri;
	char text[CERT_VIEW_TEXT_MAX];
};

struct cert;

struct cert_report {
	bool is_pem;          /* else DER */
	bool has_private_key; /* beside the certificates: it must not be served */
	size_t count;
	struct cert_view chain[CERT_VIEW_CHAIN_MAX]; /* the leaf first */
	/* of the leaf */
	bool is_readable;
	bool is_trusted; /* chains to an anchor, leaving dates aside */
	const char *why; /* static: what is wrong when it is not */
	int64_t chain_not_before, chain_not_after; /* trusted: when all of the chain is valid */
	size_t name_count;
	struct cert_view_name names[CERT_VIEW_NAME_MAX]; /* subjectAltName */
	size_t number_count;
	char numbers[CERT_VIEW_NUMBER_MAX][48]; /* "12155551212", "12155551200 and 99 more",
						   "SPC 709J" */
	const char *limit; /* static: why it vouches for nothing here; NULL: nothing such */
	struct cert *_cert;
};

/* body: PEM (leaf first) or DER. anchors and crls: PEM, may be empty. What cannot be read gives
 * a report that says so. SBC_EPARSE: the anchors or crls cannot be used, which complaint
 * (static) then is; SBC_ENOMEM, SBC_ECRYPTO. */
int cert_report_new(struct cert_report **out, struct slice body, struct slice anchors,
	struct slice crls, const char **complaint);
void cert_report_free(struct cert_report *report); /* NULL is allowed */

/* As verdicts have it: exactly and without wildcards, the CN only without subjectAltName. */
bool cert_report_covers(const struct cert_report *report, struct slice host);
/* digits, without '+'; codes: service provider codes that may vouch for any number. */
bool cert_report_covers_number(
	const struct cert_report *report, struct slice number, struct slice codes);
/* Does the first private key of the PEM belong to the leaf? SBC_EPARSE: there is none, or it
 * is encrypted; SBC_ECRYPTO: it does not; SBC_ENOMEM. */
int cert_report_match(const struct cert_report *report, struct slice key_pem);

#endif
