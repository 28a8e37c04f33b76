/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_RFC4474_H
#define POLICY_RFC4474_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* What RFC 4474 section 9 signs, as bytes of the message. Pure. */
struct rfc4474_fields {
	struct slice from_uri; /* addr-spec as written (DS-1) */
	struct slice to_uri;
	struct slice call_id;
	uint32_t cseq;
	struct slice method;
	struct slice date;
	struct slice contact_uri; /* empty: none (DS-5) */
	struct slice body;        /* exactly Content-Length bytes (DS-6) */
};

#define RFC4474_TEXT_MAX (1 << 20) /* bytes: a body is bounded by the transport before */

/* Appends the digest-string. SBC_EPROTO: a separator or line end inside of a field, which
 * would let one text stand for two messages (LESSONS: I7); out's err. */
int rfc4474_put(struct buf *out, const struct rfc4474_fields *fields);

#endif
