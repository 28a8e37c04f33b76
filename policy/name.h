/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_NAME_H
#define POLICY_NAME_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Who a From or To names, in canonical form (RFC 8224 sections 8.1, 8.3 and 8.5): a
 * telephone number or a URI. One function for both sides and both headers. Pure.
 */
#define NAME_URI_MAX  256
#define NAME_HOST_MAX 128
#define NAME_TN_MAX   33 /* digits, '*' and '#' of one number */

struct identity_name {
	bool is_tn;                  /* a telephone number: orig or dest have "tn" */
	char tn[NAME_TN_MAX];        /* also of a user part that may be meant as one */
	char uri[NAME_URI_MAX];      /* without port; empty for tel: */
	char uri_port[NAME_URI_MAX]; /* with the port as written */
	char host[NAME_HOST_MAX];    /* lower case; empty for tel: */
};

/* addr_spec: as written, without brackets. SBC_EPARSE; SBC_ELIMIT: does not fit. */
int name_parse(struct identity_name *out, struct slice addr_spec);
/* What the name is called in logs and verdicts. */
const char *name_text(const struct identity_name *name);

/* Does a "tn" or "uri" claim mean this name? */
bool name_is_tn(const struct identity_name *name, struct slice claim);
bool name_is_uri(const struct identity_name *name, struct slice claim);

/* A host name: letters, digits, '-' and '.', no empty label, or an IPv6 in brackets. */
bool name_is_host(struct slice host);

#endif
