/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP messages as text, RFC 3261 sections 8.1.1, 8.2.6, 9.1, 17.1.1.3 and 18.2.1, RFC 3581.
 * Line by line and never by a library: what is signed is exactly what is sent. Whatever
 * could begin another line is refused before a byte is written. Pure; any thread.
 */

#include "sbc/sip_build.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "sbc/sip_parts.h"

#define MAX_FORWARDS_USUAL 70 /* RFC 3261 section 8.1.1.6 */

static const struct {
	uint16_t code;
	const char *phrase;
} phrases[] = {
	{100, "Trying"},
	{180, "Ringing"},
	{181, "Call Is Being Forwarded"},
	{182, "Queued"},
	{183, "Session Progress"},
	{199, "Early Dialog Terminated"},
	{200, "OK"},
	{202, "Accepted"},
	{204, "No Notification"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Moved Temporarily"},
	{305, "Use Proxy"},
	{380, "Alternative Service"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{412, "Conditional Request Failed"},
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{417, "Unknown Resource-Priority"},
	{420, "Bad Extension"},
	{421, "Extension Required"},
	{422, "Session Interval Too Small"},
	{423, "Interval Too Brief"},
	{428, "Use Identity Header"},
	{429, "Provide Referrer Identity"},
	{430, "Flow Failed"},
	{433, "Anonymity Disallowed"},
	{436, "Bad Identity Info"},
	{437, "Unsupported Credential"},
	{438, "Invalid Identity Header"},
	{439, "First Hop Lacks Outbound Support"},
	{440, "Max-Breadth Exceeded"},
	{469, "Bad Info Package"},
	{470, "Consent Needed"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{484, "Address Incomplete"},
	{485, "Ambiguous"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"},
	{491, "Request Pending"},
	{493, "Undecipherable"},
	{494, "Security Agreement Required"},
	{500, "Server Internal Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Server Time-out"},
	{505, "Version Not Supported"},
	{513, "Message Too Large"},
	{580, "Precondition Failure"},
	{600, "Busy Everywhere"},
	{603, "Decline"},
	{604, "Does Not Exist Anywhere"},
	{606, "Not Acceptable"},
	{607, "Unwanted"},
	{608, "Rejected"},
};

const char *sip_reason_phrase(uint16_t code)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].code == code)
			return phrases[i].phrase;
	}
	return "Unknown";
}

/* ---- what may be written ---- */

static bool is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == '\0')
			return false;
	}
	return true;
}

/* A value that has a line to itself and must say something. */
static bool is_value(struct slice s)
{
	return s.len && is_clean(s);
}

/* No blank either: part of a start line. */
static bool is_word(struct slice s)
{
	return is_value(s) && slice_find(s, ' ') == s.len && slice_find(s, '\t') == s.len;
}

/* Whole header lines, each with name, colon and line end; no empty line that would begin
 * the body, no Content-Length that would move its end. */
static bool are_lines(struct slice lines)
{
	while (lines.len) {
		size_t end = slice_find(lines, '\n');
		struct slice line = slice_head(lines, end), name;
		if (end == lines.len || end == 0 || line.ptr[end - 1] != '\r')
			return false;
		line = slice_head(line, end - 1);
		name = slice_head(line, slice_find(line, ':'));
		if (name.len == line.len || !sip_is_token(name) || !is_clean(line) ||
			sip_name_is(name, "Content-Length"))
			return false;
		lines = slice_from(lines, end + 1);
	}
	return true;
}

/* ---- pieces ---- */

static void put_line(struct buf *out, const char *name, struct slice value)
{
	buf_put_str(out, name);
	buf_put_str(out, ": ");
	buf_put_slice(out, value);
	buf_put_str(out, "\r\n");
}

static int put_end(
	struct buf *out, struct slice lines, struct slice content_type, struct slice body)
{
	buf_put_slice(out, lines);
	if (body.len)
		put_line(out, "Content-Type", content_type);
	buf_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
	return buf_put_slice(out, body);
}

/* As a received line may still be folded (sip_build_refusal). */
static void put_unfolded(struct buf *out, struct slice value)
{
	while (value.len) {
		size_t end = slice_find(value, '\r');
		buf_put_slice(out, slice_head(value, end));
		if (end < value.len)
			buf_put_char(out, ' ');
		value = slice_trim(slice_from(value, end));
	}
}

/* ---- responses ---- */

/* The top Via with what is true about it: received always (SIP-26), rport when asked (RFC
 * 3581 section 4), whatever it said itself. */
