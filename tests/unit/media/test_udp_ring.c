/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ring under a turn of datagrams, with a system that goes wrong: takes nothing, takes a
 * part, is interrupted, or never tells what became of an entry. Whatever it does, the loop
 * goes on, and soon.
 */

#include "tests/cmocka_first.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/udp_io.h"
#include "tests/unit/media/local.h"

#include <linux/io_uring.h>

#define SOON (500 * USEC_PER_MS) /* on a busy machine; the wait itself is five */

/* What goes wrong in the next call. */
static struct {
	bool refuses;    /* takes nothing */
	unsigned leaves; /* takes so many less */
	bool loses;      /* the entry numbered so is done and never told */
	unsigned lost;
	unsigned interruptions;       /* of waits */
	struct io_uring_sqe *entries; /* the ring's own */
} fault;

static int enter(unsigned fd, unsigned submit, unsigned wait, unsigned flags, const void *arg,
	size_t arg_len)
{
	if (wait && fault.interruptions) {
		fault.interruptions--;
		errno = EINTR;
		return -1;
	}
	if (submit && fault.refuses) {
		errno = EAGAIN;
		return -1;
	}
	for (unsigned i = 0; submit && fault.loses && i < UDP_BATCH_MAX; i++) {
		if (fault.entries[i].user_data == fault.lost)
			fault.entries[i].flags |= IOSQE_CQE_SKIP_SUCCESS;
	}
	if (submit > fault.leaves)
		submit -= fault.leaves;
	return (int)syscall(SYS_io_uring_enter, fd, submit, wait, flags, arg, arg_len);
}

static const struct udp_io_config config = {
	.ops = &udp_ops_system, .want_ring = true, .enter = enter};

/* The newest ring's entries, as the ring itself sees them. */
static void find_entries(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *one;
	char path[300], target[64];

	while ((one = readdir(dir))) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/proc/self/fd/%s", one->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = 0;
		if (!strstr(target, "io_uring") || sscanf(one->d_name, "%d", &fd) != 1)
			continue;
		fault.entries = mmap(NULL, UDP_BATCH_MAX * sizeof(struct io_uring_sqe),
			PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	}
	closedir(dir);
	assert_non_null(fault.entries);
	assert_ptr_not_equal(MAP_FAILED, fault.entries);
}

/* ---- sending ---- */

struct sending {
	struct udp_io io;
	int fds[2], peer;
	struct netaddr to;
	uint64_t sent[2], dropped[2];
};

static void begin_sending(struct sending *s)
{
	struct netaddr from;

	memset(&fault, 0, sizeof(fault));
	memset(s, 0, sizeof(*s));
	assert_int_equal(0, udp_io_init(&s->io, &config));
	if (!s->io.ring) {
		udp_io_fini(&s->io);
		skip(); /* this system has none */
	}
	find_entries();
	s->peer = bind_local(&s->to);
	s->fds[0] = bind_local(&from);
	s->fds[1] = bind_local(&from);
}

static void end_sending(struct sending *s)
{
	udp_io_fini(&s->io);
	munmap(fault.entries, UDP_BATCH_MAX * sizeof(struct io_uring_sqe));
	close(s->peer);
	close(s->fds[0]);
	close(s->fds[1]);
}

/* As many as there is room for, numbered by their length; over the two sockets in turn. */
static usec_t send_numbered(struct sending *s)
{
	usec_t began = clock_monotonic_us();

	for (unsigned i = 0; i < UDP_BATCH_MAX; i++) {
		struct udp_queued entry = {.fd = s->fds[i % 2],
			.packet = &s->io.packets[i],
			.sent = &s->sent[i % 2],
			.dropped = &s->dropped[i % 2]};

		s->io.packets[i].len = i;
		s->io.packets[i].peer = s->to;
		udp_io_queue(&s->io, &entry);
	}
	udp_io_flush(&s->io);
	return clock_monotonic_us() - began;
}

static unsigned count_arrived(const struct sending *s)
{
	uint8_t bytes[UDP_BATCH_MAX];
	unsigned n = 0;

	while (recv(s->peer, bytes, sizeof(bytes), 0) >= 0)
		n++;
	return n;
}

