/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a configuration would do, without a daemon: rules test and peer show --config. The
 * daemon's own code reads the file and judges.
 */

#include "tools/ctl/ctl_config.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "sbc/header_trial.h"
#include "sbc/peer_view.h"
#include "sbc/sip_scan.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_shell.h"
#include "tools/ctl/ctl_table.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/identity_message.h"

#define VIEW_MAX 65536 /* bytes: some fifty lines of one peer */

static const char rules_usage[] =
	"usage: countersipctl rules test [options] FILE|-\n"
	"\n"
	"which header lines of a SIP message would cross, and as what\n"
	"\n"
	"  --config FILE  the configuration; " CTL_CONFIG_DEFAULT "\n"
	"  --from PEER    that the message comes from; else one of our users\n"
	"  --to PEER      that it goes to; else one of our users\n"
	"\n"
	"  =  crosses as it is      +  is new, or is what a rule made of one\n"
	"  -  stays behind          o  is ours: written anew for the other side\n"
	"\n"
	"exit status: 0 shown, 1 no such peer, no SIP message or a bad configuration, 64 "
	"wrong\n"
	"options.\n";

static const char peer_usage[] =
	"usage: countersipctl peer show [options] NAME\n"
	"\n"
	"a peer as its profile and its own keys make it, and how it does\n"
	"\n"
	"  --config FILE  of this configuration, without asking a daemon\n"
	"  --socket FILE  the daemon's datagram socket\n"
	"  --json         as JSON\n"
	"\n"
	"exit status: 0 shown, 1 no such peer or a bad configuration, 2 no daemon answers, 64\n"
	"wrong options.\n";

static void to_stderr(const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

int ctl_config_load(struct config **out, const char *path)
{
	int err = config_load(out, path, to_stderr, NULL);

	if (err == SBC_ENOMEM)
		fprintf(stderr, "%s: no memory\n", path);
	return err;
}

struct arguments {
	const char *config, *from, *to, *socket, *last;
	bool is_json, want_help;
};

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'c':
		out->config = optarg;
		return true;
	case 'f':
		out->from = optarg;
		return true;
	case 't':
		out->to = optarg;
		return true;
	case 's':
		out->socket = optarg;
		return true;
	case 'j':
		out->is_json = true;
		return true;
	case 'h':
		out->want_help = true;
		return true;
	default:
		return false;
	}
}

/* argv[1] is the verb, which there is one of. */
static bool read_options(int argc, char **argv, const char *verb, const struct option *options,
	struct arguments *out)
{
	int code;

	/* The one command is not an option; it may stand before or behind them. */
	if (ctl_wants_words(argc, argv) && (argc < 3 || strcmp(argv[1], verb) != 0))
		puts(verb);
	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	if (out->want_help)
		return true;
	if (optind != argc - 2 || strcmp(argv[optind], verb) != 0)
		return false;
	out->last = argv[optind + 1];
	return true;
}

/* ---- rules test ---- */

/* Takes the line out of those that would cross, so that a second one like it needs a second. */
static bool take_line(struct slice *lines, size_t count, const struct sip_line *want)
{
	for (size_t i = 0; i < count; i++) {
		struct slice value = lines[i], name = slice_cut(&value, ':');
		char text[64];
		if (!lines[i].len || slice_copy(name, text, sizeof(text)))
			continue;
		if (!sip_name_is(want->name, text) ||
			!slice_equal(slice_trim(value), want->value))
			continue;
		lines[i] = (struct slice){0};
		return true;
	}
	return false;
}

static size_t split(struct slice text, struct slice *lines, size_t max)
{
	size_t count = 0;

	while (text.len && count < max) {
		struct slice line = slice_trim(slice_cut(&text, '\n'));
		if (line.len)
			lines[count++] = line;
	}
	return count;
}

static void show_line(char mark, struct slice name, struct slice value)
{
	struct buf text;

	buf_init(&text, SIP_MESSAGE_MAX);
	buf_printf(&text, "%c %.*s: %.*s", mark, SLICE_ARG(name), SLICE_ARG(value));
	ctl_print_clean(buf_slice(&text));
	buf_fini(&text);
}

static void show_crossing(const struct sip_scan *scan, struct slice crossed)
{
	struct slice lines[2 * SIP_HEADER_MAX];
	size_t count = split(crossed, lines, sizeof(lines) / sizeof(lines[0]));

	for (size_t i = 0; i < scan->line_count; i++) {
		const struct sip_line *line = &scan->lines[i];
		char mark = take_line(lines, count, line)      ? '='
			    : header_rules_is_ours(line->name) ? 'o'
							       : '-';
		show_line(mark, line->name, line->value);
	}
	for (size_t i = 0; i < count; i++) {
		struct slice value = lines[i], name = slice_cut(&value, ':');
		if (lines[i].len)
			show_line('+', name, slice_trim(value));
	}
}

