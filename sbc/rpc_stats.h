/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_STATS_H
#define SBC_RPC_STATS_H

#include "sbc/rpc.h"

/* Every statistic there is, in the order of the table. Private to the sbc room. */
typedef void(rpc_stat_h)(const char *group, const char *name, uint64_t value, void *arg);
void rpc_stats_visit(const struct rpc_world *world, rpc_stat_h *visit, void *arg);

#endif
