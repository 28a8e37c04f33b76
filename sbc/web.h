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

/* The certificates of another configuration, in two steps, of which only the first can fail;
 * any thread may take it. It writes them to the state directory. fault and errors as of
 * http_certs_publish(). */
struct http_cert_set;
int web_certs_new(struct http_cert_set **out, const struct config *config,
	const struct credentials *credentials, const struct provision *say, char *fault,
	size_t fault_size);
/* Takes certs over: those that are not among them can still be had for their hour. */
void web_publish(struct web *web, struct http_cert_set *certs);

typedef void(web_closed_h)(void *arg);
void web_close(struct web *web, web_closed_h *closed, void *arg);

#endif
