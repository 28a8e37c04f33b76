/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Server transactions: RFC 3261 section 17.2, RFC 6026 section 7.1; SIP-1, SIP-9, SIP-20. */

#include "tests/unit/sbc/txn_bench.h"

#define MS(n)      ((n)*USEC_PER_MS)
#define SECONDS(n) ((n)*USEC_PER_SEC)

static void answer(struct bench *b, uint16_t code)
{
	assert_int_equal(0, bench_answer(b, b->server, code));
}

static void assert_last(struct bench *b, const char *text)
{
	assert_string_equal(text, bench_last(b)->text);
}

/* An INVITE sent again: the last provisional again, and no second request. */
static void invite_again(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	bench_say_plain(b, "INVITE"); /* nothing was said yet */
	assert_int_equal(0, b->sent_count);
	answer(b, 100);
	bench_say_plain(b, "INVITE");
	assert_last(b, "SIP/2.0 100 answer");
	answer(b, 180);
	bench_say_plain(b, "INVITE");
	assert_last(b, "SIP/2.0 180 answer");
	assert_int_equal(4, b->sent_count);
	assert_int_equal(1, b->request_count);
	assert_true(txn_is_pending(b->server));
	assert_int_equal(5099, netaddr_port(&bench_last(b)->hop.addr)); /* where it came from */
}

/* Timers G and H: the refusal at T1 doubling to T2; no ACK in 64 T1 is a TIMEOUT. */
static void refusal_without_ack(void **state)
{
	static const int at[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct bench *b = *state;
	usec_t begin = b->now;

	bench_say_plain(b, "INVITE");
	answer(b, 486);
	assert_false(txn_is_pending(b->server));
	bench_pass(b, SECONDS(32));
	assert_int_equal(11, b->sent_count);
	for (size_t i = 0; i < 11; i++)
		assert_int_equal(begin + MS(at[i]), b->sent[i].at);
	assert_string_equal("tg", b->events);
}

/* The ACK stops G and H; I absorbs its copies and late INVITEs for T4. */
static void refusal_with_ack(void **state)
{
	struct bench *b = *state;
	struct bench_words ack = {.to_tag = "ours"};

	bench_say_plain(b, "INVITE");
	bench_say_request(b, "ACK", &ack); /* to nothing: dropped */
	answer(b, 486);
	bench_say_plain(b, "INVITE");
	assert_int_equal(2, b->sent_count);
	bench_say_request(b, "ACK", &ack);
	bench_pass(b, SECONDS(5) - 1);
	bench_say_request(b, "ACK", &ack);
	bench_say_plain(b, "INVITE");
	assert_int_equal(2, b->sent_count);
	assert_string_equal("", b->events);
	assert_int_equal(0, b->ack_count); /* never the user's */
	bench_pass(b, 1);
	assert_string_equal("g", b->events);
	bench_say_request(b, "ACK", &ack);
	assert_int_equal(1, b->ack_count); /* no transaction took it */
}

/* RFC 6026: after a 2xx copies of the INVITE are absorbed without an answer, the user's own
 * repetitions pass, and a (wrong) ACK with the same branch is the user's. */
static void accepted(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	answer(b, 180);
	answer(b, 200);
	bench_pass(b, SECONDS(1));
	bench_say_plain(b, "INVITE");
	assert_int_equal(2, b->sent_count);
	answer(b, 200);
	assert_int_equal(3, b->sent_count);
	assert_int_equal(SBC_ESTATE, bench_answer(b, b->server, 180));
	assert_int_equal(SBC_ESTATE, bench_answer(b, b->server, 486));
	bench_say_request(b, "ACK", &(struct bench_words){.to_tag = "ours"});
	bench_say_request(
		b, "ACK", &(struct bench_words){.to_tag = "ours", .branch = "z9hG4bK-ack"});
	assert_int_equal(2, b->ack_count);
	assert_int_equal(1, b->request_count);
	bench_pass(b, SECONDS(31) - 1); /* L began with the first 2xx */
	assert_string_equal("", b->events);
	bench_pass(b, 1);
	assert_string_equal("g", b->events);
}

/* Timer J; the answer is repeated to each copy of the request. */
static void other(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "BYE");
	bench_say_plain(b, "BYE"); /* Trying: absorbed */
	assert_int_equal(0, b->sent_count);
	answer(b, 100);
	bench_say_plain(b, "BYE");
	assert_last(b, "SIP/2.0 100 answer");
	answer(b, 200);
	bench_say_plain(b, "BYE");
	assert_last(b, "SIP/2.0 200 answer");
	assert_int_equal(4, b->sent_count);
	assert_int_equal(SBC_ESTATE, bench_answer(b, b->server, 200));
	assert_int_equal(SBC_EINVAL, bench_answer(b, b->server, 99));
	assert_int_equal(SBC_EINVAL, bench_answer(b, b->server, 700));
	bench_pass(b, SECONDS(32) - 1);
	bench_say_plain(b, "BYE");
	assert_int_equal(1, b->request_count);
	bench_pass(b, 1);
	assert_string_equal("g", b->events);
}

