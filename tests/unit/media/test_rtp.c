/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP headers (MUX-4, RFC 3550 section 5.1) and losses (RFC 3550 appendix A.3). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "media/rtp.h"

static void headers(void **state)
{
	static const struct {
		uint8_t bytes[24];
		size_t len;
		int err;
		size_t header_len;
		const char *why;
	} rows[] = {
		{{0x80, 8}, 12, 0, 12, "the fixed header alone"},
		{{0x80, 8}, 11, SBC_EPARSE, 0, "one byte short"},
		{{0x80}, 0, SBC_EPARSE, 0, "nothing"},
		{{0x40, 8}, 12, SBC_EPARSE, 0, "version 1"},
		{{0xc0, 8}, 12, SBC_EPARSE, 0, "version 3"},
		{{0x82, 8}, 20, 0, 20, "two CSRCs"},
		{{0x82, 8}, 19, SBC_EPARSE, 0, "the second is cut"},
		{{0x90, 8, [15] = 1}, 20, 0, 20, "extension of one word"},
		{{0x90, 8, [15] = 1}, 19, SBC_EPARSE, 0, "its word is cut"},
		{{0x90, 8}, 15, SBC_EPARSE, 0, "its header is cut"},
		{{0x90, 8}, 16, 0, 16, "extension without words"},
		{{0x90, 8, [14] = 0xff, 0xff}, 24, SBC_EPARSE, 0,
			"extension beyond the packet"},
	};
	struct rtp_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h = (struct rtp_header){.len = 77};
		assert_int_equal(rows[i].err, rtp_parse(&h, rows[i].bytes, rows[i].len));
		assert_int_equal(rows[i].err ? 77 : rows[i].header_len, h.len);
	}
}

static void fields(void **state)
{
	static const uint8_t packet[] = {
		0x80, 0x88, 0x12, 0x34, 0, 0, 0, 1, 0xca, 0xfe, 0xba, 0xbe};
	struct rtp_header h;

	(void)state;
	assert_int_equal(0, rtp_parse(&h, packet, sizeof(packet)));
	assert_int_equal(8, h.payload_type); /* without the marker */
	assert_int_equal(0x1234, h.sequence);
	assert_int_equal(0xcafebabe, h.ssrc);
}

static void losses(void **state)
{
	static const struct {
		uint16_t heard[8];
		unsigned count;
		uint64_t lost;
		const char *why;
	} rows[] = {
		{{0}, 0, 0, "nothing heard"},
		{{7}, 1, 0, "one"},
		{{1, 2, 3, 4}, 4, 0, "all"},
		{{1, 2, 5}, 3, 2, "a gap"},
		{{1, 5, 2, 3, 4}, 5, 0, "reordered"},
		{{65534, 65535, 0, 1}, 4, 0, "wraps"},
		{{65534, 1}, 2, 2, "wraps with a gap"},
		{{65535, 0, 65534}, 3, 0, "one from before the wrap comes late"},
		{{0, 65535, 1}, 3, 0, "one from before the first comes late"},
		{{10, 8, 12}, 3, 2, "earlier than the first, with gaps"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rtp_source source = {0};

		for (unsigned k = 0; k < rows[i].count; k++)
			rtp_source_heard(&source, rows[i].heard[k]);
		assert_int_equal(rows[i].lost, rtp_source_lost(&source));
	}
}

/* RFC 3550 appendix A.8, computed by hand: J += (|D| - J) / 16. */
static void jitter(void **state)
{
	struct rtp_source source = {0};

	(void)state;
	for (uint32_t n = 0; n < 100; n++) {
		rtp_source_time(&source, 160 * n, 5000 + 160 * n);
		rtp_source_heard(&source, (uint16_t)n);
	}
	assert_int_equal(0, rtp_source_jitter(&source));      /* as regular as can be */
	rtp_source_time(&source, 16000, 5000 + 16000 + 320);  /* 40 ms late */
	assert_int_equal(20, rtp_source_jitter(&source));     /* 320 / 16 */
	rtp_source_time(&source, 16000, 5000 + 16000 + 9000); /* the same timestamp: nothing */
	assert_int_equal(20, rtp_source_jitter(&source));
	rtp_source_time(&source, 16160, 5000 + 16160);    /* in time again: |D| = 320 */
	assert_int_equal(38, rtp_source_jitter(&source)); /* 20 + (320 - 20) / 16 */
	rtp_source_time(&source, 900000000, 5000);        /* another clock: passed over */
	assert_int_equal(38, rtp_source_jitter(&source));
	assert_int_equal(100, rtp_source_expected(&source));
}

/* M6: a long call crosses the wrap many times. */
static void losses_over_many_wraps(void **state)
{
	struct rtp_source source = {0};
	uint64_t lost = 0;

	(void)state;
	for (uint32_t n = 100; n < 5 * 65536u; n++) {
		if (n % 10 == 0)
			lost++;
		else
			rtp_source_heard(&source, (uint16_t)n);
	}
	assert_int_equal(lost - 1, rtp_source_lost(&source)); /* the first one nobody misses */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(fields),
		cmocka_unit_test(losses),
		cmocka_unit_test(losses_over_many_wraps),
		cmocka_unit_test(jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
