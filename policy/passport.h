/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_PASSPORT_H
#define POLICY_PASSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/json.h"
#include "base/slice.h"
#include "policy/name.h"

/*
 * PASSporT (RFC 8225): header and claims as bytes and as values; also of the types shaken (RFC
 * 8588), div (RFC 8946) and msec (RFC 8862). Signing is elsewhere. Pure.
 */

enum passport_type {
	PASSPORT_BASE,
	PASSPORT_SHAKEN,
	PASSPORT_DIV,
	PASSPORT_MSEC,
	PASSPORT_RSP, /* RFC 9970: by name only, see rsp.c; never parsed or written */
};
/* Of a ppt parameter; empty: base. SBC_ENOENT: of a type that we do not know. */
int passport_type_of(struct slice ppt, enum passport_type *out);

/* The claims that we make. */
struct passport_claims {
	enum passport_type type;
	const struct identity_name *orig; /* borrowed */
	const struct identity_name *dest; /* borrowed */
	int64_t iat;
	const struct fingerprint_set *mky; /* borrowed; NULL or empty: no mky */
	char attest;                       /* shaken: 'A', 'B' or 'C' */
	struct slice origid;               /* shaken */
	const struct identity_name *div;   /* div: who was called before; borrowed */
};

/* Appends header "." payload, each base64url: what ES256 signs. In the one form of RFC 8225
 * section 9. Returns out's err. */
int passport_put(struct buf *out, struct slice x5u, const struct passport_claims *claims);

struct passport {
	struct json_document *header, *payload; /* owned */
	enum passport_type type;
	/* Borrowed from them. */
	struct slice alg, ppt, x5u; /* ppt: NULL pointer when absent */
	char attest;                /* shaken; else 0 */
	struct slice origid;        /* shaken */
	int64_t iat;
	bool has_mky;
	struct fingerprint_set mky;
};

/* From the two base64url texts of a full form. SBC_EPARSE: anything that may not be there
 * or is missing, and *why (static) says what; SBC_ENOMEM. passport_fini in any case. said:
 * what stood beside it, which saves a parser where the header says the same; may be NULL. */
struct passport_parameters {
	struct slice info, ppt; /* of the header field; borrowed as long as the passport */
};
int passport_parse(struct passport *out, struct slice header, struct slice payload,
	const struct passport_parameters *said, const char **why);
void passport_fini(struct passport *passport);

bool passport_has_orig(const struct passport *passport, const struct identity_name *from);
bool passport_has_dest(const struct passport *passport, const struct identity_name *to);
/* div: who was called before. SBC_EPARSE, SBC_ELIMIT. */
int passport_diverted(const struct passport *div, struct identity_name *out);

#endif
