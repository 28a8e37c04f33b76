/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_GUARD_H
#define SBC_HTTP_GUARD_H

#include "base/clock.h"
#include "base/random.h"
#include "sbc/http.h"

/*
 * Who may use the management pages: whoever has the token, in Authorization (RFC 6750) or, once
 * it logged in with it, a session cookie (RFC 6265); and whoever shows a client certificate. A
 * page of somebody else's that a browser shows may not: neither by another site's form or
 * script (Origin, SameSite), nor under a name that was made to point here (Host). Pure; private
 * to the sbc room.
 */
struct http_guard;

#define HTTP_TOKEN_MIN   16 /* characters */
#define HTTP_TOKEN_MAX   128
#define HTTP_SESSION_MAX 16  /* at once; the one that was idle longest goes */
#define HTTP_COOKIE_SIZE 128 /* of a Set-Cookie value */

struct http_guard_config {
	struct slice token; /* copied; a length between the two above */
	const char *names;  /* that Host may have beside addresses and localhost, with blanks
			     * between; copied */
	struct random_source random;
};

/* SBC_EINVAL: such a token; SBC_ENOMEM. */
int http_guard_new(struct http_guard **out, const struct http_guard_config *config);
void http_guard_free(struct http_guard *guard); /* NULL is allowed */

/* 0, or the status for a request that is not from a page of ours: 421, 403. */
unsigned http_guard_check(const struct http_guard *guard, const struct http_request *request);

enum http_right {
	HTTP_RIGHT_NONE,
	HTTP_RIGHT_TOKEN,
	HTTP_RIGHT_CERTIFICATE,
	HTTP_RIGHT_SESSION
};
/* After http_guard_check(). Keeps a session alive. */
enum http_right http_guard_right(
	struct http_guard *guard, const struct http_request *request, usec_t now);

/* 204: cookie is the value for Set-Cookie. 401: another token; 429: too many of these. */
unsigned http_guard_login(struct http_guard *guard, const struct http_request *request,
	struct slice token, usec_t now, char cookie[HTTP_COOKIE_SIZE]);
/* The request's session ends; cookie is what makes the browser forget it. */
void http_guard_logout(struct http_guard *guard, const struct http_request *request,
	char cookie[HTTP_COOKIE_SIZE]);

#endif
