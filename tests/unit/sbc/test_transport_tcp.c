/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP over TCP: RFC 3261 section 18.3, RFC 5626, RFC 5923; SIP-28, SIP-29; S3, S5. */

#include "tests/unit/sbc/transport_rig.h"

#define PING "\r\n\r\n"

struct bed {
	uv_loop_t loop;
	struct rig r;
	int fd; /* a connection to it */
	struct buf heard;
};

static void open_bed(struct bed *bed, const struct transport_limits *limits)
{
	uv_loop_init(&bed->loop);
	rig_init(&bed->r, &bed->loop);
	rig_add(&bed->r, TRANSPORT_TCP);
	if (limits)
		bed->r.config.limits = *limits;
	rig_open(&bed->r);
	buf_init(&bed->heard, 1 << 20);
	bed->fd = peer_connect(bed->r.port[0]);
}

static void close_bed(struct bed *bed)
{
	if (bed->fd >= 0)
		close(bed->fd);
	rig_close(&bed->r);
	buf_fini(&bed->heard);
	rig_end_loop(&bed->loop);
}

static int setup(void **state)
{
	struct bed *bed = mem_alloc(sizeof(*bed));

	open_bed(bed, NULL);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	close_bed(*state);
	mem_free(*state);
	return 0;
}

/* Waits for the end of the connection and counts: nothing is left open. */
static void assert_ended(struct bed *bed)
{
	rig_until(&bed->loop, peer_hear(bed->fd, &bed->heard));
	close(bed->fd);
	bed->fd = -1;
	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 0);
}

/* ---- framing ---- */

static void bytewise(void **state)
{
	struct bed *bed = *state;
	char text[600];
	size_t len = rig_message(text, sizeof(text), "byte", 50);

	for (size_t i = 0; i < len; i++) {
		assert_int_equal(0, bed->r.received);
		peer_say(bed->fd, text + i, 1);
		rig_pass(&bed->loop, 1);
	}
	rig_until(&bed->loop, bed->r.received == 1);
	assert_string_equal(text, bed->r.last);
	assert_int_equal(TRANSPORT_TCP, bed->r.source.kind);
	assert_true(bed->r.source.flow.generation > 0);
}

/* Many in one segment, with blanks and pings between them, the last one cut. */
static void many_in_one(void **state)
{
	struct bed *bed = *state;
	struct buf all;
	char text[600];
	size_t len;

	buf_init(&all, 1 << 20);
	for (int i = 0; i < 150; i++) {
		len = rig_message(text, sizeof(text), i % 2 ? "odd" : "even", 300);
		buf_put_str(&all, i % 3 ? "\r\n" : PING);
		buf_put(&all, text, len);
	}
	peer_say(bed->fd, all.data, all.len - 10);
	rig_until(&bed->loop, bed->r.received == 149);
	rig_pass(&bed->loop, 10);
	assert_int_equal(149, bed->r.received);
	peer_say(bed->fd, all.data + all.len - 10, 10);
	rig_until(&bed->loop, bed->r.received == 150);
	assert_non_null(strstr(bed->r.last, "sip:odd"));
	rig_pass(&bed->loop, 10);
	peer_hear(bed->fd, &bed->heard); /* RFC 5626: pongs, not one for every ping */
	assert_true(bed->heard.len >= 2 && bed->heard.len <= 20);
	buf_fini(&all);
}

/* The largest message there may be, in pieces that cut it anywhere. */
static void largest(void **state)
{
	struct bed *bed = *state;
	char *text = mem_alloc(2 * SIP_MESSAGE_MAX + 2);
	size_t head, len;

	head = rig_message(text, 1000, "large", 10000) - 10000;
	len = rig_message(text, 1000, "large", SIP_MESSAGE_MAX - head);
	assert_int_equal(SIP_MESSAGE_MAX, len);
	memcpy(text + len, text, len);
	for (size_t at = 0; at < 2 * len;) {
		size_t piece = at + 7001 < 2 * len ? 7001 : 2 * len - at;
		peer_say(bed->fd, text + at, piece);
		rig_pass(&bed->loop, 1);
		at += piece;
	}
	rig_until(&bed->loop, bed->r.received == 2);
	assert_int_equal(0, bed->r.broken);
	mem_free(text);
}

