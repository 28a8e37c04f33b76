/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may pass before a handshake is done: RFC 6347 section 4.1, RFC 9147 section 4, rows
 * DTLS-14, D12-8, D12-10, D13-1. With real TLS ends: test_dtls.c.
 */

#include "tests/cmocka_first.h"

#include <string.h>

#include "base/err.h"
#include "media/dtls_records.h"

#define BYTES_MAX 128

struct bytes {
	uint8_t at[BYTES_MAX];
	size_t len;
};

static void add_record(
	struct bytes *b, uint8_t type, uint16_t epoch, const void *body, size_t len)
{
	uint8_t *at = b->at + b->len;

	memset(at, 0, DTLS_RECORD_HEADER);
	at[0] = type;
	at[1] = 0xfe;
	at[2] = 0xfd;
	at[4] = (uint8_t)epoch;
	at[12] = (uint8_t)len;
	memcpy(at + DTLS_RECORD_HEADER, body, len);
	b->len += DTLS_RECORD_HEADER + len;
}

static void add_message(struct bytes *b, uint8_t type, uint8_t sequence)
{
	uint8_t message[DTLS_HANDSHAKE_HEADER + 4] = {
		type, 0, 0, 4, 0, sequence, 0, 0, 0, 0, 0, 4};

	add_record(b, DTLS_HANDSHAKE, 0, message, sizeof(message));
}

/* One message after a hello whose message_seq is hello_sequence. */
static bool passes(
	enum media_dtls_role role, int hello_sequence, uint8_t type, uint8_t sequence)
{
	struct dtls_records records;
	struct bytes b = {.len = 0};

	dtls_records_init(&records, role);
	if (hello_sequence >= 0) {
		add_message(&b,
			role == MEDIA_DTLS_SERVER ? DTLS_CLIENT_HELLO : DTLS_SERVER_HELLO,
			(uint8_t)hello_sequence);
		assert_true(dtls_records_pass(&records, b.at, b.len));
		b.len = 0;
	}
	add_message(&b, type, sequence);
	return dtls_records_pass(&records, b.at, b.len);
}

static void places(void **state)
{
	/* role, hello before, type, the message_seq that pass */
	static const struct {
		enum media_dtls_role role;
		int hello;
		uint8_t type;
		int first, last; /* first > last: none */
	} rows[] = {
		{MEDIA_DTLS_SERVER, -1, DTLS_CLIENT_HELLO, 0, 2},
		{MEDIA_DTLS_SERVER, 0, DTLS_CLIENT_HELLO, 0, 2},
		{MEDIA_DTLS_SERVER, -1, DTLS_CERTIFICATE, 1, 0},
		{MEDIA_DTLS_SERVER, 0, DTLS_CERTIFICATE, 1, 1},
		{MEDIA_DTLS_SERVER, 1, DTLS_CERTIFICATE, 2, 2},
		{MEDIA_DTLS_SERVER, 0, DTLS_CLIENT_KEY_EXCHANGE, 2, 2},
		{MEDIA_DTLS_SERVER, 1, DTLS_CLIENT_KEY_EXCHANGE, 3, 3},
		{MEDIA_DTLS_SERVER, 0, DTLS_CERTIFICATE_VERIFY, 3, 3},
		{MEDIA_DTLS_SERVER, 0, DTLS_SERVER_HELLO, 1, 0},
		{MEDIA_DTLS_SERVER, 0, DTLS_SERVER_HELLO_DONE, 1, 0},
		{MEDIA_DTLS_SERVER, 0, 0, 1, 0},  /* HelloRequest */
		{MEDIA_DTLS_SERVER, 0, 20, 1, 0}, /* Finished in the clear */
		{MEDIA_DTLS_SERVER, 0, 99, 1, 0},
		{MEDIA_DTLS_CLIENT, -1, DTLS_HELLO_VERIFY_REQUEST, 0, 1},
		{MEDIA_DTLS_CLIENT, 0, DTLS_HELLO_VERIFY_REQUEST, 1, 0}, /* too late */
		{MEDIA_DTLS_CLIENT, -1, DTLS_SERVER_HELLO, 0, 2},
		{MEDIA_DTLS_CLIENT, -1, DTLS_CERTIFICATE, 1, 3}, /* overtook the hello */
		{MEDIA_DTLS_CLIENT, 0, DTLS_CERTIFICATE, 1, 1},
		{MEDIA_DTLS_CLIENT, 1, DTLS_CERTIFICATE, 2, 2},
		{MEDIA_DTLS_CLIENT, 1, DTLS_SERVER_KEY_EXCHANGE, 3, 3},
		{MEDIA_DTLS_CLIENT, 1, DTLS_CERTIFICATE_REQUEST, 4, 4},
		{MEDIA_DTLS_CLIENT, 1, DTLS_SERVER_HELLO_DONE, 4, 5},
		{MEDIA_DTLS_CLIENT, 0, DTLS_CLIENT_HELLO, 1, 0},
		{MEDIA_DTLS_CLIENT, 0, DTLS_CLIENT_KEY_EXCHANGE, 1, 0},
		{MEDIA_DTLS_CLIENT, 0, DTLS_CERTIFICATE_VERIFY, 1, 0},
		{MEDIA_DTLS_CLIENT, 0, 0, 1, 0}, /* HelloRequest (DTLS-17) */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int sequence = 0; sequence < 10; sequence++)
			assert_int_equal(sequence >= rows[i].first && sequence <= rows[i].last,
				passes(rows[i].role, rows[i].hello, rows[i].type,
					(uint8_t)sequence));
	}
}