/* SIP-25, RFC 4320: unanswered it ends in silence. */
static void other_unanswered(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "OPTIONS");
	bench_pass(b, SECONDS(32) - 1);
	assert_string_equal("", b->events);
	bench_pass(b, 1);
	assert_string_equal("g", b->events);
	assert_int_equal(0, b->sent_count);
}

/* I and J are zero where nothing can come twice; the flow of the request is the way back. */
static void reliable(void **state)
{
	struct bench *b = *state;

	b->kind = TRANSPORT_TCP;
	bench_say_plain(b, "BYE");
	answer(b, 200);
	assert_int_equal(3, bench_last(b)->hop.flow.slot);
	assert_int_equal(7, bench_last(b)->hop.flow.generation);
	assert_false(netaddr_is_set(&bench_last(b)->hop.addr));
	assert_string_equal("", b->events); /* never from within */
	bench_pass(b, 0);
	assert_string_equal("g", b->events);
	bench_say_plain(b, "INVITE");
	answer(b, 486);
	bench_pass(b, SECONDS(10));
	assert_int_equal(2, b->sent_count); /* no G */
	bench_say_request(b, "ACK", &(struct bench_words){.to_tag = "x"});
	bench_pass(b, 0);
	assert_string_equal("gg", b->events);
	bench_say_request(b, "INVITE", &(struct bench_words){.branch = "z9hG4bK-2xx"});
	answer(b, 200);
	bench_pass(b, SECONDS(32) - 1); /* L is not zero: the user repeats its 2xx */
	answer(b, 200);
	bench_pass(b, 1);
	assert_string_equal("ggg", b->events);
}

/* ---- section 17.2.3: what matches ---- */

/* SIP-1. */
static void matching(void **state)
{
	static const struct {
		struct bench_words words;
		bool is_new;
		const char *why;
	} rows[] = {
		{{.to_tag = "x"}, false, "the branch is enough"},
		{{.uri = "sip:z@b.test", .call_id = "z"}, false, "the branch is enough"},
		{{.branch = "z9hG4bK-two", .call_id = "z"}, true, "another branch"},
		{{.branch = "z9hG4bK-ONE", .call_id = "y"}, true, "case matters"},
		{{.sent_by = "127.0.0.9:5098", .call_id = "x"}, true, "another sent-by"},
		{{.sent_by = "127.0.0.7:5099", .call_id = "w"}, true, "another sent-by"},
		{{.sent_by = "127.0.0.9", .call_id = "v"}, true, "another sent-by"},
	};
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t before = b->request_count;
		bench_say_request(b, "INVITE", &rows[i].words);
		if (b->request_count != before + rows[i].is_new)
			fail_msg("row %zu: %s", i, rows[i].why);
	}
	bench_say_plain(b, "OPTIONS"); /* another method is another transaction */
	assert_int_equal(7, b->request_count);
}

/* SIP-1: A client of RFC 2543: no magic cookie, or no branch at all. */
static void old_style(void **state)
{
	static const char *const branches[] = {"", "1", "z9hG4b-almost"};
	struct bench *b = *state;

	for (size_t i = 0; i < 3; i++) {
		char call_id[20];
		snprintf(call_id, sizeof(call_id), "old-%zu", i);
		struct bench_words same = {.branch = branches[i], .call_id = call_id};
		struct bench_words other_call = same, other_cseq = same, other_uri = same;
		size_t before = b->request_count;
		other_call.call_id = "another";
		other_call.from_tag = branches[i][0] ? branches[i] : "none";
		other_cseq.cseq = 2;
		other_uri.uri = "sip:other@b.test";
		other_uri.from_tag = "other";
		bench_say_request(b, "INVITE", &same);
		bench_say_request(b, "INVITE", &same);
		assert_int_equal(before + 1, b->request_count);
		answer(b, 486);
		same.to_tag = "ours"; /* the ACK has our tag */
		b->ack_count = 0;
		bench_say_request(b, "ACK", &same);
		assert_int_equal(0, b->ack_count);
		bench_say_request(b, "INVITE", &other_call);
		bench_say_request(b, "INVITE", &other_cseq);
		bench_say_request(b, "INVITE", &other_uri);
		assert_int_equal(before + 4, b->request_count);
	}
}

