/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64, RFC 4648 sections 4 and 5. Pure. */

#include "base/b64.h"

#include "base/err.h"

static const char plain_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int b64_encode(struct buf *out, enum b64_kind kind, const void *bytes, size_t len)
{
	const char *alphabet = kind == B64_URL ? url_alphabet : plain_alphabet;
	const uint8_t *at = bytes;

	for (; len >= 3 && !out->err; at += 3, len -= 3) {
		const char four[4] = {
			alphabet[at[0] >> 2],
			alphabet[(at[0] & 3) << 4 | at[1] >> 4],
			alphabet[(at[1] & 15) << 2 | at[2] >> 6],
			alphabet[at[2] & 63],
		};
		buf_put(out, four, sizeof(four));
	}
	if (len) {
		uint8_t second = len > 1 ? at[1] : 0;
		const char four[4] = {
			alphabet[at[0] >> 2],
			alphabet[(at[0] & 3) << 4 | second >> 4],
			len > 1 ? alphabet[(second & 15) << 2] : '=',
			'=',
		};
		buf_put(out, four, kind == B64_URL ? len + 1 : sizeof(four));
	}
	return out->err;
}

static int value_of(char c, enum b64_kind kind)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (kind == B64_URL ? '-' : '+'))
		return 62;
	if (c == (kind == B64_URL ? '_' : '/'))
		return 63;
	return -1;
}

/* Two to four characters, without padding, become one to three bytes. */
static int decode_group(struct buf *out, enum b64_kind kind, struct slice text)
{
	uint32_t bits = 0;
	char bytes[3];

	for (size_t i = 0; i < 4; i++) {
		int value = i < text.len ? value_of(text.ptr[i], kind) : 0;
		if (value < 0)
			return SBC_EPARSE;
		bits = bits << 6 | (uint32_t)value;
	}
	/* RFC 4648 section 3.5: bits behind the last byte must be zero, or one value would
	 * have several texts. */
	if ((text.len == 2 && bits & 0xffff) || (text.len == 3 && bits & 0xff))
		return SBC_EPARSE;
	for (size_t i = 0; i < 3; i++)
		bytes[i] = (char)(bits >> (16 - 8 * i));
	return buf_put(out, bytes, text.len - 1);
}

int b64_decode(struct buf *out, enum b64_kind kind, struct slice text)
{
	if (kind == B64_PLAIN) {
		if (text.len % 4)
			return SBC_EPARSE;
		for (int i = 0; i < 2 && text.len && text.ptr[text.len - 1] == '='; i++)
			text.len--;
	}
	if (text.len % 4 == 1)
		return SBC_EPARSE;
	while (text.len) {
		int err = decode_group(out, kind, slice_head(text, 4));
		if (err)
			return err;
		text = slice_from(text, 4);
	}
	return out->err;
}
