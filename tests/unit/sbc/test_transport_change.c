/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listeners that come and go while we run. */

#include "tests/unit/sbc/transport_rig.h"

#define MESSAGE_MAX 300

struct scene {
	uv_loop_t loop;
	struct rig server, client;
	struct hop hop; /* to the server's listener 0 */
	char message[MESSAGE_MAX];
	size_t len;
};

static void open_scene(struct scene *s, enum transport_kind kind)
{
	*s = (struct scene){.hop = {.kind = kind}};
	uv_loop_init(&s->loop);
	rig_init(&s->server, &s->loop);
	rig_init(&s->client, &s->loop);
	rig_add(&s->server, kind);
	rig_add(&s->client, kind);
	rig_open(&s->server);
	rig_open(&s->client);
	netaddr_parse(&s->hop.addr, SLICE("127.0.0.1"), s->server.port[0]);
	s->len = rig_message(s->message, sizeof(s->message), "one", 0);
}

static void close_scene(struct scene *s)
{
	rig_close(&s->server);
	rig_close(&s->client);
	rig_end_loop(&s->loop);
}

static void send_to(struct scene *s, uint16_t port)
{
	netaddr_set_port(&s->hop.addr, port);
	assert_int_equal(0, rig_send(&s->client, &s->hop, 1, s->message, s->len));
}

static int prepare(struct scene *s, struct transport_change **change, char fault[200])
{
	return transport_prepare(change, s->server.transport, &s->server.config, fault, 200);
}

static void one_comes(enum transport_kind kind)
{
	struct transport_change *change;
	char fault[200] = "";
	struct scene s;

	open_scene(&s, kind);
	rig_add(&s.server, kind);
	assert_int_equal(0, prepare(&s, &change, fault));
	transport_commit(s.server.transport, change);
	send_to(&s, s.server.port[1]);
	rig_until(&s.loop, s.server.received == 1);
	assert_int_equal(1, s.server.source.listener);
	send_to(&s, s.server.port[0]);
	rig_until(&s.loop, s.server.received == 2);
	assert_int_equal(0, s.server.source.listener);
	close_scene(&s);
}

static void comes(void **state)
{
	(void)state;
	one_comes(TRANSPORT_UDP);
	one_comes(TRANSPORT_TCP);
}

/* One port that is taken undoes the other one, which was bound already. */
static void all_or_nothing(void **state)
{
	struct transport_change *change = NULL;
	char fault[200] = "";
	struct scene s;

	(void)state;
	open_scene(&s, TRANSPORT_UDP);
	rig_add(&s.server, TRANSPORT_UDP);
	rig_add(&s.server, TRANSPORT_UDP);
	s.server.config.listeners[2].address = s.client.config.listeners[0].address;
	assert_int_equal(SBC_EIO, prepare(&s, &change, fault));
	assert_non_null(strstr(fault, "listener 2: UDP 127.0.0.1:"));
	assert_null(change);
	/* Still being closed: their numbers cannot be given again. */
	s.server.config.listener_count = 2;
	assert_int_equal(SBC_EAGAIN, prepare(&s, &change, fault));
	assert_non_null(strstr(fault, "still being closed"));
	rig_pass(&s.loop, 5);
	assert_int_equal(0, prepare(&s, &change, fault));
	transport_discard(s.server.transport, change);
	rig_pass(&s.loop, 5);
	/* What was discarded hears nothing, what was there does. */
	send_to(&s, s.server.port[1]);
	send_to(&s, s.server.port[0]);
	rig_until(&s.loop, s.server.received == 1);
	rig_pass(&s.loop, 20);
	assert_int_equal(1, s.server.received);
	close_scene(&s);
}

static void goes(void **state)
{
	struct transport_change *change;
	char fault[200] = "";
	struct hop there = {.kind = TRANSPORT_UDP};
	struct scene s;

	(void)state;
	open_scene(&s, TRANSPORT_UDP);
	transport_close_listener(s.server.transport, 0);
	netaddr_parse(&there.addr, SLICE("127.0.0.1"), s.client.port[0]);
	assert_int_equal(SBC_EPEER, rig_send(&s.server, &there, 1, s.message, s.len));
	rig_pass(&s.loop, 5);
	/* Its number and its port are free again. */
	assert_int_equal(0, prepare(&s, &change, fault));
	transport_commit(s.server.transport, change);
	send_to(&s, s.server.port[0]);
	rig_until(&s.loop, s.server.received == 1);
	transport_close_listener(s.server.transport, LISTENER_MAX); /* there is none */
	close_scene(&s);
}

/* Its connections go with it; whoever has another one keeps it. */
static void connections_go_too(void **state)
{
	struct transport_change *change;
	char fault[200] = "";
	struct scene s;

	(void)state;
	open_scene(&s, TRANSPORT_TCP);
	rig_add(&s.server, TRANSPORT_TCP);
	assert_int_equal(0, prepare(&s, &change, fault));
	transport_commit(s.server.transport, change);
	send_to(&s, s.server.port[0]);
	send_to(&s, s.server.port[1]);
	rig_until(&s.loop, s.server.received == 2);
	assert_int_equal(2, rig_counters(&s.server).connections_open);
	transport_close_listener(s.server.transport, 0);
	rig_until(&s.loop, rig_counters(&s.server).connections_open == 1);
	s.server.config.listeners[0].use = LISTENER_ABSENT;
	assert_int_equal(0, prepare(&s, &change, fault));
	transport_commit(s.server.transport, change);
	send_to(&s, s.server.port[1]);
	rig_until(&s.loop, s.server.received == 3);
	close_scene(&s);
}

static void another_address_is_another_listener(void **state)
{
	struct transport_change *change = NULL;
	char fault[200] = "";
	struct scene s;

	(void)state;
	open_scene(&s, TRANSPORT_UDP);
	netaddr_set_port(&s.server.config.listeners[0].address, rig_free_port());
	assert_int_equal(SBC_EINVAL, prepare(&s, &change, fault));
	assert_non_null(strstr(fault, "another kind or address"));
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(goes),
		cmocka_unit_test(connections_go_too),
		cmocka_unit_test(another_address_is_another_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
