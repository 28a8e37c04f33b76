/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox between two threads; meant for the thread sanitizer too. */

#include "tests/cmocka_first.h"

#include <stdbool.h>
#include <string.h>

#include "base/counters.h"
#include "base/err.h"
#include "base/mailbox.h"

#define COUNT 200000

struct reader {
	struct mailbox *box;
	uint64_t next;
	uint64_t sum;
};

static void on_number(const void *msg, void *arg)
{
	struct reader *r = arg;
	uint64_t value;

	memcpy(&value, msg, sizeof(value));
	assert_true(value == r->next);
	r->next++;
	r->sum += value;
}

static void writer(void *arg)
{
	struct reader *r = arg;

	for (uint64_t i = 0; i < COUNT;) {
		if (!mailbox_post(r->box, &i))
			i++;
		else
			uv_sleep(0);
	}
}

static void delivers_all_in_order(void **state)
{
	struct reader r = {0};
	uv_thread_t thread;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(0, mailbox_open(&r.box, &loop, sizeof(uint64_t), 100, on_number, &r));
	uv_thread_create(&thread, writer, &r);
	while (r.next < COUNT)
		uv_run(&loop, UV_RUN_ONCE);
	uv_thread_join(&thread);
	mailbox_close(r.box);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(&loop));
	assert_true(r.sum == (uint64_t)COUNT * (COUNT - 1) / 2);
}

static void full_is_an_error(void **state)
{
	struct reader r = {0};
	uint64_t i = 0;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(SBC_EINVAL, mailbox_open(&r.box, &loop, 8, 0, on_number, &r));
	assert_int_equal(0, mailbox_open(&r.box, &loop, 8, 4, on_number, &r));
	for (; i < 4; i++)
		assert_int_equal(0, mailbox_post(r.box, &i));
	assert_int_equal(SBC_EAGAIN, mailbox_post(r.box, &i));
	/* Closing delivers what is in it. */
	mailbox_close(r.box);
	assert_int_equal(4, r.next);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(&loop));
}

/* A message that comes while the reader takes the wake-up for the one before is not slept
 * over. The distance of the two changes, so that one of the many tries hits the moment. */
#define ROUND_COUNT  200000
#define ROUNDS_TIME  3000000000u /* ns in all */
#define SLEPT_OVER   2000000000u /* ns until a message is given up */
#define DISTANCE_MAX 2000        /* loops between two posts */

struct sleeper {
	struct mailbox *box;
	uv_loop_t loop;
	struct counter got;
	bool is_over; /* the last word was heard */
};

static void on_word(const void *msg, void *arg)
{
	struct sleeper *s = arg;

	counter_add(&s->got, 1);
	s->is_over = !*(const uint64_t *)msg;
}

static void sleep_and_wake(void *arg)
{
	struct sleeper *s = arg;

	while (!s->is_over)
		uv_run(&s->loop, UV_RUN_ONCE);
	mailbox_close(s->box);
	uv_run(&s->loop, UV_RUN_DEFAULT);
}

static bool arrives(struct sleeper *s, uint64_t count)
{
	uint64_t began = uv_hrtime();

	while (counter_get(&s->got) < count) {
		if (uv_hrtime() - began > SLEPT_OVER)
			return false;
	}
	return true;
}

static void no_message_is_slept_over(void **state)
{
	struct sleeper s = {0};
	uint64_t word = 1, end = uv_hrtime() + ROUNDS_TIME, sent = 0;
	unsigned slept_over = 0;
	uv_thread_t thread;

	(void)state;
	uv_loop_init(&s.loop);
	assert_int_equal(0, mailbox_open(&s.box, &s.loop, sizeof(word), 8, on_word, &s));
	uv_thread_create(&thread, sleep_and_wake, &s);
	for (unsigned i = 0; i < ROUND_COUNT && uv_hrtime() < end; i++) {
		mailbox_post(s.box, &word);
		for (volatile unsigned n = i * 2654435761u >> 16; n % DISTANCE_MAX; n--)
			;
		mailbox_post(s.box, &word);
		sent += 2;
		slept_over += !arrives(&s, sent);
	}
	word = 0;
	mailbox_post(s.box, &word);
	uv_thread_join(&thread);
	assert_int_equal(0, uv_loop_close(&s.loop));
	assert_int_equal(0, slept_over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivers_all_in_order),
		cmocka_unit_test(full_is_an_error),
		cmocka_unit_test(no_message_is_slept_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