static void put_top_via(struct buf *out, struct slice value, const struct netaddr *source)
{
	struct slice params = value, head = slice_cut(&params, ';');
	char text[NETADDR_TEXT_MAX];
	bool has_rport = false;

	if (!source || !netaddr_is_set(source)) {
		put_unfolded(out, value);
		return;
	}
	put_unfolded(out, slice_trim(head));
	while (params.len) {
		struct slice param = slice_trim(slice_cut(&params, ';')), rest = param;
		struct slice name = slice_trim(slice_cut(&rest, '='));
		if (slice_equal_nocase(name, SLICE("rport"))) {
			has_rport = true;
		} else if (!slice_equal_nocase(name, SLICE("received"))) {
			buf_put_char(out, ';');
			put_unfolded(out, param);
		}
	}
	buf_printf(out, ";received=%s", netaddr_print_host(source, text));
	if (has_rport)
		buf_printf(out, ";rport=%u", netaddr_port(source));
}

/* All Via lines in their order; the first value of the first one is the top. One that does
 * not parse goes back as it came. */
static void put_vias(struct buf *out, const struct sip_scan *scan, const struct netaddr *source)
{
	bool is_top = true;

	for (size_t i = 0; i < scan->line_count; i++) {
		const struct sip_line *line = &scan->lines[i];
		struct slice value = line->value, params;
		struct sip_via via;
		if (!sip_name_is(line->name, "Via") || !value.len)
			continue;
		buf_put_str(out, "Via: ");
		if (is_top && !sip_via_next(&via, &params, &value)) {
			put_top_via(out, via.raw, source);
			if (value.len)
				buf_put_str(out, ", ");
		}
		put_unfolded(out, slice_trim(value));
		buf_put_str(out, "\r\n");
		is_top = false;
	}
}

static void put_to(struct buf *out, struct slice value, struct slice tag)
{
	struct sip_address to;
	struct slice rest = value;

	buf_put_str(out, "To: ");
	put_unfolded(out, value);
	if (tag.len && !sip_address_next(&to, &rest) && !to.tag.len) {
		buf_put_str(out, ";tag=");
		buf_put_slice(out, tag);
	}
	buf_put_str(out, "\r\n");
}

static void put_status_line(struct buf *out, uint16_t code, struct slice reason)
{
	if (!reason.len)
		reason = slice_str(sip_reason_phrase(code));
	buf_printf(out, "SIP/2.0 %u %.*s\r\n", code, SLICE_ARG(reason));
}

int sip_build_response(struct buf *out, const struct sip_msg *request,
	const struct netaddr *source, const struct sip_response_spec *spec)
{
	if (spec->code < 100 || spec->code > 699 || !is_clean(spec->reason) ||
		!is_clean(spec->to_tag) || !are_lines(spec->lines) ||
		(spec->body.len && !is_value(spec->content_type)))
		return SBC_EINVAL;
	put_status_line(out, spec->code, spec->reason);
	put_vias(out, &request->scan, source);
	put_line(out, "From", request->from.raw);
	put_to(out, request->to.raw, spec->to_tag);
	put_line(out, "Call-ID", request->call_id);
	put_line(out, "CSeq", sip_scan_value(&request->scan, "CSeq"));
	return put_end(out, spec->lines, spec->content_type, spec->body);
}

/* RFC 3261 section 8.2.7: a stateless UAS gives the same tag each time. Nobody's dialog
 * hangs on it, so FNV-1a over what names the request will do. */
static void stateless_tag(const struct sip_scan *scan, char *out, size_t size)
{
	const struct slice parts[] = {sip_scan_value(scan, "Call-ID"),
		sip_scan_value(scan, "From"), sip_scan_value(scan, "CSeq")};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t j = 0; j < parts[i].len; j++)
			hash = (hash ^ (unsigned char)parts[i].ptr[j]) *
			       UINT64_C(0x100000001b3);
	}
	snprintf(out, size, "%016" PRIx64, hash);
}

