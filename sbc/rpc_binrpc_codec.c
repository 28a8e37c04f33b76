/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BINRPC packets in and out. Pure. */

#include "sbc/rpc_binrpc_codec.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"

#define MAGIC_AND_VERSION 0xa1
#define NUMBER_LEN        24
#define LONG_SIZE         0x80
#define END_OF_GROUP      0x80      /* with the type of what ends */
#define INTEGER_MAX       INT32_MAX /* what kamcmd's integers hold */

enum packet_type { PACKET_REQUEST = 0, PACKET_REPLY = 1, PACKET_FAULT = 3 };

enum record_type {
	RECORD_INTEGER = 0,
	RECORD_TEXT = 1,
	RECORD_DOUBLE = 2, /* thousandths */
	RECORD_STRUCT = 3,
	RECORD_ARRAY = 4,
	RECORD_NAME = 5, /* of the record that follows, in a struct */
	RECORD_BYTES = 6,
};

/* ---- in ---- */

static uint64_t big_endian(const uint8_t *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[i];
	return value;
}

struct header {
	enum packet_type type;
	size_t length_len, cookie_len; /* bytes */
	uint64_t length;               /* of the records */
};

static int read_header(struct header *out, struct slice text)
{
	const uint8_t *at = (const uint8_t *)text.ptr;

	if (text.len && at[0] != MAGIC_AND_VERSION)
		return SBC_EPARSE;
	if (text.len < 2)
		return SBC_EAGAIN;
	out->type = (enum packet_type)(at[1] >> 4);
	out->length_len = (size_t)(at[1] >> 2 & 3) + 1;
	out->cookie_len = (size_t)(at[1] & 3) + 1;
	if (out->type != PACKET_REQUEST)
		return SBC_EPARSE;
	if (text.len < 2 + out->length_len)
		return SBC_EAGAIN;
	out->length = big_endian(at + 2, out->length_len);
	return out->length > BINRPC_REQUEST_MAX ? SBC_ELIMIT : 0;
}

int binrpc_packet_len(struct slice text, size_t *len)
{
	struct header header;
	int err = read_header(&header, text);

	if (err)
		return err;
	*len = 2 + header.length_len + header.cookie_len + (size_t)header.length;
	return 0;
}

/* The next record's type and bytes; *rest moves behind it. */
static int next_record(struct slice *rest, unsigned *type, struct slice *value)
{
	uint8_t first = (uint8_t)rest->ptr[0];
	size_t size = first >> 4 & 7, len = size;

	*type = first & 15;
	*rest = slice_from(*rest, 1);
	if (first & LONG_SIZE) {
		if (!size || size > 4 || size > rest->len)
			return SBC_EPARSE;
		len = (size_t)big_endian((const uint8_t *)rest->ptr, size);
		*rest = slice_from(*rest, size);
	}
	if (len > rest->len)
		return SBC_EPARSE;
	*value = slice_head(*rest, len);
	*rest = slice_from(*rest, len);
	return 0;
}

static int as_text(struct slice value, struct slice *out)
{
	if (!value.len || value.ptr[value.len - 1] || memchr(value.ptr, 0, value.len - 1))
		return SBC_EPARSE;
	*out = slice_head(value, value.len - 1);
	return 0;
}

static int as_number(struct arena *arena, unsigned type, struct slice value, struct slice *out)
{
	char text[NUMBER_LEN];
	uint64_t number;

	if (value.len > 4)
		return SBC_EPARSE;
	number = big_endian((const uint8_t *)value.ptr, value.len);
	if (type == RECORD_DOUBLE)
		snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, number / 1000,
			number % 1000);
	else
		snprintf(text, sizeof(text), "%" PRIu64, number);
	*out = arena_copy(arena, slice_str(text));
	return out->ptr ? 0 : SBC_ENOMEM;
}

static int read_param(struct rpc_request *out, struct arena *arena, struct slice *rest)
{
	struct slice value, text;
	unsigned type;
	int err = next_record(rest, &type, &value);

	if (err)
		return err;
	if (type == RECORD_INTEGER || type == RECORD_DOUBLE)
		err = as_number(arena, type, value, &text);
	else if (type == RECORD_TEXT)
		err = as_text(value, &text);
	else
		err = SBC_EPARSE; /* no command of ours takes a struct */
	return err ? err : rpc_request_add(out, (struct slice){0}, text);
}

int binrpc_parse(struct rpc_request *out, struct arena *arena, struct slice packet,
	struct rpc_writer *writer)
{
	struct header header;
	struct slice rest, value;
	unsigned type;
	int err = read_header(&header, packet);

	if (err)
		return err;
	rest = slice_from(packet, 2 + header.length_len);
	if (rest.len != header.cookie_len + header.length)
		return SBC_EPARSE;
	writer->cookie = (uint32_t)big_endian((const uint8_t *)rest.ptr, header.cookie_len);
	writer->cookie_len = (uint8_t)header.cookie_len;
	rest = slice_from(rest, header.cookie_len);
	if (!rest.len)
		return SBC_EPARSE;
	err = next_record(&rest, &type, &value);
	err = err ? err : type != RECORD_TEXT ? SBC_EPARSE : as_text(value, &out->method);
	while (!err && rest.len)
		err = read_param(out, arena, &rest);
	return err;
}

