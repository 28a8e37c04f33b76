/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may use the management pages. Pure. */

#include "sbc/http_guard.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

#define SESSION_LEN  32                     /* characters of 5 bits */
#define IDLE_US      (1800 * USEC_PER_SEC)  /* a session that nobody uses */
#define LIFE_US      (43200 * USEC_PER_SEC) /* one that is used */
#define FAILED_MAX   5                      /* wrong tokens in a row; then one each */
#define FAILED_EVERY (3 * USEC_PER_SEC)
#define NAMES_MAX    512

static const char cookie_name[] = "countersip_session";

struct session {
	char id[SESSION_LEN + 1]; /* empty: free */
	usec_t began, used;
};

struct http_guard {
	char token[HTTP_TOKEN_MAX];
	size_t token_len;
	char names[NAMES_MAX];
	struct random_source random;
	struct session sessions[HTTP_SESSION_MAX];
	usec_t failed_until; /* a wrong token each FAILED_EVERY is forgiven */
};

int http_guard_new(struct http_guard **out, const struct http_guard_config *config)
{
	struct http_guard *guard;

	if (config->token.len < HTTP_TOKEN_MIN || config->token.len > HTTP_TOKEN_MAX)
		return SBC_EINVAL;
	guard = mem_alloc(sizeof(*guard));
	if (!guard)
		return SBC_ENOMEM;
	memcpy(guard->token, config->token.ptr, config->token.len);
	guard->token_len = config->token.len;
	guard->random = config->random;
	if (slice_copy(slice_str(config->names), guard->names, sizeof(guard->names))) {
		http_guard_free(guard);
		return SBC_EINVAL;
	}
	*out = guard;
	return 0;
}

void http_guard_free(struct http_guard *guard)
{
	if (!guard)
		return;
	mem_wipe(guard, sizeof(*guard));
	mem_free(guard);
}

/* ---- whose page ---- */

static bool is_listed(struct slice names, struct slice name)
{
	while (names.len) {
		struct slice one = slice_cut(&names, ' ');
		if (one.len && slice_equal_nocase(one, name))
			return true;
	}
	return false;
}

/* A literal address cannot be made to point elsewhere; a name can, by whoever has it. */
static bool is_our_host(const struct http_guard *guard, struct slice host)
{
	struct netaddr address;
	struct slice name = slice_head(host, slice_find(host, ':'));

	if (!host.len)
		return false;
	if (!netaddr_parse_hostport(&address, host, 80))
		return true;
	return slice_equal_nocase(name, SLICE("localhost")) ||
	       is_listed(slice_str(guard->names), name);
}

/* "https://HOST"; a proxy in front of us may speak TLS for us, so either scheme. */
static bool is_our_origin(struct slice origin, struct slice host)
{
	if (slice_starts_nocase(origin, SLICE("https://")))
		origin = slice_from(origin, 8);
	else if (slice_starts_nocase(origin, SLICE("http://")))
		origin = slice_from(origin, 7);
	else
		return false; /* "null" too */
	return slice_equal_nocase(origin, host);
}

unsigned http_guard_check(const struct http_guard *guard, const struct http_request *request)
{
	if (!is_our_host(guard, request->host))
		return 421; /* RFC 9110 section 15.5.20 */
	if (request->origin.len && !is_our_origin(request->origin, request->host))
		return 403;
	return 0;
}

/* ---- who ---- */

static bool is_token(const struct http_guard *guard, struct slice token)
{
	return token.len == guard->token_len &&
	       mem_equal_secret(token.ptr, guard->token, token.len);
}

static void end_session(struct session *session)
{
	mem_wipe(session, sizeof(*session));
	*session = (struct session){0};
}

/* All of them are looked at, whatever is found. */
static struct session *find_session(struct http_guard *guard, struct slice cookie)
{
	struct slice id = http_cookie(cookie, slice_str(cookie_name));
	struct session *found = NULL;

	for (size_t i = 0; i < HTTP_SESSION_MAX && id.len == SESSION_LEN; i++)
		if (mem_equal_secret(guard->sessions[i].id, id.ptr, SESSION_LEN))
			found = &guard->sessions[i];
	return found;
}

static bool has_session(
	struct http_guard *guard, const struct http_request *request, usec_t now)
{
	struct session *session = find_session(guard, request->cookie);

	if (!session)
		return false;
	if (now - session->used > IDLE_US || now - session->began > LIFE_US) {
		end_session(session);
		return false;
	}
	/* Every browser tells who sends a POST; whoever does not is none. */
	if (request->method != HTTP_GET && request->method != HTTP_HEAD && !request->origin.len)
		return false;
	session->used = now;
	return true;
}

enum http_right http_guard_right(
	struct http_guard *guard, const struct http_request *request, usec_t now)
{
	if (request->is_certified)
		return HTTP_RIGHT_CERTIFICATE;
	if (slice_starts_nocase(request->authorization, SLICE("Bearer ")))
		return is_token(guard, slice_trim(slice_from(request->authorization, 7)))
			       ? HTTP_RIGHT_TOKEN
			       : HTTP_RIGHT_NONE;
	return has_session(guard, request, now) ? HTTP_RIGHT_SESSION : HTTP_RIGHT_NONE;
}

/* ---- sessions ---- */

static struct session *new_session(struct http_guard *guard, usec_t now)
{
	struct session *oldest = &guard->sessions[0];

	for (size_t i = 0; i < HTTP_SESSION_MAX; i++) {
		if (!guard->sessions[i].id[0]) {
			oldest = &guard->sessions[i];
			break;
		}
		if (guard->sessions[i].used < oldest->used)
			oldest = &guard->sessions[i];
	}
	random_token(&guard->random, oldest->id, SESSION_LEN);
	oldest->began = oldest->used = now;
	return oldest;
}

static void print_cookie(char out[HTTP_COOKIE_SIZE], const struct http_request *request,
	const char *id, int age_s)
{
	snprintf(out, HTTP_COOKIE_SIZE,
		"%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", cookie_name, id,
		age_s, request->is_tls ? "; Secure" : "");
}

unsigned http_guard_login(struct http_guard *guard, const struct http_request *request,
	struct slice token, usec_t now, char cookie[HTTP_COOKIE_SIZE])
{
	struct session *session;

	if (guard->failed_until < now)
		guard->failed_until = now;
	if (guard->failed_until - now > (FAILED_MAX - 1) * FAILED_EVERY)
		return 429;
	if (!is_token(guard, token)) {
		guard->failed_until += FAILED_EVERY;
		return 401;
	}
	session = new_session(guard, now);
	print_cookie(cookie, request, session->id, LIFE_US / USEC_PER_SEC);
	return 204;
}

void http_guard_logout(struct http_guard *guard, const struct http_request *request,
	char cookie[HTTP_COOKIE_SIZE])
{
	struct session *session = find_session(guard, request->cookie);

	if (session)
		end_session(session);
	print_cookie(cookie, request, "", 0);
}