int sip_build_refusal(struct buf *out, const struct sip_scan *scan,
	const struct netaddr *source, uint16_t code, struct slice reason)
{
	static const char *const needed[] = {"Via", "From", "To", "Call-ID", "CSeq"};
	char tag[17];

	if (code < 300 || code > 699 || !is_clean(reason))
		return SBC_EINVAL;
	if (!scan->start_line.len || sip_start_is_response(scan->start_line) ||
		sip_start_is_ack(scan->start_line))
		return SBC_EPARSE;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!sip_scan_value(scan, needed[i]).len)
			return SBC_EPARSE;
	}
	stateless_tag(scan, tag, sizeof(tag));
	put_status_line(out, code, reason);
	put_vias(out, scan, source);
	buf_put_str(out, "From: ");
	put_unfolded(out, sip_scan_value(scan, "From"));
	buf_put_str(out, "\r\n");
	put_to(out, sip_scan_value(scan, "To"), slice_str(tag));
	buf_put_str(out, "Call-ID: ");
	put_unfolded(out, sip_scan_value(scan, "Call-ID"));
	buf_put_str(out, "\r\nCSeq: ");
	put_unfolded(out, sip_scan_value(scan, "CSeq"));
	buf_put_str(out, "\r\n");
	return put_end(out, (struct slice){0}, (struct slice){0}, (struct slice){0});
}

/* ---- requests ---- */

int sip_build_request(struct buf *out, const struct sip_request_spec *spec)
{
	if (!sip_is_token(spec->method) || !is_word(spec->request_uri) ||
		!is_value(spec->via) || !are_lines(spec->routes) || !is_value(spec->from) ||
		!is_value(spec->to) || !is_word(spec->call_id) || spec->max_forwards < 0 ||
		!is_clean(spec->contact) || !are_lines(spec->lines) ||
		(spec->body.len && !is_value(spec->content_type)))
		return SBC_EINVAL;
	buf_printf(out, "%.*s %.*s SIP/2.0\r\n", SLICE_ARG(spec->method),
		SLICE_ARG(spec->request_uri));
	put_line(out, "Via", spec->via);
	buf_printf(out, "Max-Forwards: %d\r\n", spec->max_forwards);
	buf_put_slice(out, spec->routes);
	put_line(out, "From", spec->from);
	put_line(out, "To", spec->to);
	put_line(out, "Call-ID", spec->call_id);
	buf_printf(out, "CSeq: %" PRIu32 " %.*s\r\n", spec->cseq, SLICE_ARG(spec->method));
	if (spec->contact.len)
		put_line(out, "Contact", spec->contact);
	return put_end(out, spec->lines, spec->content_type, spec->body);
}

/* What ACK and CANCEL have in common: Request-URI, top Via, Route, From, Call-ID and the
 * number of the INVITE's CSeq (RFC 3261 sections 9.1 and 17.1.1.3). */
static int build_from_invite(
	struct buf *out, const char *method, struct slice invite, struct slice to)
{
	struct sip_scan scan;
	struct slice uri, via, cseq, params;
	struct sip_via top;
	int err = sip_scan_message(&scan, invite);

	if (err)
		return err;
	uri = scan.start_line;
	if (!slice_equal(slice_cut(&uri, ' '), SLICE("INVITE")))
		return SBC_EPARSE;
	uri = slice_head(uri, slice_find(uri, ' '));
	via = sip_scan_value(&scan, "Via");
	cseq = sip_scan_value(&scan, "CSeq");
	cseq = slice_head(cseq, slice_find(cseq, ' '));
	if (sip_via_next(&top, &params, &via))
		return SBC_EPARSE;
	buf_printf(out, "%s %.*s SIP/2.0\r\n", method, SLICE_ARG(uri));
	put_line(out, "Via", top.raw);
	buf_printf(out, "Max-Forwards: %d\r\n", MAX_FORWARDS_USUAL);
	for (size_t i = 0; i < scan.line_count; i++) {
		if (sip_name_is(scan.lines[i].name, "Route"))
			put_line(out, "Route", scan.lines[i].value);
	}
	put_line(out, "From", sip_scan_value(&scan, "From"));
	put_line(out, "To", to.len ? to : sip_scan_value(&scan, "To"));
	put_line(out, "Call-ID", sip_scan_value(&scan, "Call-ID"));
	return buf_printf(out, "CSeq: %.*s %s\r\n", SLICE_ARG(cseq), method);
}

int sip_build_ack(struct buf *out, struct slice invite, struct slice to)
{
	int err = is_value(to) ? build_from_invite(out, "ACK", invite, to) : SBC_EINVAL;

	return err ? err
		   : put_end(out, (struct slice){0}, (struct slice){0}, (struct slice){0});
}

int sip_build_cancel(struct buf *out, struct slice invite, struct slice lines)
{
	int err = are_lines(lines) ? build_from_invite(out, "CANCEL", invite, (struct slice){0})
				   : SBC_EINVAL;

	return err ? err : put_end(out, lines, (struct slice){0}, (struct slice){0});
}
