/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_GET_H
#define SBC_HTTP_GET_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/netaddr.h"
#include "base/slice.h"

/*
 * Fetches signers' certificates for policy with libcurl, on a thread and loop of its own:
 * the signalling loop never waits for it. Bounded in time, bytes, redirects and parallel
 * transfers; refuses addresses that a stranger has no business to send us to
 * (loopback, private, link-local, ...: SSRF) unless listed, and checks the address really
 * connected to, on every connection.
 */
struct http_get;

struct http_get_host { /* a static name, before any DNS */
	const char *name;
	struct netaddr address;
};

/* Which redirects are followed; http stays for those who may use it and where it began. */
enum fetch_redirects {
	FETCH_REDIRECTS_OFF,
	FETCH_REDIRECTS_SAME_HOST,
	FETCH_REDIRECTS_HTTPS, /* to any https: URL */
};
#define FETCH_REDIRECT_MAX 3 /* of one fetch */

struct http_get_config {
	struct slice ca_pem;               /* empty: the system's; copied */
	const struct netaddr_block *allow; /* copied */
	size_t allow_count;
	const struct http_get_host *hosts; /* copied */
	size_t host_count;
	enum fetch_redirects redirects;
	unsigned timeout_ms;   /* of one fetch in all, its redirects included */
	size_t size_max;       /* bytes of a body */
	unsigned parallel_max; /* transfers at once */
	unsigned queue_max;    /* waiting for a place */
};

/* Exactly once per http_get_start() that returned 0, on the signalling loop, never inside
 * it. err 0: body holds the answer to a 200, max_age_s its freshness, no longer than that
 * of the redirects before it (-1: not told).
 * Otherwise SBC_EPEER, SBC_ELIMIT or SBC_EPROTO, and why says it in short words. */
struct http_get_result {
	int err;
	const char *why;   /* borrowed for the call */
	struct slice url;  /* likewise; the one that was asked for */
	struct slice body; /* likewise */
	unsigned redirect_count;
	int64_t max_age_s;
	const char *date; /* the server's, as written; "": none; also with err */
};

#define HTTP_GET_DATE_MAX 40 /* bytes; "Thu, 21 Feb 2002 13:02:03 GMT" */

typedef void(http_get_h)(const struct http_get_result *result, void *arg);

int http_get_new(struct http_get **out, uv_loop_t *loop, const struct http_get_config *config,
	http_get_h *done, void *arg);

/* One transfer per URL at a time: a second start of the same URL joins it, and there is one
 * result for both. allow_http: http: URLs may pass. SBC_EINVAL: not a URL we fetch;
 * SBC_ELIMIT: queue full. */
int http_get_start(struct http_get *get, struct slice url, bool allow_http);

/* Other CAs, for transfers that begin from now on; in two steps, of which only the first, on
 * any thread, can fail: SBC_ENOMEM. */
struct http_get_ca;
int http_get_ca_new(struct http_get_ca **out, struct slice pem);
void http_get_ca_free(struct http_get_ca *ca); /* NULL is allowed */
/* Takes ca over. */
void http_get_set_ca(struct http_get *get, struct http_get_ca *ca);

typedef void(http_get_closed_h)(void *arg);
/* Stops its thread; no result comes any more; closed, then frees. */
void http_get_close(struct http_get *get, http_get_closed_h *closed, void *arg);

#endif
