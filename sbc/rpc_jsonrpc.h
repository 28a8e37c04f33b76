/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_JSONRPC_H
#define SBC_RPC_JSONRPC_H

#include "sbc/rpc.h"

/*
 * JSON-RPC 2.0 requests as Kamailio's jsonrpcs (with reply_name) and OpenSIPS 3 take them:
 * one object; batches are refused, as Kamailio has none. Pure; private to the sbc room.
 */

/* text is copied into arena as far as it is needed. SBC_EPARSE: no JSON; SBC_EPROTO: no
 * request, but out->id is set when there is one; SBC_ELIMIT, SBC_ENOMEM. */
int rpc_jsonrpc_parse(struct rpc_request *out, struct arena *arena, struct slice text);

/* The error of JSON-RPC 2.0 section 5.1 for what that returned. */
int rpc_jsonrpc_code(int err, const char **words);
/* The same as call's answer. */
void rpc_jsonrpc_refuse(struct rpc_call *call, int err);

#endif
