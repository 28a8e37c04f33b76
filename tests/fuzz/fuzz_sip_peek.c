/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A glance at any bytes: what it shows lies within them. */
#include <stdint.h>

#include "base/mem.h"
#include "sbc/sip_peek.h"

static void check(struct slice all, struct slice part)
{
	if (part.len && (part.ptr < all.ptr || part.ptr + part.len > all.ptr + all.len))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct sip_peek peek;
	char *copy = mem_alloc(size + 1);

	sip_peek(&peek, bytes);
	check(bytes, peek.call_id);
	check(bytes, peek.method);
	check(bytes, sip_peek_user(peek.from));
	check(bytes, sip_peek_user(peek.to));
	check(bytes, sip_peek_user(peek.request_uri));
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	sip_mask(copy, size);
	mem_free(copy);
	return 0;
}
