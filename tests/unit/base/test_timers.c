/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers by hand and on a loop. */

#include "tests/cmocka_first.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/timers.h"

struct probe {
	struct timer timer;
	usec_t at; /* wanted */
	usec_t last;
	int count;
	struct timers *set;
};

static usec_t order_of_last;

static void on_probe(struct timer *timer, usec_t now, void *arg)
{
	struct probe *p = arg;

	(void)timer;
	p->count++;
	p->last = now;
	assert_true(p->at >= order_of_last);
	order_of_last = p->at;
}

static void fires_in_order(void **state)
{
	static struct probe probes[1000];
	struct timers set;

	(void)state;
	timers_init(&set, 1000);
	srand48(1);
	for (int i = 0; i < 1000; i++) {
		timer_init(&probes[i].timer, on_probe, &probes[i]);
		probes[i].at = lrand48() % 10000;
		assert_int_equal(0, timer_start(&set, &probes[i].timer, probes[i].at));
	}
	for (int i = 0; i < 1000; i += 3) {
		timer_stop(&set, &probes[i].timer);
		assert_false(timer_is_running(&probes[i].timer));
	}
	for (int i = 1; i < 1000; i += 3) { /* moved */
		probes[i].at = lrand48() % 10000;
		timer_start(&set, &probes[i].timer, probes[i].at);
	}
	struct probe over = {0};
	for (usec_t now = 0; now < 10000; now += 100)
		timers_run(&set, now);
	timers_run(&set, 10000);
	(void)over;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(i % 3 ? 1 : 0, probes[i].count);
	assert_int_equal(-1, timers_next(&set));
	timers_fini(&set);
}

static void has_a_ceiling(void **state)
{
	struct probe a = {0}, b = {0};
	struct timers set;

	(void)state;
	timers_init(&set, 1);
	timer_init(&a.timer, on_probe, &a);
	timer_init(&b.timer, on_probe, &b);
	assert_int_equal(0, timer_start(&set, &a.timer, 5));
	assert_int_equal(0, timer_start(&set, &a.timer, 6)); /* moving takes no place */
	assert_int_equal(SBC_ELIMIT, timer_start(&set, &b.timer, 5));
	assert_int_equal(6, timers_next(&set));
	timers_fini(&set);
	assert_false(timer_is_running(&a.timer));
}

static void on_again(struct timer *timer, usec_t now, void *arg)
{
	struct probe *p = arg;

	if (++p->count < 5)
		timer_start(p->set, timer, now + 10);
	p->last = now;
}

static void may_start_itself_again(void **state)
{
	struct timers set;
	struct probe p = {.set = &set};

	(void)state;
	timers_init(&set, 10);
	timer_init(&p.timer, on_again, &p);
	timer_start(&set, &p.timer, 10);
	for (usec_t now = 0; now <= 100; now += 10)
		timers_run(&set, now);
	assert_int_equal(5, p.count);
	assert_int_equal(50, p.last);
	timers_fini(&set);
}

static void runs_on_a_loop(void **state)
{
	struct timers set;
	struct probe p = {.set = &set};
	usec_t start = clock_monotonic_us();
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	timers_init(&set, 10);
	assert_int_equal(0, timers_attach(&set, &loop));
	timer_init(&p.timer, on_again, &p);
	timer_start(&set, &p.timer, start + 20 * USEC_PER_MS);
	while (p.count < 5)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(clock_monotonic_us() - start >= 20 * USEC_PER_MS);
	timers_detach(&set);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(&loop));
	timers_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_in_order),
		cmocka_unit_test(has_a_ceiling),
		cmocka_unit_test(may_start_itself_again),
		cmocka_unit_test(runs_on_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
