/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_FETCH_H
#define CTL_DOCTOR_FETCH_H

#include "base/netaddr.h"
#include "tools/ctl/ctl_fetch.h"
#include "tools/ctl/doctor_finding.h"

/* What fetching a certificate showed, judged: rows IDN-2 to IDN-4. Pure. */

struct identity_fetch {
	const char *url;
	struct slice host; /* of url */
	uint16_t port;
	struct netaddr from; /* the address that was tried */
};

/* It failed: why. Within row IDN-2. */
void identity_judge_fetch(const struct identity_fetch *seen, const struct ctl_fetched *fetched,
	struct findings *out);
/* IDN-3. date: the server's, RFC 9110; "": none. */
void identity_judge_clock(const char *date, int64_t now_s, struct findings *out);
/* IDN-4. max_age_s: of Cache-Control; -1: none. */
void identity_judge_caching(int64_t max_age_s, struct findings *out);

#endif
