/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP messages as a load generator reads and answers them. Pure. */

#include "bench/sip_lite.h"

#include <stdbool.h>

#include "base/err.h"

static bool is_name(struct slice name, const char *wanted)
{
	return slice_equal_nocase(name, slice_str(wanted));
}

static void read_header(struct sip_lite *m, struct slice line)
{
	struct slice value = line, name = slice_cut(&value, ':');

	name = slice_trim(name);
	value = slice_trim(value);
	if (is_name(name, "Via") && m->via_count < SIP_LITE_LINES)
		m->vias[m->via_count++] = line;
	else if (is_name(name, "Record-Route") && m->route_count < SIP_LITE_LINES)
		m->routes[m->route_count++] = value;
	else if (is_name(name, "From"))
		m->from = value;
	else if (is_name(name, "To"))
		m->to = value;
	else if (is_name(name, "Call-ID"))
		m->call_id = value;
	else if (is_name(name, "CSeq"))
		m->cseq = value;
	else if (is_name(name, "Contact"))
		m->contact = value;
	else if (is_name(name, "Retry-After"))
		m->has_retry_after = true;
}

static int read_first(struct sip_lite *m, struct slice line)
{
	struct slice first = slice_cut(&line, ' ');
	uint64_t code;

	if (!slice_equal(first, SLICE("SIP/2.0"))) {
		m->uri = slice_cut(&line, ' ');
		return m->uri.len ? 0 : SBC_EPARSE;
	}
	if (slice_to_u64(slice_head(line, 3), 699, &code))
		return SBC_EPARSE;
	m->code = (unsigned)code;
	return 0;
}

int sip_lite_read(struct sip_lite *out, struct slice bytes)
{
	struct slice rest = bytes, line = slice_trim(slice_cut(&rest, '\n'));
	struct slice cseq;
	int err;

	*out = (struct sip_lite){0};
	err = read_first(out, line);
	if (err)
		return err;
	while (rest.len) {
		line = slice_trim(slice_cut(&rest, '\n'));
		if (!line.len)
			break;
		read_header(out, line);
	}
	out->body = rest;
	cseq = out->cseq;
	slice_cut(&cseq, ' ');
	out->method = slice_trim(cseq);
	return out->method.len && out->call_id.len ? 0 : SBC_EPARSE;
}

struct slice sip_lite_uri(struct slice address)
{
	size_t at = slice_find(address, '<');

	if (at == address.len)
		return address;
	address = slice_from(address, at + 1);
	return slice_cut(&address, '>');
}

struct slice sip_lite_user(struct slice uri)
{
	struct slice rest = sip_lite_uri(uri);

	slice_cut(&rest, ':');
	if (slice_find(rest, '@') == rest.len)
		return (struct slice){0};
	return slice_cut(&rest, '@');
}

void sip_lite_answer(struct buf *out, const struct sip_lite *request, const char *status,
	const char *to_tag, const char *lines, struct slice body)
{
	buf_printf(out, "SIP/2.0 %s\r\n", status);
	for (size_t i = 0; i < request->via_count; i++)
		buf_printf(out, "%.*s\r\n", SLICE_ARG(request->vias[i]));
	for (size_t i = 0; i < request->route_count; i++)
		buf_printf(out, "Record-Route: %.*s\r\n", SLICE_ARG(request->routes[i]));
	buf_printf(out, "From: %.*s\r\nTo: %.*s%s%s\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\n",
		SLICE_ARG(request->from), SLICE_ARG(request->to), to_tag[0] ? ";tag=" : "",
		to_tag, SLICE_ARG(request->call_id), SLICE_ARG(request->cseq));
	buf_printf(out, "%s%sContent-Length: %zu\r\n\r\n%.*s", lines,
		body.len ? "Content-Type: application/sdp\r\n" : "", body.len, SLICE_ARG(body));
}
