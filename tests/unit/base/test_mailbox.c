/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox between two threads; meant for the thread sanitizer too. */

#include "tests/cmocka_first.h"

#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivers_all_in_order),
		cmocka_unit_test(full_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
