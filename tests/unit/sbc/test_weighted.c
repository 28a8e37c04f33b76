/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 2782's order of priorities and weights. */

#include "tests/cmocka_first.h"

#include "sbc/weighted.h"

static void priority_first(void **state)
{
	struct random_source random = random_system();

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct weighted items[] = {{20, 1, 0}, {10, 0, 1}, {30, 9, 2}, {10, 5, 3}};
		weighted_order(items, 4, &random);
		assert_int_equal(10, items[0].priority);
		assert_int_equal(10, items[1].priority);
		assert_int_equal(0, items[2].index);
		assert_int_equal(2, items[3].index);
	}
}

/* Three to one, over many draws; weight 0 seldom, but it does come. */
static void weight_is_a_share(void **state)
{
	struct random_source random = random_system();
	unsigned first[3] = {0};

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct weighted items[] = {{1, 3, 0}, {1, 1, 1}, {1, 0, 2}};
		weighted_order(items, 3, &random);
		first[items[0].index]++;
		assert_int_equal(3, items[0].index + items[1].index + items[2].index);
	}
	assert_in_range(first[0], 2750, 3250);
	assert_in_range(first[1], 750, 1250);
	assert_in_range(first[2], 0, 60);
}

static void few_are_no_trouble(void **state)
{
	struct random_source random = random_system();
	struct weighted one = {1, 0, 7};

	(void)state;
	weighted_order(&one, 0, &random);
	weighted_order(&one, 1, &random);
	assert_int_equal(7, one.index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(priority_first),
		cmocka_unit_test(weight_is_a_share),
		cmocka_unit_test(few_are_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
