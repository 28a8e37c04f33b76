/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * The header fields: Identity of RFC 8224 section 4 (full and compact form) and of RFC 4474
 * section 9 (with Identity-Info), told apart by syntax (DEC-1). Pure.
 */

#define IDENTITY_VALUE_MAX 8192 /* bytes of one value (ID8224-8) */

enum identity_kind {
	IDENTITY_KIND_8224,
	IDENTITY_KIND_4474,
	IDENTITY_KIND_BROKEN, /* neither: judged as a present and invalid RFC 8224 one */
};

/* All slices are borrowed from the value. */
struct identity_value {
	enum identity_kind kind;
	bool is_compact;
	struct slice header, payload; /* base64url; empty in compact form */
	struct slice signed_text;     /* header "." payload as received */
	struct slice signature;       /* base64url; RFC 4474: plain base64 */
	struct slice info;            /* the URI */
	struct slice alg, ppt;        /* empty: absent */
	int code;        /* 0: well formed; 436, 438: what its fault is answered with */
	const char *why; /* static */
};

/* Never fails: what is wrong stands in code and why. */
void identity_parse(struct identity_value *out, struct slice value);

/* Cuts the next value from a header field that may hold several, separated by commas outside
 * of quotes and angle brackets (ID8224-7). Empty when there is none. */
struct slice identity_next(struct slice *rest);

/* Identity-Info of RFC 4474: "<" URI ">" [";alg=" token]. SBC_EPARSE. alg empty: absent. */
int identity_info_parse(struct slice value, struct slice *uri, struct slice *alg);

/* An absolute http or https URL that a certificate may be fetched from: printable, short,
 * without user information, backslash or fragment. */
#define IDENTITY_URL_MAX 511
bool identity_is_url(struct slice url, bool allow_http);

#endif
