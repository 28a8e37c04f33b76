/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_CLIENT_H
#define CTL_CTL_CLIENT_H

#include "base/buf.h"

/*
 * JSON-RPC 2.0 over the daemon's datagram socket: one request, one answer. The socket is
 * connected, so that the kernel lets in no other sender's datagrams.
 */
struct ctl_client {
	const char *path; /* borrowed */
	int timeout_ms;
	int fd;
	unsigned last_id;
};

#define CTL_SOCKET_DEFAULT "/run/countersip/countersip_rpc.sock"
#define CTL_SOCKET_MAX     108     /* bytes: sun_path */
#define CTL_TIMEOUT_MS     5000    /* for an answer, unless another is asked for */
#define CTL_ANSWER_MAX     1048576 /* bytes: more than a datagram can be */

/* Where the installed configuration has the socket (its run_dir and dgram_socket), else
 * CTL_SOCKET_DEFAULT. root: a fixture tree, or NULL. */
void ctl_socket_find(const char *root, char *out, size_t size);

/* 0 or -errno. */
int ctl_client_open(struct ctl_client *client, const char *path, int timeout_ms);
void ctl_client_close(struct ctl_client *client);

/* The whole answer into out. 0, -errno (-ETIMEDOUT: none came), SBC_EPROTO: not an answer. */
int ctl_client_call(struct ctl_client *client, const char *method, size_t argc,
	const char *const *argv, struct buf *out);

/* The request: numbers and strings as they look, "s:TEXT" a string in any case, "i:NUMBER" a
 * number. SBC_EINVAL: no name of a method. */
int ctl_request_print(
	struct buf *out, unsigned id, const char *method, size_t argc, const char *const *argv);

#endif
