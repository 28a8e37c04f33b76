/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests too long for a datagram (RFC 3261 section 18.1.1, SIP-27, ID8224-9). */

#include "tests/unit/sbc/txn_bench.h"

#include "sbc/large.h"

#define BRANCH     "z9hG4bKours"
#define SECONDS(n) ((n)*USEC_PER_SEC)

static void rewrites_the_top_via(void **state)
{
	static const char request[] =
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a:5060;branch=z9;rport\r\n"
		"Via: SIP/2.0/UDP c;branch=z8\r\n\r\nbody";
	static const char wanted[] =
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/TCP a:5070;branch=z9;rport\r\n"
		"Via: SIP/2.0/UDP c;branch=z8\r\n\r\nbody";
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(
		0, large_rewrite_via(slice_str(request), TRANSPORT_TCP, SLICE("a:5070"), &out));
	assert_int_equal(strlen(wanted), out.len);
	assert_memory_equal(wanted, out.data, out.len);
	buf_fini(&out);
	buf_init(&out, 1000);
	assert_int_equal(SBC_EPARSE, large_rewrite_via(SLICE("INVITE sip:b SIP/2.0\r\n\r\n"),
					     TRANSPORT_TCP, SLICE("a"), &out));
	buf_fini(&out);
	buf_init(&out, 40);
	assert_true(large_rewrite_via(slice_str(request), TRANSPORT_TCP, SLICE("a"), &out) < 0);
	buf_fini(&out);
}

static void remembers_refusals_for_a_while(void **state)
{
	static struct large_refusals refusals;
	struct netaddr a, b;

	(void)state;
	netaddr_parse(&a, SLICE("192.0.2.1"), 5060);
	netaddr_parse(&b, SLICE("192.0.2.1"), 5070);
	large_refused(&refusals, &a, SECONDS(1));
	large_refused(&refusals, &a, SECONDS(2)); /* takes no second row */
	assert_int_equal(1, refusals.next);
	assert_true(large_is_refused(&refusals, &a, SECONDS(600)));
	assert_false(large_is_refused(&refusals, &b, SECONDS(600)));
	assert_false(large_is_refused(&refusals, &a, SECONDS(602)));
	for (unsigned i = 0; i < LARGE_REFUSED_MAX; i++) { /* the oldest makes room */
		netaddr_set_port(&b, (uint16_t)(1000 + i));
		large_refused(&refusals, &b, SECONDS(3));
	}
	assert_false(large_is_refused(&refusals, &a, SECONDS(4)));
}

/* ---- as a transaction ---- */

static unsigned narrowed;

static bool on_widen(const struct hop *hop, struct slice request, struct hop *out,
	struct buf *bytes, usec_t now, void *arg)
{
	(void)now;
	(void)arg;
	*out = *hop;
	out->kind = TRANSPORT_TCP;
	return !buf_put_str(bytes, "wide ") && !buf_put_slice(bytes, request);
}

static void on_narrowed(const struct hop *hop, usec_t now, void *arg)
{
	(void)now;
	(void)arg;
	assert_int_equal(TRANSPORT_TCP, hop->kind);
	narrowed++;
}

static void widen(struct bench *b)
{
	b->layer->config.widen = on_widen;
	b->layer->config.narrowed = on_narrowed;
	narrowed = 0;
}

/* SIP-27: ID8224-9. Over TCP nothing is sent again (timer A); an answer ends it as any other.
 */
static void goes_the_wide_way(void **state)
{
	struct bench *b = *state;
	struct txn *txn;

	widen(b);
	assert_int_equal(0, bench_client(b, &txn, "INVITE", BRANCH));
	bench_pass(b, SECONDS(20));
	assert_int_equal(1, b->sent_count);
	assert_int_equal(TRANSPORT_TCP, bench_last(b)->hop.kind);
	assert_int_equal(0, strncmp("wide ", bench_last(b)->text, 5));
	assert_int_equal(TRANSPORT_TCP, txn_hop(txn)->kind);
	bench_say_response(b, 180, "INVITE", BRANCH);
	/* It was there: a connection that is lost now is a failure as ever. */
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	assert_int_equal(1, b->sent_count);
	assert_int_equal(0, narrowed);
}

/* Refused later: the same request by datagram, with timers A and B anew. */
static void is_narrowed(void **state)
{
	struct bench *b = *state;
	struct txn *txn;
	size_t before;

	widen(b);
	assert_int_equal(0, bench_client(b, &txn, "INVITE", BRANCH));
	bench_pass(b, SECONDS(10));
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	assert_int_equal(1, narrowed);
	assert_int_equal(TRANSPORT_UDP, bench_last(b)->hop.kind);
	assert_true(strncmp("wide ", bench_last(b)->text, 5) != 0);
	assert_string_equal("", b->events);
	before = b->sent_count;
	bench_pass(b, SECONDS(32) - 1);
	assert_int_equal(before + 6, b->sent_count); /* A: .5 1.5 3.5 7.5 15.5 31.5 */
	assert_string_equal("", b->events);
	bench_pass(b, 1);
	assert_string_equal("tg", b->events);
}

/* Neither way. */
static void fails_both_ways(void **state)
{
	struct bench *b = *state;
	struct txn *txn;

	widen(b);
	b->send_error = SBC_EPEER;
	assert_int_equal(SBC_EPEER, bench_client(b, &txn, "INVITE", BRANCH));
	assert_int_equal(1, narrowed);
	assert_int_equal(0, txn_layer_count(b->layer));
	b->send_error = 0;
	assert_int_equal(0, bench_client(b, &txn, "BYE", BRANCH));
	b->send_error = SBC_EPEER;
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	assert_string_equal("xg", b->events);
}

static void without_memory(void **state)
{
	struct bench *b = *state;
	struct txn *txn;

	widen(b);
	for (int i = 0;; i++) {
		int err;
		mem_fail_after(i);
		err = bench_client(b, &txn, "INVITE", BRANCH);
		mem_fail_after(-1);
		if (!err)
			break;
		assert_int_equal(0, txn_layer_count(b->layer));
		assert_true(i < 10);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rewrites_the_top_via),
		cmocka_unit_test(remembers_refusals_for_a_while),
		TEST(goes_the_wide_way),
		TEST(is_narrowed),
		TEST(fails_both_ways),
		TEST(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
