/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 7983 section 7 (MUX-1): all 256 first bytes. */

#include "tests/cmocka_first.h"

#include "media/demux.h"

/* MUX-1, MUX-2: STUN is told by its byte alone, since none is answered. */
static void every_first_byte(void **state)
{
	static const struct {
		unsigned first, last;
		enum demux_class expected;
	} rows[] = {
		{0, 3, DEMUX_STUN},
		{4, 15, DEMUX_UNKNOWN},
		{16, 19, DEMUX_ZRTP},
		{20, 63, DEMUX_DTLS}, /* D13-1: DTLS 1.3's header too */
		{64, 79, DEMUX_TURN},
		{80, 127, DEMUX_UNKNOWN},
		{128, 191, DEMUX_RTP},
		{192, 255, DEMUX_UNKNOWN},
	};
	unsigned next = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(next, rows[i].first);
		for (next = rows[i].first; next <= rows[i].last; next++) {
			uint8_t byte = (uint8_t)next;

			assert_int_equal(rows[i].expected, demux_classify(&byte, 1));
		}
	}
	assert_int_equal(256, next);
	assert_int_equal(DEMUX_UNKNOWN, demux_classify(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_first_byte)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
