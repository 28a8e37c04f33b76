/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ClientHello (RFC 6347 section 4.2.1, RFC 5246 section 7.4.1.2) and its use_srtp extension
 * (RFC 5764 section 4.1.1), as far as a server must know it before it answers. Pure.
 */

#include "media/client_hello.h"

#include <string.h>

#include "base/err.h"

#define EXTENSION_USE_SRTP 14
#define BODY_AT            (DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER)
#define VERSION_LEN        2

static void put(uint8_t *at, uint32_t value, unsigned count)
{
	while (count--) {
		at[count] = (uint8_t)value;
		value >>= 8;
	}
}

/* Cuts a vector with a length of prefix bytes (1 or 2) off *rest. */
static int vector_next(struct dtls_rest *rest, unsigned prefix, struct dtls_rest *out)
{
	size_t len = 0;

	if (rest->len < prefix)
		return SBC_EPARSE;
	for (unsigned i = 0; i < prefix; i++)
		len = len << 8 | rest->at[i];
	if (rest->len - prefix < len)
		return SBC_EPARSE;
	*out = (struct dtls_rest){rest->at + prefix, len};
	rest->at += prefix + len;
	rest->len -= prefix + len;
	return 0;
}

static int parse_use_srtp(struct client_hello *out, struct dtls_rest data)
{
	struct dtls_rest profiles, mki;

	if (vector_next(&data, 2, &profiles) || vector_next(&data, 1, &mki) || data.len ||
		!profiles.len || profiles.len % 2)
		return SBC_EPARSE;
	for (; profiles.len; profiles.at += 2, profiles.len -= 2) {
		if (out->profile_count == CLIENT_HELLO_PROFILE_MAX)
			break;
		out->profiles[out->profile_count++] =
			(uint16_t)(profiles.at[0] << 8 | profiles.at[1]);
	}
	return 0;
}

static int parse_extensions(struct client_hello *out, struct dtls_rest extensions)
{
	bool has_use_srtp = false;

	while (extensions.len) {
		struct dtls_rest data;
		unsigned type;

		if (extensions.len < 2)
			return SBC_EPARSE;
		type = (unsigned)extensions.at[0] << 8 | extensions.at[1];
		extensions.at += 2;
		extensions.len -= 2;
		if (vector_next(&extensions, 2, &data))
			return SBC_EPARSE;
		if (type != EXTENSION_USE_SRTP)
			continue;
		if (has_use_srtp || parse_use_srtp(out, data))
			return SBC_EPARSE;
		has_use_srtp = true;
	}
	return 0;
}

static int parse(struct client_hello *out, const uint8_t *body, size_t len)
{
	struct dtls_rest rest = {body, len}, session_id, cookie, suites, methods, extensions;
	struct client_hello hello = {0};

	/* DTLS 1.0 stands here only in hellos that offer no more; those are refused later. */
	if (rest.len < VERSION_LEN + CLIENT_RANDOM_LEN || rest.at[0] != 0xfe)
		return SBC_EPARSE;
	memcpy(hello.random, rest.at + VERSION_LEN, CLIENT_RANDOM_LEN);
	rest.at += VERSION_LEN + CLIENT_RANDOM_LEN;
	rest.len -= VERSION_LEN + CLIENT_RANDOM_LEN;
	if (vector_next(&rest, 1, &session_id) || session_id.len > 32 ||
		vector_next(&rest, 1, &cookie) || vector_next(&rest, 2, &suites) ||
		suites.len < 2 || suites.len % 2 || vector_next(&rest, 1, &methods) ||
		!methods.len)
		return SBC_EPARSE;
	if (rest.len && (vector_next(&rest, 2, &extensions) || rest.len ||
				parse_extensions(&hello, extensions)))
		return SBC_EPARSE;
	*out = hello;
	return 0;
}

/* A first fragment with another random begins another hello. */
static bool is_another(const struct hello_join *join, const struct dtls_handshake *message)
{
	size_t head = VERSION_LEN + CLIENT_RANDOM_LEN;

	if (join->length != message->length || join->sequence != message->sequence || join->len)
		return true;
	return message->offset == 0 && message->len >= head && (join->have[0] & 1) &&
	       memcmp(join->datagram + BODY_AT, message->body, head) != 0;
}

static void start(
	struct hello_join *join, const uint8_t *header, const struct dtls_handshake *m)
{
	uint8_t *handshake = join->datagram + DTLS_RECORD_HEADER;

	memset(join->have, 0, sizeof(join->have));
	join->have_count = 0;
	join->len = 0;
	join->length = m->length;
	join->sequence = m->sequence;
	memcpy(join->datagram, header, DTLS_RECORD_HEADER - 2);
	put(join->datagram + DTLS_RECORD_HEADER - 2, DTLS_HANDSHAKE_HEADER + m->length, 2);
	handshake[0] = DTLS_CLIENT_HELLO;
	put(handshake + 1, m->length, 3);
	put(handshake + 4, m->sequence, 2);
	put(handshake + 6, 0, 3);
	put(handshake + 9, m->length, 3);
}

static void store(struct hello_join *join, const struct dtls_handshake *message)
{
	memcpy(join->datagram + BODY_AT + message->offset, message->body, message->len);
	for (size_t i = message->offset; i < message->offset + message->len; i++) {
		uint8_t bit = (uint8_t)(1u << (i % 8));

		if (!(join->have[i / 8] & bit))
			join->have_count++;
		join->have[i / 8] |= bit;
	}
}

int hello_join_add(
	struct hello_join *join, const uint8_t *bytes, size_t len, struct client_hello *out)
{
	struct dtls_rest rest = {bytes, len}, messages;
	struct dtls_record record;
	struct dtls_handshake message;
	int err;

	/* RFC 6347 section 4.2.1: nothing else travels with a hello. */
	if (!dtls_records_is_client_hello(bytes, len) || dtls_record_next(&rest, &record) ||
		rest.len)
		return SBC_EPARSE;
	messages = (struct dtls_rest){record.body, record.len};
	if (dtls_handshake_next(&messages, &message) || messages.len)
		return SBC_EPARSE;
	if (!message.length || message.length > CLIENT_HELLO_MAX)
		return SBC_ELIMIT;
	if (is_another(join, &message))
		start(join, bytes, &message);
	store(join, &message);
	if (join->have_count < join->length)
		return 0;
	join->len = BODY_AT + join->length;
	err = parse(out, join->datagram + BODY_AT, join->length);
	if (err)
		return err;
	out->sequence = join->sequence;
	return 1;
}