/* SIP-29. */
static void ping(void **state)
{
	struct bed *bed = *state;

	peer_say_text(bed->fd, PING);
	rig_until(&bed->loop, (peer_hear(bed->fd, &bed->heard), bed->heard.len > 0));
	assert_int_equal(2, bed->heard.len);
	assert_memory_equal("\r\n", bed->heard.data, 2);
	assert_int_equal(0, bed->r.received);
}

/* Each is answered and closed, and nothing behind it is read. */
static void broken(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{"OPTIONS sip:a SIP/2.0\r\nCall-ID: a\r\n\r\n", "no Content-Length"},
		{"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4294967296\r\n\r\n", "S3: 2^32"},
		{"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n", "negative"},
		{"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\nl: 5\r\n\r\n", "two lies"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "another protocol"},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", "TLS on the TCP port"},
	};
	char next[300];

	(void)state;
	rig_message(next, sizeof(next), "hidden", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed bed;
		char text[1000];
		open_bed(&bed, NULL);
		snprintf(text, sizeof(text), "%s%s", rows[i].text, next);
		if (i == 5)
			peer_say(bed.fd, rows[i].text, 12);
		else
			peer_say_text(bed.fd, text);
		assert_ended(&bed);
		if (bed.r.received || bed.r.broken != 1)
			fail_msg("row %zu: %s", i, rows[i].why);
		assert_memory_equal("SIP/2.0 400", bed.heard.data, 11);
		assert_int_equal(1, rig_counters(&bed.r).broken);
		close_bed(&bed);
	}
}

/* Content-Length over what we take: told before it comes. */
static void too_large(void **state)
{
	struct bed *bed = *state;

	peer_say_text(bed->fd, "OPTIONS sip:a SIP/2.0\r\nContent-Length: 65535\r\n\r\nxx");
	assert_ended(bed);
	assert_int_equal(1, bed->r.too_large);
}

