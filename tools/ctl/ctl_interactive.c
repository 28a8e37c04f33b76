/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands typed one after the other: history and completion by libedit. Shell. */

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_shell.h"

#define WORDS_MAX    34   /* a method and the daemon's RPC_PARAM_MAX, and one to see more */
#define HISTORY_MAX  1000 /* lines */
#define NAMES_MAX    65536
#define PATH_LEN_MAX 512

struct terminal {
	struct ctl_shell *shell; /* borrowed */
	struct buf names;        /* of commands, a line each: for completion */
	EditLine *edit;          /* owned */
	History *history;        /* owned */
	char file[PATH_LEN_MAX]; /* of the history; empty: none */
};

static char *prompt(EditLine *edit)
{
	static const char text[] = "countersip> ";

	(void)edit;
	return (char *)(uintptr_t)text; /* libedit's type; it only reads */
}

/* What all names that begin with word have in common behind it, and how many they are. */
static size_t common_tail(struct slice names, struct slice word, struct slice *out)
{
	size_t count = 0;

	while (names.len) {
		struct slice name = slice_cut(&names, '\n'), tail;
		if (!slice_starts(name, word))
			continue;
		tail = slice_from(name, word.len);
		if (!count++) {
			*out = tail;
			continue;
		}
		while (out->len && !slice_starts(tail, *out))
			out->len--;
	}
	return count;
}

static void list_names(struct slice names, struct slice word)
{
	fputc('\n', stdout);
	while (names.len) {
		struct slice name = slice_cut(&names, '\n');
		if (slice_starts(name, word))
			printf("%.*s\n", SLICE_ARG(name));
	}
}

static unsigned char complete(EditLine *edit, int key)
{
	const LineInfo *line = el_line(edit);
	struct slice word = slice_of(line->buffer, (size_t)(line->cursor - line->buffer));
	struct terminal *terminal = NULL;
	struct slice tail = {0};
	char text[256];
	size_t count;

	(void)key;
	el_get(edit, EL_CLIENTDATA, &terminal);
	if (slice_find(word, ' ') < word.len)
		return CC_ERROR;
	count = common_tail(buf_slice(&terminal->names), word, &tail);
	if (!count || slice_copy(tail, text, sizeof(text)))
		return CC_ERROR;
	if (text[0] && el_insertstr(edit, text))
		return CC_ERROR;
	if (count == 1) {
		el_insertstr(edit, " ");
		return CC_REFRESH;
	}
	if (text[0])
		return CC_REFRESH;
	list_names(buf_slice(&terminal->names), word);
	return CC_REDISPLAY;
}

static void open_history(struct terminal *terminal)
{
	const char *home = getenv("HOME");
	HistEvent event;

	history(terminal->history, &event, H_SETSIZE, HISTORY_MAX);
	history(terminal->history, &event, H_SETUNIQUE, 1);
	if (!home || (size_t)snprintf(terminal->file, sizeof(terminal->file),
			     "%s/.countersipctl_history", home) >= sizeof(terminal->file)) {
		terminal->file[0] = '\0';
		return;
	}
	history(terminal->history, &event, H_LOAD, terminal->file);
}

static int open_terminal(struct terminal *terminal, struct ctl_shell *shell)
{
	*terminal = (struct terminal){.shell = shell};
	buf_init(&terminal->names, NAMES_MAX);
	ctl_shell_names(shell, &terminal->names); /* without it there is no completion */
	terminal->edit = el_init("countersipctl", stdin, stdout, stderr);
	terminal->history = history_init();
	if (!terminal->edit || !terminal->history)
		return SBC_ENOMEM;
	el_set(terminal->edit, EL_PROMPT, prompt);
	el_set(terminal->edit, EL_EDITOR, "emacs");
	el_set(terminal->edit, EL_SIGNAL, 1);
	el_set(terminal->edit, EL_HIST, history, terminal->history);
	el_set(terminal->edit, EL_CLIENTDATA, terminal);
	/* Wide, because the narrow form leaks its two copies. */
	el_wset(terminal->edit, EL_ADDFN, L"complete-command", L"Completes a command",
		complete);
	el_set(terminal->edit, EL_BIND, "^I", "complete-command", NULL);
	open_history(terminal);
	return 0;
}

static void close_terminal(struct terminal *terminal)
{
	HistEvent event;

	if (terminal->history && terminal->file[0]) {
		umask(0077); /* arguments may name callers */
		history(terminal->history, &event, H_SAVE, terminal->file);
	}
	if (terminal->history)
		history_end(terminal->history);
	if (terminal->edit)
		el_end(terminal->edit);
	buf_fini(&terminal->names);
}

/* False: the end was asked for. */
static bool run_line(struct terminal *terminal, struct slice text)
{
	char *line = mem_strdup(slice_trim(text));
	const char *words[WORDS_MAX];
	bool is_end = false;
	size_t count = 0;

	if (!line || ctl_words(line, words, WORDS_MAX, &count))
		fputs("a quote is not closed, or there are too many words\n", stderr);
	else if (count && (!strcmp(words[0], "quit") || !strcmp(words[0], "exit")))
		is_end = true;
	else if (count == 1 && !strcmp(words[0], "help"))
		ctl_shell_list(terminal->shell, true);
	else if (count)
		ctl_shell_run(terminal->shell, words[0], count - 1, words + 1);
	mem_free(line);
	return !is_end;
}

int ctl_shell_interactive(struct ctl_shell *shell)
{
	struct terminal terminal;
	HistEvent event;
	const char *line;
	int count = 0;

	if (open_terminal(&terminal, shell)) {
		close_terminal(&terminal);
		return CTL_FAILED;
	}
	while ((line = el_gets(terminal.edit, &count)) && count > 0) {
		if (count > 1)
			history(terminal.history, &event, H_ENTER, line);
		if (!run_line(&terminal, slice_of(line, (size_t)count)))
			break;
	}
	close_terminal(&terminal);
	return CTL_OK;
}
