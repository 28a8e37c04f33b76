/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_DER_OUT_H
#define POLICY_DER_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Writes DER (X.690) from the end to the front: a length is known when it is written. Pure. */

#define DER_OUT_MAX                                                                            \
	8192 /* bytes of one certificate or request: names and numbers are short               \
	      */

struct der_out {
	uint8_t bytes[DER_OUT_MAX];
	size_t at; /* what is written stands from here to the end */
	bool is_full;
};

/* Tags that der.h does not read. */
#define DER_BIT_STRING       0x03
#define DER_UTF8             0x0c
#define DER_UTC_TIME         0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SET              0x31

void der_out_init(struct der_out *d);
/* Before what is there already. */
void der_out_put(struct der_out *d, const void *bytes, size_t len);
void der_out_byte(struct der_out *d, unsigned byte);
/* Puts tag and length before what was written since end (d->at of then). */
void der_out_wrap(struct der_out *d, unsigned tag, size_t end);
void der_out_value(struct der_out *d, unsigned tag, const void *bytes, size_t len);
/* A whole number, not negative, with tag. */
void der_out_integer(struct der_out *d, uint64_t value);
struct slice der_out_slice(const struct der_out *d);

#endif
