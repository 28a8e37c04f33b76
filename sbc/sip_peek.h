/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SIP_PEEK_H
#define SBC_SIP_PEEK_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * A glance at SIP bytes, for those who only write them down: which dialog, which method,
 * between whom. No judgement: what is missing or broken is the empty slice. Pure; linear in
 * the header; allocates nothing. Private to the sbc room.
 */

struct sip_peek {
	struct slice call_id;
	struct slice method; /* CSeq's */
	struct slice from;   /* whole values */
	struct slice to;
	struct slice request_uri; /* empty: a response */
};

/* Slices are borrowed from bytes. */
void sip_peek(struct sip_peek *out, struct slice bytes);

/* The user part of the first URI in a From, To or Request-URI value: "alice", "+4930123". */
struct slice sip_peek_user(struct slice value);

/* What proves a password or is a key of media becomes '*', in place: response="..." of a
 * digest, inline: of a=crypto (RFC 4568). Its length stays to be seen. */
void sip_mask(char *bytes, size_t len);

#endif
