/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagrams in turns of the loop. In a turn each readable socket gives one datagram, which is
 * worked on in place; what goes out is queued and leaves at the end of the turn, for all
 * sockets together (docs/decisions/packet-path.md has what that gained). Work that takes long
 * is put off and done one piece a turn, behind the media. Runs on: a media loop.
 */

#include "media/udp_io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/crypto_context.h"
#include "media/udp_ring.h"

#define ROOM ((UDP_PACKET_MAX + CRYPTO_TRAILER_MAX + 15) & ~(size_t)15)
/* From so many on the ring is cheaper than single calls. */
#define RING_MIN 2

struct udp_deferred {
	struct udp_socket *socket; /* borrowed; NULL: it was closed since */
	struct netaddr peer;
	size_t len;
	bool is_truncated;
	_Alignas(16) uint8_t data[ROOM];
};

static bool receive_system(int fd, struct udp_packet *packet)
{
	socklen_t peer_len = sizeof(packet->peer);
	ssize_t n = recvfrom(fd, packet->data, UDP_PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC,
		&packet->peer.sa, &peer_len);

	if (n < 0)
		return false;
	packet->is_truncated = n > UDP_PACKET_MAX;
	packet->len = packet->is_truncated ? UDP_PACKET_MAX : (size_t)n;
	return true;
}

static bool send_system(int fd, const struct udp_packet *packet)
{
	const struct netaddr *to = &packet->peer;
	bool has_address = netaddr_is_set(to);

	return sendto(fd, packet->data, packet->len, MSG_DONTWAIT | MSG_NOSIGNAL,
		       has_address ? &to->sa : NULL, has_address ? netaddr_len(to) : 0) >= 0;
}

const struct udp_ops udp_ops_system = {receive_system, send_system};

/* Where the packets' bytes lie. */
static int make_block(struct udp_io *io)
{
	uint8_t *at = mem_array(UDP_BATCH_MAX, ROOM);

	if (!at)
		return SBC_ENOMEM;
	io->block = at;
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++)
		io->packets[i].data = at + i * ROOM;
	return 0;
}

int udp_io_init(struct udp_io *io, const struct udp_io_config *config)
{
	*io = (struct udp_io){.config = *config};
	io->deferred = mem_array(UDP_DEFERRED_MAX, sizeof(*io->deferred));
	if (!io->deferred || make_block(io)) {
		udp_io_fini(io);
		return SBC_ENOMEM;
	}
	/* Without the ring it works too, only slower. */
	if (config->want_ring)
		(void)udp_ring_new(&io->ring, UDP_BATCH_MAX, config->enter);
	counter_add(&io->has_ring, io->ring != NULL);
	return 0;
}

void udp_io_fini(struct udp_io *io)
{
	udp_ring_free(io->ring);
	udp_ring_free(io->lost_ring);
	mem_free(io->deferred);
	mem_free(io->block);
	mem_free(io->lost_block);
	io->ring = io->lost_ring = NULL;
	io->deferred = NULL;
	io->block = io->lost_block = NULL;
}

/* ---- out ---- */

void udp_io_queue(struct udp_io *io, const struct udp_queued *entry)
{
	io->queue[io->queued++] = *entry; /* there is room for each packet */
}

static void count(const struct udp_queued *entry, bool was_sent)
{
	++*(was_sent ? entry->sent : entry->dropped);
}

/* It failed: from now on without. What it was to do may still be done, with bytes of the
 * block and with the ring's own memory, so nobody else gets either before the loop's end. */
static void lose_ring(struct udp_io *io)
{
	udp_ring_close(io->ring);
	io->lost_ring = io->ring;
	io->lost_block = io->block;
	io->ring = NULL;
	io->block = NULL;
	counter_add(&io->rings_lost, 1);
}

static void send_one(struct udp_io *io, const struct udp_queued *entry)
{
	count(entry, io->config.ops->send(entry->fd, entry->packet));
}

static void flush_by_ring(struct udp_io *io)
{
	struct udp_ring_entry entries[UDP_BATCH_MAX];
	bool is_useful;

	for (unsigned i = 0; i < io->queued; i++) {
		struct udp_packet *packet = io->queue[i].packet;

		entries[i] = (struct udp_ring_entry){.fd = io->queue[i].fd,
			.data = packet->data,
			.len = packet->len,
			.peer = &packet->peer};
	}
	is_useful = udp_ring_send(io->ring, entries, io->queued);
	for (unsigned i = 0; i < io->queued; i++) {
		if (entries[i].result == UDP_RING_UNTOUCHED)
			send_one(io, &io->queue[i]);
		else
			count(&io->queue[i], entries[i].result >= 0);
	}
	if (!is_useful)
		lose_ring(io);
}

