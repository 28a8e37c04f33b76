/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_FETCH_H
#define CTL_CTL_FETCH_H

#include "base/buf.h"
#include "base/netaddr.h"
#include "sbc/http_get.h"

/* Fetches one URL as the daemon does: by its own fetcher, with its guard and its ceilings. */

#define CTL_FETCH_ALLOW_MAX 64
#define CTL_FETCH_HOST_MAX  64

struct ctl_fetch_rules {
	struct buf ca; /* PEM, of the servers; empty: the system's */
	struct netaddr_block allow[CTL_FETCH_ALLOW_MAX]; /* addresses refused else */
	size_t allow_count;
	struct http_get_host hosts[CTL_FETCH_HOST_MAX]; /* before any DNS; names borrowed */
	size_t host_count;
	bool allow_http;
	enum fetch_redirects redirects; /* none, unless a configuration says otherwise */
	unsigned timeout_ms;
	size_t size_max;
};

void ctl_fetch_rules_init(struct ctl_fetch_rules *rules);
void ctl_fetch_rules_fini(struct ctl_fetch_rules *rules);
/* One more address or block. SBC_EINVAL, SBC_ELIMIT. */
int ctl_fetch_allow(struct ctl_fetch_rules *rules, const char *block);

struct ctl_fetched {
	int err;      /* as of struct http_get_result */
	char why[96]; /* in short words */
	struct buf body;
	int64_t max_age_s;            /* -1: not told */
	char date[HTTP_GET_DATE_MAX]; /* the server's; "": none */
};

/* Returns out->err; waits at most the timeout. ctl_fetched_fini() in any case. */
int ctl_fetch(const struct ctl_fetch_rules *rules, struct slice url, struct ctl_fetched *out);
void ctl_fetched_fini(struct ctl_fetched *fetched);

#endif
