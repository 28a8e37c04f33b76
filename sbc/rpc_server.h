/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_SERVER_H
#define SBC_RPC_SERVER_H

#include <uv.h>

#include "sbc/config.h"
#include "sbc/rpc.h"
#include "sbc/rpc_jobs.h"

/*
 * Management: all doors that the configuration opens, over one table of commands. Private to
 * the sbc room; signalling loop.
 */
struct rpc_server;

/* world is copied; its budget is set here. fault: one sentence about the first thing that
 * did not open. On error nothing stays open, but closed handles need the loop to run on. */
int rpc_server_open(struct rpc_server **out, uv_loop_t *loop, const struct config *config,
	const struct rpc_world *world, char *fault, size_t fault_size);

/* At once no command runs any more; removes the files; closed is the last word. */
void rpc_server_close(struct rpc_server *server, rpc_closed_h *closed, void *arg);

#endif