/* D12-8: several records in a datagram, and one bad one spoils it. */
static void datagrams_as_a_whole(void **state)
{
	static const uint8_t sealed[40], ccs = 1;
	struct dtls_records records;
	struct bytes b = {.len = 0};

	(void)state;
	dtls_records_init(&records, MEDIA_DTLS_SERVER);
	add_message(&b, DTLS_CLIENT_HELLO, 0);
	assert_true(dtls_records_pass(&records, b.at, b.len));
	b.len = 0;
	add_message(&b, DTLS_CLIENT_KEY_EXCHANGE, 2);
	add_record(&b, DTLS_CHANGE_CIPHER_SPEC, 0, &ccs, 1);
	add_record(&b, DTLS_HANDSHAKE, 1, sealed, sizeof(sealed));
	for (size_t len = 0; len < b.len; len++) {
		bool whole = len == DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER + 4 ||
			     len == b.len - sizeof(sealed) - DTLS_RECORD_HEADER;
		struct dtls_records copy = records;

		assert_int_equal(whole, dtls_records_pass(&copy, b.at, len));
	}
	assert_true(dtls_records_pass(&records, b.at, b.len));
	/* Nothing that is refused changes what comes after. */
	dtls_records_init(&records, MEDIA_DTLS_SERVER);
	b.len = 0;
	add_message(&b, DTLS_CLIENT_HELLO, 0);
	add_record(&b, DTLS_ALERT, 0, "\2\50", 2);
	assert_false(dtls_records_pass(&records, b.at, b.len));
	assert_false(records.has_hello);
}

