/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_WEB_H
#define SBC_WEB_H

#include <uv.h>

#include "sbc/config.h"
#include "sbc/credentials.h"

/*
 * What is served over HTTP, and where: certificates to everybody at the http section's address.
 * Private to the sbc room; signalling loop.
 */
struct web;

struct web_setup {
	const struct config *config;           /* borrowed for the call */
	const struct credentials *credentials; /* borrowed for the call */
	struct log *log;                       /* borrowed */
	usec_t (*now)(void);
	int64_t (*wall_s)(void);
};

/* Reads and writes the state directory: before the loop runs. fault says what is wrong; errors
 * of http_server_open() and http_certs_publish(). */
int web_open(struct web **out, uv_loop_t *loop, const struct web_setup *setup, char *fault,
	size_t fault_size);

typedef void(web_closed_h)(void *arg);
void web_close(struct web *web, web_closed_h *closed, void *arg);

#endif
