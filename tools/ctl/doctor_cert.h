/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_CERT_H
#define CTL_DOCTOR_CERT_H

#include "policy/cert_view.h"
#include "tools/ctl/doctor_finding.h"

/* What a certificate is there for. */
enum cert_use {
	CERT_USE_SIGN = 1,   /* PASSporTs: ES256 */
	CERT_USE_4474 = 2,   /* RFC 4474: rsa-sha1 */
	CERT_USE_SERVER = 4, /* TLS */
	CERT_USE_CLIENT = 8,
};

struct cert_facts {
	const struct cert_report *report;
	const char *place; /* the file or URL that it comes from */
	int64_t now_s;
	unsigned uses;       /* CERT_USE_... */
	const char *host;    /* that it must name; "": not asked */
	const char *number;  /* digits that it must have; "": not asked */
	const char *codes;   /* service provider codes whose word is taken; "" */
	const char *ca;      /* where the anchors come from; NULL: there are none */
	bool allow_wildcard; /* of a web server (RFC 6125): "*.example.com" will do */
	bool is_own;         /* ours: that the CAs are not those that we trust may be right */
};

/* Rows CERT-1 to CERT-9. Pure. */
void doctor_cert_run(const struct cert_facts *facts, struct findings *out);

/* "2026-11-29 03:13:00 UTC"; in the arena. */
const char *say_time(struct findings *out, int64_t seconds);
/* "3 days", "5 hours": of a span. */
const char *say_span(struct findings *out, int64_t seconds);
/* "P-256", "RSA of 2048 bits" */
const char *say_key(struct findings *out, const struct cert_view *view);

#endif
