/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines as tables. Shell. */

#include "tools/ctl/ctl_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl/ctl.h"

bool ctl_wants_words(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[argc - 1], "--words");
}

void ctl_print_options(const struct option *options)
{
	for (; options->name; options++)
		printf("--%s%s\n", options->name,
			options->has_arg == required_argument ? "=" : "");
}

int ctl_getopt(int argc, char **argv, const struct option *options, bool is_strict)
{
	/* Behind a command of the daemon it is that one's. */
	if (ctl_wants_words(argc, argv) && (!is_strict || argc == 2)) {
		ctl_print_options(options);
		/* A command line has nothing to give back yet. */
		exit(fflush(stdout) ? CTL_FAILED : CTL_OK);
	}
	return getopt_long(argc, argv, is_strict ? "+" : "", options, NULL);
}

int ctl_verb_run(
	const struct ctl_verb *verbs, size_t count, const char *usage, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	}
	if (argc == 2 && ctl_wants_words(argc, argv)) {
		for (size_t i = 0; i < count; i++)
			puts(verbs[i].name);
		puts("--help");
		return CTL_OK;
	}
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return CTL_OK;
	}
	fputs(usage, stderr);
	return CTL_USAGE;
}
