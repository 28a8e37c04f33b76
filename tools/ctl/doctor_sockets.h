/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_SOCKETS_H
#define CTL_DOCTOR_SOCKETS_H

#include "base/netaddr.h"
#include "tools/ctl/doctor_proc.h"

/* Bound UDP and listening TCP sockets, from /proc/net. */

struct bound_socket {
	struct netaddr local;
	bool is_tcp;
	uint64_t inode;
	const struct process *process; /* NULL: hidden from us, or the kernel's */
};

/* Is this socket one that somebody asks about? */
typedef bool(socket_wanted_h)(const struct bound_socket *socket, const void *arg);

struct bound_sockets {
	struct bound_socket *list; /* in the arena, max of them */
	size_t max, count;
	size_t hidden; /* processes whose descriptors we may not see */
};

/* Those that are wanted, with their processes. SBC_ENOENT: /proc/net cannot be read. */
int sockets_list(struct source *s, struct arena *arena, socket_wanted_h *wanted,
	const void *arg, struct bound_sockets *out);

#endif
