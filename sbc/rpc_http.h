/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_HTTP_H
#define SBC_RPC_HTTP_H

#include <uv.h>

#include "sbc/config.h"
#include "sbc/rpc_jobs.h"

/*
 * The door over HTTP: POST /rpc (JSON-RPC 2.0), /metrics, /healthz, and the console's files.
 * Private to the sbc room; signalling loop.
 */
struct rpc_http;

struct rpc_http_config {
	const struct config_rpc *rpc;  /* borrowed for the call */
	const char *state_dir;         /* where the token is made when rpc names none */
	struct rpc_jobs *jobs;         /* borrowed */
	const struct rpc_world *world; /* copied */
};

/* Reads files: before the loop runs. fault says what is wrong; SBC_EIO, SBC_EINVAL, SBC_ENOMEM
 * and errors of http_server_open(). When it fails, *out is set all the same, unless it is NULL,
 * and is to be closed. */
int rpc_http_open(struct rpc_http **out, uv_loop_t *loop, const struct rpc_http_config *config,
	char *fault, size_t fault_size);
/* Frees its jobs at once. */
void rpc_http_close(struct rpc_http *http, rpc_closed_h *closed, void *arg);

#endif
