/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands to the daemon and their answers. Shell. */

#include "tools/ctl/ctl_shell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_json.h"
#include "tools/ctl/ctl_table.h"

#define PRINT_MAX    16777216 /* bytes: an answer and its blanks */
#define NAME_MAX_LEN 128

void ctl_explain(const char *path, int err)
{
	const char *why = err > -1000 ? strerror(-err) : err_name(err);

	fprintf(stderr, "countersipctl: %s: %s\n", path, why);
	if (err == -ENOENT || err == -ECONNREFUSED)
		fputs("  the daemon does not run, or its rpc.run_dir is another one: "
		      "--socket\n",
			stderr);
	else if (err == -EACCES)
		fputs("  you are not in the socket's group\n", stderr);
	else if (err == -ETIMEDOUT)
		fputs("  no answer: the list may be longer than a datagram (ask for INDEX "
		      "COUNT), "
		      "or the daemon hangs\n",
			stderr);
}

static int print_fault(const char *method, struct slice fault)
{
	struct slice code = SLICE("?"), message = SLICE("\"no message\"");
	struct buf text;

	ctl_json_member(fault, "code", &code);
	ctl_json_member(fault, "message", &message);
	buf_init(&text, 65536);
	ctl_json_put_plain(&text, message);
	fprintf(stderr, "countersipctl: %s: %s (%.*s)\n", method, text.data ? text.data : "",
		SLICE_ARG(code));
	buf_fini(&text);
	return CTL_FAILED;
}

static int print_result(const struct ctl_shell *shell, struct slice result)
{
	struct buf text;
	int err;

	buf_init(&text, PRINT_MAX);
	if (shell->is_json)
		err = buf_put_slice(&text, result) || buf_put_char(&text, '\n');
	else
		err = ctl_table_print(&text, result, shell->width);
	if (text.data)
		fputs(text.data, stdout);
	buf_fini(&text);
	return err || fflush(stdout) ? CTL_FAILED : CTL_OK;
}

static int print_answer(const struct ctl_shell *shell, const char *method, struct slice text)
{
	struct slice rest = text, object, value;

	if (ctl_json_next(&rest, &object) && ctl_json_member(object, "error", &value))
		return print_fault(method, value);
	if (ctl_json_next(&(struct slice){text.ptr, text.len}, &object) &&
		ctl_json_member(object, "result", &value))
		return print_result(shell, value);
	fprintf(stderr, "countersipctl: %s: the answer is not JSON-RPC\n", method);
	return CTL_FAILED;
}

int ctl_shell_run(
	struct ctl_shell *shell, const char *method, size_t argc, const char *const *argv)
{
	struct buf answer;
	int err, status;

	buf_init(&answer, CTL_ANSWER_MAX);
	err = ctl_client_call(&shell->client, method, argc, argv, &answer);
	if (err == SBC_EINVAL) {
		fprintf(stderr, "countersipctl: no name of a command\n");
		status = CTL_USAGE;
	} else if (err) {
		ctl_explain(shell->client.path, err);
		status = CTL_UNKNOWN;
	} else {
		status = print_answer(shell, method, buf_slice(&answer));
	}
	buf_fini(&answer);
	return status;
}

int ctl_shell_names(struct ctl_shell *shell, struct buf *out)
{
	struct slice rest, object, list, name, value;
	struct buf answer;
	int err;

	buf_init(&answer, CTL_ANSWER_MAX);
	err = ctl_client_call(&shell->client, "which", 0, NULL, &answer);
	rest = buf_slice(&answer);
	if (!err &&
		(!ctl_json_next(&rest, &object) || !ctl_json_member(object, "result", &list) ||
			!ctl_json_begin(list, &rest)))
		err = SBC_EPROTO;
	while (!err && ctl_json_item(&rest, &name, &value)) {
		ctl_json_put_plain(out, value);
		err = buf_put_char(out, '\n');
	}
	buf_fini(&answer);
	return err;
}

/* "dlg.list [INDEX COUNT]    calls" */
static void print_help(struct ctl_shell *shell, const char *name)
{
	struct slice rest, object, result, params = SLICE(""), help = SLICE("");
	struct buf answer, line;

	buf_init(&answer, CTL_ANSWER_MAX);
	buf_init(&line, 65536);
	buf_put_str(&line, name);
	if (!ctl_client_call(&shell->client, "help", 1, &name, &answer)) {
		rest = buf_slice(&answer);
		if (ctl_json_next(&rest, &object) &&
			ctl_json_member(object, "result", &result)) {
			ctl_json_member(result, "Params", &params);
			ctl_json_member(result, "Help", &help);
		}
	}
	buf_put_char(&line, ' ');
	ctl_json_put_plain(&line, params);
	printf("  %-44s ", line.data ? line.data : name);
	buf_reset(&line);
	ctl_json_put_plain(&line, help);
	printf("%s\n", line.data ? line.data : "");
	buf_fini(&line);
	buf_fini(&answer);
}

int ctl_shell_list(struct ctl_shell *shell, bool want_help)
{
	char name[NAME_MAX_LEN];
	struct slice rest;
	struct buf names;
	int err;

	buf_init(&names, CTL_ANSWER_MAX);
	err = ctl_shell_names(shell, &names);
	if (err)
		ctl_explain(shell->client.path, err);
	rest = buf_slice(&names);
	while (!err && rest.len) {
		struct slice word = slice_cut(&rest, '\n');
		if (slice_copy(word, name, sizeof(name)))
			continue;
		if (want_help)
			print_help(shell, name);
		else
			printf("%s\n", name);
	}
	buf_fini(&names);
	return err ? CTL_UNKNOWN : CTL_OK;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* One word from *in, written back without its quotes. False: a quote is open. */
static bool cut_word(char **in)
{
	char *from = *in, *to = *in, quote = '\0';

	for (; *from && (quote || !is_blank(*from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'')
			quote = quote ? '\0' : *from;
		else
			*to++ = *from;
	}
	*in = *from ? from + 1 : from;
	*to = '\0';
	return !quote;
}

int ctl_words(char *line, const char **words, size_t max, size_t *count)
{
	*count = 0;
	for (;;) {
		while (is_blank(*line))
			line++;
		if (!*line)
			return 0;
		if (*count == max)
			return SBC_ELIMIT;
		words[(*count)++] = line;
		if (!cut_word(&line))
			return SBC_EPARSE;
	}
}
