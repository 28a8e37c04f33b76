/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_DER_H
#define POLICY_DER_H

#include <stdint.h>

#include "base/slice.h"

/* DER (X.690), as much of it as certificate extensions need. Borrowed slices. Pure. */

#define DER_BOOLEAN      0x01
#define DER_INTEGER      0x02
#define DER_OCTET_STRING 0x04
#define DER_OID          0x06
#define DER_IA5_STRING   0x16
#define DER_SEQUENCE     0x30
#define DER_CONTEXT(n)   (0xa0 | (n)) /* [n], constructed */

struct der {
	uint8_t tag;
	struct slice content;
};

/* The next element of *rest, which moves behind it. SBC_ENOENT: nothing left; SBC_EPARSE:
 * a tag or length that DER or certificates do not have, or more than there is. */
int der_next(struct slice *rest, struct der *out);
/* The same, and it must have this tag. */
int der_next_tag(struct slice *rest, uint8_t tag, struct slice *content);
/* A whole number in an INTEGER's content. SBC_EPARSE: negative or beyond 63 bits. */
int der_integer(struct slice content, uint64_t *out);

/* The value of a certificate's extension; oid: content of the OBJECT IDENTIFIER. SBC_ENOENT:
 * it has none; SBC_EPARSE: no certificate, or the extension stands twice. */
int der_find_extension(struct slice certificate, struct slice oid, struct slice *value);

#endif
