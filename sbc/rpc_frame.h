/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_FRAME_H
#define SBC_RPC_FRAME_H

#include "base/slice.h"

/*
 * Where one request ends in what comes out of the FIFO, and which of its three protocols it
 * is in:
 *
 *   {...}                     Kamailio: up to the closing brace, no line end needed
 *   :reply:{...}              OpenSIPS 3
 *   :command:reply\n...\n\n   OpenSIPS 1 and 2: up to an empty line
 *
 * A FIFO does not tell its writers apart: what one of them left half written must not spoil
 * the next one's request, so that reading goes on at the next thing that looks like a
 * beginning. Pure; private to the sbc room.
 */

#define RPC_FRAME_MAX 16384 /* bytes; Kamailio takes 8192, OpenSIPS 4096 */

enum rpc_frame_kind {
	RPC_FRAME_MORE,    /* not complete yet */
	RPC_FRAME_JSON,    /* text: the object */
	RPC_FRAME_MI_JSON, /* text: the object; reply_name */
	RPC_FRAME_MI,      /* text: all of it */
	RPC_FRAME_BAD,     /* nothing of it can be used */
};

struct rpc_frame {
	enum rpc_frame_kind kind;
	struct slice text;
	struct slice reply_name;
	size_t len; /* bytes of input that are done with, also with MORE */
};

void rpc_frame_next(struct slice input, struct rpc_frame *out);

#endif
