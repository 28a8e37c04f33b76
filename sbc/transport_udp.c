/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP over UDP, RFC 3261 section 18: a datagram is a message. A turn takes what waits in one
 * system call and sends what that led to in another: of a busy border's time most is the
 * kernel's. libuv's own reading takes two calls for a single datagram. Signalling thread.
 */

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/transport_internal.h"

#define REST_US     2000         /* between two turns of a busy border, at most */
#define BUSY_US     100000       /* it is one when so long */
#define BUSY_COUNT  100          /* brought so many datagrams */
#define IN_COUNT    16           /* datagrams of one turn; others may have something, too */
#define OUT_COUNT   32           /* datagrams that wait for the end of the turn */
#define OUT_LEN     (128 * 1024) /* bytes of them */
#define DATAGRAM    65507        /* bytes, the longest */
#define SOCKET_ROOM (4 * 1024 * 1024) /* bytes of a burst; as much as the system allows */

struct udp_out {
	struct listener *listener; /* borrowed */
	struct netaddr to;
	uint64_t tag;
	size_t at, len; /* in bytes */
};

struct udp_turn {
	bool is_running; /* what is sent waits for its end */
	bool is_behind;  /* the last one left something */
	usec_t began;    /* the last one */
	usec_t counted;  /* since when count_now is */
	unsigned count_now, count_before;
	size_t count, used;
	struct udp_out out[OUT_COUNT];
	size_t failed_count;
	uint64_t failed[OUT_COUNT]; /* tags, told when the turn is over */
	char bytes[OUT_LEN];
	char in[IN_COUNT][TRANSPORT_READ_MAX]; /* pages that no datagram reaches cost nothing */
};

/* ---- out ---- */

/* A full socket loses datagrams as the network does. */
static bool is_lost(int number)
{
	return number == EAGAIN || number == ENOBUFS || number == ECONNREFUSED;
}

static void note_failed(struct udp_turn *turn, const struct udp_out *out)
{
	if (out->tag && turn->failed_count < OUT_COUNT)
		turn->failed[turn->failed_count++] = out->tag;
}

/* Those from first on that leave by the same socket. */
static size_t send_run(struct udp_turn *turn, size_t first)
{
	struct mmsghdr messages[OUT_COUNT];
	struct iovec parts[OUT_COUNT];
	size_t count = 0;
	int sent;

	for (; first + count < turn->count; count++) {
		struct udp_out *out = &turn->out[first + count];

		if (out->listener != turn->out[first].listener)
			break;
		parts[count] = (struct iovec){turn->bytes + out->at, out->len};
		messages[count] = (struct mmsghdr){.msg_hdr = {.msg_name = &out->to.sa,
							   .msg_namelen = netaddr_len(&out->to),
							   .msg_iov = &parts[count],
							   .msg_iovlen = 1}};
	}
	sent = sendmmsg(turn->out[first].listener->fd, messages, (unsigned)count, MSG_DONTWAIT);
	if (sent > 0)
		return (size_t)sent;
	if (errno != EINTR && !is_lost(errno))
		note_failed(turn, &turn->out[first]);
	return errno == EINTR ? 0 : 1; /* the first one; the rest is tried again */
}

static void flush(struct udp_turn *turn)
{
	for (size_t i = 0; i < turn->count;)
		i += send_run(turn, i);
	mem_wipe(turn->bytes, turn->used); /* a description may have had keys */
	turn->count = turn->used = 0;
}

static void put(struct udp_turn *turn, const struct udp_out *out, const void *bytes)
{
	if (turn->count == OUT_COUNT || out->len > OUT_LEN - turn->used)
		flush(turn);
	turn->out[turn->count] = *out;
	turn->out[turn->count++].at = turn->used;
	memcpy(turn->bytes + turn->used, bytes, out->len);
	turn->used += out->len;
}

int udp_send(struct listener *listener, const struct netaddr *to, uint64_t tag,
	struct slice datagram)
{
	struct udp_turn *turn = listener->transport->udp;
	ssize_t n;

	if (!netaddr_is_set(to))
		return SBC_EPEER;
	if (datagram.len > DATAGRAM)
		return SBC_EINVAL;
	if (turn->is_running) {
		put(turn,
			&(struct udp_out){.listener = listener,
				.to = *to,
				.tag = tag,
				.len = datagram.len},
			datagram.ptr);
		return 0;
	}
	do
		n = sendto(listener->fd, datagram.ptr, datagram.len, MSG_DONTWAIT, &to->sa,
			netaddr_len(to));
	while (n < 0 && errno == EINTR);
	if (n >= 0 || is_lost(errno))
		return 0;
	return errno == EMSGSIZE ? SBC_EINVAL : SBC_EPEER;
}

