/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joining and reading hellos, recorded ones too (tests/vectors/dtls). */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "media/client_hello.h"

#define FILE_MAX 2048
#define HEADERS  (DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER)

static size_t load(const char *name, uint8_t *out)
{
	char path[128];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "tests/vectors/dtls/%s", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(out, 1, FILE_MAX, file);
	fclose(file);
	return len;
}

static struct hello_join join;
static uint8_t one[FILE_MAX], two[FILE_MAX];

static void baresip(void **state)
{
	static const uint16_t offered[] = {1, 2, 7, 8};
	size_t len = load("baresip-1.0.0-openssl3-clienthello.bin", one);
	struct client_hello hello = {.sequence = 9};

	(void)state;
	join = (struct hello_join){0};
	assert_int_equal(1, hello_join_add(&join, one, len, &hello));
	assert_int_equal(0, hello.sequence);
	assert_int_equal(len, join.len);
	assert_memory_equal(one, join.datagram, len);
	assert_memory_equal(one + HEADERS + 2, hello.random, CLIENT_RANDOM_LEN);
	assert_int_equal(4, hello.profile_count);
	assert_memory_equal(offered, hello.profiles, sizeof(offered));
}

/* A browser's hello with a post-quantum key share comes in two datagrams, in any order. */
static void chromium(void **state)
{
	size_t len1 = load("chromium156-clienthello-dtls13-part1.bin", one);
	size_t len2 = load("chromium156-clienthello-dtls13-part2.bin", two);
	struct client_hello hello;

	(void)state;
	for (int turn = 0; turn < 4; turn++) {
		const uint8_t *first = turn & 1 ? two : one, *second = turn & 1 ? one : two;
		size_t first_len = turn & 1 ? len2 : len1, second_len = turn & 1 ? len1 : len2;

		if (turn == 0)
			join = (struct hello_join){0};
		assert_int_equal(0, hello_join_add(&join, first, first_len, &hello));
		assert_int_equal(0, hello_join_add(&join, first, first_len, &hello));
		assert_int_equal(1, hello_join_add(&join, second, second_len, &hello));
		assert_int_equal(len1 + len2 - HEADERS, join.len);
		assert_true(hello.profile_count > 0);
		assert_memory_equal(one + HEADERS + 2, hello.random, CLIENT_RANDOM_LEN);
	}
}

/* WOLF-7: a forged first half does not spoil the true hello that comes after it. */
static void forged_half(void **state)
{
	size_t len1 = load("chromium156-clienthello-dtls13-part1.bin", one);
	size_t len2 = load("chromium156-clienthello-dtls13-part2.bin", two);
	struct client_hello hello;

	(void)state;
	join = (struct hello_join){0};
	one[HEADERS + 5] ^= 0xff;
	assert_int_equal(0, hello_join_add(&join, one, len1, &hello));
	one[HEADERS + 5] ^= 0xff;
	assert_int_equal(0, hello_join_add(&join, one, len1, &hello));
	assert_int_equal(1, hello_join_add(&join, two, len2, &hello));
	assert_memory_equal(one + HEADERS + 2, hello.random, CLIENT_RANDOM_LEN);
}

/* One record with a hello of this body, or a changed one. */
static int add(const uint8_t *body, size_t len, struct client_hello *out)
{
	uint8_t datagram[HEADERS + 256] = {22, 0xfe, 0xff};
	uint8_t *handshake = datagram + DTLS_RECORD_HEADER;

	datagram[11] = (uint8_t)((DTLS_HANDSHAKE_HEADER + len) >> 8);
	datagram[12] = (uint8_t)(DTLS_HANDSHAKE_HEADER + len);
	handshake[0] = DTLS_CLIENT_HELLO;
	handshake[2] = handshake[10] = (uint8_t)(len >> 8);
	handshake[3] = handshake[11] = (uint8_t)len;
	memcpy(datagram + HEADERS, body, len);
	join = (struct hello_join){0};
	return hello_join_add(&join, datagram, HEADERS + len, out);
}

/* version, random, no session id, no cookie, one suite, null compression */
#define HEAD 0xfe, 0xfd, [34] = 0, 0, 0, 2, 0xc0, 0x2b, 1, 0

