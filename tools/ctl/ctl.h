/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/buf.h"
#include "tools/ctl/doctor_facts.h"

/* Exit statuses of countersipctl. */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1,  /* the daemon answered with an error; the doctor: blocked */
	CTL_UNKNOWN = 2, /* the doctor cannot tell; no daemon answers */
	CTL_USAGE = 64,  /* EX_USAGE of sysexits(3): apart from the doctor's answers */
};

/* "doctor" and what follows it. An exit status. */
int ctl_doctor(int argc, char **argv);
int ctl_doctor_fifo(int argc, char **argv);
int ctl_doctor_tls(int argc, char **argv);
int ctl_doctor_identity(int argc, char **argv);
int ctl_doctor_ports(int argc, char **argv);
/* "identity" and what follows it. An exit status. */
int ctl_identity(int argc, char **argv);
int ctl_identity_verify(int argc, char **argv);
int ctl_identity_sign(int argc, char **argv);
int ctl_identity_keygen(int argc, char **argv);
int ctl_identity_cert(int argc, char **argv);
/* "rules" (test) and "peer" (show) and what follows them. An exit status. */
int ctl_rules(int argc, char **argv);
int ctl_peer(int argc, char **argv);
/* "explain" and what follows it. An exit status. */
int ctl_explain_call(int argc, char **argv);
/* The report of doctor fifo into out: the exit status, or a negative error. */
int doctor_fifo(const struct doctor_options *options, struct buf *out);

#endif
