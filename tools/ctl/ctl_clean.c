/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers' text for a terminal. Pure. */

#include "tools/ctl/ctl_clean.h"

#include "base/utf8.h"

static uint32_t code_of(const uint8_t *at, size_t len)
{
	uint32_t code = len == 1 ? at[0] : at[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (at[i] & 0x3fu);
	return code;
}

static bool is_harmless(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	/* Marks, embeddings, overrides and isolates of writing direction; line separators. */
	return !(code >= 0x200e && code <= 0x200f) && !(code >= 0x2028 && code <= 0x202e) &&
	       !(code >= 0x2066 && code <= 0x2069);
}

size_t ctl_clean_put(struct buf *out, struct slice text)
{
	size_t len = utf8_len(text);

	if (len && is_harmless(code_of((const uint8_t *)text.ptr, len)))
		buf_put(out, text.ptr, len);
	else
		buf_put_char(out, '?');
	return len ? len : 1;
}

int ctl_clean_put_all(struct buf *out, struct slice text)
{
	while (text.len && !out->err)
		text = slice_from(text, ctl_clean_put(out, text));
	return out->err;
}

size_t ctl_clean_width(struct slice text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}
