/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl doctor: its patients. */

#include <stdio.h>
#include <string.h>

#include "tools/ctl/ctl.h"

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
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {{"fifo", ctl_doctor_fifo}, {"tls", ctl_doctor_tls},
		{"identity", ctl_doctor_identity}, {"ports", ctl_doctor_ports}};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return CTL_OK;
	}
	fputs(usage, stderr);
	return CTL_USAGE;
}
