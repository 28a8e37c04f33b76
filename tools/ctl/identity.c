/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl identity: its commands. */

#include <stdio.h>
#include <string.h>

#include "tools/ctl/ctl.h"

static const char usage[] = "usage: countersipctl identity verify [options] FILE|-\n"
			    "       countersipctl identity sign [options] FILE|-\n"
			    "       countersipctl identity keygen [options] DOMAIN\n"
			    "       countersipctl identity cert [options] FILE|URL\n"
			    "\n"
			    "each with --help tells its options\n";

int ctl_identity(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {{"verify", ctl_identity_verify}, {"sign", ctl_identity_sign},
		{"keygen", ctl_identity_keygen}, {"cert", ctl_identity_cert}};

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
