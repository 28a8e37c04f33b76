/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transports' door, and UDP: RFC 3261 section 18; SIP-26, SIP-29. */

#include "tests/unit/sbc/transport_rig.h"

static void words(void **state)
{
	enum transport_kind kind = TRANSPORT_UDP;
	struct tls_names names = {.names = {"atlanta.test"}, .count = 1};

	(void)state;
	assert_string_equal("TLS", transport_kind_name(TRANSPORT_TLS));
	assert_int_equal(0, transport_kind_parse(&kind, SLICE("tcp")));
	assert_int_equal(TRANSPORT_TCP, kind);
	assert_int_equal(SBC_EPARSE, transport_kind_parse(&kind, SLICE("SCTP")));
	assert_int_equal(SBC_EPARSE, transport_kind_parse(&kind, SLICE("TLSX")));
	assert_true(tls_names_has(&names, SLICE("Atlanta.TEST")));
	assert_false(tls_names_has(&names, SLICE("sbc.atlanta.test")));
	assert_false(tls_names_has(&names, SLICE("")));
}

/* Responses go back where the request came from, over the same connection if there is one;
 * such a connection cannot be made again from here. */
static void ways_back(void **state)
{
	struct transport_source udp = {.kind = TRANSPORT_UDP, .listener = 2};
	struct transport_source tls = {.kind = TRANSPORT_TLS, .flow = {4, 5}};
	struct hop hop;

	(void)state;
	netaddr_parse(&udp.peer, SLICE("192.0.2.1"), 40000);
	tls.peer = udp.peer;
	hop_from_source(&hop, &udp);
	assert_int_equal(2, hop.listener);
	assert_true(netaddr_equal(&udp.peer, &hop.addr));
	hop_from_source(&hop, &tls);
	assert_int_equal(4, hop.flow.slot);
	assert_int_equal(5, hop.flow.generation);
	assert_false(netaddr_is_set(&hop.addr));
}

static void udp_both_ways(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct rig a, b;
	struct hop hop = {.kind = TRANSPORT_UDP};
	char big[SIP_MESSAGE_MAX];
	uv_loop_t loop;
	int fd;

	(void)state;
	uv_loop_init(&loop);
	rig_init(&a, &loop);
	rig_init(&b, &loop);
	rig_add(&a, TRANSPORT_UDP);
	rig_add(&b, TRANSPORT_UDP);
	b.want_echo = true;
	rig_open(&a);
	rig_open(&b);
	netaddr_parse(&hop.addr, SLICE("127.0.0.1"), b.port[0]);
	assert_int_equal(0, rig_send(&a, &hop, 7, "hello", 5));
	rig_until(&loop, a.received == 1);
	assert_string_equal("hello", a.last);
	assert_int_equal(b.port[0], netaddr_port(&a.source.peer));
	assert_int_equal(1, rig_counters(&b).received[TRANSPORT_UDP]);
	assert_int_equal(1, rig_counters(&b).sent[TRANSPORT_UDP]);
	/* Empty ones and keepalives are nobody's message; the longest one arrives whole. */
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	sin.sin_port = htons(b.port[0]);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	b.want_echo = false;
	send(fd, "", 0, 0);
	send(fd, "\r\n\r\n", 4, 0);
	send(fd, "\0", 1, 0);
	memset(big, 'x', sizeof(big));
	assert_int_equal(65507, send(fd, big, 65507, 0));
	rig_until(&loop, b.received == 2);
	assert_int_equal('x', b.last[0]);
	close(fd);
	/* What cannot be sent says so at once. */
	assert_int_equal(SBC_EINVAL, rig_send(&a, &hop, 1, big, sizeof(big)));
	hop.addr = (struct netaddr){0};
	assert_int_equal(SBC_EPEER, rig_send(&a, &hop, 1, "x", 1));
	hop.listener = 1;
	assert_int_equal(SBC_EINVAL, rig_send(&a, &hop, 1, "x", 1));
	hop.listener = 0;
	hop.kind = TRANSPORT_TCP;
	assert_int_equal(SBC_EINVAL, rig_send(&a, &hop, 1, "x", 1));
	assert_int_equal(0, a.failed_count);
	rig_close(&a);
	rig_close(&b);
	rig_end_loop(&loop);
}

/* Each datagram leads to two: one that arrives, and one that no socket of ours may send. */
static void answer_twice(struct slice bytes, const struct transport_source *source, void *arg)
{
	struct rig *r = arg;
	struct hop hop, nowhere = {.kind = TRANSPORT_UDP};

	r->received++;
	hop_from_source(&hop, source);
	netaddr_parse(&nowhere.addr, SLICE("255.255.255.255"), 5060);
	assert_int_equal(0, rig_send(r, &nowhere, 40 + r->received, bytes.ptr, bytes.len));
	assert_int_equal(0, rig_send(r, &hop, 0, bytes.ptr, bytes.len));
	assert_int_equal(0, r->failed_count); /* never from within */
}

