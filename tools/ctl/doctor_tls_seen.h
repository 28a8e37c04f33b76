/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_TLS_SEEN_H
#define CTL_DOCTOR_TLS_SEEN_H

#include "tools/ctl/doctor_finding.h"
#include "tools/ctl/tls_probe.h"

/* What a handshake showed, judged: rows TLS-2 to TLS-4. Pure. */

struct tls_seen {
	const char *name;  /* that was asked for; "": none */
	const char *shown; /* the file of the certificate that we have to show; NULL: none */
	bool is_own;       /* a listener of ours */
};

/* No TCP connection; error: -errno. Within row TLS-2. */
void tls_judge_connect(
	const struct tls_seen *seen, const struct netaddr *to, int error, struct findings *out);
/* TLS-3 and TLS-4, of a probe that came further than CONNECT. */
void tls_judge_handshake(
	const struct tls_seen *seen, const struct tls_probe *probe, struct findings *out);

#endif
