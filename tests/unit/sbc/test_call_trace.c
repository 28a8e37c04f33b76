/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which messages of which calls a trace sends to a HEP server, and when it ends. The server is
 * a socket of the test's. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call_trace.h"

#define NOW (1000 * USEC_PER_SEC)

struct rig {
	struct config *config;
	struct config_listener listeners[2];
	struct history *history;
	struct call_trace *trace;
	int server;
	/* of call 1 and 2, while they are live */
	struct call_trace_facts facts[3];
	bool is_live[3];
};

static bool find_facts(uint64_t number, struct call_trace_facts *out, void *arg)
{
	struct rig *rig = arg;

	if (number >= 3 || !rig->is_live[number])
		return false;
	*out = rig->facts[number];
	return true;
}

static void open_server(struct rig *rig)
{
	struct netaddr *address = &rig->config->trace.hep_address;
	socklen_t len = sizeof(*address);

	netaddr_parse(address, SLICE("127.0.0.1"), 0);
	rig->server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(0, bind(rig->server, &address->sa, netaddr_len(address)));
	assert_int_equal(0, getsockname(rig->server, &address->sa, &len));
}

static int setup(void **state)
{
	const struct random_source random = random_system();
	struct rig *rig = mem_alloc(sizeof(*rig));
	char fault[200] = "";

	/* Its own references keep it; nothing of it is freed by config_unref(). */
	rig->config = mem_alloc(sizeof(*rig->config));
	rig->config->_references = 100;
	rig->config->trace.pcap_dir = "";
	rig->config->trace.hep_auth_key = "key";
	rig->config->trace.hep_capture_id = 5;
	rig->config->listeners = rig->listeners;
	rig->config->listener_count = 2;
	rig->listeners[0] = (struct config_listener){
		.transport = TRANSPORT_TLS, .advertised = "sbc.a.test:5061"};
	netaddr_parse(&rig->listeners[0].address, SLICE("192.0.2.99"), 5061);
	rig->listeners[1] = (struct config_listener){
		.transport = TRANSPORT_UDP, .advertised = "sbc.a.test"};
	netaddr_parse(&rig->listeners[1].address, SLICE("0.0.0.0"), 5060);
	open_server(rig);
	if (history_new(&rig->history, 1 << 20, &random) ||
		call_trace_open(&rig->trace, rig->config, NULL, rig->history, &random, fault,
			sizeof(fault)))
		return -1;
	for (int i = 1; i < 3; i++)
		rig->facts[i] = (struct call_trace_facts){.from = SLICE("sip:alice@a.test"),
			.to = i == 1 ? SLICE("sip:bob@b.test") : SLICE("sip:carol@b.test"),
			.peer = {SLICE("alice"), {0}}};
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	call_trace_close(rig->trace);
	history_free(rig->history);
	close(rig->server);
	mem_free(rig->config);
	mem_free(rig);
	return 0;
}

static void hear(struct rig *rig, const char *call_id, const char *more)
{
	struct history_entry entry = {.time_us = 1700000000000000,
		.is_incoming = true,
		.transport = TRANSPORT_TLS,
		.local = SLICE("sbc.a.test:5061")};
	char text[512];

	netaddr_parse(&entry.peer, SLICE("198.51.100.7"), 40000);
	snprintf(text, sizeof(text),
		"INVITE sip:bob@b.test SIP/2.0\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n%s\r\n",
		call_id, more);
	entry.text = slice_str(text);
	history_message(rig->history, &entry);
	call_trace_message(rig->trace, &entry, NOW);
}

static void begin_leg(struct rig *rig, uint64_t number, char leg, const char *call_id)
{
	const struct history_entry entry = {
		.kind = HISTORY_LEG, .call = number, .leg = leg, .text = slice_str(call_id)};

	rig->is_live[number] = true;
	if (leg == 'b')
		rig->facts[number].peer[1] = SLICE("biloxi");
	history_note(rig->history, &entry);
	call_trace_leg(rig->trace, number, slice_str(call_id), NOW);
}