/* Section 9.2: a CANCEL finds its INVITE by branch and sent-by, whatever its own state. */
static void cancel_finds_its_invite(void **state)
{
	struct bench *b = *state;
	struct txn *invite;
	struct transport_source source = {.kind = TRANSPORT_UDP};
	const char *cancel = "CANCEL sip:b@b.test SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 127.0.0.9:5099;branch=%s\r\n"
			     "From: <sip:a@a.test>;tag=fromtag\r\nTo: <sip:b@b.test>\r\n"
			     "Call-ID: call-one\r\nCSeq: 1 CANCEL\r\nMax-Forwards: 70\r\n"
			     "Content-Length: 0\r\n\r\n";
	char text[500];

	(void)source;
	bench_say_plain(b, "INVITE");
	invite = b->server;
	assert_ptr_equal(b, txn_handler_arg(invite));
	snprintf(text, sizeof(text), cancel, "z9hG4bK-one");
	assert_ptr_equal(invite, txn_find_invite(b->layer, bench_parse(b, text)));
	bench_say(b, text);
	assert_ptr_not_equal(invite, b->server); /* its own transaction, not merged */
	snprintf(text, sizeof(text), cancel, "z9hG4bK-two");
	assert_null(txn_find_invite(b->layer, bench_parse(b, text)));
}

/* SIP-20, ID4474-44: the same request by another way gets 482 while the first is being worked
 * on. */
static void merged(void **state)
{
	struct bench *b = *state;
	struct bench_words twin = {.branch = "z9hG4bK-twin"};
	char first[600];

	bench_say_plain(b, "INVITE");
	bench_say_request(b, "INVITE", &twin);
	assert_int_equal(1, b->request_count);
	assert_true(strstr(bench_last(b)->text, "SIP/2.0 482 ") == bench_last(b)->text);
	assert_int_equal(0, bench_last(b)->tag); /* stateless */
	snprintf(first, sizeof(first), "%s", bench_last(b)->text);
	bench_say_request(b, "INVITE", &twin);
	assert_last(b, first); /* section 8.2.7: the same To tag */
	answer(b, 200);
	bench_say_request(b, "INVITE", &twin);
	assert_last(b, first);
	bench_say_plain(b, "CANCEL"); /* each branch of a fork is cancelled for itself */
	bench_say_request(b, "CANCEL", &twin);
	assert_int_equal(3, b->request_count);
	twin.to_tag = "in-dialog"; /* not out of a dialog: that rule is not for it */
	bench_say_request(b, "INVITE", &twin);
	assert_int_equal(4, b->request_count);
}

static void refused_may_come_again(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	answer(b, 503);
	bench_say_request(b, "INVITE", &(struct bench_words){.branch = "z9hG4bK-twin"});
	assert_int_equal(2, b->request_count);
}

static void key_too_long(void **state)
{
	struct bench *b = *state;
	char uri[TXN_KEY_MAX];
	struct bench_words words = {.branch = "1", .uri = uri, .from_tag = uri + 1000};

	memset(uri, 'a', sizeof(uri) - 1);
	uri[sizeof(uri) - 1] = '\0';
	memcpy(uri, "sip:", 4);
	words.from_tag = NULL;
	words.call_id = NULL;
	words.uri = uri + 400;
	memcpy(uri + 400, "sip:", 4);
	char call_id[500];
	memset(call_id, 'c', sizeof(call_id) - 1);
	call_id[sizeof(call_id) - 1] = '\0';
	words.call_id = call_id;
	bench_say_request(b, "INVITE", &words);
	assert_int_equal(0, b->request_count);
	assert_non_null(strstr(bench_last(b)->text, "SIP/2.0 400 "));
	bench_say_request(b, "ACK", &words);
	assert_int_equal(1, b->sent_count); /* an ACK is never answered */
}

/* ---- transport ---- */

/* RFC 6026 section 8.8: it stays where it is, so that copies are absorbed. */
static void invite_survives_its_transport(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	answer(b, 180);
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	assert_string_equal("x", b->events);
	b->send_error = SBC_EPEER;
	assert_int_equal(SBC_EPEER, bench_answer(b, b->server, 486));
	assert_string_equal("x", b->events); /* the result said it */
	assert_false(txn_is_pending(b->server));
	bench_pass(b, MS(500)); /* G tries again */
	assert_string_equal("xx", b->events);
	b->send_error = 0;
	bench_say_plain(b, "INVITE");
	assert_last(b, "SIP/2.0 486 answer");
	assert_int_equal(1, b->request_count);
	bench_pass(b, SECONDS(32));
	assert_string_equal("xxtg", b->events);
}

static void accepted_survives_its_transport(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	answer(b, 200);
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	bench_say_plain(b, "INVITE");
	assert_string_equal("x", b->events);
	assert_int_equal(1, b->request_count);
}

/* Section 17.2.4. */
static void other_ends_with_its_transport(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "BYE");
	answer(b, 200);
	txn_layer_transport_failed(b->layer, bench_last(b)->tag, b->now);
	assert_string_equal("xg", b->events);
}

