/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bodies of several parts, RFC 2046 section 5.1 as RFC 5621 has it in SIP: of a multipart/mixed
 * body the one session description is taken. Strict, since two readers of one body must not
 * find two different descriptions in it. Pure.
 */

#include "sbc/sip_multipart.h"

#include "base/err.h"
#include "sbc/sip_parts.h"

#define BOUNDARY_MAX 70 /* RFC 2046 section 5.1.1 */
#define PART_MAX     16
#define HEADER_MAX   16 /* lines of one part */

/* The line without its CRLF; *rest moves behind it. SBC_EPARSE: no CRLF. */
static int next_line(struct slice *rest, struct slice *line)
{
	size_t end = 0;

	do {
		end += slice_find(slice_from(*rest, end), '\n') + 1;
		if (end > rest->len)
			return SBC_EPARSE;
	} while (end < 2 || rest->ptr[end - 2] != '\r');
	*line = slice_head(*rest, end - 2);
	*rest = slice_from(*rest, end);
	return 0;
}

enum line_kind { LINE_CONTENT, LINE_DELIMITER, LINE_CLOSE, LINE_DOUBTFUL };

/* A line that begins with the delimiter is one, or it is a trap for readers that look at the
 * beginning only. */
static enum line_kind kind_of(struct slice line, struct slice boundary)
{
	struct slice rest = slice_from(line, 2);
	bool is_close;

	if (!slice_starts(line, SLICE("--")) || !slice_starts(rest, boundary))
		return LINE_CONTENT;
	rest = slice_from(rest, boundary.len);
	is_close = slice_starts(rest, SLICE("--"));
	for (size_t i = is_close ? 2 : 0; i < rest.len; i++) {
		if (rest.ptr[i] != ' ' && rest.ptr[i] != '\t')
			return LINE_DOUBTFUL;
	}
	return is_close ? LINE_CLOSE : LINE_DELIMITER;
}

/* What stands up to the next delimiter, without the CRLF that belongs to it. */
static int next_part(
	struct slice *rest, struct slice boundary, struct slice *part, enum line_kind *ended_by)
{
	const char *begin = rest->ptr;
	struct slice line;

	for (;;) {
		const char *at = rest->ptr;
		/* The close delimiter needs no CRLF behind it. */
		if (next_line(rest, &line)) {
			line = *rest;
			*rest = (struct slice){0};
			if (kind_of(line, boundary) != LINE_CLOSE)
				return SBC_EPARSE;
		}
		*ended_by = kind_of(line, boundary);
		if (*ended_by == LINE_DOUBTFUL)
			return SBC_EPARSE;
		if (*ended_by == LINE_CONTENT)
			continue;
		*part = slice_of(begin, at - begin >= 2 ? (size_t)(at - begin) - 2 : 0);
		return 0;
	}
}

struct part {
	struct slice type, disposition, encoding; /* values; empty: absent */
	struct slice content;
};

static struct slice *field_of(struct part *part, struct slice name)
{
	if (sip_name_is(name, "Content-Type"))
		return &part->type;
	if (slice_equal_nocase(name, SLICE("Content-Disposition")))
		return &part->disposition;
	if (slice_equal_nocase(name, SLICE("Content-Transfer-Encoding")))
		return &part->encoding;
	return NULL;
}

/* A field twice, a folded one of those that count: SBC_EPARSE. */
static int read_part(struct slice text, struct part *out)
{
	struct slice line, name, *field = NULL;

	*out = (struct part){0};
	for (size_t i = 0; i <= HEADER_MAX; i++) {
		out->content = text;
		if (i && !text.len) /* the empty line belongs to the delimiter: no content */
			return 0;
		if (next_line(&text, &line))
			return SBC_EPARSE;
		if (!line.len) {
			out->content = text;
			return 0;
		}
		if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
			if (field)
				return SBC_EPARSE;
			continue;
		}
		name = slice_trim(slice_cut(&line, ':'));
		field = field_of(out, name);
		if (field && field->len)
			return SBC_EPARSE;
		if (field)
			*field = slice_trim(line);
	}
	return SBC_EPARSE;
}

static bool is_identity_encoding(struct slice encoding)
{
	return !encoding.len || slice_equal_nocase(encoding, SLICE("binary")) ||
	       slice_equal_nocase(encoding, SLICE("8bit")) ||
	       slice_equal_nocase(encoding, SLICE("7bit"));
}

/* RFC 3261 section 20.11: session is what a session description is for when nothing is said,
 * and what is not understood must be when nothing is said. */
static void count_part(struct sip_multipart *out, const struct part *part)
{
	struct slice params = part->type, handling;
	struct slice type = slice_trim(slice_cut(&params, ';'));
	struct slice purpose;

	params = part->disposition;
	purpose = slice_trim(slice_cut(&params, ';'));
	sip_param_find(params, "handling", &handling);
	if (slice_equal_nocase(type, SLICE("application/sdp")) &&
		(!purpose.len || slice_equal_nocase(purpose, SLICE("session"))) &&
		is_identity_encoding(part->encoding)) {
		out->session = part->content;
		out->session_count++;
	} else if (!slice_equal_nocase(handling, SLICE("optional"))) {
		out->has_required = true;
	}
}

/* The boundary of a multipart/mixed. SBC_ENOENT: it is something else. */
static int read_boundary(struct slice content_type, struct slice *out)
{
	struct slice params = content_type, type = slice_trim(slice_cut(&params, ';'));

	if (!slice_equal_nocase(type, SLICE("multipart/mixed")))
		return SBC_ENOENT;
	if (!sip_param_find(params, "boundary", out))
		return SBC_EPARSE;
	if (out->len >= 2 && out->ptr[0] == '"')
		*out = slice_of(out->ptr + 1, out->len - 2);
	for (size_t i = 0; i < out->len; i++) {
		if (out->ptr[i] < ' ' || out->ptr[i] > '~' || out->ptr[i] == '\\')
			return SBC_EPARSE;
	}
	return out->len && out->len <= BOUNDARY_MAX && out->ptr[out->len - 1] != ' '
		       ? 0
		       : SBC_EPARSE;
}

int sip_multipart_read(struct sip_multipart *out, struct slice content_type, struct slice body)
{
	struct slice boundary, text;
	enum line_kind ended_by;
	struct part part;
	int err = read_boundary(content_type, &boundary);

	*out = (struct sip_multipart){0};
	/* What stands before the first delimiter is nothing (RFC 2046 section 5.1.1). */
	err = err ? err : next_part(&body, boundary, &text, &ended_by);
	for (size_t i = 0; !err && ended_by != LINE_CLOSE; i++) {
		err = i < PART_MAX ? next_part(&body, boundary, &text, &ended_by) : SBC_EPARSE;
		err = err ? err : read_part(text, &part);
		if (!err)
			count_part(out, &part);
	}
	if (err)
		*out = (struct sip_multipart){0};
	return err;
}