/* One of the sockets is none at all: its packets are dropped, the other's go. */
static void counts_what_is_refused(void **state)
{
	static struct sending s;
	uint8_t byte[UDP_BATCH_MAX];

	(void)state;
	begin_sending(&s);
	close(s.fds[1]);
	s.fds[1] = -1;
	for (unsigned turn = 1; turn <= 3; turn++) { /* also around its end */
		send_numbered(&s);
		assert_non_null(s.io.ring); /* it is the socket that is bad */
		assert_int_equal(turn * UDP_BATCH_MAX / 2, s.dropped[1]);
		assert_int_equal(turn * UDP_BATCH_MAX / 2, s.sent[0]);
		for (int i = 0; i < UDP_BATCH_MAX; i += 2)
			assert_int_equal(i, recv(s.peer, byte, sizeof(byte), 0));
	}
	assert_int_equal(0, s.sent[1]);
	assert_int_equal(0, s.dropped[0]);
	end_sending(&s);
}

/* What the system does not take goes out one by one, and the ring stays. */
static void what_is_not_taken_goes_alone(void **state)
{
	static struct sending s;

	(void)state;
	begin_sending(&s);
	fault.refuses = true;
	send_numbered(&s);
	assert_int_equal(UDP_BATCH_MAX, count_arrived(&s));
	fault.refuses = false;
	fault.leaves = 10;
	send_numbered(&s);
	assert_int_equal(UDP_BATCH_MAX, count_arrived(&s));
	fault.leaves = 0;
	send_numbered(&s);
	assert_int_equal(UDP_BATCH_MAX, count_arrived(&s));
	assert_int_equal(3 * UDP_BATCH_MAX, s.sent[0] + s.sent[1]);
	assert_int_equal(0, s.dropped[0] + s.dropped[1]);
	assert_non_null(s.io.ring);
	assert_int_equal(0, counter_get(&s.io.rings_lost));
	end_sending(&s);
}

/* Never told of again: the wait has an end, and the loop goes on without the ring. */
static void what_is_never_told_is_not_waited_for(void **state)
{
	static struct sending s;

	(void)state;
	begin_sending(&s);
	fault.loses = true;
	fault.lost = 5;
	fault.interruptions = 3;
	assert_true(send_numbered(&s) < SOON);
	assert_int_equal(UDP_BATCH_MAX - 1, s.sent[0] + s.sent[1]);
	assert_int_equal(1, s.dropped[1]);
	assert_null(s.io.ring);
	assert_int_equal(1, counter_get(&s.io.rings_lost));
	assert_int_equal(UDP_BATCH_MAX, count_arrived(&s)); /* also the one nobody told of */
	send_numbered(&s);
	assert_int_equal(UDP_BATCH_MAX, count_arrived(&s));
	assert_int_equal(1, s.dropped[0] + s.dropped[1]);
	end_sending(&s);
}

/* ---- receiving ---- */

#define ECHO_COUNT 8

struct echo {
	struct udp_io io;
	uv_loop_t loop;
	struct udp_socket sockets[ECHO_COUNT];
	struct netaddr ours[ECHO_COUNT];
	unsigned closed, received;
	uint64_t sent, dropped;
	int peer;
};

static struct echo echo;

/* Sends it back from where it came to. */
static void on_receive(struct udp_packet *packet, usec_t now, void *arg)
{
	const struct udp_socket *socket = arg;
	struct udp_queued entry = {.fd = socket->fd,
		.packet = packet,
		.sent = &echo.sent,
		.dropped = &echo.dropped};

	(void)now;
	echo.received++;
	udp_io_queue(&echo.io, &entry);
}

static void on_closed(void *arg)
{
	(void)arg;
	echo.closed++;
}

static void open_echo(void)
{
	struct netaddr peers;

	memset(&fault, 0, sizeof(fault));
	memset(&echo, 0, sizeof(echo));
	assert_int_equal(0, udp_io_init(&echo.io, &config));
	if (!echo.io.ring) {
		udp_io_fini(&echo.io);
		skip();
	}
	find_entries();
	uv_loop_init(&echo.loop);
	udp_io_attach(&echo.io, &echo.loop);
	echo.peer = bind_local(&peers);
	for (int i = 0; i < ECHO_COUNT; i++) {
		struct udp_socket *socket = &echo.sockets[i];

		assert_int_equal(0, udp_socket_open(socket, &echo.loop, &echo.io,
					    bind_local(&echo.ours[i])));
		udp_socket_start(socket, on_receive, socket);
	}
}

