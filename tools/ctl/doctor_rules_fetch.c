/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IDN-2 to IDN-4. Pure. */

#include "tools/ctl/doctor_fetch.h"

#include <time.h>

#include "tools/ctl/doctor_cert.h"

#define SKEW_FRESH_S 60 /* RFC 8224: what is older is stale (DEC-7) */
#define SKEW_NOTED_S 10
#define SERVER_DATE  "%a, %d %b %Y %H:%M:%S GMT"

void identity_judge_fetch(const struct identity_fetch *seen, const struct ctl_fetched *fetched,
	struct findings *out)
{
	const char *host = fact_copy(out->arena, seen->host);
	char text[NETADDR_TEXT_MAX];

	found(out, SEVERITY_BLOCKED, "the certificate cannot be fetched: %s", fetched->why);
	found_by(out, "GET %s, at %s", seen->url, netaddr_print(&seen->from, text));
	if (strstr(fetched->why, "address is not one"))
		found_fix(out,
			"verifiers fetch from public addresses only: give the name one. In "
			"a lab: fetch.allow of each verifier, and --allow here");
	else if (strstr(fetched->why, "refused"))
		found_fix(out,
			"on that host: ss -ltnp 'sport = :%u'; the section http serves it",
			seen->port);
	else if (strstr(fetched->why, "not trusted"))
		found_fix(out, "a certificate for %s from a CA that verifiers have", host);
	else if (strstr(fetched->why, "answered"))
		found_fix(out, "curl -si %s; the section http serves /cert",
			say_shell(out, seen->url));
	else if (strstr(fetched->why, "in time"))
		found_fix(out, "verifiers wait a few seconds: curl -w '%%{time_total}' %s",
			say_shell(out, seen->url));
	else
		found_fix(out, "curl -v %s", say_shell(out, seen->url));
}

void identity_judge_clock(const char *date, int64_t now_s, struct findings *out)
{
	struct tm tm = {0};
	int64_t skew;
	const char *direction;

	findings_begin(out, "IDN-3", "clocks");
	if (!strptime(date, SERVER_DATE, &tm)) {
		found(out, SEVERITY_INFO, "the server tells no time: clocks are not compared");
		findings_end(out);
		return;
	}
	skew = now_s - (int64_t)timegm(&tm);
	direction = skew < 0 ? "behind" : "ahead of";
	skew = skew < 0 ? -skew : skew;
	if (skew > SKEW_NOTED_S) {
		found(out, skew > SKEW_FRESH_S ? SEVERITY_BLOCKED : SEVERITY_WARN,
			"the clock here is %s %s the server's: signatures are fresh for %d s",
			say_span(out, skew), direction, SKEW_FRESH_S);
		found_by(out, "Date: %s, it is %s here", date, say_time(out, now_s));
		found_fix(out, "timedatectl set-ntp true, on whichever is wrong");
	}
	findings_end(out);
}

void identity_judge_caching(int64_t max_age_s, struct findings *out)
{
	findings_begin(out, "IDN-4", "caching");
	if (max_age_s <= 0) {
		found(out, SEVERITY_WARN,
			"verifiers are not told how long to keep the certificate: they may "
			"fetch "
			"it for each call");
		found_by(out, "Cache-Control without max-age, or with no-store");
		found_fix(out, "Cache-Control: max-age=3600");
	}
	findings_end(out);
}