static void bodies(void **state)
{
	static const struct {
		uint8_t body[80];
		size_t len;
		int result;
		const char *why;
	} rows[] = {
		{{HEAD}, 42, 1, "without extensions"},
		{{HEAD, 0, 0}, 44, 1, "none of them"},
		{{HEAD, 0, 9, 0, 14, 0, 5, 0, 2, 0, 7, 0}, 53, 1, "use_srtp"},
		{{HEAD, 0, 10, 0, 14, 0, 6, 0, 2, 0, 7, 1, 9}, 54, 1, "DTLS-5: with an MKI"},
		{{HEAD, 0, 14, 0, 55, 0, 1, 0, 0, 56, 0, 5, 4, 1, 2, 3, 4}, 58, 1,
			"DTLS-22: RFC 8844's, which we do not know"},
		{{HEAD, 0, 8, 0, 14, 0, 4, 0, 1, 7, 0}, 52, SBC_EPARSE, "half a profile"},
		{{HEAD, 0, 7, 0, 14, 0, 3, 0, 0, 0}, 51, SBC_EPARSE, "no profile"},
		{{HEAD, 0, 8, 0, 14, 0, 4, 0, 2, 0, 7}, 52, SBC_EPARSE, "no MKI length"},
		{{HEAD, 0, 10, 0, 14, 0, 6, 0, 2, 0, 7, 0, 0}, 54, SBC_EPARSE, "rest behind"},
		{{HEAD, 0, 18, 0, 14, 0, 5, 0, 2, 0, 7, 0, 0, 14, 0, 5, 0, 2, 0, 7, 0}, 62,
			SBC_EPARSE, "twice"},
		{{HEAD, 0, 9, 0, 14, 0, 6, 0, 2, 0, 7, 0}, 53, SBC_EPARSE, "over the end"},
		{{HEAD, 0, 3, 0, 14, 0}, 47, SBC_EPARSE, "half an extension"},
		{{HEAD, 0, 1, 0, 0}, 46, SBC_EPARSE, "bytes behind"},
		{{HEAD, 0, 9}, 44, SBC_EPARSE, "extensions missing"},
		{{HEAD}, 41, SBC_EPARSE, "cut"},
		{{HEAD}, 33, SBC_EPARSE, "random cut"},
		{{3, 3, [34] = 0, 0, 0, 2, 0xc0, 0x2b, 1, 0}, 42, SBC_EPARSE, "TLS"},
		{{0xfe, 0xfd, [34] = 0, 0, 0, 0, 1, 0}, 40, SBC_EPARSE, "no suite"},
		{{0xfe, 0xfd, [34] = 33, [69] = 2}, 75, SBC_EPARSE, "long session id"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client_hello hello = {.profile_count = 99};
		int result = add(rows[i].body, rows[i].len, &hello);

		if (result != rows[i].result)
			print_error("%s\n", rows[i].why);
		assert_int_equal(rows[i].result, result);
		if (result < 0)
			assert_int_equal(99, hello.profile_count);
	}
}

static void not_a_hello(void **state)
{
	static const uint8_t huge[HEADERS + 4] = {
		22, 0xfe, 0xff, [12] = 16, 1, 0, 0x10, 1, [24] = 4};
	static const uint8_t other[HEADERS + 4] = {
		22, 0xfe, 0xff, [12] = 16, 2, 0, 0, 4, [24] = 4};
	struct client_hello hello;

	(void)state;
	join = (struct hello_join){0};
	assert_int_equal(SBC_ELIMIT, hello_join_add(&join, huge, sizeof(huge), &hello));
	assert_int_equal(SBC_EPARSE, hello_join_add(&join, other, sizeof(other), &hello));
	assert_int_equal(SBC_EPARSE, hello_join_add(&join, huge, 20, &hello));
	assert_int_equal(SBC_EPARSE, hello_join_add(&join, huge, 0, &hello));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(baresip),
		cmocka_unit_test(chromium),
		cmocka_unit_test(forged_half),
		cmocka_unit_test(bodies),
		cmocka_unit_test(not_a_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
