/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PEM armour, RFC 7468. Keys pass through here: what they touched is wiped. Pure. */

#include "base/pem.h"

#include "base/b64.h"
#include "base/err.h"

#define PEM_MAX    65536 /* bytes of one block: certificates are a tenth of it */
#define LINE_CHARS 64    /* RFC 7468 section 2 */

/* Moves *rest behind the first mark. */
static bool skip_behind(struct slice *rest, struct slice mark)
{
	const char *at =
		rest->len >= mark.len ? memmem(rest->ptr, rest->len, mark.ptr, mark.len) : NULL;

	if (!at)
		return false;
	*rest = slice_from(*rest, (size_t)(at - rest->ptr) + mark.len);
	return true;
}

/* Base64 without the line ends between. */
static int decode_body(struct slice body, struct buf *der)
{
	struct buf text;
	int err;

	buf_init(&text, PEM_MAX);
	for (size_t i = 0; i < body.len && !text.err; i++) {
		char c = body.ptr[i];
		if (c != '\r' && c != '\n' && c != ' ' && c != '\t')
			buf_put_char(&text, c);
	}
	err = text.err ? text.err : b64_decode(der, B64_PLAIN, buf_slice(&text));
	buf_fini_secret(&text);
	return err;
}

int pem_next(struct slice *rest, struct slice *label, struct buf *der)
{
	struct slice at = *rest, name, body, end;

	if (!skip_behind(&at, SLICE("-----BEGIN ")))
		return SBC_ENOENT;
	name = slice_head(at, slice_find(at, '-'));
	at = slice_from(at, name.len);
	if (!slice_starts(at, SLICE("-----")))
		return SBC_EPARSE;
	at = slice_from(at, 5);
	body = slice_head(at, slice_find(at, '-'));
	at = slice_from(at, body.len);
	if (!slice_starts(at, SLICE("-----END ")))
		return SBC_EPARSE;
	end = slice_from(at, 9);
	if (!slice_starts(end, name) ||
		!slice_starts(slice_from(end, name.len), SLICE("-----")))
		return SBC_EPARSE;
	*rest = slice_from(end, name.len + 5);
	*label = name;
	return decode_body(body, der);
}

int pem_put(struct buf *out, const char *label, struct slice der)
{
	struct buf text;

	buf_init(&text, PEM_MAX);
	b64_encode(&text, B64_PLAIN, der.ptr, der.len);
	buf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < text.len; i += LINE_CHARS) {
		buf_put_slice(out, slice_head(slice_from(buf_slice(&text), i), LINE_CHARS));
		buf_put_char(out, '\n');
	}
	buf_printf(out, "-----END %s-----\n", label);
	if (text.err && !out->err)
		out->err = text.err;
	buf_fini_secret(&text);
	return out->err;
}
