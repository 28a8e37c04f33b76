/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SIP_BUILD_H
#define SBC_SIP_BUILD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "sbc/sip_msg.h"

/*
 * Writes SIP messages as text, line by line, from values that are known to be clean: what
 * is signed is exactly what is sent. Pure. Each function returns the buf's err; a value
 * with CR, LF or NUL in it gives SBC_EINVAL and writes nothing.
 */

/* Extra header lines are whole: "Name: value\r\n", any number of them. */
struct sip_response_spec {
	uint16_t code;
	struct slice reason; /* empty: the usual phrase of the code */
	struct slice to_tag; /* added to To unless it has a tag; empty: none */
	struct slice lines;  /* extra header lines */
	struct slice content_type;
	struct slice body; /* Content-Length is always written */
};

/* Via, From, To, Call-ID and CSeq are the request's. source: where it came from, for
 * received and rport (RFC 3261 section 18.2.1, RFC 3581) on the top Via. */
int sip_build_response(struct buf *out, const struct sip_msg *request,
	const struct netaddr *source, const struct sip_response_spec *spec);

/* As sip_build_response() for bytes that did not parse: SBC_EPARSE when not even Via, From,
 * To, Call-ID and CSeq are there, or when it is a response or an ACK. No body. */
int sip_build_refusal(struct buf *out, const struct sip_scan *scan,
	const struct netaddr *source, uint16_t code, struct slice reason);

struct sip_request_spec {
	struct slice method;
	struct slice request_uri;
	struct slice via;    /* "SIP/2.0/TLS host:port;branch=...;rport" */
	struct slice routes; /* whole Route lines, may be empty */
	struct slice from;   /* values, with their tags */
	struct slice to;
	struct slice call_id;
	uint32_t cseq;
	int max_forwards;
	struct slice contact; /* value; empty: no Contact */
	struct slice lines;   /* extra header lines */
	struct slice content_type;
	struct slice body;
};
int sip_build_request(struct buf *out, const struct sip_request_spec *spec);

/* The ACK for a 300-699 (RFC 3261 section 17.1.1.3) and the CANCEL (section 9.1) of an
 * INVITE, from its bytes as they were sent. to: the To value of the response. */
int sip_build_ack(struct buf *out, struct slice invite, struct slice to);
int sip_build_cancel(struct buf *out, struct slice invite, struct slice lines);

/* "200" to "OK"; "Unknown" if we have no phrase. Static. */
const char *sip_reason_phrase(uint16_t code);

#endif
