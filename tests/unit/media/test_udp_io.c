/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns of datagrams: over real sockets with and without the ring, and with an operation
 * table that refuses. */

#include "tests/cmocka_first.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/udp_io.h"
#include "tests/unit/media/local.h"

struct echo {
	struct udp_io io;
	struct udp_socket socket;
	unsigned received, truncated;
	uint64_t sent, dropped;
	bool is_closed;
};

static const struct udp_io_config with_ring = {.ops = &udp_ops_system, .want_ring = true};
static const struct udp_io_config without_ring = {.ops = &udp_ops_system};

/* Sends everything back to where it came from. */
static void on_receive(struct udp_packet *packet, usec_t now, void *arg)
{
	struct echo *echo = arg;
	struct udp_queued entry = {.fd = echo->socket.fd,
		.packet = packet,
		.sent = &echo->sent,
		.dropped = &echo->dropped};

	assert_true(now > 0);
	assert_int_equal(0, (uintptr_t)packet->data % 16);
	echo->received++;
	echo->truncated += packet->is_truncated;
	udp_io_queue(&echo->io, &entry);
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void open_echo(struct echo *echo, uv_loop_t *loop, const struct udp_io_config *config,
	struct netaddr *ours)
{
	*echo = (struct echo){0};
	uv_loop_init(loop);
	assert_int_equal(0, udp_io_init(&echo->io, config));
	udp_io_attach(&echo->io, loop);
	assert_int_equal(0, udp_socket_open(&echo->socket, loop, &echo->io, bind_local(ours)));
	udp_socket_start(&echo->socket, on_receive, echo);
}

static void close_echo(struct echo *echo, uv_loop_t *loop)
{
	udp_socket_close(&echo->socket, on_closed, &echo->is_closed);
	assert_false(echo->is_closed); /* later, on the loop */
	udp_io_detach(&echo->io);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_true(echo->is_closed);
	assert_int_equal(0, uv_loop_close(loop));
	udp_io_fini(&echo->io);
}

static void echo_all(const struct udp_io_config *config)
{
	static struct echo echo;
	uint8_t bytes[4000] = {0};
	struct netaddr ours, peers;
	int peer = bind_local(&peers);
	unsigned back = 0;
	uv_loop_t loop;
	ssize_t n;

	open_echo(&echo, &loop, config, &ours);
	for (unsigned i = 0; i < 100; i++) {
		bytes[0] = (uint8_t)i;
		assert_int_equal(
			100 + i, sendto(peer, bytes, 100 + i, 0, &ours.sa, netaddr_len(&ours)));
	}
	(void)!sendto(peer, bytes, sizeof(bytes), 0, &ours.sa, netaddr_len(&ours));
	while (echo.received < 101)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(1, echo.truncated);
	assert_int_equal(101, echo.sent);
	while ((n = recv(peer, bytes, sizeof(bytes), 0)) > 0) {
		if (back < 100) { /* each whole, in its order */
			assert_int_equal(100 + back, n);
			assert_int_equal(back, bytes[0]);
		}
		back++;
	}
	assert_int_equal(101, back);
	assert_int_equal(0, udp_socket_send(&echo.socket, &peers, bytes, 5));
	assert_int_equal(5, recv(peer, bytes, sizeof(bytes), 0));
	close_echo(&echo, &loop);
	assert_int_equal(SBC_EIO, udp_socket_send(&echo.socket, &peers, bytes, 5));
	close(peer);
}

static void echoes_whole_and_in_order(void **state)
{
	(void)state;
	echo_all(&without_ring);
	echo_all(&with_ring); /* the same where the system has none */
}

/* Takes what three does not divide. */
static bool send_badly(int fd, const struct udp_packet *packet)
{
	(void)fd;
	return packet->len % 3;
}

static void queue_numbered(
	struct udp_io *io, const int fds[2], uint64_t *sent, uint64_t *dropped)
{
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++) {
		struct udp_queued entry = {.fd = fds[i % 2],
			.packet = &io->packets[i],
			.sent = &sent[i % 2],
			.dropped = &dropped[i % 2]};

		io->packets[i].len = i;
		udp_io_queue(io, &entry);
	}
}