static void endless_header(void **state)
{
	struct bed *bed = *state;
	char line[1001];

	memset(line, 'h', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	peer_say_text(bed->fd, "OPTIONS sip:a SIP/2.0\r\n");
	for (int i = 0; i < 100 && !bed->r.broken; i++) {
		send(bed->fd, line, sizeof(line), MSG_NOSIGNAL);
		rig_pass(&bed->loop, 1);
	}
	assert_int_equal(1, bed->r.too_large);
	assert_ended(bed);
}

/* ---- deadlines and limits ---- */

/* KAM-13. */
static void idle(void **state)
{
	struct transport_counters counters;
	struct transport_limits limits;
	struct bed bed;
	char text[300];
	usec_t said;

	(void)state;
	transport_limits_init(&limits);
	limits.idle_timeout_s = 2;
	open_bed(&bed, &limits);
	rig_message(text, sizeof(text), "x", 0);
	rig_pass(&bed.loop, 1200);
	peer_say_text(bed.fd, text); /* a message keeps it, half of one does not */
	rig_pass(&bed.loop, 1200);
	peer_say(bed.fd, text, 20);
	assert_false(peer_hear(bed.fd, &bed.heard));
	said = clock_monotonic_us();
	rig_until(&bed.loop, peer_hear(bed.fd, &bed.heard));
	assert_true(clock_monotonic_us() - said < 1500 * USEC_PER_MS);
	assert_int_equal(1, bed.r.received);
	transport_counters(bed.r.transport, &counters); /* tcp:con_timeout */
	assert_int_equal(1, counters.connections_idle);
	close_bed(&bed);
}

static void slow_reader(void **state)
{
	struct transport_limits limits;
	struct bed bed;
	struct hop hop = {.kind = TRANSPORT_TCP};
	char *text = mem_alloc(70000);
	size_t len = rig_message(text, 1000, "fill", 60000);
	int err = 0, sent = 0;

	(void)state;
	transport_limits_init(&limits);
	limits.output_max = 256 * 1024;
	open_bed(&bed, &limits);
	peer_say_text(bed.fd, "OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n");
	rig_until(&bed.loop, bed.r.received == 1);
	hop_from_source(&hop, &bed.r.source);
	while (!err && sent < 1000) {
		sent++;
		err = rig_send(&bed.r, &hop, (uint64_t)sent, text, len);
		uv_run(&bed.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(SBC_ELIMIT, err);
	assert_int_equal(1, rig_counters(&bed.r).output_overflow);
	assert_int_equal(SBC_EPEER, rig_send(&bed.r, &hop, 5, text, len)); /* gone */
	assert_int_equal(0, rig_counters(&bed.r).connections_open);
	/* What was queued did not arrive: each tag once, in order, the refused one not. */
	rig_until(&bed.loop, bed.r.failed_count >= 4);
	assert_int_equal(sent - 1, bed.r.failed[bed.r.failed_count - 1]);
	assert_int_equal(bed.r.failed[0] + 1, bed.r.failed[1]);
	mem_free(text);
	close_bed(&bed);
}

static void caps(void **state)
{
	struct transport_limits limits;
	struct bed bed;
	int fds[6];

	(void)state;
	transport_limits_init(&limits);
	limits.connection_max = 4;
	open_bed(&bed, &limits);
	for (int i = 0; i < 6; i++)
		fds[i] = peer_connect(bed.r.port[0]);
	/* Three beside the bed's own; the others are closed at once. */
	rig_until(&bed.loop, rig_counters(&bed.r).connections_refused == 3);
	assert_int_equal(4, rig_counters(&bed.r).connections_open);
	rig_until(&bed.loop, peer_hear(fds[5], &bed.heard));
	assert_false(peer_hear(fds[2], &bed.heard));
	close(fds[0]); /* its place is free again */
	rig_until(&bed.loop, rig_counters(&bed.r).connections_open == 3);
	close(fds[5]);
	fds[5] = peer_connect(bed.r.port[0]);
	rig_until(&bed.loop, rig_counters(&bed.r).connections_open == 4);
	for (int i = 1; i < 6; i++)
		close(fds[i]);
	close_bed(&bed);
	transport_limits_init(&limits);
	limits.connection_max_per_address = 2;
	open_bed(&bed, &limits);
	for (int i = 0; i < 3; i++)
		fds[i] = peer_connect(bed.r.port[0]);
	rig_until(&bed.loop, rig_counters(&bed.r).connections_refused == 2);
	assert_int_equal(2, rig_counters(&bed.r).connections_open);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	rig_until(&bed.loop, rig_counters(&bed.r).connections_open == 1);
	close_bed(&bed);
}

/* No descriptors left: the loop goes on turning, and later there is room again. */
static void out_of_descriptors(void **state)
{
	struct bed *bed = *state;
	struct rlimit old, low;
	int fds[4], highest;
	usec_t begin;

	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 1);
	for (int i = 0; i < 4; i++)
		fds[i] = peer_connect(bed->r.port[0]);
	highest = dup(0);
	close(highest);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &old));
	low = old;
	low.rlim_cur = (rlim_t)highest;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &low));
	begin = clock_monotonic_us();
	rig_pass(&bed->loop, 50);
	assert_true(clock_monotonic_us() - begin < 2 * USEC_PER_SEC);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &old));
	for (int i = 0; i < 4; i++) /* each was taken and closed, or never taken */
		close(fds[i]);
	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 1);
	fds[0] = peer_connect(bed->r.port[0]);
	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 2);
	close(fds[0]);
}

/* The same when libuv's own reserve is gone too: ours is given up for one connection, which
 * is closed, and after that the oldest one of ours must go. */
static void out_of_reserves(void **state)
{
	struct bed *bed = *state;
	uv_stream_t *server = &bed->r.transport->listeners[0].stream;
	int fd;

	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 1);
	server->connection_cb(server, UV_EMFILE);
	assert_int_equal(-1, bed->r.transport->reserve_fd);
	assert_int_equal(1, rig_counters(&bed->r).connections_open);
	server->connection_cb(server, UV_EMFILE);
	assert_int_equal(0, rig_counters(&bed->r).connections_open);
	fd = peer_connect(bed->r.port[0]);
	rig_until(&bed->loop, peer_hear(fd, &bed->heard));
	close(fd);
	assert_true(bed->r.transport->reserve_fd >= 0);
	fd = peer_connect(bed->r.port[0]);
	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 1);
	close(fd);
}

/* ---- out ---- */

static struct hop hop_to(const struct rig *r)
{
	struct hop hop = {.kind = TRANSPORT_TCP};

	netaddr_parse(&hop.addr, SLICE("127.0.0.1"), r->port[0]);
	return hop;
}

/* Connects once, sends what waited in order, and finds the connection again (RFC 5923); the
 * answer comes over it; both ends know its name while it lives. */