static void close_echo(void)
{
	for (int i = 0; i < ECHO_COUNT; i++)
		udp_socket_close(&echo.sockets[i], on_closed, NULL);
	udp_io_detach(&echo.io);
	uv_run(&echo.loop, UV_RUN_DEFAULT);
	assert_int_equal(ECHO_COUNT, echo.closed);
	uv_loop_close(&echo.loop);
	udp_io_fini(&echo.io);
	munmap(fault.entries, UDP_BATCH_MAX * sizeof(struct io_uring_sqe));
	close(echo.peer);
}

/* To each socket a datagram with a number; how many came back after so many turns? */
static unsigned echo_turns(unsigned number, unsigned turns)
{
	unsigned back = 0, word;

	for (int i = 0; i < ECHO_COUNT; i++)
		(void)!sendto(echo.peer, &number, sizeof(number), 0, &echo.ours[i].sa,
			netaddr_len(&echo.ours[i]));
	while (turns--)
		uv_run(&echo.loop, UV_RUN_NOWAIT);
	while (recv(echo.peer, &word, sizeof(word), 0) == sizeof(word)) {
		assert_int_equal(number, word);
		back++;
	}
	return back;
}

static unsigned echo_round(unsigned number)
{
	return echo_turns(number, 3); /* one does it */
}

static void receives_from_many(void **state)
{
	(void)state;
	open_echo();
	for (unsigned i = 0; i < 20; i++) /* also around its end */
		assert_int_equal(ECHO_COUNT, echo_round(i));
	fault.refuses = true;
	assert_int_equal(0, echo_round(20)); /* they wait at their sockets */
	fault.refuses = false;
	for (int i = 0; i < 3; i++)
		uv_run(&echo.loop, UV_RUN_NOWAIT);
	assert_int_equal(21 * ECHO_COUNT, echo.received);
	assert_int_equal(21 * ECHO_COUNT, echo.sent);
	assert_int_equal(0, counter_get(&echo.io.rings_lost));
	close_echo();
}

/* One datagram is gone with the ring; all others, and all later ones, come. Bytes that the
 * system may still write to are never anybody else's. */
static void a_lost_ring_loses_one(void **state)
{
	const void *before;
	usec_t began;

	(void)state;
	open_echo();
	assert_int_equal(ECHO_COUNT, echo_round(1));
	before = echo.io.packets[0].data;
	fault.loses = true;
	fault.lost = 2;
	began = clock_monotonic_us();
	assert_int_equal(ECHO_COUNT - 1, echo_round(2));
	assert_true(clock_monotonic_us() - began < SOON);
	assert_int_equal(1, counter_get(&echo.io.rings_lost));
	for (unsigned i = 3; i < 10; i++)
		assert_int_equal(ECHO_COUNT, echo_round(i));
	assert_ptr_not_equal(before, echo.io.packets[0].data);
	assert_ptr_equal(before, echo.io.lost_block);
	close_echo();
}

/* Without memory for other bytes nothing is received, and nothing is lost either. */
static void waits_for_memory(void **state)
{
	(void)state;
	open_echo();
	fault.loses = true;
	assert_int_equal(ECHO_COUNT - 1, echo_round(1));
	mem_fail_after(0);
	assert_int_equal(0, echo_turns(2, 1));
	mem_fail_after(-1);
	for (int i = 0; i < 3; i++)
		uv_run(&echo.loop, UV_RUN_NOWAIT);
	assert_int_equal(2 * ECHO_COUNT - 1, echo.received);
	close_echo();
}

static void needs_memory(void **state)
{
	struct udp_ring *ring;

	(void)state;
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, udp_ring_new(&ring, 64, NULL));
	mem_fail_after(-1);
	assert_int_equal(SBC_EIO, udp_ring_new(&ring, 0, NULL)); /* the system says no */
	udp_ring_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_is_refused),
		cmocka_unit_test(what_is_not_taken_goes_alone),
		cmocka_unit_test(what_is_never_told_is_not_waited_for),
		cmocka_unit_test(receives_from_many),
		cmocka_unit_test(a_lost_ring_loses_one),
		cmocka_unit_test(waits_for_memory),
		cmocka_unit_test(needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
