/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_SIP_LITE_H
#define BENCH_SIP_LITE_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * As much of a SIP message as a load generator must know: it speaks with programs that write
 * well. Everything is borrowed from the bytes that were read.
 */
#define SIP_LITE_LINES 8 /* Via and Record-Route lines that are kept */

struct sip_lite {
	unsigned code;       /* 0: a request */
	struct slice method; /* of CSeq */
	struct slice uri;    /* Request-URI */
	struct slice call_id, from, to, cseq, contact;
	struct slice vias[SIP_LITE_LINES]; /* whole lines */
	size_t via_count;
	struct slice routes[SIP_LITE_LINES]; /* values of Record-Route */
	size_t route_count;
	bool has_retry_after;
	struct slice body;
};

/* SBC_EPARSE: no message, or one without Call-ID and CSeq. */
int sip_lite_read(struct sip_lite *out, struct slice bytes);

/* The user part of a sip: URI, or of the one in angle brackets; empty: none. */
struct slice sip_lite_user(struct slice uri);
/* What stands in the angle brackets; the whole of it when there are none. */
struct slice sip_lite_uri(struct slice address);

/* A response to that request. to_tag: empty where To has one. lines: whole ones. */
void sip_lite_answer(struct buf *out, const struct sip_lite *request, const char *status,
	const char *to_tag, const char *lines, struct slice body);

#endif
