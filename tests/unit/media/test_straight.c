/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a socket is connected to its peer and when it is let go: real sockets on the loopback,
 * looks in virtual time. SRTP-13, M4: only an address that proved itself. */

#include "tests/cmocka_first.h"

#include <string.h>
#include <unistd.h>

#include "media/straight.h"
#include "tests/unit/media/local.h"

struct world {
	uv_loop_t loop;
	struct udp_io io;
	struct timers timers;
	struct media_config config;
	struct component_env env;
	struct component component;
	struct straight straight;
	usec_t now, heard_at;
	struct netaddr ours, theirs, other;
	int peer, stranger; /* sockets at theirs, other */
	unsigned received;
	bool is_closed;
};

static struct world w;

static void on_receive(struct udp_packet *packet, usec_t now, void *arg)
{
	(void)packet;
	(void)now;
	((struct world *)arg)->received++;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	uv_loop_init(&w.loop);
	udp_io_init(&w.io, &(struct udp_io_config){.ops = &udp_ops_system, .want_ring = true});
	udp_io_attach(&w.io, &w.loop);
	timers_init(&w.timers, 4);
	w.config.want_connected = true;
	w.env = (struct component_env){.config = &w.config, .timers = &w.timers};
	w.component.env = &w.env;
	w.peer = bind_local(&w.theirs);
	w.stranger = bind_local(&w.other);
	assert_int_equal(0, udp_socket_open(&w.component.socket, &w.loop, &w.io,
				    bind_port(&w.ours, find_ports(1))));
	udp_socket_start(&w.component.socket, on_receive, &w);
	w.component.peer = w.theirs;
	w.now = 1000 * USEC_PER_SEC;
	straight_init(&w.straight, &w.component, &w.heard_at);
	straight_start(&w.straight, w.now);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	straight_stop(&w.straight);
	udp_socket_close(&w.component.socket, on_closed, &w.is_closed);
	udp_io_detach(&w.io);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(&w.loop));
	udp_io_fini(&w.io);
	timers_fini(&w.timers);
	close(w.peer);
	close(w.stranger);
	return 0;
}

/* So many looks; is_heard: the stream hears the peer before each. */
static void look(unsigned times, bool is_heard)
{
	for (unsigned i = 0; i < times; i++) {
		w.now += STRAIGHT_LOOK;
		if (is_heard)
			w.heard_at = w.now - 1;
		timers_run(&w.timers, w.now);
	}
}

/* Is what this socket sends received? */
static bool is_let_in(int fd)
{
	unsigned before = w.received;

	(void)!sendto(fd, "x", 1, 0, &w.ours.sa, netaddr_len(&w.ours));
	uv_run(&w.loop, UV_RUN_NOWAIT);
	return w.received > before;
}

static bool send_to_peer(void)
{
	struct udp_packet packet = {.data = (uint8_t *)"y", .len = 1};
	struct udp_queued entry = {.fd = w.component.socket.fd, .packet = &packet};
	uint64_t sent = 0, dropped = 0;
	char byte;

	if (!w.component.socket.is_connected)
		packet.peer = w.component.peer;
	entry.sent = &sent;
	entry.dropped = &dropped;
	/* By the ring, then by a single call. */
	udp_io_queue(&w.io, &entry);
	udp_io_queue(&w.io, &entry);
	udp_io_flush(&w.io);
	udp_io_queue(&w.io, &entry);
	udp_io_flush(&w.io);
	return sent == 3 && recv(w.peer, &byte, 1, 0) == 1 && recv(w.peer, &byte, 1, 0) == 1 &&
	       recv(w.peer, &byte, 1, 0) == 1;
}

static void holds_to_a_peer_that_settled(void **state)
{
	(void)state;
	assert_true(is_let_in(w.peer) && is_let_in(w.stranger));
	assert_true(send_to_peer());
	look(2, false); /* keyed, but nothing has come yet: no reason */
	assert_false(w.component.socket.is_connected);
	look(2, true);
	assert_true(w.component.socket.is_connected);
	assert_true(is_let_in(w.peer));
	assert_false(is_let_in(w.stranger));
	assert_true(send_to_peer());
	look(100, true);
	assert_true(w.component.socket.is_connected);
}

static void lets_go_of_a_silent_peer(void **state)
{
	(void)state;
	look(2, true);
	assert_true(w.component.socket.is_connected);
	look(STRAIGHT_QUIET, false);
	assert_false(w.component.socket.is_connected);
	assert_true(is_let_in(w.stranger)); /* which may be the peer, elsewhere */
	/* It was: what it sends verifies, and the component follows. */
	component_move_peer(&w.component, &w.other);
	look(3, true);
	assert_true(w.component.socket.is_connected);
	assert_true(is_let_in(w.stranger));
	assert_false(is_let_in(w.peer));
	/* Signalling moves it: at once. */
	component_move_peer(&w.component, &w.theirs);
	assert_false(w.component.socket.is_connected);
	assert_true(is_let_in(w.peer));
}

/* Nor does the last packet under way, from where it was, hold it there again. */
static void follows_signalling_in_spite_of_the_last_packet(void **state)
{
	(void)state;
	look(2, true);
	assert_true(w.component.socket.is_connected);
	component_move_peer(&w.component, &w.other);
	straight_again(&w.straight, w.now);
	assert_false(w.component.socket.is_connected);
	component_move_peer(&w.component, &w.theirs);
	look(1, true);
	assert_false(w.component.socket.is_connected);
}

static void does_not_hold_who_speaks_from_two_places(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		component_move_peer(&w.component, i % 2 ? &w.theirs : &w.other);
		look(1, true);
		assert_false(w.component.socket.is_connected);
	}
	look(STRAIGHT_MOVED - 1, true);
	assert_false(w.component.socket.is_connected);
	look(1, true);
	assert_true(w.component.socket.is_connected);
}

/* An ICMP error, which anybody can forge, must not make the socket deaf. */
static void errors_do_not_deafen(void **state)
{
	struct netaddr same;
	uint16_t port = netaddr_port(&w.theirs);

	(void)state;
	look(2, true);
	assert_true(w.component.socket.is_connected);
	close(w.peer);
	for (int i = 0; i < 3; i++)
		(void)!udp_socket_send(&w.component.socket, &w.theirs, (const uint8_t *)"z", 1);
	for (int i = 0; i < 10; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	w.peer = bind_port(&same, port);
	assert_true(w.peer >= 0);
	assert_true(is_let_in(w.peer));
	look(2, true);
	assert_true(w.component.socket.is_connected);
	assert_true(is_let_in(w.peer));
}

static void only_when_it_is_wanted(void **state)
{
	(void)state;
	straight_stop(&w.straight);
	w.config.want_connected = false;
	straight_start(&w.straight, w.now);
	look(10, true);
	assert_false(w.component.socket.is_connected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(holds_to_a_peer_that_settled),
		TEST(lets_go_of_a_silent_peer),
		TEST(follows_signalling_in_spite_of_the_last_packet),
		TEST(does_not_hold_who_speaks_from_two_places),
		TEST(errors_do_not_deafen),
		TEST(only_when_it_is_wanted),
	};

	return cmocka_run_group_tests_name("media/straight", tests, NULL, NULL);
}
