/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first look at SIP bytes, RFC 3261 sections 7 and 18.3: framing, header lines, and the
 * ceilings that keep the parser behind it fast. Strict where two readers could see two
 * different messages: bare CR or LF, NUL, Content-Length. Pure; any thread.
 */

#include "sbc/sip_scan.h"

#include "base/err.h"
#include "sbc/sip_parts.h"

/* RFC 3261 section 25.1. */
static const bool token_chars[256] = {['a' ... 'z'] = true,
	['A' ... 'Z'] = true,
	['0' ... '9'] = true,
	['-'] = true,
	['.'] = true,
	['!'] = true,
	['%'] = true,
	['*'] = true,
	['_'] = true,
	['+'] = true,
	['`'] = true,
	['\''] = true,
	['~'] = true};

bool sip_is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!token_chars[(unsigned char)s.ptr[i]])
			return false;
	}
	return s.len > 0;
}

bool sip_start_is_response(struct slice start_line)
{
	return slice_starts_nocase(start_line, SLICE("SIP/"));
}

bool sip_start_is_ack(struct slice start_line)
{
	return slice_starts(start_line, SLICE("ACK "));
}

/* IANA's registry of compact forms; osip knows the first seven and 'e' only. */
static const struct {
	char compact;
	const char *name;
} compact_names[] = {
	{'v', "Via"},
	{'f', "From"},
	{'t', "To"},
	{'i', "Call-ID"},
	{'m', "Contact"},
	{'l', "Content-Length"},
	{'c', "Content-Type"},
	{'e', "Content-Encoding"},
	{'s', "Subject"},
	{'k', "Supported"},
	{'r', "Refer-To"},
	{'o', "Event"},
	{'x', "Session-Expires"},
	{'y', "Identity"},
	{'n', "Identity-Info"},
	{'u', "Allow-Events"},
	{'b', "Referred-By"},
	{'a', "Accept-Contact"},
	{'d', "Request-Disposition"},
	{'j', "Reject-Contact"},
};

static struct slice long_name(char compact)
{
	for (size_t i = 0; i < sizeof(compact_names) / sizeof(compact_names[0]); i++) {
		if (compact_names[i].compact == (compact | 0x20))
			return slice_str(compact_names[i].name);
	}
	return (struct slice){0};
}

bool sip_name_equal(struct slice written, const char *name)
{
	if (written.len == 1)
		written = long_name(written.ptr[0]);
	return slice_equal_nocase(written, slice_str(name));
}

size_t sip_unfold(struct slice value, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len;) {
		if (value.ptr[i] != '\r' && value.ptr[i] != '\n') {
			out[len++] = value.ptr[i++];
			continue;
		}
		while (i < value.len && strchr(" \t\r\n", value.ptr[i]))
			i++;
		out[len++] = ' ';
	}
	return len;
}

struct raw_line {
	struct slice text; /* without its last line end */
	size_t end_count;  /* line ends in it */
};

/* One line with all that is folded onto it. SBC_EAGAIN: its end is not to be seen yet, for
 * a fold shows only in the byte behind; SBC_EPARSE: a bare LF. */
static int take_line(struct slice *rest, struct raw_line *out)
{
	size_t len = 0;

	for (out->end_count = 1;; out->end_count++) {
		len += slice_find(slice_from(*rest, len), '\n');
		if (len == rest->len)
			return SBC_EAGAIN;
		if (len == 0 || rest->ptr[len - 1] != '\r')
			return SBC_EPARSE;
		len++;
		if (len == 2)
			break; /* the empty line: what follows is the body */
		if (len == rest->len)
			return SBC_EAGAIN;
		if (rest->ptr[len] != ' ' && rest->ptr[len] != '\t')
			break;
	}
	out->text = slice_head(*rest, len - 2);
	*rest = slice_from(*rest, len);
	return 0;
}

/* Counts what osip's lists grow by, and '%', at each of which it moves the rest of the URI;
 * refuses what would end a line or a string elsewhere. */
static int inspect_line(const struct raw_line *line, size_t *separators)
{
	struct slice s = line->text;
	size_t returns = 0;

	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case ';':
		case ',':
		case '&':
		case '?':
		case '%':
			++*separators;
			break;
		case '\r':
			returns++;
			break;
		case '\0':
			return SBC_EPARSE;
		default:
			break;
		}
	}
	*separators += line->end_count;
	/* take_line() saw that each LF has its CR; a CR more is a bare one. */
	if (returns != line->end_count - 1)
		return SBC_EPARSE;
	return *separators > SIP_SEPARATOR_MAX ? SBC_ELIMIT : 0;
}

static int split_line(const struct raw_line *line, struct sip_line *out)
{
	size_t colon = slice_find(line->text, ':');

	if (colon == line->text.len)
		return SBC_EPARSE;
	out->name = slice_trim(slice_head(line->text, colon));
	out->value = slice_trim(slice_from(line->text, colon + 1));
	out->is_folded = line->end_count > 1 && slice_find(out->value, '\n') < out->value.len;
	/* A name that begins with a blank would be a fold of the start line. */
	return sip_is_token(out->name) && out->name.ptr == line->text.ptr ? 0 : SBC_EPARSE;
}

struct content_length {
	bool is_known;
	uint64_t bytes;
};

