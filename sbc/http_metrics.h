/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_METRICS_H
#define SBC_HTTP_METRICS_H

#include "sbc/rpc.h"

/*
 * Everything that is counted, in Prometheus's text format (version 0.0.4). No label has a
 * number, an address-of-record or a Call-ID: labels are methods, codes, reasons, names of
 * peers. Private to the sbc room; signalling thread.
 */
#define HTTP_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define HTTP_METRICS_MAX  (2 * 1024 * 1024) /* bytes: a thousand peers */

/* out's err says whether there was room. */
void http_metrics_print(struct rpc_out *out, const struct rpc_world *world);

#endif
