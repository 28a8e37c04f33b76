/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_MEDIA_LOCAL_H
#define TESTS_UNIT_MEDIA_LOCAL_H

/* Sockets of tests on the loopback: ports that are free, whoever else runs at the time. */

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/netaddr.h"

/* A socket that does not block; -1: none to be had. */
static inline int bind_port(struct netaddr *local, uint16_t port)
{
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	netaddr_parse(local, SLICE("127.0.0.1"), port);
	if (bind(fd, &local->sa, netaddr_len(local)) ||
		getsockname(fd, (struct sockaddr *)&bound, &len)) {
		close(fd);
		return -1;
	}
	netaddr_from_sockaddr(local, (struct sockaddr *)&bound);
	return fd;
}

static inline int bind_local(struct netaddr *local)
{
	return bind_port(local, 0);
}

/* The first of so many ports in a row that nobody has, all below those that the system gives
 * to who asks for any: an even one; 0: none. Tests that run at the same time look in different
 * places. */
static inline uint16_t find_ports(unsigned count)
{
	/* Who wants many looks where nobody else does: they would reach into others' places. */
	const bool is_large = count > 50;
	const unsigned low = is_large ? 20000 : 10000;
	const unsigned places = is_large ? 19 : 200, width = is_large ? 256 : 50;
	struct netaddr local;

	for (unsigned i = 0; i < places; i++) {
		unsigned first = low + ((unsigned)getpid() + i) % places * width, free = 0;

		while (free < count) {
			int fd = bind_port(&local, (uint16_t)(first + free));

			if (fd < 0)
				break;
			close(fd);
			free++;
		}
		if (free == count)
			return (uint16_t)first;
	}
	return 0;
}

#endif
