/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ITU-T G.107: known points of the curve, and its direction. */

#include "tests/cmocka_first.h"

#include "sbc/e_model.h"

static void points(void **state)
{
	static const struct {
		struct e_model_input input;
		unsigned r_least, r_most, mos_least, mos_most;
		const char *why;
	} table[] = {
		{{SLICE("PCMU"), 1000, 0, 0, 0}, 925, 930, 439, 442, "the best there is: 4.4"},
		{{SLICE("pcma"), 1000, 0, 100000, 0}, 913, 917, 437, 440, "70 ms of delay"},
		{{SLICE("PCMU"), 1000, 0, 600000, 0}, 689, 700, 355, 362,
			"320 ms: above the knee"},
		{{SLICE("PCMU"), 1000, 10, 0, 0}, 888, 893, 431, 435, "1 % of loss"},
		{{SLICE("PCMU"), 1000, 50, 0, 0}, 765, 772, 387, 393, "5 % of loss"},
		{{SLICE("G729"), 1000, 0, 0, 0}, 815, 819, 405, 412, "another codec"},
		{{SLICE("opus"), 1000, 0, 0, 0}, 925, 930, 439, 442, "not in the tables"},
		{{SLICE("PCMU"), 1000, 0, 0, 100000}, 821, 880, 405, 430, "100 ms of jitter"},
		{{SLICE("G723"), 1000, 900, 3000000, 500000}, 0, 0, 100, 100, "unbearable"},
		{{SLICE("PCMU"), 0, 0, 0, 0}, 0, 0, 0, 0, "nothing was heard"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct e_model_result result;

		e_model(&result, &table[i].input);
		if (result.r_tenths < table[i].r_least || result.r_tenths > table[i].r_most ||
			result.mos_hundredths < table[i].mos_least ||
			result.mos_hundredths > table[i].mos_most)
			fail_msg("%s: R %u, MOS %u", table[i].why, result.r_tenths,
				result.mos_hundredths);
	}
}

/* More loss or delay never makes it better. */
static void falls(void **state)
{
	struct e_model_result before = {.mos_hundredths = 500}, now;

	(void)state;
	for (uint64_t lost = 0; lost <= 1000; lost++) {
		const struct e_model_input input = {SLICE("PCMU"), 1000, lost, 0, 0};

		e_model(&now, &input);
		assert_true(now.mos_hundredths <= before.mos_hundredths);
		before = now;
	}
	before.mos_hundredths = 500;
	for (uint32_t ms = 0; ms <= 2000; ms++) {
		const struct e_model_input input = {SLICE("PCMU"), 1000, 0, ms * 1000, 0};

		e_model(&now, &input);
		assert_true(now.mos_hundredths <= before.mos_hundredths);
		before = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points),
		cmocka_unit_test(falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
