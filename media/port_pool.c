/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port pairs and their sockets. Runs on: signalling loop. */

#include "media/port_pool.h"

#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* Pairs that another program holds are skipped; so many in a row, then it is a fault. */
#define TRY_MAX 64

int port_pool_init(struct port_pool *pool, const struct media_interface *interface)
{
	unsigned low = interface->port_min + (interface->port_min & 1u);
	struct port_pool p = {.address = interface->address};

	if (!interface->port_min || low + 1 > interface->port_max)
		return SBC_EINVAL;
	p._capacity = (interface->port_max - low + 1) / 2;
	p._ring = mem_array(p._capacity, sizeof(p._ring[0]));
	if (!p._ring)
		return SBC_ENOMEM;
	for (; p._count < p._capacity; p._count++)
		p._ring[p._count] = (uint16_t)(low + 2 * p._count);
	*pool = p;
	return 0;
}

void port_pool_fini(struct port_pool *pool)
{
	mem_free(pool->_ring);
	*pool = (struct port_pool){0};
}

static int bind_one(const struct netaddr *address, uint16_t port)
{
	struct netaddr local = *address;
	int one = 1;
	int fd = socket(local.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	netaddr_set_port(&local, port);
	/* An IPv6 socket must not take the IPv4 port of the same number with it. */
	if (local.sa.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)))
		goto fail;
	if (bind(fd, &local.sa, netaddr_len(&local)))
		goto fail;
	return fd;
fail:
	one = errno;
	close(fd);
	return -one;
}

/* Bytes that may wait at an RTCP port: a handshake's datagrams, some reports. Nobody reads it
 * with rtcp-mux, so strangers must not fill much of the system's memory there. */
#define RTCP_ROOM 32768

static int bind_pair(const struct port_pool *pool, struct port_pair *out, uint16_t port)
{
	struct port_pair pair = {.port = port};
	const int room = RTCP_ROOM;

	pair.rtp_fd = bind_one(&pool->address, port);
	if (pair.rtp_fd < 0)
		return pair.rtp_fd;
	pair.rtcp_fd = bind_one(&pool->address, (uint16_t)(port + 1));
	if (pair.rtcp_fd < 0) {
		close(pair.rtp_fd);
		return pair.rtcp_fd;
	}
	(void)setsockopt(pair.rtcp_fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	*out = pair;
	return 0;
}

int port_pool_take(struct port_pool *pool, struct port_pair *out)
{
	unsigned tries = pool->_count < TRY_MAX ? pool->_count : TRY_MAX;

	if (!tries)
		return SBC_ELIMIT;
	while (tries--) {
		uint16_t port = pool->_ring[pool->_first];
		int err = bind_pair(pool, out, port);

		pool->_first = (pool->_first + 1) % pool->_capacity;
		pool->_count--;
		if (!err)
			return 0;
		port_pool_give(pool, port); /* to the end */
		if (err != -EADDRINUSE)
			return SBC_EIO;
	}
	return SBC_EIO;
}

int port_pool_take_port(struct port_pool *pool, uint16_t port, struct port_pair *out)
{
	unsigned at = 0;

	while (at < pool->_count && pool->_ring[(pool->_first + at) % pool->_capacity] != port)
		at++;
	if (at == pool->_count)
		return SBC_ELIMIT;
	if (bind_pair(pool, out, port))
		return SBC_EIO;
	for (; at; at--) /* those before it close the gap */
		pool->_ring[(pool->_first + at) % pool->_capacity] =
			pool->_ring[(pool->_first + at - 1) % pool->_capacity];
	pool->_first = (pool->_first + 1) % pool->_capacity;
	pool->_count--;
	return 0;
}

void port_pool_give(struct port_pool *pool, uint16_t port)
{
	pool->_ring[(pool->_first + pool->_count) % pool->_capacity] = port;
	pool->_count++;
}

static int set_dscp(int fd, uint8_t dscp)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);
	int field = dscp << 2; /* two bits of ECN below it */

	if (getsockname(fd, (struct sockaddr *)&local, &len))
		return SBC_EIO;
	if (local.ss_family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &field, sizeof(field))
			       ? SBC_EIO
			       : 0;
	return setsockopt(fd, IPPROTO_IP, IP_TOS, &field, sizeof(field)) ? SBC_EIO : 0;
}

int port_pair_set_dscp(const struct port_pair *pair, uint8_t dscp)
{
	int err = set_dscp(pair->rtp_fd, dscp);

	return err ? err : set_dscp(pair->rtcp_fd, dscp);
}
