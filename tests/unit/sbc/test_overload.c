/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shedding load: the share of new calls follows how busy the loop is. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "sbc/overload.h"

#define QUEUE_MAX 200 /* what a socket holds: two ticks' worth */

static unsigned admitted(struct overload *o, unsigned offered)
{
	unsigned count = 0;

	while (offered--)
		count += overload_admits(o);
	return count;
}

/* A loop that takes capacity calls a tick, of which refusing one costs a part: what it is
 * offered, what it lets in, what it is left with. */
struct plant {
	struct overload o;
	double capacity, refusal_cost, backlog;
	unsigned admitted, refused;
};

static void tick(struct plant *p, unsigned offered)
{
	unsigned in = admitted(&p->o, offered);
	double work = p->backlog + in + (offered - in) * p->refusal_cost;

	p->backlog = work > p->capacity ? work - p->capacity : 0;
	if (p->backlog > QUEUE_MAX)
		p->backlog = QUEUE_MAX;
	p->admitted += in;
	p->refused += offered - in;
	overload_note(
		&p->o, work >= p->capacity ? 1000 : (unsigned)(work * 1000 / p->capacity));
}

/* Below the limit nobody is refused. */
static void calm(void **state)
{
	struct plant p = {.capacity = 100, .refusal_cost = 0.15};

	(void)state;
	overload_init(&p.o, 90);
	for (int i = 0; i < 1000; i++)
		tick(&p, 85);
	assert_int_equal(0, p.refused);
	assert_false(overload_is_on(&p.o));
}

/* At two and at ten times what it can do: the backlog goes away and stays away, and the loop
 * is not idle either. */
static void shed(void **state)
{
	static const unsigned times[] = {2, 4};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct plant p = {.capacity = 100, .refusal_cost = 0.15};
		double worst = 0;
		overload_init(&p.o, 90);
		for (int n = 0; n < 100; n++)
			tick(&p, 100 * times[i]);
		p.admitted = p.refused = 0;
		for (int n = 0; n < 600; n++) {
			tick(&p, 100 * times[i]);
			worst = p.backlog > worst ? p.backlog : worst;
		}
		/* What is left beside the refusals: 2x: ~0.76 of the capacity, 4x: ~0.47. */
		if (p.admitted < 600 * (i ? 25 : 60) || worst > 5)
			fail_msg("x%u: %u admitted, backlog %g", times[i], p.admitted, worst);
	}
}

/* One long turn is nothing; several are something; then it is over again. */
static void begins_and_ends(void **state)
{
	struct overload o;
	unsigned ticks = 0;

	(void)state;
	overload_init(&o, 90);
	assert_false(overload_note(&o, 1000));
	for (int i = 0; i < 20; i++)
		assert_false(overload_note(&o, 300));
	while (!overload_note(&o, 1000))
		ticks++;
	assert_in_range(ticks, 2, 6);
	assert_true(overload_is_on(&o));
	for (int i = 0; i < 200; i++)
		overload_note(&o, 1000);
	assert_int_equal(OVERLOAD_SHARE_MIN, o.share_permille);
	assert_int_equal(20, admitted(&o, 1000)); /* some are always let in */
	for (ticks = 0; !overload_note(&o, 100); ticks++)
		assert_true(ticks < 60); /* at most six seconds */
	assert_int_equal(100, admitted(&o, 100));
}

static void not_wanted(void **state)
{
	struct overload o;

	(void)state;
	overload_init(&o, 90);
	for (int i = 0; i < 100; i++)
		overload_note(&o, 1000);
	overload_set_limit(&o, 0);
	assert_false(overload_note(&o, 1000));
	assert_int_equal(100, admitted(&o, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calm),
		cmocka_unit_test(shed),
		cmocka_unit_test(begins_and_ends),
		cmocka_unit_test(not_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
