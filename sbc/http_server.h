/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_SERVER_H
#define SBC_HTTP_SERVER_H

#include <uv.h>

#include "base/clock.h"
#include "sbc/http.h"

/*
 * One HTTP/1.1 listener on the signalling loop: libwebsockets' only house. Whoever is slow,
 * huge or one too many loses its connection and costs nobody else anything. Private to the sbc
 * room; signalling loop.
 */
struct http_server;
struct http_exchange; /* one request and its answer; ends by itself */

/*
 * A whole request. It is answered by http_server_answer(), now or later, exactly once, unless
 * its exchange is over before: then gone runs, if one was set, and the exchange is not to be
 * touched any more.
 */
typedef void(http_request_h)(
	struct http_exchange *exchange, const struct http_request *request, void *arg);
typedef void(http_gone_h)(void *arg);

struct http_server_config {
	struct netaddr address;
	struct slice certificate_pem; /* empty: HTTP without TLS */
	struct slice key_pem;
	const char *client_ca; /* path of a PEM file: clients may show a certificate; or NULL */
	unsigned connection_max;
	size_t body_max; /* bytes of a request's body; 0: none is read */
	http_request_h *request;
	void *arg; /* borrowed */
	usec_t (*now)(void);
};

/* fault says what is wrong. SBC_EIO: cannot bind; SBC_ECRYPTO: the TLS pair; SBC_ENOMEM;
 * SBC_ELIMIT: too many handles on loop. After an error loop has to run once more. */
int http_server_open(struct http_server **out, uv_loop_t *loop,
	const struct http_server_config *config, char *fault, size_t fault_size);

/* answer is used up. */
void http_server_answer(struct http_exchange *exchange, struct http_answer *answer);
/* For an answer that comes later. */
void http_server_on_gone(struct http_exchange *exchange, http_gone_h *gone, void *arg);

struct http_server_counters {
	uint64_t requests; /* that a page saw */
	uint64_t refused;  /* that none saw: too large, not understood */
	uint64_t late;     /* ended because they took too long */
};
void http_server_counters(const struct http_server *server, struct http_server_counters *out);

typedef void(http_closed_h)(void *arg);
/* Every gone handler runs before. */
void http_server_close(struct http_server *server, http_closed_h *closed, void *arg);

#endif
