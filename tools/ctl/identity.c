/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl identity: its commands. */

#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"

static const char usage[] = "usage: countersipctl identity verify [options] FILE|-\n"
			    "       countersipctl identity sign [options] FILE|-\n"
			    "       countersipctl identity keygen [options] DOMAIN\n"
			    "       countersipctl identity cert [options] FILE|URL\n"
			    "\n"
			    "each with --help tells its options\n";

int ctl_identity(int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {{"verify", ctl_identity_verify},
		{"sign", ctl_identity_sign}, {"keygen", ctl_identity_keygen},
		{"cert", ctl_identity_cert}};

	return ctl_verb_run(verbs, sizeof(verbs) / sizeof(verbs[0]), usage, argc, argv);
}
