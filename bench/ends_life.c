/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the ends of a signalling load begin and end. One thread. */

#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bench/ends.h"

#define ROOM (16 << 20) /* bytes a socket holds */

static int open_socket(struct ends *ends, enum end_socket at, const char *host)
{
	struct netaddr *local = &ends->locals[at];
	socklen_t len = sizeof(*local);
	int room = ROOM, err = netaddr_parse(local, slice_str(host), 0);

	if (err)
		return err;
	ends->fds[at] = socket(local->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (ends->fds[at] < 0 || bind(ends->fds[at], &local->sa, netaddr_len(local)) ||
		getsockname(ends->fds[at], &local->sa, &len))
		return SBC_EIO;
	if (setsockopt(ends->fds[at], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(ends->fds[at], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

int ends_init(struct ends *ends, const char *const hosts[END_SOCKET_COUNT])
{
	int err = 0;

	*ends = (struct ends){.domain = "caller.test"};
	timers_init(&ends->timers, 2 * END_CALLS_MAX);
	buf_init(&ends->text, END_TEXT_MAX);
	ends->calls = mem_array(END_CALLS_MAX, sizeof(*ends->calls));
	ends->idle = mem_array(END_CALLS_MAX, sizeof(*ends->idle));
	ends->probe_sent = mem_array(END_CALLS_MAX, sizeof(*ends->probe_sent));
	if (!ends->calls || !ends->idle || !ends->probe_sent)
		return SBC_ENOMEM;
	for (uint32_t i = 0; i < END_CALLS_MAX; i++) {
		struct end_call *call = &ends->calls[i];

		call->ends = ends;
		call->index = i;
		buf_init(&call->ok, END_TEXT_MAX);
		timer_init(&call->timer, end_caller_due, call);
		timer_init(&call->callee_timer, end_callee_due, call);
		ends->idle[END_CALLS_MAX - 1 - i] = i;
	}
	ends->idle_count = END_CALLS_MAX;
	for (enum end_socket at = 0; at < END_SOCKET_COUNT && !err; at++)
		err = open_socket(ends, at, hosts[at]);
	return err;
}

void ends_fini(struct ends *ends)
{
	for (size_t i = 0; i < END_CALLS_MAX; i++)
		buf_fini(&ends->calls[i].ok);
	for (enum end_socket at = 0; at < END_SOCKET_COUNT; at++)
		close(ends->fds[at]);
	timers_fini(&ends->timers);
	signer_free(ends->signer);
	mem_free(ends->calls);
	mem_free(ends->idle);
	mem_free(ends->probe_sent);
	buf_fini(&ends->text);
}
