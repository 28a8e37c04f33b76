/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_MI_H
#define SBC_RPC_MI_H

#include "sbc/rpc.h"

/*
 * The line protocol of OpenSIPS 1.x and 2.x (mi_fifo): ":command:reply\n", an argument a
 * line ("value", "\"value\"" or "name::value"), an empty line. Pure; private to the sbc room.
 */

/* text: one whole request, with its empty line or without. Slices of it are borrowed.
 * SBC_EPARSE, SBC_ELIMIT. */
int rpc_mi_parse(struct rpc_request *out, struct slice text);

#endif
