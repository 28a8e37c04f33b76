/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Floods are cut, scanners blocked, both forgiven; the well-behaved do not notice (S6). */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/source_guard.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static const struct source_guard_limits usual = {
	.rate = 10, .points = 5, .block = SECONDS(60), .source_max = 16};

static struct netaddr at(const char *text)
{
	struct netaddr address;

	assert_int_equal(0, netaddr_parse(&address, slice_str(text), 5060));
	return address;
}

static int setup(void **state)
{
	struct random_source random = random_system();

	return source_guard_new((struct source_guard **)state, &usual, &random);
}

static int teardown(void **state)
{
	source_guard_free(*state);
	return 0;
}

static unsigned admitted(struct source_guard *guard, const char *who, unsigned sent, usec_t now)
{
	struct netaddr address = at(who);
	unsigned count = 0;

	while (sent--)
		count += source_guard_admit(guard, &address, now);
	return count;
}

static void cuts_a_flood(void **state)
{
	struct source_guard_counters counters;

	assert_int_equal(10, admitted(*state, "192.0.2.1", 1000, SECONDS(1)));
	assert_int_equal(1, admitted(*state, "192.0.2.2", 1, SECONDS(1))); /* somebody else */
	assert_int_equal(5, admitted(*state, "192.0.2.1", 1000, SECONDS(1) + 500000));
	assert_int_equal(10, admitted(*state, "192.0.2.1", 1000, SECONDS(9)));
	source_guard_counters(*state, &counters);
	assert_int_equal(990 + 995 + 990, counters.dropped_rate);
}

static void blocks_and_forgives(void **state)
{
	struct netaddr scanner = at("192.0.2.1");

	for (int i = 0; i < 4; i++)
		assert_false(source_guard_blame(*state, &scanner, 1, SECONDS(1)));
	assert_true(source_guard_blame(*state, &scanner, 1, SECONDS(1)));
	assert_int_equal(0, admitted(*state, "192.0.2.1", 5, SECONDS(60)));
	assert_int_equal(5, admitted(*state, "192.0.2.1", 5, SECONDS(61) + 1));
	/* One point is forgiven each five seconds: the same, slowly, blocks nobody. */
	for (int i = 0; i < 100; i++)
		assert_false(source_guard_blame(
			*state, &scanner, 1, SECONDS(100) + i * SOURCE_GUARD_FORGIVE));
}

/* An office of phones behind one address, one of them wrongly set up. */
static void known_ones_are_no_strangers(void **state)
{
	struct netaddr office = at("192.0.2.1");

	source_guard_praise(*state, &office, SECONDS(1));
	for (int i = 0; i < 100; i++)
		assert_false(source_guard_blame(*state, &office, 1, SECONDS(1)));
	assert_int_equal(10 * SOURCE_GUARD_KNOWN_FACTOR,
		admitted(*state, "192.0.2.1", 1000, SECONDS(2)));
	for (int i = 0; i < 4; i++)
		source_guard_blame(*state, &office, 1, SECONDS(1) + SOURCE_GUARD_KNOWN);
	assert_true(source_guard_blame(*state, &office, 1, SECONDS(1) + SOURCE_GUARD_KNOWN));
}

/* A flood from made-up addresses costs no memory and blocks nobody else. */
static void the_table_has_a_ceiling(void **state)
{
	struct source_guard_counters counters;
	char text[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250 + 1);
		assert_int_equal(1, admitted(*state, text, 1, SECONDS(1)));
	}
	source_guard_counters(*state, &counters);
	assert_int_equal(16, counters.sources);
	assert_int_equal(1, admitted(*state, "192.0.2.7", 1, SECONDS(1)));
}

/* A network's worth of IPv6 addresses is one customer. */
static void ipv6_is_judged_by_network(void **state)
{
	assert_int_equal(10, admitted(*state, "2001:db8::1", 10, SECONDS(1)));
	assert_int_equal(0, admitted(*state, "2001:db8::ffff", 10, SECONDS(1)));
	assert_int_equal(10, admitted(*state, "2001:db8:0:1::1", 10, SECONDS(1)));
}

static void without_memory_nobody_is_judged(void **state)
{
	struct netaddr address = at("192.0.2.1");
	struct random_source random = random_system();
	struct source_guard *guard;

	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_true(source_guard_admit(*state, &address, SECONDS(1)) ||
			    n); /* the second one fits */
		mem_fail_after(-1);
	}
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, source_guard_new(&guard, &usual, &random));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cuts_a_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_and_forgives, setup, teardown),
		cmocka_unit_test_setup_teardown(known_ones_are_no_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(the_table_has_a_ceiling, setup, teardown),
		cmocka_unit_test_setup_teardown(ipv6_is_judged_by_network, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_memory_nobody_is_judged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