static void counts_what_is_refused(void **state)
{
	static const struct udp_ops bad = {.send = send_badly};
	const struct udp_io_config config = {.ops = &bad};
	const int fds[2] = {0, 1};
	struct udp_io io;
	uint64_t sent[2] = {0}, dropped[2] = {0};

	(void)state;
	assert_int_equal(0, udp_io_init(&io, &config));
	queue_numbered(&io, fds, sent, dropped);
	udp_io_flush(&io);
	assert_int_equal(0, io.queued);
	assert_int_equal(UDP_BATCH_MAX / 2, sent[0] + dropped[0]);
	assert_int_equal(UDP_BATCH_MAX / 2, sent[1] + dropped[1]);
	assert_int_equal(11, dropped[0]); /* 0 6 .. 60 */
	assert_int_equal(11, dropped[1]); /* 3 9 .. 63 */
	udp_io_fini(&io);
	for (long i = 0; i < 2; i++) {
		mem_fail_after(i);
		assert_int_equal(SBC_ENOMEM, udp_io_init(&io, &config));
	}
	mem_fail_after(-1);
}

struct later {
	struct echo echo; /* first: found by its socket */
	unsigned handled, last_len;
	usec_t now;
};

static void on_deferred(struct udp_socket *socket, struct udp_packet *packet, usec_t now)
{
	struct later *later = socket->_arg;

	assert_true(now > 0);
	assert_int_equal(0, (uintptr_t)packet->data % 16);
	later->handled++;
	later->last_len = (unsigned)packet->len;
}

/* One a turn, so that media is never behind two; in order; bounded; gone with the socket. */
static void defers_one_a_turn(void **state)
{
	static struct later later;
	const struct udp_io_config config = {
		.ops = &udp_ops_system, .on_deferred = on_deferred};
	uint8_t bytes[UDP_DEFERRED_MAX + 1] = {0};
	struct udp_packet packet = {.data = bytes};
	struct netaddr ours;
	uv_loop_t loop;

	(void)state;
	open_echo(&later.echo, &loop, &config, &ours);
	later.echo.socket._arg = &later;
	for (unsigned i = 0; i < UDP_DEFERRED_MAX; i++) {
		packet.len = i;
		assert_int_equal(0, udp_socket_defer(&later.echo.socket, &packet));
	}
	assert_int_equal(SBC_ELIMIT, udp_socket_defer(&later.echo.socket, &packet));
	for (unsigned i = 0; i < 10; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		assert_int_equal(i + 1, later.handled);
		assert_int_equal(i, later.last_len);
	}
	close_echo(&later.echo, &loop);
	assert_int_equal(10, later.handled);
}

static usec_t turn(struct echo *echo, uv_loop_t *loop, int peer, const struct netaddr *ours)
{
	unsigned before = echo->received;
	usec_t began;

	(void)!sendto(peer, "", 1, 0, &ours->sa, netaddr_len(ours));
	while (echo->received == before)
		uv_run(loop, UV_RUN_NOWAIT);
	began = clock_monotonic_us();
	udp_io_rest(&echo->io);
	return clock_monotonic_us() - began;
}

/* The first packet after a pause is answered and the loop waits for the next at once; only
 * one that comes right behind makes it rest, and none that waits already does. */
static void rests_only_when_busy(void **state)
{
	static struct echo echo;
	const struct udp_io_config config = {.ops = &udp_ops_system, .coalesce = 50000};
	struct netaddr ours, peers;
	int peer = bind_local(&peers);
	uv_loop_t loop;

	(void)state;
	open_echo(&echo, &loop, &config, &ours);
	assert_true(turn(&echo, &loop, peer, &ours) < 40000);
	assert_true(turn(&echo, &loop, peer, &ours) >= 40000);
	(void)!sendto(peer, "", 1, 0, &ours.sa, netaddr_len(&ours));
	assert_true(turn(&echo, &loop, peer, &ours) < 40000);
	usleep(110000);
	assert_true(turn(&echo, &loop, peer, &ours) < 40000);
	close_echo(&echo, &loop);
	close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echoes_whole_and_in_order),
		cmocka_unit_test(counts_what_is_refused),
		cmocka_unit_test(defers_one_a_turn),
		cmocka_unit_test(rests_only_when_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
