/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagrams in batches: one recvmmsg fills the loop's buffers, the packets are worked on in
 * place, and what goes out leaves with as few sendmmsg as there are sockets. Runs on: a
 * media loop.
 */

#include "media/udp_io.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/crypto_context.h"

#define ROOM ((UDP_PACKET_MAX + CRYPTO_TRAILER_MAX + 15) & ~(size_t)15)
/* Batches of one socket in a turn: then the others have theirs. */
#define TURN_MAX 4

static unsigned receive_mmsg(int fd, struct udp_packet *packets, unsigned count)
{
	struct mmsghdr messages[UDP_BATCH_MAX];
	struct iovec pieces[UDP_BATCH_MAX];
	struct sockaddr_storage from[UDP_BATCH_MAX];
	int n;

	memset(messages, 0, count * sizeof(messages[0]));
	for (unsigned i = 0; i < count; i++) {
		pieces[i] = (struct iovec){packets[i].data, UDP_PACKET_MAX};
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &from[i];
		messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	n = recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		netaddr_from_sockaddr(&packets[i].peer, (struct sockaddr *)&from[i]);
		packets[i].len = messages[i].msg_len;
		packets[i].is_truncated = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
	}
	return n > 0 ? (unsigned)n : 0;
}

static unsigned send_mmsg(int fd, struct udp_packet *const *packets, unsigned count)
{
	struct mmsghdr messages[UDP_BATCH_MAX];
	struct iovec pieces[UDP_BATCH_MAX];
	int n;

	memset(messages, 0, count * sizeof(messages[0]));
	for (unsigned i = 0; i < count; i++) {
		pieces[i] = (struct iovec){packets[i]->data, packets[i]->len};
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &packets[i]->peer.sa;
		messages[i].msg_hdr.msg_namelen = netaddr_len(&packets[i]->peer);
	}
	n = sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n > 0 ? (unsigned)n : 0;
}

const struct udp_ops udp_ops_mmsg = {receive_mmsg, send_mmsg};

int udp_io_init(struct udp_io *io, const struct udp_ops *ops)
{
	uint8_t *at;

	*io = (struct udp_io){.ops = ops};
	io->block = mem_array(UDP_BATCH_MAX, ROOM);
	if (!io->block)
		return SBC_ENOMEM;
	at = io->block;
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++)
		io->packets[i].data = at + i * ROOM;
	return 0;
}

void udp_io_fini(struct udp_io *io)
{
	mem_free(io->block);
	io->block = NULL;
}

void udp_io_queue(struct udp_io *io, const struct udp_queued *entry)
{
	if (io->queued == UDP_BATCH_MAX) /* not while each packet goes to one place */
		udp_io_flush(io);
	io->queue[io->queued++] = *entry;
}

/* From first on, all for one socket. A packet it refuses is dropped, the next is tried. */
static void send_run(struct udp_io *io, unsigned first, unsigned count)
{
	struct udp_packet *packets[UDP_BATCH_MAX];
	struct udp_queued *queue = &io->queue[first];
	unsigned at = 0;

	for (unsigned i = 0; i < count; i++)
		packets[i] = queue[i].packet;
	while (at < count) {
		unsigned sent = io->ops->send(queue->fd, packets + at, count - at);

		for (unsigned i = 0; i < sent; i++)
			++*queue[at + i].sent;
		at += sent;
		if (at < count)
			++*queue[at++].dropped;
	}
}

void udp_io_flush(struct udp_io *io)
{
	unsigned first = 0;

	while (first < io->queued) {
		unsigned count = 1;

		while (first + count < io->queued &&
			io->queue[first + count].fd == io->queue[first].fd)
			count++;
		send_run(io, first, count);
		first += count;
	}
	io->queued = 0;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct udp_socket *socket = handle->data;
	struct udp_io *io = socket->io;

	if (status || !(events & UV_READABLE))
		return;
	for (unsigned turn = 0; turn < TURN_MAX && socket->is_open; turn++) {
		unsigned count = io->ops->receive(socket->fd, io->packets, UDP_BATCH_MAX);

		if (!count)
			return;
		socket->_receive(io->packets, count, clock_monotonic_us(), socket->_arg);
		udp_io_flush(io);
		if (count < UDP_BATCH_MAX)
			return;
	}
}

int udp_socket_open(struct udp_socket *socket, uv_loop_t *loop, struct udp_io *io, int fd)
{
	socket->io = io;
	socket->fd = fd;
	socket->is_open = false;
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

void udp_socket_close(struct udp_socket *socket, udp_closed_h *closed, void *arg)
{
	socket->_closed = closed;
	socket->_arg = arg;
	if (socket->is_open) {
		socket->is_open = false;
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
	struct udp_packet packet = {.peer = *to, .data = (uint8_t *)bytes, .len = len};
	struct udp_packet *one = &packet;

	if (socket->fd < 0 || socket->io->ops->send(socket->fd, &one, 1) != 1)
		return SBC_EIO;
	return 0;
}