static void connects(void **state)
{
	struct bed *bed = *state;
	struct rig a;
	struct hop hop = hop_to(&bed->r), back;
	char one[300], two[300];
	size_t one_len = rig_message(one, sizeof(one), "one", 0);
	size_t two_len = rig_message(two, sizeof(two), "two", 0);

	rig_init(&a, &bed->loop);
	rig_add(&a, TRANSPORT_TCP);
	rig_open(&a);
	assert_int_equal(0, rig_send(&a, &hop, 1, one, one_len));
	assert_int_equal(0, rig_send(&a, &hop, 2, two, two_len));
	rig_until(&bed->loop, bed->r.received == 2);
	assert_string_equal(two, bed->r.last);
	assert_int_equal(0, rig_send(&a, &hop, 3, one, one_len));
	rig_until(&bed->loop, bed->r.received == 3);
	assert_int_equal(1, rig_counters(&a).connections_open);
	hop_from_source(&back, &bed->r.source);
	assert_true(transport_flow_is_alive(bed->r.transport, bed->r.source.flow));
	assert_int_equal(0, rig_send(&bed->r, &back, 4, two, two_len));
	rig_until(&bed->loop, a.received == 1);
	assert_int_equal(bed->r.port[0], netaddr_port(&a.source.peer));
	assert_true(transport_flow_peer(a.transport, a.source.flow, &hop.addr));
	assert_int_equal(bed->r.port[0], netaddr_port(&hop.addr));
	rig_close(&a);
	rig_until(&bed->loop, !transport_flow_is_alive(bed->r.transport, back.flow));
	assert_false(transport_flow_peer(bed->r.transport, back.flow, &hop.addr));
	assert_int_equal(SBC_EPEER, rig_send(&bed->r, &back, 5, two, two_len));
	back.flow.generation = 0;
	assert_false(transport_flow_is_alive(bed->r.transport, back.flow));
	back.flow.slot = 1000000;
	back.flow.generation = 1;
	assert_false(transport_flow_is_alive(bed->r.transport, back.flow));
	assert_int_equal(0, a.failed_count + bed->r.failed_count);
}

static void accept_from(struct bed *bed, int *listening, int *fd, struct hop *hop)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t sin_len = sizeof(sin);

	*hop = hop_to(&bed->r);
	*listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, bind(*listening, (struct sockaddr *)&sin, sizeof(sin)));
	assert_int_equal(0, listen(*listening, 1));
	getsockname(*listening, (struct sockaddr *)&sin, &sin_len);
	netaddr_set_port(&hop->addr, ntohs(sin.sin_port));
	assert_int_equal(0, rig_send(&bed->r, hop, 1, "x", 1));
	rig_until(&bed->loop, (*fd = accept(*listening, NULL, NULL)) >= 0);
}

/* SIP-29, KAM-13: RFC 5626 section 4.4.1 on a connection we made: CRLF CRLF after the interval,
 * CRLF as the answer, and the end of it when one who answered is silent; what is sent then
 * makes a new connection. */
static void pings(void **state)
{
	struct transport_limits limits;
	struct bed bed;
	struct hop hop;
	int listening, fd;

	(void)state;
	transport_limits_init(&limits);
	limits.ping_interval_s = limits.pong_timeout_s = 1;
	open_bed(&bed, &limits);
	accept_from(&bed, &listening, &fd, &hop);
	for (int i = 0; i < 2; i++) {
		buf_reset(&bed.heard);
		rig_until(&bed.loop, (peer_hear(fd, &bed.heard), bed.heard.len >= 4));
		assert_memory_equal(PING, bed.heard.data + bed.heard.len - 4, 4);
		peer_say_text(fd, "\r\n");
	}
	buf_reset(&bed.heard);
	rig_until(&bed.loop, peer_hear(fd, &bed.heard));
	assert_int_equal(
		4, bed.heard.len); /* nothing but the ping: no pong was taken for one */
	assert_int_equal(0, bed.r.received + bed.r.broken);
	close(fd);
	assert_int_equal(0, rig_send(&bed.r, &hop, 1, "x", 1));
	rig_until(&bed.loop, (fd = accept(listening, NULL, NULL)) >= 0);
	close(fd);
	close(listening);
	close_bed(&bed);
}

