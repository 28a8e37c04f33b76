/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands in slices of the loop's time. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/sbc/rpc_rig.h"
#include "tests/unit/sbc/rpc_text.h"

struct asked {
	bool is_done;
	bool is_faulty;
	struct buf text;
};

static void on_done(struct rpc_job *job, void *arg)
{
	struct asked *asked = arg;

	asked->is_done = true;
	asked->is_faulty = job->call.is_faulty;
	rpc_text_of(&asked->text, &job->call.writer.out);
	rpc_job_free(job);
}

static struct rpc_job *ask(
	struct rig *rig, struct asked *asked, const char *method, const char *param)
{
	struct rpc_job *job =
		rpc_job_new(rig->jobs, &rpc_dialect_opensips, "test", on_done, asked);

	*asked = (struct asked){0};
	if (!job)
		return NULL;
	job->call.request.method = slice_str(method);
	if (param)
		rpc_request_add(&job->call.request, (struct slice){0}, slice_str(param));
	rpc_job_start(job);
	return job;
}

static void answers_later(void **state)
{
	struct rig *rig = *state;
	struct asked asked;

	ask(rig, &asked, "echo", "hello");
	assert_false(asked.is_done); /* never inside rpc_job_start() */
	rig_run_until(rig, &asked.is_done);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"result\":\"hello\"}", asked.text.data);
	buf_fini(&asked.text);
}

static void faults(void **state)
{
	static const struct {
		const char *method, *answer;
	} cases[] = {
		{"refuse", "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":403,\"message\":\"not "
			   "today\"}}"},
		{"no.such", "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":"
			    "\"Method not "
			    "found\"}}"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked;
		ask(rig, &asked, cases[i].method, NULL);
		rig_run_until(rig, &asked.is_done);
		assert_true(asked.is_faulty);
		assert_string_equal(cases[i].answer, asked.text.data);
		buf_fini(&asked.text);
	}
}

static void waits(void **state)
{
	struct rig *rig = *state;
	struct asked asked;
	usec_t start = rig_now();

	ask(rig, &asked, "wait", NULL);
	rig_run_until(rig, &asked.is_done);
	assert_true(rig_now() - start >= 30 * USEC_PER_MS);
	assert_non_null(strstr(asked.text.data, "waited"));
	buf_fini(&asked.text);
}

static void on_tick(uv_timer_t *timer)
{
	usec_t *last = timer->data, now = rig_now();

	if (now - last[0] > last[1])
		last[1] = now - last[0];
	last[0] = now;
}

static void on_timer_closed(uv_handle_t *handle)
{
	*(usec_t *)handle->data = 0;
}

/* The one that makes management harmless: a timer of 1 ms goes on while a large answer is
 * written, and a short question is answered before it. */
static void a_long_answer_stalls_nobody(void **state)
{
	struct rig *rig = *state;
	struct asked asked, other;
	uv_timer_t timer;
	usec_t last[2] = {rig_now(), 0};

	uv_timer_init(&rig->loop, &timer);
	timer.data = last;
	uv_timer_start(&timer, on_tick, 1, 1);
	ask(rig, &asked, "many", "200000");
	ask(rig, &other, "echo", "short");
	while (!asked.is_done) {
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		assert_true(!asked.is_done || other.is_done);
	}
	assert_true(asked.text.len > 200000 * 20);
	if (last[1] > 200 * USEC_PER_MS) /* sanitizers and seven neighbours */
		fail_msg("%lld us", (long long)last[1]);
	buf_fini(&asked.text);
	buf_fini(&other.text);
	uv_close((uv_handle_t *)&timer, on_timer_closed);
	while (last[0])
		uv_run(&rig->loop, UV_RUN_NOWAIT);
}

/* What all answers may take together is a fault of the one that goes over it. */
static void too_large_is_a_fault(void **state)
{
	struct rig *rig = *state;
	struct asked asked;

	rig->budget.max = 4 * sizeof(struct rpc_block);
	ask(rig, &asked, "many", "200000");
	rig_run_until(rig, &asked.is_done);
	assert_true(asked.is_faulty);
	assert_non_null(strstr(asked.text.data, "Answer too large"));
	buf_fini(&asked.text);
	rig->budget.max = 64 * 1024 * 1024;
}

static void on_room(void *arg)
{
	++*(unsigned *)arg;
}

static void at_most_so_many(void **state)
{
	struct rig *rig = *state;
	struct asked asked[RPC_JOB_MAX + 1];
	unsigned room = 0;

	rpc_jobs_on_room(rig->jobs, on_room, &room);
	for (int i = 0; i < RPC_JOB_MAX; i++)
		assert_non_null(ask(rig, &asked[i], "echo", "x"));
	assert_null(ask(rig, &asked[RPC_JOB_MAX], "echo", "x"));
	for (int i = 0; i < RPC_JOB_MAX; i++) {
		rig_run_until(rig, &asked[i].is_done);
		buf_fini(&asked[i].text);
	}
	assert_int_equal(1, room); /* told once: when it was no longer full */
}

static void may_be_given_up(void **state)
{
	struct rig *rig = *state;
	struct asked asked;

	rpc_job_free(ask(rig, &asked, "many", "200000"));
	rpc_job_free(ask(rig, &asked, "wait", NULL));
	ask(rig, &asked, "wait", NULL); /* and this one by closing */
	rig_run_for(rig, 5);
	assert_false(asked.is_done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_later, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(faults, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(waits, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(
			a_long_answer_stalls_nobody, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(too_large_is_a_fault, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(at_most_so_many, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(may_be_given_up, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