static int note_content_length(struct content_length *length, const struct sip_line *line)
{
	uint64_t bytes;

	if (!sip_name_is(line->name, "Content-Length"))
		return 0;
	if (slice_to_u64(line->value, SIP_MESSAGE_MAX, &bytes))
		return SBC_EPROTO;
	if (length->is_known && length->bytes != bytes)
		return SBC_EPROTO;
	*length = (struct content_length){.is_known = true, .bytes = bytes};
	return 0;
}

static bool is_start_line(struct slice line)
{
	struct slice rest = line;

	if (sip_start_is_response(line))
		return true;
	if (!sip_is_token(slice_cut(&rest, ' ')))
		return false;
	while (rest.len) {
		if (slice_starts_nocase(rest, SLICE("SIP/")))
			return true;
		slice_cut(&rest, ' ');
	}
	return false;
}

/* ---- streams ---- */

/* RFC 3261 section 7.5: CRLF before a message is skipped; RFC 5626 section 3.5.1: two of
 * them are a ping. */
static enum sip_frame scan_blank(struct slice bytes, size_t *frame_len)
{
	if (bytes.ptr[0] == '\n' || (bytes.len > 1 && bytes.ptr[1] != '\n'))
		return SIP_FRAME_BROKEN;
	if (bytes.len < 3 || (bytes.len == 3 && bytes.ptr[2] == '\r'))
		return SIP_FRAME_PARTIAL;
	*frame_len = slice_starts(bytes, SLICE("\r\n\r\n")) ? 4 : 2;
	return *frame_len == 4 ? SIP_FRAME_KEEPALIVE : SIP_FRAME_BLANK;
}

static enum sip_frame scan_head(struct slice *rest, struct content_length *length)
{
	struct raw_line raw;
	struct sip_line line;
	int err = take_line(rest, &raw);

	if (!err && !is_start_line(raw.text))
		return SIP_FRAME_BROKEN;
	while (!err && !(err = take_line(rest, &raw)) && raw.text.len) {
		/* A line that is none is refused with the whole message, later. */
		if (!split_line(&raw, &line) && note_content_length(length, &line))
			return SIP_FRAME_BROKEN;
	}
	if (err)
		return err == SBC_EAGAIN ? SIP_FRAME_PARTIAL : SIP_FRAME_BROKEN;
	return length->is_known ? SIP_FRAME_WHOLE : SIP_FRAME_BROKEN;
}

enum sip_frame sip_scan_stream(struct slice bytes, size_t *frame_len)
{
	struct content_length length = {0};
	struct slice rest = bytes;
	enum sip_frame frame;

	*frame_len = bytes.len;
	if (!bytes.len)
		return SIP_FRAME_PARTIAL;
	if (bytes.ptr[0] == '\r' || bytes.ptr[0] == '\n')
		return scan_blank(bytes, frame_len);
	frame = scan_head(&rest, &length);
	if (frame == SIP_FRAME_WHOLE) {
		size_t head = bytes.len - rest.len;
		if (head > SIP_MESSAGE_MAX || length.bytes > SIP_MESSAGE_MAX - head)
			return SIP_FRAME_TOO_LARGE;
		if (rest.len < length.bytes)
			return SIP_FRAME_PARTIAL;
		*frame_len = head + length.bytes;
	} else if (frame == SIP_FRAME_PARTIAL && bytes.len >= SIP_MESSAGE_MAX) {
		return SIP_FRAME_TOO_LARGE;
	}
	return frame;
}

/* ---- one message ---- */

static int scan_lines(struct sip_scan *out, struct slice *rest, struct content_length *length)
{
	size_t separators = 0;
	struct raw_line raw;
	int err = take_line(rest, &raw);

	err = err ? err : inspect_line(&raw, &separators);
	if (err)
		return err;
	if (!is_start_line(raw.text) || raw.end_count > 1)
		return SBC_EPARSE;
	out->start_line = raw.text;
	for (;;) {
		struct sip_line *line = &out->lines[out->line_count];
		err = take_line(rest, &raw);
		if (err || !raw.text.len)
			return err;
		if (out->line_count == SIP_HEADER_MAX)
			return SBC_ELIMIT;
		err = inspect_line(&raw, &separators);
		err = err ? err : split_line(&raw, line);
		err = err ? err : note_content_length(length, line);
		if (err)
			return err;
		out->line_count++;
	}
}

int sip_scan_message(struct sip_scan *out, struct slice bytes)
{
	struct content_length length = {0};
	struct slice rest = bytes;
	int err;

	/* Not the lines: five kilobytes that are written before they are read. */
	out->bytes = bytes;
	out->start_line = out->body = (struct slice){0};
	out->line_count = 0;
	while (slice_starts(rest, SLICE("\r\n")))
		rest = slice_from(rest, 2);
	err = scan_lines(out, &rest, &length);
	if (bytes.len > SIP_MESSAGE_MAX)
		return SBC_ELIMIT;
	if (err)
		return err == SBC_EAGAIN ? SBC_EPARSE : err;
	/* Too small a value cuts the body (RFC 3261 section 18.3); too large a one lies. */
	if (length.is_known && length.bytes > rest.len)
		return SBC_EPROTO;
	out->body = length.is_known ? slice_head(rest, length.bytes) : rest;
	return 0;
}

struct slice sip_scan_value(const struct sip_scan *scan, const char *name)
{
	for (size_t i = 0; i < scan->line_count; i++) {
		if (sip_name_is(scan->lines[i].name, name))
			return scan->lines[i].value;
	}
	return (struct slice){0};
}
