/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_BINRPC_H
#define SBC_RPC_BINRPC_H

#include <uv.h>

#include "base/log.h"
#include "sbc/rpc_jobs.h"
#include "sbc/rpc_place.h"

/*
 * The door through a unix stream socket: BINRPC, as kamcmd and kamailio_exporter speak it to
 * Kamailio's ctl module. The kernel says who connects. Private to the sbc room; signalling
 * loop.
 */
struct rpc_binrpc;

struct rpc_binrpc_config {
	struct rpc_place place;
	struct rpc_jobs *jobs; /* borrowed */
	struct log *log;       /* borrowed */
	usec_t (*now)(void);
};

/* Errors of rpc_place_open(). When it cannot listen, *out is set all the same and is to be
 * closed. */
int rpc_binrpc_open(struct rpc_binrpc **out, uv_loop_t *loop,
	const struct rpc_binrpc_config *config, char *fault, size_t fault_size);
/* Frees its jobs at once. */
void rpc_binrpc_close(struct rpc_binrpc *binrpc, rpc_closed_h *closed, void *arg);

#endif
