/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DER (X.690 section 10.1: definite lengths, in the shortest form). Pure. */

#include "policy/der.h"

#include "base/err.h"

#define LENGTH_BYTES_MAX 3 /* 16 MB: certificates have a hundredth of it */
#define TBS_FIELDS_MAX   16

/* Behind the tag; *rest moves behind the length. */
static int read_length(struct slice *rest, size_t *out)
{
	size_t count, length = 0;
	uint8_t first;

	if (!rest->len)
		return SBC_EPARSE;
	first = (uint8_t)rest->ptr[0];
	*rest = slice_from(*rest, 1);
	if (first < 0x80) {
		*out = first;
		return 0;
	}
	count = first & 0x7f;
	if (!count || count > LENGTH_BYTES_MAX || count > rest->len)
		return SBC_EPARSE;
	for (size_t i = 0; i < count; i++)
		length = length << 8 | (uint8_t)rest->ptr[i];
	if (length < 0x80 || (count > 1 && !rest->ptr[0]))
		return SBC_EPARSE; /* a shorter form would have done */
	*rest = slice_from(*rest, count);
	*out = length;
	return 0;
}

int der_next(struct slice *rest, struct der *out)
{
	struct slice at = *rest;
	size_t length;

	if (!at.len)
		return SBC_ENOENT;
	out->tag = (uint8_t)at.ptr[0];
	at = slice_from(at, 1);
	if ((out->tag & 0x1f) == 0x1f || read_length(&at, &length) || length > at.len)
		return SBC_EPARSE;
	out->content = slice_head(at, length);
	*rest = slice_from(at, length);
	return 0;
}

int der_next_tag(struct slice *rest, uint8_t tag, struct slice *content)
{
	struct der item;
	int err = der_next(rest, &item);

	if (err || item.tag != tag)
		return err ? err : SBC_EPARSE;
	*content = item.content;
	return 0;
}

int der_integer(struct slice content, uint64_t *out)
{
	uint64_t value = 0;

	if (!content.len || content.len > sizeof(value) || (content.ptr[0] & 0x80))
		return SBC_EPARSE;
	for (size_t i = 0; i < content.len; i++)
		value = value << 8 | (uint8_t)content.ptr[i];
	*out = value;
	return 0;
}

/* Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { ..., extensions [3] }, ... } (RFC 5280
 * section 4.1). */
static int find_extensions(struct slice certificate, struct slice *out)
{
	struct slice body, tbs;
	struct der field;

	if (der_next_tag(&certificate, DER_SEQUENCE, &body) ||
		der_next_tag(&body, DER_SEQUENCE, &tbs))
		return SBC_EPARSE;
	for (int i = 0; i < TBS_FIELDS_MAX; i++) {
		int err = der_next(&tbs, &field);
		if (err)
			return err;
		if (field.tag == DER_CONTEXT(3))
			return der_next_tag(&field.content, DER_SEQUENCE, out);
	}
	return SBC_EPARSE;
}

int der_find_extension(struct slice certificate, struct slice oid, struct slice *value)
{
	struct slice list, extension, id;
	bool is_found = false;
	int err = find_extensions(certificate, &list);

	while (!err && list.len) {
		struct der item;
		if (der_next_tag(&list, DER_SEQUENCE, &extension) ||
			der_next_tag(&extension, DER_OID, &id))
			return SBC_EPARSE;
		if (!slice_equal(id, oid))
			continue;
		err = is_found ? SBC_EPARSE : der_next(&extension, &item);
		if (!err && item.tag == DER_BOOLEAN)
			err = der_next(&extension, &item);
		if (err || item.tag != DER_OCTET_STRING)
			return SBC_EPARSE;
		*value = item.content;
		is_found = true;
	}
	return err ? err : is_found ? 0 : SBC_ENOENT;
}
