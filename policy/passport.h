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
 * PASSporT (RFC 8225): header and claims as bytes and as values; shaken (RFC 8588) when
 * received. Signing is elsewhere. Pure.
 */

/* The claims that we make. */
struct passport_claims {
	const struct identity_name *orig; /* borrowed */
	const struct identity_name *dest; /* borrowed */
	int64_t iat;
	const struct fingerprint_set *mky; /* borrowed; NULL or empty: no mky */
};

/* Appends header "." payload, each base64url: what ES256 signs. In the one form of RFC 8225
 * section 9. Returns out's err. */
int passport_put(struct buf *out, struct slice x5u, const struct passport_claims *claims);

struct passport {
	struct json_document *header, *payload; /* owned */
	/* Borrowed from them. */
	struct slice alg, ppt, x5u; /* ppt: NULL pointer when absent */
	int64_t iat;
	bool has_mky;
	struct fingerprint_set mky;
};

/* From the two base64url texts of a full form. SBC_EPARSE: anything that may not be there
 * or is missing, and *why (static) says what; SBC_ENOMEM. passport_fini in any case. */
int passport_parse(
	struct passport *out, struct slice header, struct slice payload, const char **why);
void passport_fini(struct passport *passport);

bool passport_has_orig(const struct passport *passport, const struct identity_name *from);
bool passport_has_dest(const struct passport *passport, const struct identity_name *to);

#endif