/* ---- out ---- */

/* Big endian without leading zeros, at least least bytes; returns their number. */
static size_t put_big_endian(uint8_t *out, uint64_t value, size_t least)
{
	size_t len = least;

	while (len < 8 && value >> (8 * len))
		len++;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
	return len;
}

static void put_byte(struct rpc_writer *w, unsigned byte)
{
	uint8_t b = (uint8_t)byte;

	rpc_out_put(&w->out, &b, 1);
}

static void put_record(
	struct rpc_writer *w, enum record_type type, struct slice value, bool is_terminated)
{
	size_t len = value.len + is_terminated;
	uint8_t length[8];

	if (len < 8) {
		put_byte(w, (unsigned)(len << 4) | type);
	} else {
		size_t size = put_big_endian(length, len, 1);
		put_byte(w, (unsigned)(LONG_SIZE | size << 4) | type);
		rpc_out_put(&w->out, length, size);
	}
	rpc_out_put(&w->out, value.ptr, value.len);
	if (is_terminated)
		put_byte(w, 0);
}

/* A NUL would end it for kamcmd before its length does. */
static void put_text(struct rpc_writer *w, enum record_type type, struct slice value)
{
	put_record(w, type, slice_head(value, slice_find(value, '\0')), true);
}

/* Members of a struct have names; what stands in the outermost array does not. */
static void put_name(struct rpc_writer *w, const char *name)
{
	const struct rpc_level *level = rpc_writer_level(w);

	rpc_writer_first(w);
	if (w->depth > 1 || (level && level->group == RPC_STRUCT)) {
		if (!name)
			name = level->item ? level->item : "";
		put_text(w, RECORD_NAME, slice_str(name));
	}
}

static void on_nothing(struct rpc_writer *w)
{
	(void)w;
}

/* The outermost array is no record: its items follow each other in the packet. A nested
 * one is a struct, as Kamailio's ctl has it. */
static bool is_record(unsigned depth, enum rpc_group group)
{
	return depth || group == RPC_STRUCT;
}

static void on_open(struct rpc_writer *w, const char *name, enum rpc_group group)
{
	if (!is_record(w->depth, group))
		return;
	put_name(w, name);
	put_byte(w, RECORD_STRUCT);
}

static void on_close(struct rpc_writer *w, enum rpc_group group)
{
	if (is_record(w->depth - 1, group))
		put_byte(w, END_OF_GROUP | RECORD_STRUCT);
}

static void on_text(struct rpc_writer *w, const char *name, struct slice value)
{
	put_name(w, name);
	put_text(w, RECORD_TEXT, value);
}

static void on_integer(struct rpc_writer *w, const char *name, uint64_t value)
{
	uint8_t bytes[8];
	char text[NUMBER_LEN];

	if (value > INTEGER_MAX) {
		/* Right as text is better than wrong as a number. */
		snprintf(text, sizeof(text), "%" PRIu64, value);
		on_text(w, name, slice_str(text));
		return;
	}
	put_name(w, name);
	put_record(w, RECORD_INTEGER, slice_of(bytes, put_big_endian(bytes, value, 0)), false);
}

static void on_fault(struct rpc_writer *w, int code, struct slice text)
{
	uint8_t bytes[8];
	uint64_t number = code > 0 ? (uint64_t)code : 500;

	put_record(w, RECORD_INTEGER, slice_of(bytes, put_big_endian(bytes, number, 0)), false);
	put_text(w, RECORD_TEXT, text);
}

size_t binrpc_header(const struct rpc_writer *w, bool is_fault, uint8_t *out)
{
	uint8_t length[8];
	size_t length_len = put_big_endian(length, w->out.len, 1);
	size_t cookie_len = w->cookie_len ? w->cookie_len : 1, at = 2;

	out[0] = MAGIC_AND_VERSION;
	out[1] = (uint8_t)((is_fault ? PACKET_FAULT : PACKET_REPLY) << 4 |
			   (length_len - 1) << 2 | (cookie_len - 1));
	memcpy(out + at, length, length_len);
	at += length_len;
	for (size_t i = 0; i < cookie_len; i++)
		out[at++] = (uint8_t)(w->cookie >> (8 * (cookie_len - 1 - i)));
	return at;
}

const struct rpc_dialect rpc_dialect_binrpc = {
	.begin = on_nothing,
	.end = on_nothing,
	.fault = on_fault,
	.open = on_open,
	.close = on_close,
	.text = on_text,
	.integer = on_integer,
	.unknown = "command %.*s not found",
	.unknown_code = 500,
	.answer_max = RPC_ANSWER_MAX,
	.has_named_items = true,
};
