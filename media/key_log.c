/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of NSS's key log. Pure. */

#include "media/key_log.h"

static void put_hex(struct buf *out, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = (uint8_t)bytes.ptr[i];

		buf_put_char(out, digits[byte >> 4]);
		buf_put_char(out, digits[byte & 15]);
	}
}

int key_log_print(struct buf *out, const char *label, struct slice random, struct slice secret)
{
	buf_printf(out, "%s ", label);
	put_hex(out, random);
	buf_put_char(out, ' ');
	put_hex(out, secret);
	return out->err;
}
