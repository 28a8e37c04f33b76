/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces of proxies that rewrite what was signed. Pure. */

#include "policy/altered.h"

#include <stddef.h>

enum where { IN_BODY, IN_CONTACT, IN_CALL_ID };

static const struct {
	enum where where;
	bool is_start; /* only there */
	const char *trace;
	const char *words;
} helpers[] = {
	{IN_BODY, false, "\na=rtpengine", "the body went through rtpengine"},
	{IN_BODY, false, "\na=nortpproxy", "the body went through rtpproxy"},
	{IN_BODY, false, "\na=oldmediaip", "the body was changed by a NAT helper"},
	{IN_CONTACT, false, ";alias=", "Contact has a NAT helper's ;alias=, and is signed"},
	{IN_CONTACT, false, "line=sr-", "Contact was masked by topoh, and is signed"},
	{IN_CALL_ID, true, "!!:", "Call-ID was masked by topoh, and is signed"},
};

static bool has(struct slice text, struct slice trace, bool is_start)
{
	size_t last = is_start ? 0 : text.len;

	for (size_t at = 0; at <= last && at + trace.len <= text.len; at++) {
		struct slice part = {text.ptr + at, trace.len};

		if (slice_equal(part, trace))
			return true;
	}
	return false;
}

const char *altered_by(const struct identity_facts *facts, enum identity_mechanism mechanism)
{
	const struct slice texts[] = {[IN_BODY] = facts->body,
		[IN_CONTACT] = facts->contact_uri,
		[IN_CALL_ID] = facts->call_id};

	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++) {
		enum where where = helpers[i].where;

		/* RFC 8224 signs neither, and of the body the fingerprints alone. */
		if (mechanism == IDENTITY_RFC8224 && where != IN_BODY)
			continue;
		if (has(texts[where], slice_str(helpers[i].trace), helpers[i].is_start))
			return helpers[i].words;
	}
	return NULL;
}