/* ---- in ---- */

/* What clients send to keep a NAT's door open (RFC 5626 and older habits). */
static bool is_keepalive(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.ptr[i];
		if (c != '\r' && c != '\n' && c != ' ' && c != '\0')
			return false;
	}
	return true;
}

static void take(
	struct listener *listener, struct slice bytes, const struct sockaddr *from, bool is_cut)
{
	struct transport *transport = listener->transport;
	struct transport_source source = {.kind = TRANSPORT_UDP, .listener = listener->index};

	if (transport->is_closing || is_keepalive(bytes))
		return;
	netaddr_from_sockaddr(&source.peer, from);
	if (is_cut || !netaddr_is_set(&source.peer) || netaddr_port(&source.peer) == 0) {
		transport->counters.broken++;
		return;
	}
	transport->counters.received[TRANSPORT_UDP]++;
	transport->receive(bytes, &source, transport->arg);
}

/* What could not be sent shows only now: whoever sent it has long returned. */
static void end_turn(struct transport *transport)
{
	struct udp_turn *turn = transport->udp;
	uint64_t failed[OUT_COUNT];
	size_t count;

	flush(turn);
	turn->is_running = false;
	count = turn->failed_count;
	memcpy(failed, turn->failed, count * sizeof(failed[0]));
	turn->failed_count = 0;
	for (size_t i = 0; i < count && !transport->is_closing; i++)
		transport->failed(failed[i], "no way there", transport->arg);
}

static bool is_busy(struct udp_turn *turn, usec_t now)
{
	usec_t passed = now - turn->counted;

	if (passed >= BUSY_US) {
		turn->count_before = passed < 2 * BUSY_US ? turn->count_now : 0;
		turn->count_now = 0;
		turn->counted = now;
	}
	return turn->count_before >= BUSY_COUNT;
}

/* Woken for each datagram, a loop spends more on waking, and on finding its caches cold, than
 * on work. Under load a turn waits until others have come; what is left over by the last one
 * does not wait. */
static void rest(struct transport *transport)
{
	struct udp_turn *turn = transport->udp;
	usec_t now = clock_monotonic_us(), wait = turn->began + REST_US - now;
	struct timespec ts = {.tv_nsec = (long)wait * 1000};

	if (is_busy(turn, now) && wait > 0 && !turn->is_behind) {
		nanosleep(&ts, NULL);
		transport->counters.rested_us += (uint64_t)wait;
		now += wait;
	}
	turn->began = now;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct listener *listener = handle->data;
	struct udp_turn *turn = listener->transport->udp;
	struct mmsghdr messages[IN_COUNT];
	struct netaddr from[IN_COUNT];
	struct iovec parts[IN_COUNT];
	int count;

	(void)status;
	(void)events;
	for (size_t i = 0; i < IN_COUNT; i++) {
		parts[i] = (struct iovec){turn->in[i], TRANSPORT_READ_MAX};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
						       .msg_namelen = sizeof(from[i]),
						       .msg_iov = &parts[i],
						       .msg_iovlen = 1}};
	}
	rest(listener->transport);
	/* An error is an ICMP answer to something we sent: the timers know what to do. */
	count = recvmmsg(listener->fd, messages, IN_COUNT, MSG_DONTWAIT, NULL);
	turn->is_running = count > 0;
	turn->is_behind = count == IN_COUNT;
	turn->count_now += count > 0 ? (unsigned)count : 0;
	for (int i = 0; i < count; i++)
		take(listener, slice_of(turn->in[i], messages[i].msg_len), &from[i].sa,
			messages[i].msg_hdr.msg_flags & MSG_TRUNC);
	if (count > 0)
		end_turn(listener->transport);
}

/* ---- life ---- */

static int open_socket(const struct netaddr *address)
{
	int fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, room = SOCKET_ROOM;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (address->sa.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		goto fail;
	if (bind(fd, &address->sa, netaddr_len(address)))
		goto fail;
	return fd;

fail:
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

int udp_listen(struct listener *listener)
{
	struct transport *transport = listener->transport;
	int err;

	if (!transport->udp) {
		transport->udp = mem_resize(NULL, sizeof(*transport->udp));
		if (!transport->udp)
			return UV_ENOMEM;
		memset(transport->udp, 0, offsetof(struct udp_turn, bytes));
	}
	listener->fd = open_socket(&listener->address);
	if (listener->fd < 0)
		return -errno;
	err = uv_poll_init(transport->loop, &listener->poll, listener->fd);
	if (err) {
		close(listener->fd);
		return err;
	}
	listener->poll.data = listener;
	listener->is_open = true;
	transport->handle_count++;
	return uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

void udp_closed(struct listener *listener)
{
	close(listener->fd);
}
