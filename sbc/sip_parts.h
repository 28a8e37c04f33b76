/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SIP_PARTS_H
#define SBC_SIP_PARTS_H

/* What the files that read and write SIP text share among themselves. Pure. */

#include "sbc/sip_msg.h"
#include "sbc/sip_scan.h"

/* RFC 3261 section 25.1: one or more token characters. */
bool sip_is_token(struct slice s);
bool sip_start_is_response(struct slice start_line);
bool sip_start_is_ack(struct slice start_line);

/* Writes value to out (value.len bytes suffice), each fold as one blank (RFC 3261 section
 * 7.3.1). Returns the length. */
size_t sip_unfold(struct slice value, char *out);

/* As sip_uri_parse(); headers: what follows the '?', empty when there is none. */
int sip_uri_parse_headers(struct sip_uri *out, struct slice raw, struct slice *headers);

/* One value of a Via line, as sip_address_next(). params: after the first ';'. */
int sip_via_next(struct sip_via *out, struct slice *params, struct slice *rest);

/* Values of headers of which osip drops what it does not like without a word. */
struct sip_route_count {
	size_t route, record_route;
};

/* Our own reading of every header that we rely on, and the rules of RFC 3261 sections 8.1,
 * 8.2 and 18: fills in msg from its scan, whose lines are unfolded. SBC_EPROTO with fault
 * filled in. */
int sip_fields_read(
	struct sip_msg *msg, struct sip_route_count *count, struct sip_fault *fault);

/* Fills in fault: a request gets the code, a response or an ACK no answer at all. Returns
 * SBC_EPROTO. */
int sip_fault_set(struct sip_fault *fault, struct slice start_line, int code, const char *why);

#endif
