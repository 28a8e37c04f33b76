/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl doctor: its patients. */

#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"

static const char usage[] =
	"usage: countersipctl doctor fifo [options]\n"
	"       countersipctl doctor tls [options] [PEER|ADDRESS[:PORT]]\n"
	"       countersipctl doctor identity [options] DOMAIN\n"
	"       countersipctl doctor ports [options]\n"
	"\n"
	"tells in one sentence what is wrong, the fact that shows it and what mends it; each\n"
	"with --help tells its options\n"
	"\n"
	"exit status: 0 fine, 1 something blocks, 2 cannot be told, 64 wrong options.\n";

int ctl_doctor(int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {{"fifo", ctl_doctor_fifo},
		{"tls", ctl_doctor_tls}, {"identity", ctl_doctor_identity},
		{"ports", ctl_doctor_ports}};

	return ctl_verb_run(verbs, sizeof(verbs) / sizeof(verbs[0]), usage, argc, argv);
}
