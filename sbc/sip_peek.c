/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A glance at SIP bytes, and what of them nobody may read later. Pure; any thread. */

#include "sbc/sip_peek.h"

#include "sbc/sip_scan.h"

/* One header line without its end; *rest goes behind it. Folded lines stay apart: what is
 * looked for is seldom folded, and then it is missing here. */
static struct slice take_line(struct slice *rest)
{
	size_t end = slice_find(*rest, '\n');
	struct slice line = slice_head(*rest, end);

	*rest = slice_from(*rest, end + 1);
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void take_header(struct sip_peek *out, struct slice line)
{
	struct slice name = slice_trim(slice_cut(&line, ':')), value = slice_trim(line);

	if (!out->call_id.len && sip_name_is(name, "Call-ID"))
		out->call_id = value;
	else if (!out->from.len && sip_name_is(name, "From"))
		out->from = value;
	else if (!out->to.len && sip_name_is(name, "To"))
		out->to = value;
	else if (!out->method.len && sip_name_is(name, "CSeq"))
		out->method = slice_trim(slice_from(value, slice_find(value, ' ')));
}

static bool is_complete(const struct sip_peek *peek)
{
	return peek->call_id.len && peek->method.len && peek->from.len && peek->to.len;
}

void sip_peek(struct sip_peek *out, struct slice bytes)
{
	struct slice start = take_line(&bytes);

	*out = (struct sip_peek){0};
	if (!slice_starts_nocase(start, SLICE("SIP/"))) {
		slice_cut(&start, ' ');
		out->request_uri = slice_cut(&start, ' ');
	}
	for (size_t i = 0; i < SIP_HEADER_MAX && bytes.len && !is_complete(out); i++) {
		struct slice line = take_line(&bytes);
		if (!line.len)
			return; /* the body */
		take_header(out, line);
	}
}

struct slice sip_peek_user(struct slice value)
{
	static const struct {
		struct slice scheme;
		char end;
	} schemes[] = {{{"sip:", 4}, '@'}, {{"sips:", 5}, '@'}, {{"tel:", 4}, ';'}};
	size_t open = slice_find(value, '<');

	if (open < value.len) {
		value = slice_from(value, open + 1);
		value = slice_head(value, slice_find(value, '>'));
	}
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct slice rest;
		if (!slice_starts_nocase(value, schemes[i].scheme))
			continue;
		rest = slice_from(value, schemes[i].scheme.len);
		if (schemes[i].end == '@' && slice_find(rest, '@') == rest.len)
			return (struct slice){0}; /* a host alone */
		rest = slice_head(rest, slice_find(rest, schemes[i].end));
		return slice_head(rest, slice_find(rest, ';'));
	}
	return (struct slice){0};
}

static void mask(char *bytes, size_t len, struct slice word, const char *ends)
{
	char *at = bytes, *end = bytes + len;

	while ((at = memmem(at, (size_t)(end - at), word.ptr, word.len)))
		for (at += word.len; at < end && !(*at && strchr(ends, *at)); at++)
			*at = '*';
}

void sip_mask(char *bytes, size_t len)
{
	if (!len)
		return;
	mask(bytes, len, SLICE("response=\""), "\"\r\n");
	mask(bytes, len, SLICE("inline:"), "|; \r\n");
}
