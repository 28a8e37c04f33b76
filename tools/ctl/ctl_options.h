/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_OPTIONS_H
#define CTL_CTL_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Command lines as tables, and what the shell completes from the same tables: "--words" as the
 * last argument prints, one a line, what may stand there: commands, and options, those with a
 * value with '=' behind them.
 */

struct ctl_verb {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the name; an exit status */
};

/* Runs what argv[1] names, tells the names, or says usage. An exit status. */
int ctl_verb_run(
	const struct ctl_verb *verbs, size_t count, const char *usage, int argc, char **argv);

/* getopt_long() without short options, in any order; with is_strict what follows the first word
 * that is no option is left alone. Where --words is asked for it prints the table and ends the
 * program. */
int ctl_getopt(int argc, char **argv, const struct option *options, bool is_strict);

/* Is --words asked for? */
bool ctl_wants_words(int argc, char **argv);
void ctl_print_options(const struct option *options);

#endif
