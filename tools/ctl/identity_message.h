/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_IDENTITY_MESSAGE_H
#define CTL_IDENTITY_MESSAGE_H

#include "base/buf.h"
#include "policy/policy.h"
#include "sbc/sip_scan.h"

/* A captured SIP request as facts for a verdict. */
struct identity_message {
	struct buf bytes;
	struct sip_scan scan;
	struct fingerprint_set fingerprints;
	struct identity_facts facts; /* slices of bytes */
};

/* "-": standard input. Line ends of LF alone become CRLF. 0, or a negative error and why
 * (static). identity_message_fini() in any case. */
int identity_message_read(struct identity_message *out, const char *path, const char **why);
void identity_message_fini(struct identity_message *message);

/* The bytes of a SIP message: line ends of LF alone, which an editor or a terminal leaves,
 * become CRLF. out was initialised with twice SIP_MESSAGE_MAX. */
int identity_read_message(const char *path, struct buf *out);

/* The whole file, at most max bytes; out was initialised. */
int identity_read_file(const char *path, struct buf *out);

#endif