/* Who never answered a ping may know none: nothing is concluded from that. */
static void pings_in_vain(void **state)
{
	struct transport_limits limits;
	struct bed bed;
	struct hop hop;
	int listening, fd;

	(void)state;
	transport_limits_init(&limits);
	limits.ping_interval_s = limits.pong_timeout_s = 1;
	open_bed(&bed, &limits);
	accept_from(&bed, &listening, &fd, &hop);
	rig_until(&bed.loop, (peer_hear(fd, &bed.heard), bed.heard.len >= 9));
	assert_memory_equal("x" PING PING, bed.heard.data, 9);
	assert_int_equal(2, rig_counters(&bed.r).connections_open); /* and the bed's own */
	close(fd);
	close(listening);
	close_bed(&bed);
}

/* A name outlives its connection and never means the next one in its place. */
static void names_of_the_dead(void **state)
{
	struct bed *bed = *state;
	struct hop first;
	char text[300];
	size_t len = rig_message(text, sizeof(text), "x", 0);

	peer_say(bed->fd, text, len);
	rig_until(&bed->loop, bed->r.received == 1);
	hop_from_source(&first, &bed->r.source);
	close(bed->fd);
	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 0);
	bed->fd = peer_connect(bed->r.port[0]);
	peer_say(bed->fd, text, len);
	rig_until(&bed->loop, bed->r.received == 2);
	assert_int_equal(first.flow.slot, bed->r.source.flow.slot);
	assert_false(transport_flow_is_alive(bed->r.transport, first.flow));
	assert_int_equal(SBC_EPEER, rig_send(&bed->r, &first, 1, text, len));
}

static void nobody_there(void **state)
{
	struct bed *bed = *state;
	struct hop hop = hop_to(&bed->r);

	netaddr_set_port(&hop.addr, rig_free_port());
	assert_int_equal(0, rig_send(&bed->r, &hop, 11, "x", 1));
	assert_int_equal(0, rig_send(&bed->r, &hop, 0, "x", 1));
	assert_int_equal(0, rig_send(&bed->r, &hop, 12, "x", 1));
	rig_until(&bed->loop, bed->r.failed_count == 2); /* 0: nobody wants to know */
	assert_int_equal(11, bed->r.failed[0]);
	assert_int_equal(12, bed->r.failed[1]);
	assert_string_equal("cannot connect", bed->r.failed_why);
}

/* A peer that never answers our SYN (a full backlog does the same), or that is slow while
 * too much waits for it. */
static void connect_takes_too_long(void **state)
{
	struct transport_limits limits;
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t sin_len = sizeof(sin);
	struct bed bed;
	struct hop hop;
	char *text = mem_alloc(70000);
	size_t len = rig_message(text, 1000, "wait", 60000);
	int listening = socket(AF_INET, SOCK_STREAM, 0), fill[3];

	(void)state;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, bind(listening, (struct sockaddr *)&sin, sizeof(sin)));
	assert_int_equal(0, listen(listening, 0));
	getsockname(listening, (struct sockaddr *)&sin, &sin_len);
	for (int i = 0; i < 3; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&sin, sizeof(sin));
	}
	transport_limits_init(&limits);
	limits.handshake_timeout_s = 1;
	limits.output_max = 100000;
	open_bed(&bed, &limits);
	hop = hop_to(&bed.r);
	netaddr_set_port(&hop.addr, ntohs(sin.sin_port));
	assert_int_equal(0, rig_send(&bed.r, &hop, 21, text, len));
	assert_int_equal(SBC_ELIMIT, rig_send(&bed.r, &hop, 22, text, len));
	rig_until(&bed.loop, bed.r.failed_count == 1);
	assert_int_equal(21, bed.r.failed[0]);
	assert_string_equal("no connection in time", bed.r.failed_why);
	for (int i = 0; i < 3; i++)
		close(fill[i]);
	close(listening);
	mem_free(text);
	close_bed(&bed);
}

/* The peer said its last but reads on: what we have for it is written, no signal kills us. */
static void half_closed(void **state)
{
	struct bed *bed = *state;
	char text[300];
	size_t len = rig_message(text, sizeof(text), "half", 0);
	struct hop hop;

	peer_say(bed->fd, text, len);
	rig_until(&bed->loop, bed->r.received == 1);
	hop_from_source(&hop, &bed->r.source);
	shutdown(bed->fd, SHUT_WR);
	assert_int_equal(0, rig_send(&bed->r, &hop, 31, text, len));
	assert_ended(bed);
	assert_string_equal(text, bed->heard.data);
	assert_int_equal(SBC_EPEER, rig_send(&bed->r, &hop, 32, text, len));
	assert_int_equal(0, bed->r.failed_count);
}

