/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP: telling it from RTP (MUX-3, RFC 5761 section 4) and its form (RFC 3550 A.2). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "media/rtcp.h"

static void second_byte(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t bytes[] = {0x80, (uint8_t)i};

		assert_int_equal(i >= 192 && i <= 223, rtcp_is_rtcp(bytes, 2));
		assert_false(rtcp_is_rtcp(bytes, 1));
	}
}

static void first_headers(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t len;
		int err;
	} rows[] = {
		{{0x80, 200, 0, 6}, 8, 0},
		{{0x80, 200, 0xff, 0xff}, 8, 0}, /* lengths are only seen once decrypted */
		{{0x80, 200, 0, 6}, 7, SBC_EPARSE},
		{{0x40, 200, 0, 6}, 8, SBC_EPARSE}, /* version 1 */
		{{0x80, 96, 0, 6}, 8, SBC_EPARSE},  /* RTP */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rows[i].err, rtcp_check_first(rows[i].bytes, rows[i].len));
}

static void compounds(void **state)
{
	static const struct {
		uint8_t bytes[20];
		size_t len;
		int err;
		const char *why;
	} rows[] = {
		{{0x80, 201, 0, 1}, 8, 0, "an empty receiver report"},
		{{0x80, 206, 0, 2}, 12, 0, "RFC 5506: feedback alone"},
		{{0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 202, 0, 2}, 20, 0, "RR and SDES"},
		{{0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 202, 0, 2}, 19, SBC_EPARSE, "cut"},
		{{0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 202, 0, 1}, 20, SBC_EPARSE,
			"four bytes left over: version 0"},
		{{0x80, 201, 0, 9}, 8, SBC_EPARSE, "longer than the packet"},
		{{0x80, 201, 0, 1, 0, 0, 0, 0, 0x41, 202, 0, 2}, 20, SBC_EPARSE,
			"second part of another version"},
		{{0x80, 201, 0, 1, 0, 0, 0, 0, 0xa0, 202, 0, 2}, 20, 0, "padding at the end"},
		{{0xa0, 201, 0, 1, 0, 0, 0, 0, 0x81, 202, 0, 2}, 20, SBC_EPARSE,
			"padding in the middle"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rows[i].err, rtcp_check(rows[i].bytes, rows[i].len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_byte),
		cmocka_unit_test(first_headers),
		cmocka_unit_test(compounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
