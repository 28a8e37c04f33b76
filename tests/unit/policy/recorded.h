/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_POLICY_RECORDED_H
#define TESTS_UNIT_POLICY_RECORDED_H

#include "tests/unit/policy/scene.h"

/* A recorded request (tests/vectors, .sip) read just well enough to become facts. */
struct recorded {
	struct buf bytes;
	char method[16];
};

static inline struct slice recorded_header(const struct recorded *r, const char *name)
{
	char pattern[64];
	const char *at, *end;

	snprintf(pattern, sizeof(pattern), "\r\n%s: ", name);
	at = strstr(r->bytes.data, pattern);
	if (!at)
		return (struct slice){0};
	at += strlen(pattern);
	end = strstr(at, "\r\n");
	return slice_trim(slice_of(at, (size_t)(end - at)));
}

/* What stands between the angle brackets. */
static inline struct slice recorded_uri(const struct recorded *r, const char *name)
{
	struct slice rest = recorded_header(r, name);

	slice_cut(&rest, '<');
	return slice_cut(&rest, '>');
}

static inline void recorded_load(struct recorded *r, const char *path, struct scene *s)
{
	struct slice cseq, rest;
	struct fingerprint f;
	const char *body, *line;
	uint64_t number;

	r->bytes = file_bytes(path);
	cseq = recorded_header(r, "CSeq");
	rest = cseq;
	assert_int_equal(0, slice_to_u64(slice_cut(&rest, ' '), UINT32_MAX, &number));
	slice_copy(rest, r->method, sizeof(r->method));
	body = strstr(r->bytes.data, "\r\n\r\n") + 4;
	rest = recorded_header(r, "From");
	while (rest.len && !slice_starts(rest, SLICE("tag=")))
		rest = slice_from(rest, 1);
	s->fingerprints = (struct fingerprint_set){0};
	line = strstr(body, "a=fingerprint:");
	if (line) {
		line += strlen("a=fingerprint:");
		assert_int_equal(0, fingerprint_parse(&f, slice_of(line, strcspn(line, "\r"))));
		fingerprint_set_add(&s->fingerprints, &f);
	}
	s->facts = (struct identity_facts){.method = slice_str(r->method),
		.from_uri = recorded_uri(r, "From"),
		.from_tag = slice_from(rest, 4),
		.to_uri = recorded_uri(r, "To"),
		.call_id = recorded_header(r, "Call-ID"),
		.cseq = (uint32_t)number,
		.contact_uri = recorded_uri(r, "Contact"),
		.date = recorded_header(r, "Date"),
		.body = slice_of(body, r->bytes.len - (size_t)(body - r->bytes.data)),
		.identity = {recorded_header(r, "Identity")},
		.identity_count = 1,
		.identity_info = recorded_header(r, "Identity-Info"),
		.fingerprints = &s->fingerprints};
}

#endif
