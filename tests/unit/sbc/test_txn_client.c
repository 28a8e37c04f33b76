/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Client transactions: RFC 3261 section 17.1, RFC 6026 section 7.2; SIP-1, SIP-6, SIP-25. */

#include "tests/unit/sbc/txn_bench.h"

#define BRANCH     "z9hG4bKours"
#define MS(n)      ((n)*USEC_PER_MS)
#define SECONDS(n) ((n)*USEC_PER_SEC)

static struct txn *start(struct bench *b, const char *method)
{
	struct txn *txn = NULL;

	assert_int_equal(0, bench_client(b, &txn, method, BRANCH));
	return txn;
}

static void assert_sent_at(struct bench *b, usec_t begin, const int *at_ms, size_t count)
{
	assert_int_equal(count, b->sent_count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(begin + MS(at_ms[i]), b->sent[i].at);
}

/* Timers A and B: T1 doubling without end, 64 T1, then TIMEOUT. */
static void invite_unanswered(void **state)
{
	static const int at[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	struct bench *b = *state;
	usec_t begin = b->now;

	start(b, "INVITE");
	bench_pass(b, SECONDS(32) - 1);
	assert_string_equal("", b->events);
	assert_sent_at(b, begin, at, 7);
	bench_pass(b, 1);
	assert_string_equal("tg", b->events);
	assert_int_equal(0, txn_layer_count(b->layer));
}

/* Timers E and F: doubling to T2. */
static void other_unanswered(void **state)
{
	static const int at[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct bench *b = *state;
	usec_t begin = b->now;

	start(b, "BYE");
	bench_pass(b, SECONDS(32));
	assert_sent_at(b, begin, at, 11);
	assert_string_equal("tg", b->events);
}

/* A provisional: E goes on at T2, F is not moved. */
static void other_proceeding(void **state)
{
	static const int at[] = {0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500};
	struct bench *b = *state;
	usec_t begin = b->now;

	start(b, "OPTIONS");
	bench_pass(b, MS(100));
	bench_say_response(b, 100, "OPTIONS", BRANCH);
	bench_pass(b, SECONDS(32) - MS(101));
	assert_sent_at(b, begin, at, 9);
	assert_string_equal("p", b->events);
	bench_pass(b, MS(1));
	assert_string_equal("ptg", b->events);
}

/* Nothing is sent again where the transport does it (A, E), and D and K are zero. */
static void reliable(void **state)
{
	struct bench *b = *state;

	b->kind = TRANSPORT_TLS;
	start(b, "INVITE");
	bench_pass(b, SECONDS(31));
	assert_int_equal(1, b->sent_count);
	bench_say_response(b, 486, "INVITE", BRANCH);
	assert_string_equal("f", b->events); /* GONE never comes from within */
	bench_pass(b, 0);
	assert_string_equal("fg", b->events);
	start(b, "BYE");
	bench_pass(b, SECONDS(31));
	assert_int_equal(3, b->sent_count); /* INVITE, ACK, BYE */
	bench_say_response(b, 200, "BYE", BRANCH);
	bench_pass(b, 0);
	assert_string_equal("fgsg", b->events);
	start(b, "INVITE");
	bench_pass(b, SECONDS(32));
	assert_string_equal("fgsgtg", b->events); /* B all the same */
}

/* M is not: the copies of a 2xx come end to end, whatever carries the last hop. */
static void accepted_reliable(void **state)
{
	struct bench *b = *state;

	b->kind = TRANSPORT_TLS;
	start(b, "INVITE");
	bench_say_response(b, 200, "INVITE", BRANCH);
	bench_pass(b, SECONDS(32) - 1);
	bench_say_response(b, 200, "INVITE", BRANCH);
	assert_string_equal("ss", b->events);
	bench_pass(b, 1);
	assert_string_equal("ssg", b->events);
}

/* A provisional stops A and B: a phone may ring for long. */
static void ringing(void **state)
{
	struct bench *b = *state;

	start(b, "INVITE");
	bench_pass(b, MS(400));
	bench_say_response(b, 100, "INVITE", BRANCH);
	bench_pass(b, SECONDS(600));
	bench_say_response(b, 180, "INVITE", BRANCH);
	assert_int_equal(1, b->sent_count);
	assert_string_equal("pp", b->events);
	assert_true(txn_layer_count(b->layer) == 1);
	bench_pass(b, SECONDS(3600)); /* the ceiling for what the core has lost */
	assert_string_equal("pptg", b->events);
}

/* Section 17.1.1.3, SIP-6: same branch, the To of the response, Route, number of the CSeq,
 * sent again for each copy of the final response; D is 64 T1. */
static void failure_is_acknowledged(void **state)
{
	struct bench *b = *state;

	start(b, "INVITE");
	bench_say_response(b, 486, "INVITE", BRANCH);
	assert_int_equal(2, b->sent_count);
	assert_string_equal(bench_last(b)->text,
		"ACK sip:c@c.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=" BRANCH ";rport\r\n"
		"Max-Forwards: 70\r\nRoute: <sip:proxy.test;lr>\r\n"
		"From: <sip:a@a.test>;tag=ours\r\nTo: <sip:c@c.test>;tag=theirs\r\n"
		"Call-ID: our-call\r\nCSeq: 5 ACK\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(5098, netaddr_port(&bench_last(b)->hop.addr));
	bench_pass(b, SECONDS(32) - 1);
	assert_int_equal(2, b->sent_count); /* A is stopped */
	bench_say_response(b, 486, "INVITE", BRANCH);
	bench_say_response(b, 180, "INVITE", BRANCH); /* reordered: too late */
	assert_int_equal(3, b->sent_count);
	assert_string_equal("f", b->events);
	bench_say_response(b, 200, "INVITE", BRANCH); /* of another fork */
	assert_int_equal(1, b->stray_count);
	bench_pass(b, 1);
	assert_string_equal("fg", b->events);
}

/* RFC 6026: every 2xx goes up for 64 T1, nothing else does, and no ACK is ours to send. */
static void accepted(void **state)
{
	struct bench *b = *state;

	start(b, "INVITE");
	bench_say_response(b, 180, "INVITE", BRANCH);
	bench_say_response(b, 200, "INVITE", BRANCH);
	bench_say_response(b, 200, "INVITE", BRANCH);
	bench_say_response(b, 180, "INVITE", BRANCH);
	bench_say_response(b, 500, "INVITE", BRANCH);
	assert_string_equal("pss", b->events);
	bench_pass(b, SECONDS(32) - 1);
	bench_say_response(b, 200, "INVITE", BRANCH);
	assert_string_equal("psss", b->events);
	assert_int_equal(1, b->sent_count);
	bench_pass(b, 1);
	assert_string_equal("psssg", b->events);
	bench_say_response(b, 200, "INVITE", BRANCH); /* after M */
	assert_int_equal(1, b->stray_count);
}

/* K: copies of the answer are absorbed for T4. */
static void other_completed(void **state)
{
	struct bench *b = *state;

	start(b, "BYE");
	bench_say_response(b, 200, "BYE", BRANCH);
	bench_pass(b, SECONDS(5) - 1);
	bench_say_response(b, 200, "BYE", BRANCH);
	bench_say_response(b, 481, "BYE", BRANCH);
	bench_say_response(b, 100, "BYE", BRANCH);
	assert_string_equal("s", b->events);
	assert_int_equal(1, b->sent_count);
	bench_pass(b, 1);
	assert_string_equal("sg", b->events);
}

/* SIP-1: Section 17.1.3: branch and method of the CSeq; CANCEL shares the INVITE's branch. */
static void matching(void **state)
{
	struct bench *b = *state;
	struct txn *invite = start(b, "INVITE"), *cancel = start(b, "CANCEL");

	assert_ptr_not_equal(invite, cancel);
	bench_say_response(b, 180, "INVITE", "z9hG4bKother");
	bench_say_response(b, 200, "BYE", BRANCH);
	assert_int_equal(2, b->stray_count);
	bench_say_response(b, 200, "CANCEL", BRANCH);
	assert_string_equal("s", b->events);
	bench_say_response(b, 487, "INVITE", BRANCH);
	assert_string_equal("sf", b->events);
}

/* ---- transport ---- */

static void send_fails_at_once(void **state)
{
	struct bench *b = *state;
	struct txn *txn = NULL;

	b->send_error = SBC_EPEER;
	assert_int_equal(SBC_EPEER, bench_client(b, &txn, "INVITE", BRANCH));
	assert_null(txn);
	assert_int_equal(0, txn_layer_count(b->layer));
	bench_pass(b, SECONDS(100));
	assert_string_equal("", b->events); /* no event follows */
}

static void transport_fails_later(void **state)
{
	struct bench *b = *state;
	uint64_t tag;

	start(b, "INVITE");
	tag = bench_last(b)->tag;
	assert_true(tag != 0);
	txn_layer_transport_failed(b->layer, tag + 100, b->now); /* nobody's */
	assert_string_equal("", b->events);
	txn_layer_transport_failed(b->layer, tag, b->now);
	assert_string_equal("xg", b->events);
	txn_layer_transport_failed(b->layer, tag, b->now); /* a name of the dead */
	assert_string_equal("xg", b->events);
	start(b, "BYE");
	b->send_error = SBC_EPEER; /* when timer E sends it again */
	bench_pass(b, MS(500));
	assert_string_equal("xgxg", b->events);
}

/* An ACK that cannot be sent ends it (figure 5); a proceeding INVITE has arrived. */
static void transport_fails_after_an_answer(void **state)
{
	struct bench *b = *state;

	start(b, "INVITE");
	bench_say_response(b, 180, "INVITE", BRANCH);
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	assert_string_equal("p", b->events);
	b->send_error = SBC_EPEER;
	bench_say_response(b, 486, "INVITE", BRANCH);
	assert_string_equal("pfxg", b->events);
}

/* ---- detaching ---- */

/* Each INVITE ends by itself, whatever state it was in; nobody hears of it. */
static void detached(void **state)
{
	static const struct {
		uint16_t before, after; /* 0: nothing comes */
		int gone_by_ms;
		const char *why;
	} rows[] = {
		{0, 0, 32000, "timer B"},
		{0, 180, 32000, "timer B runs on: nobody will cancel"},
		{180, 0, 32000, "RFC 3261 section 9.1: 64 T1"},
		{180, 487, 33000, "timer D"},
		{180, 200, 33000, "timer M"},
		{486, 0, 32000, "timer D runs already"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txn *txn = start(b, "INVITE");
		b->event_count = 0;
		if (rows[i].before)
			bench_say_response(b, rows[i].before, "INVITE", BRANCH);
		b->event_count = 0;
		txn_detach(txn);
		txn_detach(txn); /* may be repeated */
		bench_pass(b, SECONDS(1));
		if (rows[i].after)
			bench_say_response(b, rows[i].after, "INVITE", BRANCH);
		bench_pass(b, MS(rows[i].gone_by_ms) - SECONDS(1) - 1);
		assert_int_equal(1, txn_layer_count(b->layer));
		bench_pass(b, 1);
		if (txn_layer_count(b->layer))
			fail_msg("row %zu lives on: %s", i, rows[i].why);
		assert_int_equal(0, b->event_count);
	}
}

static void detach_within(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	bench_event(txn, event, msg, now, arg);
	txn_detach(txn);
}

static void detached_by_its_handler(void **state)
{
	struct bench *b = *state;

	txn_set_handler(start(b, "INVITE"), detach_within, b);
	bench_say_response(b, 486, "INVITE", BRANCH);
	bench_pass(b, SECONDS(40));
	assert_string_equal("f", b->events);
	assert_int_equal(0, txn_layer_count(b->layer));
}

/* ---- limits ---- */

static void branch_too_long(void **state)
{
	struct bench *b = *state;
	struct txn *txn = NULL;
	char branch[TXN_KEY_MAX + 1];
	struct hop hop = {0};
	struct txn_client_request request = {.method = SIP_METHOD_BYE,
		.method_name = SLICE("BYE"),
		.bytes = SLICE("x"),
		.hop = &hop};

	memset(branch, 'a', sizeof(branch));
	request.branch = slice_of(branch, sizeof(branch));
	assert_int_equal(SBC_ELIMIT, txn_client_new(&txn, b->layer, &request, b->now));
	assert_null(txn);
}

static void without_memory(void **state)
{
	struct bench *b = *state;
	struct txn *txn = NULL;

	for (long i = 0; i < 3; i++) {
		mem_fail_after(i);
		int err = bench_client(b, &txn, "INVITE", BRANCH);
		mem_fail_after(-1);
		if (!err)
			break;
		assert_int_equal(SBC_ENOMEM, err);
		assert_int_equal(0, txn_layer_count(b->layer));
		assert_true(i < 2);
	}
	mem_fail_after(0); /* for the ACK */
	struct sip_msg response = {.is_request = false, .status = 486};
	response.via.branch = SLICE(BRANCH);
	response.method_name = SLICE("INVITE");
	response.to.raw = SLICE("<sip:c@c.test>;tag=theirs");
	txn_layer_receive(b->layer, &response, NULL, b->now);
	mem_fail_after(-1);
	assert_string_equal("fxg", b->events);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		TEST(invite_unanswered),
		TEST(other_unanswered),
		TEST(other_proceeding),
		TEST(reliable),
		TEST(accepted_reliable),
		TEST(ringing),
		TEST(failure_is_acknowledged),
		TEST(accepted),
		TEST(other_completed),
		TEST(matching),
		TEST(send_fails_at_once),
		TEST(transport_fails_later),
		TEST(transport_fails_after_an_answer),
		TEST(detached),
		TEST(detached_by_its_handler),
		TEST(branch_too_long),
		TEST(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
