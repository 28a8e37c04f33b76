/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64, RFC 4648 sections 4 and 5. Pure. */

#include "base/b64.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const char plain_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Values of what both alphabets share; -1: not one of these. By the byte, up to 127. */
static const int8_t shared_values[128] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 52, 53, 54, 55, 56, 57, 58, 59, 60,
	61, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31,
	32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1,
	-1, -1, -1};

#define CHUNK_GROUPS 64 /* groups of four characters that go to the buf at once */

/* Three bytes become four characters. */
static void encode_group(char *out, const char *alphabet, const uint8_t *at)
{
	out[0] = alphabet[at[0] >> 2];
	out[1] = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
	out[2] = alphabet[(at[1] & 15) << 2 | at[2] >> 6];
	out[3] = alphabet[at[2] & 63];
}

int b64_encode(struct buf *out, enum b64_kind kind, const void *bytes, size_t len)
{
	const char *alphabet = kind == B64_URL ? url_alphabet : plain_alphabet;
	const uint8_t *at = bytes;
	char text[4 * CHUNK_GROUPS];

	while (len >= 3 && !out->err) {
		size_t groups = 0;
		for (; groups < CHUNK_GROUPS && len >= 3; groups++, at += 3, len -= 3)
			encode_group(text + 4 * groups, alphabet, at);
		buf_put(out, text, 4 * groups);
	}
	if (len && !out->err) {
		const uint8_t last[3] = {at[0], len > 1 ? at[1] : 0, 0};
		encode_group(text, alphabet, last);
		memset(text + len + 1, '=', 3 - len);
		buf_put(out, text, kind == B64_URL ? len + 1 : 4);
	}
	mem_wipe(text, sizeof(text)); /* it may have been a key */
	return out->err;
}

static int value_of(char c, enum b64_kind kind)
{
	if (c == (kind == B64_URL ? '-' : '+'))
		return 62;
	if (c == (kind == B64_URL ? '_' : '/'))
		return 63;
	return (c & 0x80) ? -1 : shared_values[(unsigned char)c];
}

/* Two to four characters, without padding, become one to three bytes. Negative: they do
 * not. */
static int decode_group(char out[3], enum b64_kind kind, const char *text, size_t len)
{
	uint32_t bits = 0;
	int bad = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < len ? value_of(text[i], kind) : 0;
		bad |= value;
		bits = bits << 6 | (uint32_t)value;
	}
	/* RFC 4648 section 3.5: bits behind the last byte must be zero, or one value would
	 * have several texts. */
	if (bad < 0 || (len == 2 && bits & 0xffff) || (len == 3 && bits & 0xff))
		return SBC_EPARSE;
	out[0] = (char)(bits >> 16);
	out[1] = (char)(bits >> 8);
	out[2] = (char)bits;
	return 0;
}

static int decode_chunk(struct buf *out, enum b64_kind kind, struct slice *text)
{
	char bytes[3 * CHUNK_GROUPS];
	size_t len = 0;

	while (text->len && len < sizeof(bytes)) {
		size_t count = text->len < 4 ? text->len : 4;
		if (decode_group(bytes + len, kind, text->ptr, count)) {
			mem_wipe(bytes, len);
			return SBC_EPARSE;
		}
		len += count - 1;
		*text = slice_from(*text, count);
	}
	buf_put(out, bytes, len);
	mem_wipe(bytes, len); /* it may have been a key */
	return out->err;
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
		int err = decode_chunk(out, kind, &text);
		if (err)
			return err;
	}
	return out->err;
}