/* The same while much waits for it: nothing of it is lost. */
static void half_closed_and_slow(void **state)
{
	struct bed *bed = *state;
	struct hop hop;
	struct flow *flow;
	char *text = mem_alloc(70000);
	size_t len = rig_message(text, 1000, "slow", 60000), sent = 0;

	bed->heard._max = 1 << 26;
	peer_say_text(bed->fd, "OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n");
	rig_until(&bed->loop, bed->r.received == 1);
	hop_from_source(&hop, &bed->r.source);
	flow = flow_find(bed->r.transport, hop.flow);
	while (!flow->output_len) {
		assert_int_equal(0, rig_send(&bed->r, &hop, 33, text, len));
		sent += len;
	}
	shutdown(bed->fd, SHUT_WR);
	rig_pass(&bed->loop, 5);
	assert_false(transport_flow_is_alive(bed->r.transport, hop.flow));
	assert_ended(bed);
	assert_int_equal(sent, bed->heard.len);
	assert_int_equal(0, bed->r.failed_count);
	mem_free(text);
}

/* Reset in the middle: an error, not a signal. */
static void reset(void **state)
{
	struct bed *bed = *state;
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	char text[300];
	size_t len = rig_message(text, sizeof(text), "reset", 0);
	struct hop hop;

	peer_say(bed->fd, text, len);
	rig_until(&bed->loop, bed->r.received == 1);
	hop_from_source(&hop, &bed->r.source);
	setsockopt(bed->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(bed->fd);
	bed->fd = -1;
	assert_int_equal(SBC_EPEER, rig_send(&bed->r, &hop, 41, text, len));
	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 0);
}

/* ---- the end ---- */

/* What is queued is still said, to a peer that reads. */
static void closes_gracefully(void **state)
{
	struct bed *bed = *state;
	struct hop hop;
	char *text = mem_alloc(70000);
	size_t len = rig_message(text, 1000, "last", 60000);

	bed->r.config.limits.output_max = 1 << 20;
	peer_say_text(bed->fd, "OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n");
	rig_until(&bed->loop, bed->r.received == 1);
	hop_from_source(&hop, &bed->r.source);
	for (int i = 0; i < 4; i++)
		assert_int_equal(0, rig_send(&bed->r, &hop, 51, text, len));
	transport_close(bed->r.transport, rig_closed, &bed->r);
	assert_int_equal(SBC_ESTATE, rig_send(&bed->r, &hop, 52, text, len));
	rig_until(&bed->loop, peer_hear(bed->fd, &bed->heard));
	assert_int_equal(4 * len, bed->heard.len);
	assert_false(bed->r.is_closed); /* until the peer has said its end too */
	close(bed->fd);
	rig_until(&bed->loop, bed->r.is_closed);
	assert_int_equal(0, bed->r.failed_count);
	mem_free(text);
	rig_open(&bed->r); /* for the teardown: and the port is free at once */
	bed->r.is_closed = false;
	bed->fd = -1;
}

/* A peer that neither reads nor goes holds it for a second at most. */
static void closes_without_the_peer(void **state)
{
	struct bed *bed = *state;
	usec_t begin;

	rig_until(&bed->loop, rig_counters(&bed->r).connections_open == 1);
	begin = clock_monotonic_us();
	transport_close(bed->r.transport, rig_closed, &bed->r);
	rig_until(&bed->loop, bed->r.is_closed);
	assert_true(clock_monotonic_us() - begin < 2 * USEC_PER_SEC);
	rig_open(&bed->r);
	bed->r.is_closed = false;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bytewise),
		TEST(many_in_one),
		TEST(largest),
		TEST(ping),
		cmocka_unit_test(broken),
		TEST(too_large),
		TEST(endless_header),
		cmocka_unit_test(idle),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(caps),
		TEST(out_of_descriptors),
		TEST(out_of_reserves),
		TEST(connects),
		TEST(names_of_the_dead),
		TEST(nobody_there),
		cmocka_unit_test(pings),
		cmocka_unit_test(pings_in_vain),
		cmocka_unit_test(connect_takes_too_long),
		TEST(half_closed),
		TEST(half_closed_and_slow),
		TEST(reset),
		TEST(closes_gracefully),
		TEST(closes_without_the_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
