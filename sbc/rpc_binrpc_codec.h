/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_BINRPC_CODEC_H
#define SBC_RPC_BINRPC_CODEC_H

#include "sbc/rpc.h"

/*
 * BINRPC, version 1, what kamcmd speaks on its stream socket:
 *
 *   0xa1 | type:4 length-1:2 cookie-1:2 | length | cookie | records
 *   record: is_long:1 size:3 type:4 | [length] | bytes
 *
 * Numbers are big endian and as short as they go, strings end with NUL and their length
 * counts it. Pure; private to the sbc room.
 */

#define BINRPC_REQUEST_MAX (16 * 1024) /* bytes of records */
#define BINRPC_HEADER_MAX  10

/* Bytes of the packet that text begins with. SBC_EAGAIN: more are needed to know;
 * SBC_EPARSE, SBC_ELIMIT: not ours, or too large: nothing more can be read from it. */
int binrpc_packet_len(struct slice text, size_t *len);

/* One whole request packet. Numbers become text in arena. SBC_EPARSE, SBC_ELIMIT,
 * SBC_ENOMEM. cookie and its length are given even when the rest is refused. */
int binrpc_parse(struct rpc_request *out, struct arena *arena, struct slice packet,
	struct rpc_writer *writer);

/* The header of the answer in w. Returns its length; out: BINRPC_HEADER_MAX bytes. */
size_t binrpc_header(const struct rpc_writer *w, bool is_fault, uint8_t *out);

#endif
