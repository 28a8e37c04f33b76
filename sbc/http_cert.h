/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_CERT_H
#define SBC_HTTP_CERT_H

#include "sbc/http.h"

/*
 * The pages below /cert: our domains' and keys' certificates (RFC 8224 section 4, RFC 4474
 * section 6).
 *
 *   /cert               the first domain's        /cert/keys/NAME    a key's
 *   /cert/DOMAIN        a domain's                 /cert/id/ID        this very certificate
 *   /cert?domain=DOMAIN likewise
 *   /cert/DOMAIN/rsa    its RFC 4474 certificate
 *
 * Signatures name the last form, which means the same certificate for as long as anybody may
 * ask: one that was replaced stays there for an hour. PEM chains; RFC 4474's as DER; Accept
 * chooses. Pure; private to the sbc room.
 */
struct http_certs;

#define HTTP_CERT_KEPT_S  3600 /* after a certificate was replaced */
#define HTTP_CERT_OLD_MAX 256  /* the oldest go before their time */

enum http_cert_kind { HTTP_CERT_DOMAIN, HTTP_CERT_RSA, HTTP_CERT_KEY };

/* Borrowed for the call. */
struct http_cert {
	enum http_cert_kind kind;
	struct slice name; /* domain or key */
	struct slice pem;  /* only CERTIFICATE blocks are taken, else it is refused */
};

/* SBC_ENOMEM. */
int http_certs_new(struct http_certs **out, unsigned max_age_s);
void http_certs_free(struct http_certs *certs); /* NULL is allowed */

/* What is served from now on, as a whole or not at all; what was served and is not among these
 * gets old. SBC_EINVAL: a private key where a certificate should be; SBC_EPARSE: no
 * certificate; both with a fault. SBC_ENOMEM, SBC_ECRYPTO. */
int http_certs_publish(struct http_certs *certs, const struct http_cert *list, size_t count,
	int64_t now_s, char *fault, size_t fault_size);
/* The same in two steps, of which only the first can fail; any thread may take it. */
struct http_cert_set;
int http_cert_set_new(struct http_cert_set **out, const struct http_cert *list, size_t count,
	char *fault, size_t fault_size);
void http_cert_set_free(struct http_cert_set *set); /* NULL is allowed */
/* Takes set over. */
void http_certs_replace(struct http_certs *certs, struct http_cert_set *set, int64_t now_s);
/* One that was replaced before we started. Ignored when it is served, known, or too old. */
int http_certs_add_old(struct http_certs *certs, struct slice pem, bool is_rsa,
	int64_t replaced_s, int64_t now_s);

/* Every certificate under its id, for keeping them over a restart. */
struct http_cert_kept {
	const char *id;
	struct slice pem;
	bool is_rsa;
	int64_t replaced_s; /* 0: served now */
};
typedef void(http_cert_kept_h)(const struct http_cert_kept *kept, void *arg);
void http_certs_visit(const struct http_certs *certs, http_cert_kept_h *visit, void *arg);
void http_cert_set_visit(const struct http_cert_set *set, http_cert_kept_h *visit, void *arg);

/* path is /cert or begins with /cert/. answer's header values are borrowed from certs. */
void http_certs_answer(struct http_certs *certs, const struct http_request *request,
	int64_t now_s, struct http_answer *answer);

#endif
