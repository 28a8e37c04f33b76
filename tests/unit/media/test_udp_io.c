/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of datagrams: over real sockets, and with an operation table that refuses. */

#include "tests/cmocka_first.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/udp_io.h"

static int bind_local(struct netaddr *local)
{
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	netaddr_parse(local, SLICE("127.0.0.1"), 0);
	assert_int_equal(0, bind(fd, &local->sa, netaddr_len(local)));
	getsockname(fd, (struct sockaddr *)&bound, &len);
	netaddr_from_sockaddr(local, (struct sockaddr *)&bound);
	return fd;
}

struct echo {
	struct udp_io io;
	struct udp_socket socket;
	unsigned received, truncated, batches;
	uint64_t sent, dropped;
	bool is_closed;
};

/* Sends everything back to where it came from. */
static void on_receive(struct udp_packet *packets, unsigned count, usec_t now, void *arg)
{
	struct echo *echo = arg;

	assert_true(now > 0);
	assert_true(count <= UDP_BATCH_MAX);
	echo->batches++;
	for (unsigned i = 0; i < count; i++) {
		struct udp_queued entry = {.fd = echo->socket.fd,
			.packet = &packets[i],
			.sent = &echo->sent,
			.dropped = &echo->dropped};

		assert_int_equal(0, (uintptr_t)packets[i].data % 16);
		echo->received++;
		echo->truncated += packets[i].is_truncated;
		udp_io_queue(&echo->io, &entry);
	}
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void echoes_in_batches(void **state)
{
	static struct echo echo;
	uint8_t bytes[4000] = {0};
	struct netaddr ours, peers;
	int peer = bind_local(&peers), fd = bind_local(&ours);
	unsigned back = 0;
	uv_loop_t loop;
	ssize_t n;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(0, udp_io_init(&echo.io, &udp_ops_mmsg));
	assert_int_equal(0, udp_socket_open(&echo.socket, &loop, &echo.io, fd));
	udp_socket_start(&echo.socket, on_receive, &echo);
	for (unsigned i = 0; i < 100; i++) {
		bytes[0] = (uint8_t)i;
		assert_int_equal(
			100 + i, sendto(peer, bytes, 100 + i, 0, &ours.sa, netaddr_len(&ours)));
	}
	(void)!sendto(peer, bytes, sizeof(bytes), 0, &ours.sa, netaddr_len(&ours));
	while (echo.received < 101)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(echo.batches <= 4 + 1);
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
	udp_socket_close(&echo.socket, on_closed, &echo.is_closed);
	assert_false(echo.is_closed); /* later, on the loop */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(echo.is_closed);
	assert_int_equal(SBC_EIO, udp_socket_send(&echo.socket, &peers, bytes, 5));
	assert_int_equal(0, uv_loop_close(&loop));
	udp_io_fini(&echo.io);
	close(peer);
}

/* Takes every third packet only, and two at most in a call. */
static unsigned send_badly(int fd, struct udp_packet *const *packets, unsigned count)
{
	unsigned n = 0;

	(void)fd;
	while (n < count && n < 2 && packets[n]->len % 3)
		n++;
	return n;
}

static void counts_what_is_refused(void **state)
{
	static const struct udp_ops bad = {.send = send_badly};
	struct udp_io io;
	uint64_t sent[2] = {0}, dropped[2] = {0};

	(void)state;
	assert_int_equal(0, udp_io_init(&io, &bad));
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++) {
		struct udp_queued entry = {.fd = (int)(i / 20), /* two sockets */
			.packet = &io.packets[i],
			.sent = &sent[i / 20],
			.dropped = &dropped[i / 20]};

		io.packets[i].len = i;
		udp_io_queue(&io, &entry);
	}
	udp_io_flush(&io);
	assert_int_equal(0, io.queued);
	/* Nothing twice, nothing uncounted; each packet is tried once at the head of a call. */
	assert_int_equal(20, sent[0] + dropped[0]);
	assert_int_equal(12, sent[1] + dropped[1]);
	assert_int_equal(7, dropped[0]); /* 0 3 6 .. 18 */
	assert_int_equal(4, dropped[1]);
	udp_io_fini(&io);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, udp_io_init(&io, &bad));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echoes_in_batches),
		cmocka_unit_test(counts_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
