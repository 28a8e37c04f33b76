/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SESSION_ID_H
#define SBC_SESSION_ID_H

#include "base/buf.h"
#include "base/random.h"
#include "base/slice.h"

/*
 * Session-ID of RFC 7989: each end of a call has a value of its own, and both values cross
 * every element between them unchanged, so that the parts of a call can be found. Pure.
 */
#define SESSION_ID_LEN 32 /* lower-case hexadecimal digits */

/* One end's value; "" is unknown, written as the nil value. */
struct session_id {
	char text[SESSION_ID_LEN + 1];
};

/* The sender's own value of a header; also in the form of RFC 7329 (DEC-17). SBC_EPARSE:
 * not one, or nil. */
int session_id_parse(struct session_id *out, struct slice header);
/* On behalf of an end that has none (section 7: an intermediary may). */
void session_id_new(struct session_id *out, const struct random_source *random);
/* A whole header line from one end to the other. */
int session_id_print(
	struct buf *out, const struct session_id *local, const struct session_id *remote);

#endif