static int try_rules(const struct config *config, const struct arguments *arguments)
{
	struct header_trial trial = {.config = config,
		.from = slice_str(arguments->from),
		.to = slice_str(arguments->to)};
	char fault[200] = "it cannot be read";
	struct sip_scan scan;
	struct buf message, lines;
	int err;

	buf_init(&message, 2 * SIP_MESSAGE_MAX);
	buf_init(&lines, SIP_MESSAGE_MAX);
	err = identity_read_message(arguments->last, &message);
	trial.message = buf_slice(&message);
	if (!err)
		err = header_rules_try(&trial, &lines, fault, sizeof(fault));
	if (!err)
		err = sip_scan_message(&scan, trial.message);
	if (err)
		fprintf(stderr, "%s: %s\n", arguments->last, fault);
	else
		show_crossing(&scan, buf_slice(&lines));
	buf_fini(&lines);
	buf_fini(&message);
	return err ? CTL_FAILED : CTL_OK;
}

int ctl_rules(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct arguments arguments = {.config = CTL_CONFIG_DEFAULT, .from = "", .to = ""};
	struct config *config = NULL;
	int status;

	if (!read_options(argc, argv, "test", options, &arguments)) {
		fputs(rules_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(rules_usage, stdout);
		return CTL_OK;
	}
	if (ctl_config_load(&config, arguments.config))
		return CTL_FAILED;
	status = try_rules(config, &arguments);
	config_unref(config);
	return fflush(stdout) ? CTL_FAILED : status;
}

/* ---- peer show ---- */

static void put_line(struct buf *out, const struct peer_view_line *line)
{
	buf_put_str(out, out->len > 1 ? ",{\"key\":" : "{\"key\":");
	json_put_string(out, slice_str(line->key));
	buf_put_str(out, ",\"value\":");
	json_put_string(out, slice_str(line->value));
	buf_put_str(out, ",\"origin\":");
	json_put_string(out, slice_str(line->origin));
	buf_put_char(out, '}');
}

/* The same list that the daemon's peer.show answers with. */
static int print_view(const struct config *config, const struct config_peer *peer,
	const struct ctl_shell *shell)
{
	struct peer_view_line line;
	struct buf json, text;
	int err;

	buf_init(&json, VIEW_MAX);
	buf_init(&text, VIEW_MAX);
	buf_put_char(&json, '[');
	for (size_t i = 0; peer_view_line(config, peer, i, &line); i++)
		put_line(&json, &line);
	err = buf_put_char(&json, ']');
	if (!err && shell->is_json)
		puts(json.data);
	else if (!err)
		err = ctl_table_print(&text, buf_slice(&json), shell->width);
	if (!err && text.data)
		fputs(text.data, stdout);
	buf_fini(&text);
	buf_fini(&json);
	return err ? CTL_FAILED : CTL_OK;
}

static int show_offline(const struct arguments *arguments, const struct ctl_shell *shell)
{
	struct config *config = NULL;
	int status = CTL_FAILED;
	size_t i = 0;

	if (ctl_config_load(&config, arguments->config))
		return CTL_FAILED;
	while (i < config->peer_count && strcmp(config->peers[i].name, arguments->last) != 0)
		i++;
	if (i < config->peer_count)
		status = print_view(config, &config->peers[i], shell);
	else
		fprintf(stderr, "%s: there is no peer \"%s\"\n", arguments->config,
			arguments->last);
	config_unref(config);
	return status;
}

static int show_running(const struct arguments *arguments, struct ctl_shell *shell)
{
	char place[CTL_SOCKET_MAX], word[256];
	const char *name = word;
	int status, err;

	if (!arguments->socket)
		ctl_socket_find(NULL, place, sizeof(place));
	/* "s:": a peer may be called 7. */
	if (snprintf(word, sizeof(word), "s:%s", arguments->last) >= (int)sizeof(word))
		return CTL_USAGE;
	err = ctl_client_open(
		&shell->client, arguments->socket ? arguments->socket : place, CTL_TIMEOUT_MS);
	if (err) {
		ctl_explain(arguments->socket ? arguments->socket : place, err);
		return CTL_UNKNOWN;
	}
	status = ctl_shell_run(shell, "peer.show", 1, &name);
	ctl_client_close(&shell->client);
	return status;
}

int ctl_peer(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct arguments arguments = {0};
	struct ctl_shell shell = {.width = ctl_line_width()};
	int status;

	if (!read_options(argc, argv, "show", options, &arguments)) {
		fputs(peer_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(peer_usage, stdout);
		return CTL_OK;
	}
	shell.is_json = arguments.is_json;
	status = arguments.config ? show_offline(&arguments, &shell)
				  : show_running(&arguments, &shell);
	return fflush(stdout) ? CTL_FAILED : status;
}
