/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TXN_BENCH_H
#define TESTS_TXN_BENCH_H

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "sbc/sip_build.h"
#include "sbc/txn_internal.h"

/*
 * A transaction layer on the bench: virtual time, a network that only remembers, a user
 * that writes down what it is told. Events are letters: p s f t x g (provisional, success,
 * failure, timeout, transport, gone).
 */

#define BENCH_SENT_MAX 64

struct sent {
	char text[1200];
	struct hop hop;
	uint64_t tag;
	usec_t at;
};

struct bench {
	struct timers timers;
	struct txn_layer *layer;
	struct arena arena;
	usec_t now;
	struct sent sent[BENCH_SENT_MAX];
	size_t sent_count;
	int send_error;
	char events[256];
	size_t event_count;
	struct txn *server; /* of the last new request */
	size_t request_count;
	size_t ack_count; /* requests without a transaction */
	size_t stray_count;
	uint16_t answer; /* to every new request at once; 0: none */
	enum transport_kind kind;
	uint64_t random;
};

static inline void bench_random(void *arg, void *out, size_t len)
{
	struct bench *b = arg;
	unsigned char *at = out;

	for (size_t i = 0; i < len; i++) {
		b->random = b->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		at[i] = (unsigned char)(b->random >> 56);
	}
}

static inline int bench_send(
	const struct hop *hop, uint64_t tag, const void *bytes, size_t len, void *arg)
{
	struct bench *b = arg;
	struct sent *sent = &b->sent[b->sent_count % BENCH_SENT_MAX];

	if (b->send_error)
		return b->send_error;
	assert_true(len < sizeof(sent->text));
	memcpy(sent->text, bytes, len);
	sent->text[len] = '\0';
	sent->hop = *hop;
	sent->tag = tag;
	sent->at = b->now;
	b->sent_count++;
	return 0;
}

static inline const struct sent *bench_last(const struct bench *b)
{
	assert_true(b->sent_count > 0);
	return &b->sent[(b->sent_count - 1) % BENCH_SENT_MAX];
}

static inline void bench_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct bench *b = arg;

	assert_non_null(txn);
	assert_int_equal(b->now, now);
	assert_true((msg != NULL) == (event <= TXN_EVENT_FAILURE));
	assert_true(b->event_count + 1 < sizeof(b->events));
	b->events[b->event_count++] = "psftxg"[event];
	b->events[b->event_count] = '\0';
}

static inline int bench_answer(struct bench *b, struct txn *server, uint16_t code)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "SIP/2.0 %u answer", code);

	return txn_respond(server, code, text, (size_t)len, b->now);
}

static inline void bench_request(struct txn *server, const struct sip_msg *msg,
	const struct transport_source *source, usec_t now, void *arg)
{
	struct bench *b = arg;

	(void)source;
	assert_int_equal(b->now, now);
	if (!server) {
		assert_int_equal(SIP_METHOD_ACK, msg->method);
		b->ack_count++;
		return;
	}
	b->server = server;
	b->request_count++;
	txn_set_handler(server, bench_event, b);
	if (b->answer)
		bench_answer(b, server, b->answer);
}

static inline void bench_stray(
	const struct sip_msg *msg, const struct transport_source *source, usec_t now, void *arg)
{
	struct bench *b = arg;

	(void)msg;
	(void)source;
	(void)now;
	b->stray_count++;
}

static inline void bench_open(struct bench *b, size_t txn_max)
{
	struct txn_layer_config config;

	*b = (struct bench){.now = USEC_PER_SEC, .random = 1, .kind = TRANSPORT_UDP};
	timers_init(&b->timers, 2 * txn_max);
	arena_init(&b->arena, 1 << 20);
	txn_layer_config_init(&config);
	config.timers = &b->timers;
	config.txn_max = txn_max;
	config.send = bench_send;
	config.request = bench_request;
	config.stray = bench_stray;
	config.arg = b;
	config.random = (struct random_source){.fill = bench_random, .arg = b};
	assert_int_equal(0, txn_layer_new(&b->layer, &config));
}

static inline int bench_setup(void **state)
{
	struct bench *b = mem_alloc(sizeof(*b));

	bench_open(b, 100);
	*state = b;
	return 0;
}

static inline void bench_close(struct bench *b)
{
	txn_layer_free(b->layer);
	assert_int_equal(-1, timers_next(&b->timers)); /* none is left behind */
	timers_fini(&b->timers);
	arena_fini(&b->arena);
}

