/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of an answer, their ceilings, and the levels of values. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/sbc/rpc_text.h"

static void grows_in_blocks(void **state)
{
	struct rpc_budget budget = {.max = 10 * sizeof(struct rpc_block)};
	struct rpc_out out;
	char piece[1000];

	(void)state;
	memset(piece, 'x', sizeof(piece));
	rpc_out_init(&out, 4 * RPC_BLOCK_LEN, &budget);
	assert_int_equal(0, rpc_out_front(&out).len);
	for (int i = 0; i < 100; i++)
		rpc_out_put(&out, piece, sizeof(piece));
	assert_int_equal(0, out.err);
	assert_int_equal(100000, out.len);
	assert_int_equal(RPC_BLOCK_LEN, rpc_out_front(&out).len);
	assert_int_equal(2 * sizeof(struct rpc_block), budget.used);
	rpc_out_consume(&out, RPC_BLOCK_LEN - 1);
	assert_int_equal(1, rpc_out_front(&out).len);
	rpc_out_consume(&out, 2);
	assert_int_equal(100000 - RPC_BLOCK_LEN - 1, out.len);
	assert_int_equal(sizeof(struct rpc_block), budget.used);
	rpc_out_consume(&out, 1000000);
	assert_int_equal(0, out.len);
	assert_int_equal(0, budget.used);
	rpc_out_fini(&out);
}

static void ceilings_are_errors(void **state)
{
	struct rpc_budget budget = {.max = sizeof(struct rpc_block)};
	struct rpc_out out, other;

	(void)state;
	rpc_out_init(&out, 10, NULL);
	rpc_out_put(&out, "0123456789", 10);
	assert_int_equal(0, out.err);
	rpc_out_put(&out, "x", 1);
	assert_int_equal(SBC_ELIMIT, out.err);
	rpc_out_reset(&out);
	assert_int_equal(0, out.err);
	assert_int_equal(0, out.len);
	rpc_out_fini(&out);

	/* What all answers share is used up by the first. */
	rpc_out_init(&out, 1000, &budget);
	rpc_out_init(&other, 1000, &budget);
	rpc_out_put(&out, "x", 1);
	rpc_out_put(&other, "x", 1);
	assert_int_equal(0, out.err);
	assert_int_equal(SBC_ELIMIT, other.err);
	rpc_out_fini(&out);
	rpc_out_reset(&other);
	rpc_out_put(&other, "x", 1);
	assert_int_equal(0, other.err);
	rpc_out_fini(&other);

	rpc_out_init(&out, 1000, NULL);
	mem_fail_after(0);
	rpc_out_put(&out, "x", 1);
	mem_fail_after(-1);
	assert_int_equal(SBC_ENOMEM, out.err);
	rpc_out_fini(&out);
}

static void moves_whole(void **state)
{
	struct rpc_budget budget = {.max = 1000000};
	struct rpc_out from, to;

	(void)state;
	rpc_out_init(&from, 1000, &budget);
	rpc_out_put(&from, "answer", 6);
	rpc_out_move(&to, &from);
	assert_int_equal(0, from.len);
	assert_rpc_bytes(&to, "answer", 6);
	rpc_out_fini(&from);
	assert_int_equal(sizeof(struct rpc_block), budget.used);
	rpc_out_fini(&to);
	assert_int_equal(0, budget.used);
}

static void too_deep_is_an_error(void **state)
{
	struct rpc_writer w;

	(void)state;
	rpc_writer_init(&w, &rpc_dialect_kamailio, NULL);
	for (int i = 0; i < RPC_DEPTH_MAX; i++)
		rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	assert_int_equal(0, w.out.err);
	rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	assert_int_equal(SBC_ELIMIT, w.out.err);
	for (int i = 0; i < RPC_DEPTH_MAX + 3; i++)
		rpc_writer_close(&w); /* more than were opened: nothing happens */
	assert_int_equal(0, w.depth);
	rpc_writer_fini(&w);
}

static void a_fault_replaces_what_was_written(void **state)
{
	static const char wanted[] = "404 not there\n";
	struct rpc_writer w;

	(void)state;
	rpc_writer_init(&w, &rpc_dialect_mi, NULL);
	w.dialect->begin(&w);
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_text(&w, "half", SLICE("written"));
	rpc_writer_fault(&w, 404, SLICE("not there"));
	assert_rpc_bytes(&w.out, wanted, strlen(wanted));
	rpc_writer_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_in_blocks),
		cmocka_unit_test(ceilings_are_errors),
		cmocka_unit_test(moves_whole),
		cmocka_unit_test(too_deep_is_an_error),
		cmocka_unit_test(a_fault_replaces_what_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