static void fragments(void **state)
{
	/* length, offset, fragment length of a Certificate in a record of 12 + 4 bytes */
	static const struct {
		uint8_t length[3], offset[3], fragment;
		bool expected;
	} rows[] = {
		{{0, 0, 4}, {0, 0, 0}, 4, true},
		{{0, 4, 0}, {0, 0, 0}, 4, true},
		{{0, 4, 0}, {0, 3, 252}, 4, true},
		{{0, 4, 0}, {0, 3, 253}, 4, false}, /* beyond the message */
		{{0, 4, 0}, {0, 4, 0}, 4, false},
		{{0, 0, 3}, {0, 0, 0}, 4, false},
		{{0, 4, 0}, {0, 0, 0}, 5, false}, /* beyond the record */
		{{0, 4, 0}, {0, 0, 0}, 3, false}, /* a byte behind it */
		{{1, 0, 0}, {0, 0, 0}, 4, false}, /* 64 kB */
		{{0xff, 0xff, 0xff}, {0xff, 0xff, 0xff}, 4, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t message[16] = {DTLS_CERTIFICATE, 0, 0, 0, 0, 1};
		struct dtls_records records = {.has_hello = true, .role = MEDIA_DTLS_SERVER};
		struct bytes b = {.len = 0};

		memcpy(message + 1, rows[i].length, 3);
		memcpy(message + 6, rows[i].offset, 3);
		message[11] = rows[i].fragment;
		add_record(&b, DTLS_HANDSHAKE, 0, message, sizeof(message));
		assert_int_equal(rows[i].expected, dtls_records_pass(&records, b.at, b.len));
	}
}

/* RFC 9147 section 4: the unified header and its options. */
static void unified_headers(void **state)
{
	static const struct {
		uint8_t first;
		size_t header; /* bytes, its length field included */
		bool expected;
	} rows[] = {
		{0x2e, 5, true},                   /* 16 bit number, length, epoch 2 */
		{0x2a, 3, true},                   /* without length */
		{0x26, 4, true},                   /* 8 bit number */
		{0x22, 2, true}, {0x3e, 5, false}, /* a connection id */
		{0x2c, 5, false},                  /* epoch 0 is never encrypted */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t body = 14; body < 20; body++) {
			struct dtls_records records = {
				.has_hello = true, .role = MEDIA_DTLS_SERVER};
			uint8_t bytes[32] = {rows[i].first};

			if (rows[i].first & 4)
				bytes[rows[i].header - 1] = (uint8_t)body;
			assert_int_equal(rows[i].expected && body >= 16,
				dtls_records_pass(&records, bytes, rows[i].header + body));
			records.has_hello = false; /* nobody has keys yet */
			assert_false(dtls_records_pass(&records, bytes, rows[i].header + body));
		}
	}
}

/* D12-4. */
static void repetitions(void **state)
{
	static const uint8_t sealed[40];
	struct bytes finished = {.len = 0}, certificate = {.len = 0}, hello = {.len = 0};
	uint8_t unified[24] = {0x2a}, application[24] = {0x2b};

	(void)state;
	add_record(&finished, DTLS_HANDSHAKE, 1, sealed, sizeof(sealed));
	add_message(&certificate, DTLS_CERTIFICATE, 1);
	add_message(&hello, DTLS_CLIENT_HELLO, 0);
#define REPEAT(role, v13, b, n) dtls_records_is_repeat(role, v13, b, n)
	assert_true(REPEAT(MEDIA_DTLS_SERVER, false, finished.at, finished.len));
	assert_true(REPEAT(MEDIA_DTLS_SERVER, false, certificate.at, certificate.len));
	assert_false(REPEAT(MEDIA_DTLS_SERVER, false, hello.at, hello.len));
	assert_false(REPEAT(MEDIA_DTLS_CLIENT, false, finished.at, finished.len));
	assert_true(REPEAT(MEDIA_DTLS_SERVER, true, unified, sizeof(unified)));
	assert_true(REPEAT(MEDIA_DTLS_CLIENT, true, unified, sizeof(unified)));
	/* An acknowledgement comes with the keys of application data. */
	assert_false(REPEAT(MEDIA_DTLS_CLIENT, true, application, sizeof(application)));
	assert_false(REPEAT(MEDIA_DTLS_SERVER, false, unified, sizeof(unified)));
#undef REPEAT
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(datagrams_as_a_whole),
		cmocka_unit_test(fragments),
		cmocka_unit_test(unified_headers),
		cmocka_unit_test(repetitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
