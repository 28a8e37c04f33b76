/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as bytes. Pure. */

#include "base/coder.h"

#include <string.h>

#include "base/err.h"

static void fail(struct coder *c, int err)
{
	if (!c->err)
		c->err = err;
}

void coder_refuse(struct coder *c)
{
	if (c->is_reading)
		fail(c, SBC_EPARSE);
}

/* So many bytes of the input; NULL after a fault. */
static const char *take(struct coder *c, size_t len)
{
	const char *at = c->in.ptr;

	if (c->err || c->in.len < len) {
		coder_refuse(c);
		return NULL;
	}
	c->in = slice_from(c->in, len);
	return at;
}

void code_bytes(struct coder *c, void *bytes, size_t len)
{
	const char *from;

	if (!len)
		return;
	if (!c->is_reading) {
		if (buf_put(c->out, bytes, len))
			fail(c, c->out->err);
		return;
	}
	from = take(c, len);
	if (from)
		memcpy(bytes, from, len);
	else
		memset(bytes, 0, len);
}

uint64_t code_number(struct coder *c, uint64_t value, size_t len, uint64_t max)
{
	uint8_t bytes[sizeof(value)];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> 8 * (len - 1 - i));
	code_bytes(c, bytes, len);
	value = 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	if (value <= max)
		return value;
	fail(c, c->is_reading ? SBC_EPARSE : SBC_ELIMIT);
	return 0;
}

bool code_bool(struct coder *c, bool value)
{
	return code_number(c, value, 1, 1);
}

void code_text(struct coder *c, char *text, size_t size)
{
	size_t len = code_number(c, c->is_reading ? 0 : strlen(text), 2, size - 1);

	code_bytes(c, text, len);
	text[len] = '\0';
	if (strlen(text) != len)
		coder_refuse(c);
}

void code_slice(struct coder *c, struct slice *text, size_t max)
{
	size_t len = code_number(c, text->len, 4, max);
	const char *from;

	if (!c->is_reading) {
		code_bytes(c, (void *)text->ptr, len);
		return;
	}
	from = take(c, len);
	*text = (struct slice){0};
	if (!from || !len)
		return;
	*text = arena_copy(c->arena, slice_of(from, len));
	if (!text->ptr)
		fail(c, SBC_ENOMEM);
}

void code_buf(struct coder *c, struct buf *text, size_t max)
{
	size_t len = code_number(c, text->len, 4, max);
	const char *from;

	if (!c->is_reading) {
		code_bytes(c, text->data, len);
		return;
	}
	from = take(c, len);
	buf_reset(text);
	if (from && buf_put(text, from, len))
		fail(c, text->err);
}

void code_address(struct coder *c, struct netaddr *address)
{
	sa_family_t family = address->sa.sa_family;
	uint16_t port = netaddr_port(address);
	unsigned version = family == AF_INET6 ? 6 : family == AF_INET ? 4 : 0;

	version = (unsigned)code_number(c, version, 1, 6);
	if (c->is_reading)
		*address = (struct netaddr){0};
	if (version == 4) {
		address->sa.sa_family = AF_INET;
		code_bytes(c, &address->in.sin_addr, sizeof(address->in.sin_addr));
	} else if (version == 6) {
		address->sa.sa_family = AF_INET6;
		code_bytes(c, &address->in6.sin6_addr, sizeof(address->in6.sin6_addr));
	} else if (version) {
		coder_refuse(c);
		return;
	}
	if (version)
		netaddr_set_port(address, (uint16_t)code_number(c, port, 2, UINT16_MAX));
}

void code_fingerprint(struct coder *c, struct fingerprint *fingerprint)
{
	code_text(c, fingerprint->alg, sizeof(fingerprint->alg));
	fingerprint->digest_len = (uint8_t)code_number(
		c, fingerprint->digest_len, 1, sizeof(fingerprint->digest));
	code_bytes(c, fingerprint->digest, fingerprint->digest_len);
}

void code_fingerprints(struct coder *c, struct fingerprint_set *set)
{
	set->count = code_number(c, set->count, 1, FINGERPRINT_SET_MAX);
	for (size_t i = 0; i < set->count; i++)
		code_fingerprint(c, &set->items[i]);
}

void code_end(struct coder *c)
{
	if (c->in.len)
		coder_refuse(c);
}
