/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_ANCHORS_H
#define CTL_CTL_ANCHORS_H

#include "tools/ctl/ctl_config.h"
#include "tools/ctl/ctl_fetch.h"

/*
 * Whom certificates are believed for and how they are fetched: from files and options, or as a
 * configuration has it.
 */
struct ctl_anchors {
	struct buf ca;  /* PEM; empty: nobody */
	struct buf crl; /* PEM; empty: nothing is revoked */
	struct ctl_fetch_rules fetch;
	struct config *config; /* counted; NULL: none was given */
};

/* Options that every command with anchors has. Each NULL: not given. */
struct ctl_anchor_options {
	const char *config;
	const char *ca, *crl;    /* instead of the configuration's */
	const char *fetch_ca;    /* of HTTPS servers; else ca, else the system's */
	const char *fetch_allow; /* blocks with commas between */
	bool allow_http;
};

/* Their rows for getopt_long(), and what to do with one: false when it is none of them. */
#define CTL_ANCHOR_OPTIONS                                                                     \
	{"config", required_argument, NULL, CTL_ANCHOR_CONFIG},                                \
		{"ca", required_argument, NULL, CTL_ANCHOR_CA},                                \
		{"crl", required_argument, NULL, CTL_ANCHOR_CRL},                              \
		{"fetch-ca", required_argument, NULL, CTL_ANCHOR_FETCH_CA},                    \
		{"allow", required_argument, NULL, CTL_ANCHOR_ALLOW},                          \
	{                                                                                      \
		"http", no_argument, NULL, CTL_ANCHOR_HTTP                                     \
	}
enum ctl_anchor_code {
	CTL_ANCHOR_CONFIG = 512, /* above the letters of any command */
	CTL_ANCHOR_CA,
	CTL_ANCHOR_CRL,
	CTL_ANCHOR_FETCH_CA,
	CTL_ANCHOR_ALLOW,
	CTL_ANCHOR_HTTP,
};
bool ctl_anchor_option(struct ctl_anchor_options *options, int code, const char *value);

/* Without a configuration the installed one, if it is there. */
void ctl_anchor_default(struct ctl_anchor_options *options);

/* Says on stderr what is wrong. 0 or negative; ctl_anchors_fini() in any case. */
int ctl_anchors_read(struct ctl_anchors *out, const struct ctl_anchor_options *options);
void ctl_anchors_fini(struct ctl_anchors *anchors);

#endif
