/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing DER. Pure. */

#include "policy/der_out.h"

#include <string.h>

#include "policy/der.h"

void der_out_init(struct der_out *d)
{
	d->at = DER_OUT_MAX;
	d->is_full = false;
}

void der_out_put(struct der_out *d, const void *bytes, size_t len)
{
	if (len > d->at) {
		d->is_full = true;
		return;
	}
	d->at -= len;
	if (len)
		memcpy(d->bytes + d->at, bytes, len);
}

void der_out_byte(struct der_out *d, unsigned byte)
{
	uint8_t one = (uint8_t)byte;

	der_out_put(d, &one, 1);
}

void der_out_wrap(struct der_out *d, unsigned tag, size_t end)
{
	size_t len = end - d->at;

	if (len < 0x80) {
		der_out_byte(d, (unsigned)len);
	} else {
		der_out_byte(d, len & 0xff);
		if (len > 0xff)
			der_out_byte(d, (unsigned)(len >> 8));
		der_out_byte(d, len > 0xff ? 0x82 : 0x81);
	}
	der_out_byte(d, tag);
}

void der_out_value(struct der_out *d, unsigned tag, const void *bytes, size_t len)
{
	size_t end = d->at;

	der_out_put(d, bytes, len);
	der_out_wrap(d, tag, end);
}

void der_out_integer(struct der_out *d, uint64_t value)
{
	size_t end = d->at;
	unsigned last;

	do {
		last = value & 0xff;
		der_out_byte(d, last);
		value >>= 8;
	} while (value);
	if (last & 0x80)
		der_out_byte(d, 0); /* else it would be negative */
	der_out_wrap(d, DER_INTEGER, end);
}

struct slice der_out_slice(const struct der_out *d)
{
	return slice_of(d->bytes + d->at, DER_OUT_MAX - d->at);
}
