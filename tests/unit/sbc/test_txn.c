/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer as a whole: many transactions, branches, every cell of the machines, its end. */

#include "tests/unit/sbc/txn_bench.h"

#define MANY 100000

static void branches(void **state)
{
	struct bench *b = *state;
	char one[TXN_BRANCH_MAX], two[TXN_BRANCH_MAX];

	txn_branch_new(b->layer, one);
	txn_branch_new(b->layer, two);
	assert_memory_equal("z9hG4bK", one, 7); /* RFC 3261 section 8.1.1.7 */
	assert_int_equal(TXN_BRANCH_MAX - 1, strlen(one));
	assert_string_not_equal(one, two);
}

/* No cell leads into a state that its machine has not, none sends what it may not, and
 * only a step that ends the transaction leaves it without a timer. */
static void every_cell(void **state)
{
	(void)state;
	for (int kind = 0; kind < TXN_KIND_COUNT; kind++) {
		bool is_server = kind == TXN_SERVER_INVITE || kind == TXN_SERVER_OTHER;
		for (int st = TXN_TRYING; st < TXN_STATE_COUNT; st++) {
			for (int in = 0; in < TXN_INPUT_COUNT; in++) {
				const struct txn_step *step = txn_step((enum txn_kind)kind,
					(enum txn_state)st, (enum txn_input)in);
				unsigned user = TXN_DO_SEND | TXN_DO_KEEP | TXN_DO_REFUSE;
				if (!is_server || in > TXN_IN_FAILURE)
					assert_int_equal(0, step->actions & user);
				if (is_server)
					assert_int_equal(0, step->actions & TXN_DO_ACK);
				if (step->next == TXN_ACCEPTED || step->next == TXN_CONFIRMED)
					assert_true(kind == TXN_SERVER_INVITE ||
						    kind == TXN_CLIENT_INVITE);
				if (step->next == TXN_SAME || step->next == TXN_TERMINATED)
					continue;
				if (step->next != TXN_PROCEEDING)
					assert_true(
						txn_wait((enum txn_kind)kind, step->next).end !=
						TXN_END_AS_IS);
			}
		}
	}
}

/* From every state of every machine that can be entered, the end timer leads out. */
static void every_state_ends(void **state)
{
	static const struct {
		enum txn_kind kind;
		enum txn_state state;
	} rows[] = {
		{TXN_CLIENT_INVITE, TXN_TRYING},
		{TXN_CLIENT_INVITE, TXN_PROCEEDING},
		{TXN_CLIENT_INVITE, TXN_COMPLETED},
		{TXN_CLIENT_INVITE, TXN_ACCEPTED},
		{TXN_CLIENT_OTHER, TXN_TRYING},
		{TXN_CLIENT_OTHER, TXN_PROCEEDING},
		{TXN_CLIENT_OTHER, TXN_COMPLETED},
		{TXN_SERVER_INVITE, TXN_PROCEEDING},
		{TXN_SERVER_INVITE, TXN_COMPLETED},
		{TXN_SERVER_INVITE, TXN_CONFIRMED},
		{TXN_SERVER_INVITE, TXN_ACCEPTED},
		{TXN_SERVER_OTHER, TXN_TRYING},
		{TXN_SERVER_OTHER, TXN_PROCEEDING},
		{TXN_SERVER_OTHER, TXN_COMPLETED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(TXN_TERMINATED,
			txn_step(rows[i].kind, rows[i].state, TXN_IN_END)->next);
}

static size_t longest_chain(const struct hash_table *table)
{
	size_t longest = 0;

	for (size_t i = 0; i < table->_slot_count; i++) {
		size_t len = 0;
		for (struct hash_node *node = table->_slots[i]; node; node = node->_next)
			len++;
		if (len > longest)
			longest = len;
	}
	return longest;
}

/* Work and not time: a lookup walks one chain, and the chains stay short. */
static void many(void **state)
{
	static struct bench b;
	char branch[40];
	struct txn *txn;

	(void)state;
	bench_open(&b, MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
		assert_int_equal(0, bench_client(&b, &txn, "OPTIONS", branch));
	}
	assert_int_equal(MANY, txn_layer_count(b.layer));
	assert_true(longest_chain(&b.layer->by_key) <= 12);
	assert_true(longest_chain(&b.layer->by_tag) <= 12);
	bench_say_response(&b, 200, "OPTIONS", "z9hG4bK77777");
	assert_string_equal("s", b.events);
	bench_close(&b);
}

/* The end with work in every kind of state: no event, no timer, no memory left. */
static void freed_with_work_in_it(void **state)
{
	struct bench *b = *state;
	struct txn *txn;

	bench_say_plain(b, "INVITE");
	bench_answer(b, b->server, 180);
	bench_say_request(
		b, "BYE", &(struct bench_words){.branch = "z9hG4bK-b", .call_id = "b"});
	bench_answer(b, b->server, 200);
	bench_client(b, &txn, "INVITE", "z9hG4bKx");
	assert_int_equal(5098, netaddr_port(&txn_hop(txn)->addr));
	assert_true(slice_starts(txn_bytes(txn), SLICE("INVITE sip:c@c.test")));
	assert_int_equal(3, txn_layer_count(b->layer));
	/* the teardown frees it */
}

static void without_memory(void **state)
{
	struct txn_layer_config config;
	struct txn_layer *layer = NULL;

	(void)state;
	txn_layer_config_init(&config);
	for (long i = 0; i < 4; i++) {
		mem_fail_after(i);
		assert_int_equal(SBC_ENOMEM, txn_layer_new(&layer, &config));
		mem_fail_after(-1);
		assert_null(layer);
	}
	txn_layer_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		TEST(branches),
		cmocka_unit_test(every_cell),
		cmocka_unit_test(every_state_ends),
		cmocka_unit_test(many),
		TEST(freed_with_work_in_it),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