/* What is sent while datagrams are taken leaves when all of them are; in its order, and what
 * fails then is told by its tag. */
static void a_turn_of_datagrams(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	char text[8], got[8];
	struct rig r;
	uv_loop_t loop;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	uv_loop_init(&loop);
	rig_init(&r, &loop);
	r.config.receive = answer_twice;
	rig_add(&r, TRANSPORT_UDP);
	rig_open(&r);
	sin.sin_port = htons(r.port[0]);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "say %d", i);
		assert_int_equal(5, send(fd, text, 5, 0));
	}
	rig_until(&loop, r.failed_count == 3);
	assert_int_equal(3, r.received);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "say %d", i);
		assert_int_equal(5, recv(fd, got, sizeof(got), MSG_DONTWAIT));
		assert_memory_equal(text, got, 5);
		assert_int_equal(41 + i, r.failed[i]);
	}
	close(fd);
	rig_close(&r);
	rig_end_loop(&loop);
}

/* The same over IPv6, where there is one. */
static void ipv6(void **state)
{
	static const enum transport_kind kinds[] = {TRANSPORT_UDP, TRANSPORT_TCP};
	static const char text[] = "OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
	struct hop hop = {0};
	struct rig a, b;
	char fault[200];
	uv_loop_t loop;
	bool has_ipv6 = true;

	(void)state;
	uv_loop_init(&loop);
	rig_init(&a, &loop);
	rig_init(&b, &loop);
	b.want_echo = true;
	for (unsigned i = 0; i < 2; i++) {
		rig_add(&a, kinds[i]);
		rig_add(&b, kinds[i]);
		netaddr_parse(&a.config.listeners[i].address, SLICE("::1"), a.port[i]);
		netaddr_parse(&b.config.listeners[i].address, SLICE("::1"), b.port[i]);
	}
	has_ipv6 = !transport_open(&a.transport, &loop, &a.config, fault, sizeof(fault));
	if (has_ipv6) {
		rig_open(&b);
		for (unsigned i = 0; i < 2; i++) {
			hop.kind = kinds[i];
			hop.listener = i;
			hop.addr = b.config.listeners[i].address;
			assert_int_equal(0, rig_send(&a, &hop, 1, text, sizeof(text) - 1));
			rig_until(&loop, a.received == i + 1);
			assert_true(netaddr_equal(&hop.addr, &a.source.peer));
		}
		rig_close(&a);
		rig_close(&b);
	}
	rig_end_loop(&loop);
	if (!has_ipv6)
		skip();
}

static void cannot_bind(void **state)
{
	struct rig a, b;
	char fault[200] = "";
	uv_loop_t loop;

	(void)state;
	for (int kind = TRANSPORT_UDP; kind <= TRANSPORT_TCP; kind++) {
		uv_loop_init(&loop);
		rig_init(&a, &loop);
		rig_init(&b, &loop);
		rig_add(&a, (enum transport_kind)kind);
		rig_add(&b, TRANSPORT_UDP);
		*rig_add(&b, (enum transport_kind)kind) = a.config.listeners[0];
		rig_open(&a);
		assert_int_equal(SBC_EIO,
			transport_open(&b.transport, &loop, &b.config, fault, sizeof(fault)));
		assert_null(b.transport);
		assert_non_null(strstr(fault, "listener 1"));
		assert_non_null(strstr(fault, "address already in use"));
		rig_close(&a);
		rig_end_loop(&loop);
	}
}

/* Nothing open, nothing to close: closed is told all the same, later. */
static void without_listeners(void **state)
{
	struct rig r;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	rig_init(&r, &loop);
	rig_open(&r);
	rig_close(&r);
	rig_end_loop(&loop);
}

static void without_memory(void **state)
{
	struct rig r;
	char fault[200];
	uv_loop_t loop;

	(void)state;
	for (long i = 0;; i++) {
		uv_loop_init(&loop);
		rig_init(&r, &loop);
		rig_add(&r, TRANSPORT_UDP);
		rig_add(&r, TRANSPORT_TCP);
		mem_fail_after(i);
		int err = transport_open(&r.transport, &loop, &r.config, fault, sizeof(fault));
		mem_fail_after(-1);
		if (!err)
			break;
		assert_int_equal(SBC_ENOMEM, err);
		assert_null(r.transport);
		rig_end_loop(&loop);
	}
	rig_close(&r);
	rig_end_loop(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(ways_back),
		cmocka_unit_test(udp_both_ways),
		cmocka_unit_test(a_turn_of_datagrams),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(cannot_bind),
		cmocka_unit_test(without_listeners),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