/* Datagrams that arrived; the last one is in bytes. */
static int received(struct rig *rig, char *bytes, size_t size)
{
	int count = 0;
	ssize_t n;

	while ((n = recv(rig->server, bytes, size - 1, 0)) >= 0) {
		for (ssize_t i = 0; i < n; i++)
			bytes[i] = bytes[i] ? bytes[i] : '.';
		bytes[n] = '\0';
		count++;
	}
	return count;
}

static void assert_received(struct rig *rig, int wanted)
{
	char bytes[2000];

	assert_int_equal(wanted, received(rig, bytes, sizeof(bytes)));
}

static struct call_trace_order order_of(struct rig *rig, const char *filter)
{
	return (struct call_trace_order){.filter = slice_str(filter),
		.seconds = 60,
		.calls = 1,
		.facts = find_facts,
		.arg = rig};
}

static struct call_trace_info begin(struct rig *rig, const char *filter)
{
	const struct call_trace_order order = order_of(rig, filter);
	struct call_trace_info info = {0};
	const char *why = call_trace_start(rig->trace, &order, NOW, &info);

	if (why)
		fail_msg("%s: %s", filter, why);
	return info;
}

/* The INVITE came before anybody knew what call it is, and another call is none of ours. */
static void shows_both_legs(void **state)
{
	struct rig *rig = *state;
	char bytes[2000] = "";
	struct call_trace_info info;

	begin(rig, "to=bob");
	hear(rig, "one", "X: 1\r\n");
	assert_received(rig, 0);
	begin_leg(rig, 1, 'a', "one");
	assert_int_equal(1, received(rig, bytes, sizeof(bytes)));
	assert_non_null(memmem(bytes, sizeof(bytes), "Call-ID: one", 12));
	hear(rig, "two", "");
	begin_leg(rig, 2, 'a', "two");
	hear(rig, "two", "");
	assert_received(rig, 0);
	begin_leg(rig, 1, 'b', "three");
	hear(rig, "three", "");
	assert_int_equal(1, received(rig, bytes, sizeof(bytes)));
	/* Both legs are one call for Homer. */
	assert_non_null(memmem(bytes, sizeof(bytes), "\x11.\x09one", 6));
	assert_true(call_trace_at(rig->trace, 0, NOW, &info));
	assert_int_equal(2, info.messages);
	/* Over, and so is the trace: it was for one call. */
	call_trace_ended(rig->trace, 2);
	assert_true(call_trace_at(rig->trace, 0, NOW, &info));
	call_trace_ended(rig->trace, 1);
	assert_false(call_trace_at(rig->trace, 0, NOW, &info));
	hear(rig, "one", "");
	assert_received(rig, 0);
}

/* What only the second leg tells: the first one's messages are shown all the same, once. */
static void takes_by_the_callee(void **state)
{
	struct rig *rig = *state;

	begin(rig, "peer=biloxi");
	hear(rig, "one", "");
	begin_leg(rig, 1, 'a', "one");
	hear(rig, "one", "");
	assert_received(rig, 0);
	begin_leg(rig, 1, 'b', "two");
	assert_received(rig, 2);
	hear(rig, "two", "");
	hear(rig, "one", "");
	assert_received(rig, 2);
}

static void masks_secrets(void **state)
{
	struct rig *rig = *state;
	char bytes[2000] = "";

	begin_leg(rig, 1, 'a', "one");
	hear(rig, "one", "Authorization: Digest response=\"0123abcd\"\r\n");
	begin(rig, "c1"); /* out of the history */
	assert_int_equal(1, received(rig, bytes, sizeof(bytes)));
	assert_non_null(memmem(bytes, sizeof(bytes), "response=\"********\"", 19));
	hear(rig, "one", "a=crypto:1 X inline:AAEC|2^20\r\n"); /* live */
	assert_int_equal(1, received(rig, bytes, sizeof(bytes)));
	assert_non_null(memmem(bytes, sizeof(bytes), "inline:****|2^20", 16));
}

