/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_DGRAM_H
#define SBC_RPC_DGRAM_H

#include <uv.h>

#include "base/log.h"
#include "sbc/rpc_jobs.h"
#include "sbc/rpc_place.h"

/*
 * The door through a unix datagram socket: one JSON-RPC object in a datagram, the answer in
 * one back to the path that the client bound. kamcli speaks it. Private to the sbc room;
 * signalling loop.
 */
struct rpc_dgram;

struct rpc_dgram_config {
	struct rpc_place place;
	struct rpc_jobs *jobs; /* borrowed */
	struct log *log;       /* borrowed */
	usec_t (*now)(void);
};

/* Errors of rpc_place_open(). */
int rpc_dgram_open(struct rpc_dgram **out, uv_loop_t *loop,
	const struct rpc_dgram_config *config, char *fault, size_t fault_size);
void rpc_dgram_close(struct rpc_dgram *dgram, rpc_closed_h *closed, void *arg);

#endif
