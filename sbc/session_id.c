/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session-ID, RFC 7989. Pure; any thread. */

#include "sbc/session_id.h"

#include "base/err.h"

#define NIL "00000000000000000000000000000000"

int session_id_parse(struct session_id *out, struct slice header)
{
	struct slice value = slice_trim(slice_cut(&header, ';'));

	if (value.len != SESSION_ID_LEN || slice_equal(value, SLICE(NIL)))
		return SBC_EPARSE;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return SBC_EPARSE;
	}
	return slice_copy(value, out->text, sizeof(out->text));
}

void session_id_new(struct session_id *out, const struct random_source *random)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SESSION_ID_LEN / 2];

	random->fill(random->arg, bytes, sizeof(bytes));
	/* Section 4.1: a UUID of version 4 (RFC 4122 section 4.4). */
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		out->text[2 * i] = digits[bytes[i] >> 4];
		out->text[2 * i + 1] = digits[bytes[i] & 15];
	}
	out->text[SESSION_ID_LEN] = '\0';
}

int session_id_print(
	struct buf *out, const struct session_id *local, const struct session_id *remote)
{
	return buf_printf(out, "Session-ID: %s;remote=%s\r\n",
		local->text[0] ? local->text : NIL, remote->text[0] ? remote->text : NIL);
}
