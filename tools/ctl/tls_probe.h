/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_TLS_PROBE_H
#define CTL_TLS_PROBE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/netaddr.h"

/*
 * One TLS handshake with a server, to see how far it comes and what it shows: whatever
 * certificate it has is taken, nothing is sent after it. Blocks, at most the timeout.
 */

struct tls_probe_config {
	struct netaddr to;
	const char *name;        /* asked for with SNI; "": none */
	struct slice chain, key; /* PEM, shown when asked for; empty: none */
	int timeout_ms;
};

enum tls_probe_stage {
	TLS_PROBE_CONNECT,   /* no TCP connection: error is -errno */
	TLS_PROBE_HANDSHAKE, /* it failed */
	TLS_PROBE_AFTER,     /* it was done, and then the server sent an alert or closed */
	TLS_PROBE_DONE,
};

struct tls_probe {
	enum tls_probe_stage stage; /* reached */
	int error;                  /* -errno of CONNECT */
	char why[128];              /* HANDSHAKE, AFTER: in wolfSSL's words */
	int alert;                  /* that the server sent; -1: none */
	bool is_plain;              /* what answers does not speak TLS */
	bool is_closed;             /* it closed without a word */
	char version[16], cipher[64];
	struct buf chain; /* PEM, as it was shown */
};

/* SBC_ENOMEM, SBC_ECRYPTO (our own certificate or key cannot be used). tls_probe_fini() in
 * any case. */
int tls_probe(struct tls_probe *out, const struct tls_probe_config *config);
void tls_probe_fini(struct tls_probe *probe);

/* "certificate_required", as RFC 8446 section 6 names alerts. */
const char *tls_alert_name(int alert);

#endif
