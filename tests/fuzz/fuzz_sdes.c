/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The value of a=crypto: what is read is what is printed. */
#include "base/mem.h"
#include "sbc/sdes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdes_line line, again;
	struct buf text;

	if (sdes_parse(&line, slice_of(data, size)))
		return 0;
	buf_init(&text, SDES_TEXT_SIZE);
	if (sdes_print(&text, &line) || sdes_parse(&again, buf_slice(&text)) ||
		memcmp(&line, &again, sizeof(line)) != 0)
		__builtin_trap();
	buf_fini_secret(&text);
	return 0;
}
