/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a request is refused: codes and phrases (STANDARDS section 8; DEC-9: the phrase follows
 * the mechanism), and which refusal counts. Pure. */

#include "policy/verdict.h"

#include <stdio.h>

#include "policy/altered.h"

static const char *phrase_of(int code, enum identity_mechanism mechanism)
{
	bool is_old = mechanism == IDENTITY_RFC4474;

	switch (code) {
	case 403:
		return "Stale Date";
	case 428:
		return "Use Identity Header";
	case 436:
		return is_old ? "Bad Identity-Info" : "Bad Identity Info";
	case 437:
		return is_old ? "Unsupported Certificate" : "Unsupported Credential";
	case 438:
		return "Invalid Identity Header";
	case 503:
		return "Service Unavailable";
	default:
		return "Server Internal Error";
	}
}

enum judgement verdict_refuse_as(
	struct identity_verdict *verdict, int code, const char *phrase, const char *why)
{
	verdict->outcome = IDENTITY_REFUSED;
	verdict->code = code;
	verdict->phrase = phrase;
	snprintf(verdict->why, sizeof(verdict->why), "%s", why ? why : "");
	verdict->fingerprints = (struct fingerprint_set){0};
	return JUDGED_REFUSED;
}

enum judgement verdict_refuse(struct identity_verdict *verdict, int code, const char *why)
{
	return verdict_refuse_as(verdict, code, phrase_of(code, verdict->mechanism), why);
}

enum judgement verdict_refuse_altered(
	const struct verification *v, struct identity_verdict *verdict, const char *why)
{
	const char *by = altered_by(v->facts, verdict->mechanism);
	char both[sizeof(verdict->why)];

	if (!by)
		return verdict_refuse(verdict, 438, why);
	snprintf(both, sizeof(both), "%s: %s", why, by);
	return verdict_refuse(verdict, 438, both);
}

/* ID8224-42: the most specific evidence first; our own failures before all. */
int verdict_rank(int code)
{
	switch (code) {
	case 438:
		return 5;
	case 437:
		return 4;
	case 403:
		return 3;
	case 436:
		return 2;
	case 428:
		return 1;
	default:
		return 6;
	}
}

bool is_fresh(int64_t moment, int64_t now_s, int64_t max_age_s)
{
	return moment >= now_s - max_age_s && moment <= now_s + max_age_s;
}

enum judgement verdict_fetch(struct identity_verdict *verdict)
{
	verdict->outcome = IDENTITY_NEED_CERTIFICATE;
	verdict->fingerprints = (struct fingerprint_set){0};
	return JUDGED_FETCH;
}
