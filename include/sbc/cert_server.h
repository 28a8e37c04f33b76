/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CERT_SERVER_H
#define SBC_CERT_SERVER_H

#include <stddef.h>

#include <uv.h>

#include "base/log.h"
#include "base/netaddr.h"
#include "base/slice.h"

/*
 * Serves our domains' signing certificates over HTTPS on the signalling loop, with
 * libwebsockets: GET /cert (the first domain), /cert/NAME and /cert?domain=NAME; PEM
 * chains as application/pem-certificate-chain, /cert/keys/NAME likewise, and with
 * /cert/NAME/rsa the RFC 4474 certificate as DER (application/pkix-cert). ETag and
 * Cache-Control. All else: 404, 405.
 */
struct cert_server;

struct cert_server_domain {
	struct slice name;
	struct slice certificate_pem;     /* copied; refuses anything but CERTIFICATE blocks */
	struct slice rsa_certificate_pem; /* may be empty */
};

/* One more key's certificate, at /cert/keys/NAME. */
struct cert_server_key {
	const char *name;
	struct slice certificate_pem; /* copied, as above */
};

struct cert_server_config {
	struct netaddr address;
	struct slice tls_certificate_pem;
	struct slice tls_key_pem;
	const struct cert_server_domain *domains;
	size_t domain_count;
	const struct cert_server_key *keys;
	size_t key_count;
	unsigned connection_max;
	unsigned max_age_s;
	struct log *log;
};

/* fault says what is wrong. SBC_EIO: cannot bind; SBC_ECRYPTO: the TLS pair; SBC_EINVAL: a
 * private key where a certificate should be; SBC_EPARSE: no certificate; SBC_ENOMEM;
 * SBC_ELIMIT: too many handles on loop. After an error loop has to run once more. */
int cert_server_open(struct cert_server **out, uv_loop_t *loop,
	const struct cert_server_config *config, char *fault, size_t fault_size);

typedef void(cert_server_closed_h)(void *arg);
void cert_server_close(struct cert_server *server, cert_server_closed_h *closed, void *arg);

#endif
