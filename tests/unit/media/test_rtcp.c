/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP: telling it from RTP (MUX-3, RFC 5761 section 4) and its form (RFC 3550 A.2). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "media/rtcp.h"

/* MUX-3. */
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

static void reports(void **state)
{
	/* SR with one block, then RR with one. */
	static const uint8_t bytes[] = {0x81, 200, 0, 12, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x40, 0xff, 0xff, 0xfe, 0, 0, 0, 9,
		0, 0, 1, 0, 0xaa, 0xbb, 0xcc, 0xdd, 0, 1, 0, 0, 0x81, 201, 0, 7, 0, 0, 0, 1, 0,
		0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t short_sr[] = {0x9f, 200, 0, 1, 0, 0, 0, 1};
	static const uint8_t many[] = {0x9f, 201, 0, 1, 0, 0, 0, 1};
	struct rtcp_report report;

	(void)state;
	assert_int_equal(0, rtcp_check(bytes, sizeof(bytes)));
	rtcp_read(&report, bytes, sizeof(bytes));
	assert_true(report.is_sender);
	assert_int_equal(0x03040506, report.ntp_time);
	assert_int_equal(2, report.count);
	assert_int_equal(2, report.blocks[0].ssrc);
	assert_int_equal(0x40, report.blocks[0].fraction);
	assert_int_equal(-2, report.blocks[0].lost); /* 24 bits with a sign */
	assert_int_equal(256, report.blocks[0].jitter);
	assert_int_equal(0xaabbccdd, report.blocks[0].last_sr);
	assert_int_equal(65536, report.blocks[0].delay);
	assert_int_equal(7, report.blocks[1].lost);
	/* A count that the length does not bear is not believed. */
	rtcp_read(&report, short_sr, sizeof(short_sr));
	assert_false(report.is_sender);
	assert_int_equal(0, report.count);
	rtcp_read(&report, many, sizeof(many));
	assert_int_equal(0, report.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_byte),
		cmocka_unit_test(first_headers),
		cmocka_unit_test(compounds),
		cmocka_unit_test(reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
