/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_DLG_H
#define SBC_RPC_DLG_H

#include "sbc/call.h"
#include "sbc/rpc.h"

/*
 * What dlg.* (Kamailio) and dlg_* (OpenSIPS) share: a call under the two numbers that both
 * name a dialog by, its state in their words, walking with pauses. Private to the sbc room.
 */

/* "hash=ENTRY:ID". */
struct dlg_name {
	uint64_t entry, id;
};
struct dlg_name rpc_dlg_name(const struct call *call);
/* NULL when there is none (any more). */
struct call *rpc_dlg_find(struct sbc *sbc, struct dlg_name name);

/* Both servers' numbers: 1 unconfirmed, 2 early, 3 confirmed, 4 confirmed and the ACK came,
 * 5 deleted. */
unsigned rpc_dlg_state(const struct call *call);
#define RPC_DLG_STATE_COUNT 6

/* What lists are cut by. */
struct dlg_choice {
	struct slice call_id, from_tag; /* of the caller's leg; empty: any */
	uint64_t skip, count;           /* calls; count 0: all */
};

typedef void(rpc_dlg_put_h)(struct rpc_call *call, const struct call *dialog);
/* Some of the calls, RPC_MORE while there are others. Call again with the same choice. */
enum rpc_step rpc_dlg_walk(
	struct rpc_call *call, const struct dlg_choice *choice, rpc_dlg_put_h *put);

/* "udp:192.0.2.1:5060": our end of a leg. out: RPC_DLG_SOCKET_MAX bytes, returned. */
#define RPC_DLG_SOCKET_MAX 96
const char *rpc_dlg_socket(const struct leg *leg, char *out);
/* A leg's Route values, with commas between. Appends; returns out's err. */
int rpc_dlg_routes(struct buf *out, const struct leg *leg);

/* One leg in the words of the call record: who, verdict, DTLS, SRTP. name: of the member;
 * NULL in an array. */
void rpc_dlg_leg(struct rpc_call *call, const char *name, const struct call *dialog, int i);

/* The call's media loop is asked for its counters: RPC_WAIT until they came; then, or when it
 * says nothing for a second, RPC_DONE. *is_silent tells which; may be NULL. */
enum rpc_step rpc_media_ask(struct rpc_call *call, const struct call *dialog, bool *is_silent);

/* Ends it, answers OK or the fault. */
enum rpc_step rpc_dlg_end(struct rpc_call *call, struct call *dialog);

#endif