static inline int bench_teardown(void **state)
{
	bench_close(*state);
	mem_free(*state);
	return 0;
}

static inline void bench_pass(struct bench *b, usec_t time)
{
	usec_t end = b->now + time;

	for (;;) {
		usec_t next = timers_next(&b->timers);
		if (next < 0 || next > end)
			break;
		if (next > b->now)
			b->now = next;
		timers_run(&b->timers, b->now);
	}
	b->now = end;
}

static inline const struct sip_msg *bench_parse(struct bench *b, const char *text)
{
	struct sip_fault fault = {0};
	struct sip_msg *msg;

	arena_reset(&b->arena);
	if (sip_msg_parse(&msg, &b->arena, slice_str(text), &fault))
		fail_msg("does not parse (%s):\n%s", fault.why, text);
	return msg;
}

static inline void bench_say(struct bench *b, const char *text)
{
	struct transport_source source = {.kind = b->kind};

	if (b->kind != TRANSPORT_UDP)
		source.flow = (struct flow_id){3, 7};
	netaddr_parse(&source.peer, SLICE("127.0.0.9"), 5099);
	txn_layer_receive(b->layer, bench_parse(b, text), &source, b->now);
}

/* What a request is made of; NULL: the usual. */
struct bench_words {
	const char *branch, *sent_by, *uri, *from_tag, *to_tag, *call_id;
	unsigned cseq;
};

static inline const char *bench_word(const char *word, const char *usual)
{
	return word ? word : usual;
}

static inline void bench_say_request(
	struct bench *b, const char *method, const struct bench_words *w)
{
	char text[3000], branch[600];

	snprintf(branch, sizeof(branch), ";branch=%s", bench_word(w->branch, "z9hG4bK-one"));
	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s%s\r\nMax-Forwards: 70\r\n"
		"From: <sip:a@a.test>;tag=%s\r\nTo: <sip:b@b.test>%s%s\r\nCall-ID: %s\r\n"
		"CSeq: %u %s\r\nContact: <sip:a@127.0.0.9>\r\nContent-Length: 0\r\n\r\n",
		method, bench_word(w->uri, "sip:b@b.test"), transport_kind_name(b->kind),
		bench_word(w->sent_by, "127.0.0.9:5099"),
		w->branch && !*w->branch ? "" : branch, bench_word(w->from_tag, "fromtag"),
		w->to_tag ? ";tag=" : "", w->to_tag ? w->to_tag : "",
		bench_word(w->call_id, "call-one"), w->cseq ? w->cseq : 1, method);
	bench_say(b, text);
}

static inline void bench_say_plain(struct bench *b, const char *method)
{
	bench_say_request(b, method, &(struct bench_words){0});
}

/* ---- the client's side ---- */

static inline int bench_client(
	struct bench *b, struct txn **out, const char *method, const char *branch)
{
	char text[1000];
	struct hop hop = {.kind = b->kind};
	struct txn_client_request request = {
		.method = sip_method_parse(slice_str(method)),
		.method_name = slice_str(method),
		.branch = slice_str(branch),
		.hop = &hop,
		.handler = bench_event,
		.arg = b,
	};

	netaddr_parse(&hop.addr, SLICE("127.0.0.8"), 5098);
	snprintf(text, sizeof(text),
		"%s sip:c@c.test SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:5060;branch=%s;rport\r\n"
		"Max-Forwards: 70\r\nRoute: <sip:proxy.test;lr>\r\n"
		"From: <sip:a@a.test>;tag=ours\r\nTo: <sip:c@c.test>\r\n"
		"Call-ID: our-call\r\nCSeq: 5 %s\r\nContent-Length: 0\r\n\r\n",
		method, transport_kind_name(b->kind), branch, method);
	request.bytes = slice_str(text);
	return txn_client_new(out, b->layer, &request, b->now);
}

static inline void bench_say_response(
	struct bench *b, uint16_t code, const char *method, const char *branch)
{
	char text[1000];

	snprintf(text, sizeof(text),
		"SIP/2.0 %u Word\r\nVia: SIP/2.0/%s 127.0.0.1:5060;branch=%s;rport\r\n"
		"From: <sip:a@a.test>;tag=ours\r\nTo: <sip:c@c.test>;tag=theirs\r\n"
		"Call-ID: our-call\r\nCSeq: 5 %s\r\nContent-Length: 0\r\n\r\n",
		code, transport_kind_name(b->kind), branch, method);
	bench_say(b, text);
}

#endif