/* One that is over: all there is, and done. */
static void shows_what_is_over(void **state)
{
	struct rig *rig = *state;
	struct call_trace_info info;

	begin_leg(rig, 1, 'a', "one");
	hear(rig, "one", "");
	rig->is_live[1] = false;
	info = begin(rig, "one");
	assert_int_equal(1, info.messages);
	assert_received(rig, 1);
	assert_false(call_trace_at(rig->trace, 0, NOW, &info));
}

static void has_ceilings(void **state)
{
	struct rig *rig = *state;
	struct call_trace_order order = order_of(rig, "from=alice");
	struct call_trace_info info;

	for (int i = 0; i < CALL_TRACE_MAX; i++)
		begin(rig, "from=alice");
	assert_string_equal("so many traces run already: call.trace_stop",
		call_trace_start(rig->trace, &order, NOW, &info));
	assert_int_equal(1, call_trace_stop(rig->trace, 3));
	assert_int_equal(0, call_trace_stop(rig->trace, 3));
	begin(rig, "from=alice");
	assert_int_equal(CALL_TRACE_MAX, call_trace_stop(rig->trace, 0));
	/* One call, no second one. */
	begin(rig, "from=alice");
	begin_leg(rig, 1, 'a', "one");
	begin_leg(rig, 2, 'a', "two");
	hear(rig, "one", "");
	hear(rig, "two", "");
	assert_received(rig, 1);
	/* And not for ever. */
	assert_true(call_trace_at(rig->trace, 0, NOW + 59 * USEC_PER_SEC, &info));
	assert_int_equal(1, info.seconds_left);
	assert_false(call_trace_at(rig->trace, 0, NOW + 60 * USEC_PER_SEC, &info));
	hear(rig, "one", "");
	assert_received(rig, 0);
}

static void refuses(void **state)
{
	struct rig *rig = *state;
	const struct {
		const char *filter;
		unsigned seconds, calls;
	} rows[] = {{"", 60, 1}, {"from=", 60, 1}, {"c9", 60, 1}, {"nobody@knows", 60, 1},
		{"from=alice", 0, 1}, {"from=alice", 86401, 1}, {"from=alice", 60, 0},
		{"from=alice", 60, 101}};
	struct call_trace_info info;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_trace_order order = order_of(rig, rows[i].filter);

		order.seconds = rows[i].seconds;
		order.calls = rows[i].calls;
		assert_non_null(call_trace_start(rig->trace, &order, NOW, &info));
		assert_false(call_trace_at(rig->trace, 0, NOW, &info));
	}
}

/* The address that we listen at, and the one of a listener on all of them. */
static void tells_our_address(void **state)
{
	struct rig *rig = *state;
	struct history_entry entry = {.transport = TRANSPORT_UDP,
		.local = SLICE("sbc.a.test"),
		.text = SLICE("SIP/2.0 200 OK\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n\r\n")};
	char bytes[2000] = "";

	begin_leg(rig, 1, 'a', "one");
	begin(rig, "c1");
	hear(rig, "one", "");
	assert_int_equal(1, received(rig, bytes, sizeof(bytes)));
	assert_non_null(memmem(bytes, sizeof(bytes), "\x04.\x0a\xc0.\x02\x63", 7));
	netaddr_parse(&entry.peer, SLICE("127.0.0.1"), 40000);
	call_trace_message(rig->trace, &entry, NOW);
	assert_int_equal(1, received(rig, bytes, sizeof(bytes)));
	assert_non_null(memmem(bytes, sizeof(bytes), "\x03.\x0a\x7f..\x01", 7)); /* outgoing */
	assert_non_null(memmem(bytes, sizeof(bytes), "\x07.\x08\x13\xc4", 5));   /* port 5060 */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(shows_both_legs),
		TEST(takes_by_the_callee),
		TEST(masks_secrets),
		TEST(shows_what_is_over),
		TEST(has_ceilings),
		TEST(refuses),
		TEST(tells_our_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