/* ---- detaching, limits ---- */

static void detached(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	answer(b, 180);
	txn_detach(b->server);
	bench_pass(b, SECONDS(32) - 1);
	bench_say_plain(b, "INVITE"); /* no new call meanwhile */
	assert_int_equal(1, b->request_count);
	bench_pass(b, 1);
	assert_int_equal(0, txn_layer_count(b->layer));
	assert_string_equal("", b->events);
}

/* A user that never answers an INVITE and never lets it go. */
static void forgotten(void **state)
{
	struct bench *b = *state;

	bench_say_plain(b, "INVITE");
	bench_pass(b, SECONDS(3600));
	assert_string_equal("tg", b->events);
}

static void say_numbered(struct bench *b, const char *method, int i, const char *to_tag)
{
	char branch[30], call_id[30];
	struct bench_words words = {.branch = branch, .call_id = call_id, .to_tag = to_tag};

	snprintf(branch, sizeof(branch), "z9hG4bK-%d", i);
	snprintf(call_id, sizeof(call_id), "call-%d", i);
	bench_say_request(b, method, &words);
}

/* A flood of calls leaves room for the question whether we are there (KAM-1). */
static void ceiling_of_probes(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 200; i++)
		say_numbered(b, "INVITE", i, NULL);
	assert_int_equal(88, b->request_count);
	for (int i = 200; i < 210; i++)
		say_numbered(b, "OPTIONS", i, NULL);
	assert_int_equal(94, b->request_count); /* of 100 */
}

/* Over the ceiling: 503 with Retry-After, without a transaction; nothing to an ACK. What
 * strangers send leaves room for what ends calls. */
static void ceiling(void **state)
{
	struct bench *b = *state;
	struct txn *txn;

	for (int i = 0; i < 89; i++)
		say_numbered(b, "REGISTER", i, NULL);
	assert_int_equal(88, b->request_count); /* of 100 */
	assert_int_equal(1, b->sent_count);
	assert_non_null(strstr(bench_last(b)->text, "SIP/2.0 503 "));
	assert_non_null(strstr(bench_last(b)->text, "\r\nRetry-After: 5\r\n"));
	say_numbered(b, "CANCEL", 200, NULL);
	for (int i = 100; i < 110; i++)
		say_numbered(b, "BYE", i, "in-dialog");
	assert_int_equal(0, bench_client(b, &txn, "BYE", "z9hG4bKours"));
	assert_int_equal(100, txn_layer_count(b->layer));
	assert_int_equal(99, b->request_count);
	say_numbered(b, "BYE", 110, "in-dialog");
	assert_int_equal(99, b->request_count);
	assert_non_null(strstr(bench_last(b)->text, "SIP/2.0 503 "));
	assert_int_equal(3, b->sent_count);
	say_numbered(b, "ACK", 111, "in-dialog");
	assert_int_equal(3, b->sent_count);
	assert_int_equal(1, b->ack_count);
	assert_int_equal(SBC_ELIMIT, bench_client(b, &txn, "BYE", "z9hG4bKours2"));
	bench_pass(b, SECONDS(33));
	bench_say_plain(b, "INVITE"); /* there is room again */
	assert_int_equal(100, b->request_count);
}

/* Without memory: 503; and an answer that cannot be kept is sent all the same. */
static void without_memory(void **state)
{
	struct bench *b = *state;
	struct sip_msg msg;

	msg = *bench_parse(b, "OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKm\r\n"
			      "From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: m\r\n"
			      "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n"
			      "\r\n");
	struct transport_source source = {.kind = TRANSPORT_UDP};
	mem_fail_after(0);
	txn_layer_receive(b->layer, &msg, &source, b->now);
	mem_fail_after(-1);
	assert_int_equal(0, b->request_count);
	assert_non_null(strstr(bench_last(b)->text, "SIP/2.0 503 "));
	bench_say_plain(b, "BYE");
	mem_fail_after(0);
	answer(b, 200);
	mem_fail_after(-1);
	assert_last(b, "SIP/2.0 200 answer");
	bench_say_plain(b, "BYE");
	assert_int_equal(2, b->sent_count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		TEST(invite_again),
		TEST(refusal_without_ack),
		TEST(refusal_with_ack),
		TEST(accepted),
		TEST(other),
		TEST(other_unanswered),
		TEST(reliable),
		TEST(matching),
		TEST(old_style),
		TEST(cancel_finds_its_invite),
		TEST(merged),
		TEST(refused_may_come_again),
		TEST(key_too_long),
		TEST(invite_survives_its_transport),
		TEST(accepted_survives_its_transport),
		TEST(other_ends_with_its_transport),
		TEST(detached),
		TEST(forgotten),
		TEST(ceiling),
		TEST(ceiling_of_probes),
		TEST(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