void udp_io_flush(struct udp_io *io)
{
	if (io->ring && io->queued >= RING_MIN) {
		flush_by_ring(io);
	} else {
		for (unsigned i = 0; i < io->queued; i++)
			send_one(io, &io->queue[i]);
	}
	io->queued = 0;
}

/* ---- turns ---- */

static usec_t turn_now(struct udp_io *io)
{
	if (!io->now)
		io->now = clock_monotonic_us();
	return io->now;
}

static void receive_by_ring(struct udp_io *io)
{
	struct udp_ring_entry entries[UDP_BATCH_MAX];
	bool is_useful;

	for (unsigned i = 0; i < io->ready_count; i++)
		entries[i] = (struct udp_ring_entry){.fd = io->ready[i] ? io->ready[i]->fd : -1,
			.data = io->packets[i].data,
			.len = UDP_PACKET_MAX,
			.peer = &io->packets[i].peer};
	is_useful = udp_ring_receive(io->ring, entries, io->ready_count);
	for (unsigned i = 0; i < io->ready_count; i++) {
		if (entries[i].result < 0)
			io->ready[i] = NULL;
		else
			io->packets[i].len = (size_t)entries[i].result;
		io->packets[i].is_truncated = entries[i].is_truncated;
	}
	if (!is_useful)
		lose_ring(io);
}

/* One datagram of each ready socket. A second try would mostly find nothing, and a socket
 * that has more is ready in the next turn too, when all the others had theirs. */
static void receive_all(struct udp_io *io)
{
	if (io->ring && io->ready_count >= RING_MIN) {
		receive_by_ring(io);
		return;
	}
	for (unsigned i = 0; i < io->ready_count; i++) {
		struct udp_socket *socket = io->ready[i];

		if (socket && !io->config.ops->receive(socket->fd, &io->packets[i]))
			io->ready[i] = NULL;
	}
}

/* Three passes, each with its own code and data in the processor's caches: that is worth
 * more than what lies between them in memory. */
static void work(struct udp_io *io)
{
	usec_t now;

	if (!io->ready_count)
		return;
	now = turn_now(io);
	/* After a ring was lost; without memory they wait where they are. */
	if (!io->block && make_block(io)) {
		io->ready_count = 0;
		return;
	}
	receive_all(io);
	for (unsigned i = 0; i < io->ready_count; i++) {
		struct udp_socket *socket = io->ready[i];

		if (socket)
			socket->_receive(&io->packets[i], now, socket->_arg);
	}
	io->ready_count = 0;
	udp_io_flush(io);
}

static void on_check(uv_check_t *handle)
{
	struct udp_io *io = handle->data;

	work(io);
	io->began = io->now;
	io->now = 0;
}

static bool is_something_waiting(const struct udp_io *io)
{
	struct pollfd fd = {.fd = uv_backend_fd(io->loop), .events = POLLIN};

	return io->deferred_count || poll(&fd, 1, 0) > 0;
}

