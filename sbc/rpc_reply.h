/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_REPLY_H
#define SBC_RPC_REPLY_H

#include <uv.h>

#include "base/log.h"
#include "sbc/rpc_jobs.h"

/*
 * Answers into the FIFOs that clients made for them, in one directory. Nothing here ever
 * waits: a client that has not opened its FIFO yet (OpenSIPS-CP writes its request first) is
 * tried again for two seconds, one that does not read is given up, and what is no FIFO of
 * its own directory is not touched. Private to the sbc room; signalling loop.
 */
struct rpc_replies;

struct rpc_replies_config {
	const char *directory; /* copied */
	struct log *log;       /* borrowed */
	usec_t (*now)(void);
};
int rpc_replies_open(
	struct rpc_replies **out, uv_loop_t *loop, const struct rpc_replies_config *config);

/* A name of one path component that no path trick fits in. Pure. */
bool rpc_reply_name_is_good(struct slice name);

/* Takes the answer over; answer is empty afterwards. */
void rpc_reply_send(struct rpc_replies *replies, struct slice name, struct rpc_out *answer);

struct rpc_reply_counters {
	uint64_t sent;
	uint64_t refused;   /* the name, or what stands there */
	uint64_t unread;    /* nobody opened it in time, or read to the end */
	uint64_t discarded; /* too many waited */
};
void rpc_reply_counters(const struct rpc_replies *replies, struct rpc_reply_counters *out);

/* Drops what waits. */
void rpc_replies_close(struct rpc_replies *replies, rpc_closed_h *closed, void *arg);

#endif
