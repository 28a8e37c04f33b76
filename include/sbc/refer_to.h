/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_REFER_TO_H
#define SBC_REFER_TO_H

#include <stdbool.h>

#include "base/buf.h"
#include "sbc/sip_msg.h"

/*
 * Whom a transfer is about: the dialog that a Replaces names (RFC 3891) and the value of
 * Refer-To (RFC 3515 section 2.1), which may have one in its URI. Pure.
 */
struct replaces {
	struct slice call_id;
	struct slice to_tag;   /* of who gets the INVITE with it */
	struct slice from_tag; /* of the other end */
	bool is_early_only;
};

/* The value of a Replaces header. SBC_EPARSE: no Call-ID, or not one of each tag. */
int replaces_parse(struct replaces *out, struct slice value);

#define REFER_TO_REPLACES_MAX 512 /* bytes */

struct refer_to {
	struct sip_uri uri; /* without headers and method; slices of the value */
	bool is_other;      /* its method is not INVITE, or it is no URI to be called */
	bool has_replaces;
	struct slice tail; /* what stood behind the URI: "?Replaces=...", or empty */
	char text[REFER_TO_REPLACES_MAX]; /* the Replaces, unescaped: a header's value */
};

/* One value of Refer-To. Of its URI's headers only Replaces is looked at: the others are
 * somebody else's words in our requests (RFC 3261 section 19.1.5). SBC_EPARSE: no address,
 * an escape that is none, a control character behind one, several Replaces; SBC_ELIMIT. */
int refer_to_parse(struct refer_to *out, struct slice value);

/* "CALL-ID%3Bto-tag%3D...": a Replaces as a header of a URI. out->err tells. */
void replaces_put_escaped(const struct replaces *replaces, struct buf *out);

#endif
