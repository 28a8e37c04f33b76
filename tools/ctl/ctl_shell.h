/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_SHELL_H
#define CTL_CTL_SHELL_H

#include "tools/ctl/ctl_client.h"

struct ctl_shell {
	struct ctl_client client;
	bool is_json;
	size_t width; /* characters of a line */
};

/* Runs a command and prints its answer, or to stderr why there is none. An exit status. */
int ctl_shell_run(
	struct ctl_shell *shell, const char *method, size_t argc, const char *const *argv);

/* The server's commands, one a line, with parameters and help when want_help. */
int ctl_shell_list(struct ctl_shell *shell, bool want_help);

/* Names of the server's commands into out, each with a line end. 0 or negative. */
int ctl_shell_names(struct ctl_shell *shell, struct buf *out);

/* Reads commands from the terminal, with history and completion, until its end. */
int ctl_shell_interactive(struct ctl_shell *shell);

/* Cuts a line into words; quotes keep blanks. In place: the words point into line. SBC_EPARSE:
 * a quote is not closed; SBC_ELIMIT: more than max. */
int ctl_words(char *line, const char **words, size_t max, size_t *count);

/* Tells why the socket cannot be reached. */
void ctl_explain(const char *path, int err);

#endif
