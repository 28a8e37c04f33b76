/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_FIFO_H
#define SBC_RPC_FIFO_H

#include <uv.h>

#include "base/log.h"
#include "sbc/rpc_jobs.h"
#include "sbc/rpc_place.h"

/*
 * The door through a FIFO: Kamailio's JSON-RPC (jsonrpcs) and OpenSIPS's MI in both its
 * forms, told apart by how a request begins. Private to the sbc room; signalling loop.
 */
struct rpc_fifo;

struct rpc_fifo_config {
	struct rpc_place place;
	const char *reply_directory;
	struct rpc_jobs *jobs; /* borrowed */
	struct log *log;       /* borrowed */
	usec_t (*now)(void);
};

/* Errors of rpc_place_open(). */
int rpc_fifo_open(struct rpc_fifo **out, uv_loop_t *loop, const struct rpc_fifo_config *config,
	char *fault, size_t fault_size);
/* Looks whether the FIFO is still there and makes it anew if not: every 30 s by itself. */
void rpc_fifo_heal(struct rpc_fifo *fifo);
void rpc_fifo_close(struct rpc_fifo *fifo, rpc_closed_h *closed, void *arg);

#endif
