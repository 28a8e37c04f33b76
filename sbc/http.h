/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_H
#define SBC_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/netaddr.h"
#include "base/slice.h"
#include "sbc/rpc_writer.h"

/*
 * HTTP requests and answers as pages see them (RFC 9110), and what pages share: validators,
 * negotiation, cookies. Pure; private to the sbc room.
 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

/* Slices are borrowed from the exchange and live as long as it; empty when not sent. */
struct http_request {
	enum http_method method;
	struct slice path;  /* escapes resolved, no query */
	struct slice query; /* "domain=a.test&x=1", escapes resolved */
	struct slice host;  /* Host: one value, or the request is refused before */
	struct slice origin;
	struct slice accept;
	struct slice if_none_match;
	struct slice authorization;
	struct slice cookie;
	struct slice content_type;
	struct slice body;
	struct netaddr peer;
	bool is_tls;
	bool is_certified;    /* a client certificate that chains to our CA was shown */
	char certificate[64]; /* its common name */
};

#define HTTP_HEADER_MAX 12

struct http_header {
	const char *name;  /* static, lower case */
	const char *value; /* borrowed for the call of http_server_answer() */
};

struct http_answer {
	unsigned status;
	const char *type;  /* static; NULL: nothing is told */
	struct slice body; /* copied */
	/* Instead of body when not NULL: taken over, empty afterwards, and sent block by block
	 * as fast as the client reads. */
	struct rpc_out *out;
	struct http_header headers[HTTP_HEADER_MAX];
	size_t header_count;
};

/* More than there is room for is a mistake of ours: asserts. */
void http_answer_add(struct http_answer *answer, const char *name, const char *value);

#define HTTP_ETAG_MAX 40
/* A name for the content, in quotes. It has to differ, not to resist. */
void http_etag(char out[HTTP_ETAG_MAX], struct slice content);
/* RFC 9110 section 13.1.2: one of the list, weak or not, or '*'. */
bool http_etag_matches(struct slice if_none_match, const char *etag);

/* How much an Accept header wants a media type: 0 to 1000; 1000 when it was not sent (RFC 9110
 * section 12.5.1). is_named: only what it names itself counts, no wildcard. */
unsigned http_accepts(struct slice accept, const char *type, bool is_named);

/* The value of one argument of a query or one cookie; NULL pointer: it is not there. */
struct slice http_query(struct slice query, struct slice name);
struct slice http_cookie(struct slice cookie, struct slice name);

#endif
