/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Refer-To and Replaces, RFC 3515 section 2.1 and RFC 3891 section 6.1. Pure. */

#include "sbc/refer_to.h"

#include "base/err.h"
#include "sbc/sip_parts.h"

/* ---- Replaces ---- */

/* A tag and no more than one of it. */
static int take_tag(struct slice *tag, struct slice value)
{
	if (tag->len || !value.len)
		return SBC_EPARSE;
	*tag = value;
	return 0;
}

/* Call-IDs and tags go into headers and URIs of ours: no blanks, quotes or brackets. */
static bool is_word(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == ',' ||
			c == ';')
			return false;
	}
	return text.len > 0;
}

int replaces_parse(struct replaces *out, struct slice value)
{
	struct replaces r = {0};
	struct slice rest = value;

	r.call_id = slice_trim(slice_cut(&rest, ';'));
	while (rest.len) {
		struct slice word = slice_trim(slice_cut(&rest, ';'));
		struct slice name = slice_trim(slice_cut(&word, '='));
		int err = 0;

		word = slice_trim(word);
		if (slice_equal_nocase(name, SLICE("to-tag")))
			err = take_tag(&r.to_tag, word);
		else if (slice_equal_nocase(name, SLICE("from-tag")))
			err = take_tag(&r.from_tag, word);
		else if (slice_equal_nocase(name, SLICE("early-only")))
			r.is_early_only = true;
		if (err)
			return err;
	}
	if (!is_word(r.call_id) || !is_word(r.to_tag) || !is_word(r.from_tag))
		return SBC_EPARSE;
	*out = r;
	return 0;
}

/* ---- escapes (RFC 3261 section 19.1.2) ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static int unescape(struct slice text, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		int c = (unsigned char)text.ptr[i];

		if (c == '%') {
			int high = i + 2 < text.len ? digit_of(text.ptr[i + 1]) : -1;
			int low = high < 0 ? -1 : digit_of(text.ptr[i + 2]);

			if (low < 0)
				return SBC_EPARSE;
			c = high * 16 + low;
			i += 2;
		}
		/* A line end here would be a header line of somebody else's. */
		if (c < ' ' || c >= 0x7f)
			return SBC_EPARSE;
		if (len + 1 >= size)
			return SBC_ELIMIT;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return 0;
}

static void put_escaped(struct slice text, struct buf *out)
{
	static const char unreserved[] = "-_.!~*'()";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool is_plain = (c >= '0' && c <= '9') ||
				((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
				slice_find(SLICE(unreserved), c) < sizeof(unreserved) - 1;

		if (is_plain)
			buf_put_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

void replaces_put_escaped(const struct replaces *replaces, struct buf *out)
{
	put_escaped(replaces->call_id, out);
	buf_put_str(out, "%3Bto-tag%3D");
	put_escaped(replaces->to_tag, out);
	buf_put_str(out, "%3Bfrom-tag%3D");
	put_escaped(replaces->from_tag, out);
	if (replaces->is_early_only)
		buf_put_str(out, "%3Bearly-only");
}

/* ---- Refer-To ---- */

static int take_headers(struct refer_to *out, struct slice headers)
{
	while (headers.len) {
		struct slice value = slice_cut(&headers, '&');
		struct slice name = slice_cut(&value, '=');
		int err;

		if (!slice_equal_nocase(name, SLICE("Replaces")))
			continue;
		if (out->has_replaces)
			return SBC_EPARSE;
		err = unescape(value, out->text, sizeof(out->text));
		if (err)
			return err;
		out->has_replaces = true;
	}
	return 0;
}

/* The same URI without what follows the parameters. */
static int cut_uri(struct refer_to *out, struct slice raw, struct slice headers)
{
	size_t end = headers.len ? (size_t)(headers.ptr - raw.ptr) - 1 : slice_find(raw, '?');

	out->tail = slice_from(raw, end);
	return sip_uri_parse(&out->uri, slice_head(raw, end));
}

int refer_to_parse(struct refer_to *out, struct slice value)
{
	struct slice rest = value, headers, method;
	struct sip_address address;
	struct sip_uri uri;
	struct refer_to r = {0};
	int err = sip_address_next(&address, &rest);

	if (err || slice_trim(rest).len)
		return SBC_EPARSE;
	err = sip_uri_parse_headers(&uri, address.uri.raw, &headers);
	err = err ? err : take_headers(&r, headers);
	err = err ? err : cut_uri(&r, address.uri.raw, headers);
	if (err)
		return err;
	if (sip_param_find(r.uri.params, "method", &method))
		r.is_other = !slice_equal_nocase(method, SLICE("INVITE"));
	if (!slice_equal_nocase(r.uri.scheme, SLICE("sip")) &&
		!slice_equal_nocase(r.uri.scheme, SLICE("sips")) &&
		!slice_equal_nocase(r.uri.scheme, SLICE("tel")))
		r.is_other = true;
	*out = r;
	return 0;
}