void udp_io_rest(struct udp_io *io)
{
	usec_t began = io->began, until = began + io->config.coalesce;
	struct timespec at = {until / USEC_PER_SEC, until % USEC_PER_SEC * 1000};

	if (!began) /* no packets in this turn */
		return;
	/* A loop with little to do answers at once. One that was awake a moment ago already
	 * will be so again: then waking costs more than the packets do. */
	if (began - io->before < 2 * io->config.coalesce) {
		if (is_something_waiting(io))
			return; /* the turn goes on */
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	io->before = began;
	io->began = 0;
}

static void on_idle(uv_idle_t *handle)
{
	struct udp_io *io = handle->data;
	struct udp_deferred *deferred = &io->deferred[io->deferred_first];
	struct udp_packet packet = {.peer = deferred->peer,
		.data = deferred->data,
		.len = deferred->len,
		.is_truncated = deferred->is_truncated};

	io->deferred_first = (io->deferred_first + 1) % UDP_DEFERRED_MAX;
	if (!--io->deferred_count)
		uv_idle_stop(&io->idle);
	if (deferred->socket)
		io->config.on_deferred(deferred->socket, &packet, clock_monotonic_us());
}

void udp_io_attach(struct udp_io *io, uv_loop_t *loop)
{
	io->loop = loop;
	uv_check_init(loop, &io->check);
	uv_idle_init(loop, &io->idle);
	io->check.data = io;
	io->idle.data = io;
	uv_check_start(&io->check, on_check);
	uv_unref((uv_handle_t *)&io->check); /* alone it keeps no loop alive */
}

void udp_io_detach(struct udp_io *io)
{
	io->loop = NULL;
	uv_close((uv_handle_t *)&io->check, NULL);
	uv_close((uv_handle_t *)&io->idle, NULL);
}

/* ---- sockets ---- */

static void on_readable(uv_poll_t *handle, int status, int events);

/* An ICMP error of a connected socket (RFC 1122 section 4.1.3.3), which anybody can forge:
 * libuv stops watching then, and a socket must not be deaf. The peer may be elsewhere. */
static void recover(struct udp_socket *socket)
{
	int error;
	socklen_t len = sizeof(error);

	(void)getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &len); /* takes it */
	udp_socket_disconnect(socket);
	uv_poll_start(&socket->_poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct udp_socket *socket = handle->data;
	struct udp_io *io = socket->io;

	if (status) {
		recover(socket);
		return;
	}
	if (!(events & UV_READABLE))
		return;
	if (io->ready_count == UDP_BATCH_MAX)
		work(io);
	io->ready[io->ready_count++] = socket;
}

void udp_socket_reserve(struct udp_socket *socket, struct udp_io *io, int fd)
{
	socket->io = io;
	socket->fd = fd;
	socket->is_open = socket->is_connected = false;
}

int udp_socket_open(struct udp_socket *socket, uv_loop_t *loop, struct udp_io *io, int fd)
{
	udp_socket_reserve(socket, io, fd);
	if (uv_poll_init(loop, &socket->_poll, fd))
		return SBC_EIO;
	socket->_poll.data = socket;
	socket->is_open = true;
	return 0;
}

void udp_socket_start(struct udp_socket *socket, udp_receive_h *receive, void *arg)
{
	socket->_receive = receive;
	socket->_arg = arg;
	uv_poll_start(&socket->_poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
	struct udp_socket *socket = handle->data;

	close(socket->fd);
	socket->fd = -1;
	socket->_closed(socket->_arg);
}

static void forget(struct udp_io *io, const struct udp_socket *socket)
{
	for (unsigned i = 0; i < io->ready_count; i++) {
		if (io->ready[i] == socket)
			io->ready[i] = NULL;
	}
	for (unsigned i = 0; i < io->deferred_count; i++) {
		unsigned at = (io->deferred_first + i) % UDP_DEFERRED_MAX;

		if (io->deferred[at].socket == socket)
			io->deferred[at].socket = NULL;
	}
}

void udp_socket_close(struct udp_socket *socket, udp_closed_h *closed, void *arg)
{
	socket->_closed = closed;
	socket->_arg = arg;
	if (socket->is_open) {
		socket->is_open = false;
		forget(socket->io, socket);
		uv_close((uv_handle_t *)&socket->_poll, on_closed);
		return;
	}
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
	closed(arg);
}

int udp_socket_send(
	struct udp_socket *socket, const struct netaddr *to, const uint8_t *bytes, size_t len)
{
	const struct udp_packet packet = {.peer = *to, .data = (uint8_t *)bytes, .len = len};

	if (socket->fd < 0 || !socket->io->config.ops->send(socket->fd, &packet))
		return SBC_EIO;
	return 0;
}

int udp_socket_connect(struct udp_socket *socket, const struct netaddr *to)
{
	if (!socket->is_open || connect(socket->fd, &to->sa, netaddr_len(to)))
		return SBC_EIO;
	socket->is_connected = true;
	return 0;
}

void udp_socket_disconnect(struct udp_socket *socket)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	if (!socket->is_connected)
		return;
	socket->is_connected = false;
	/* Its own address and port stay, since it was bound to them. */
	(void)connect(socket->fd, &nobody, sizeof(nobody));
}

int udp_socket_defer(struct udp_socket *socket, const struct udp_packet *packet)
{
	struct udp_io *io = socket->io;
	struct udp_deferred *deferred;

	if (io->deferred_count == UDP_DEFERRED_MAX)
		return SBC_ELIMIT;
	deferred = &io->deferred[(io->deferred_first + io->deferred_count) % UDP_DEFERRED_MAX];
	deferred->socket = socket;
	deferred->peer = packet->peer;
	deferred->len = packet->len;
	deferred->is_truncated = packet->is_truncated;
	memcpy(deferred->data, packet->data, packet->len);
	if (!io->deferred_count++)
		uv_idle_start(&io->idle, on_idle);
	return 0;
}
