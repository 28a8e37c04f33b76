/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "explain CALL": what the running daemon knows of it, as one page. Shell. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_json.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_shell.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/explain.h"

static const char usage[] =
	"usage: countersipctl explain [options] CALL\n"
	"\n"
	"Why was it refused, why is there no audio? All that is known of a call, live or "
	"lately\n"
	"over. CALL is its name in the log (c17), a Call-ID of one of its legs, or a number, a "
	"user\n"
	"or an address (4930123, alice, alice@atlanta.test): the last call from or to it.\n"
	"\n"
	"  --json              one JSON object\n"
	"  --verbose           the legs' states, too\n"
	"  --color WHEN        auto (on a terminal, unless NO_COLOR is set), always, never\n"
	"  --width COLUMNS     of a line; else the terminal's\n"
	"  --socket FILE       the daemon's datagram socket\n"
	"  --timeout SECONDS   how long to wait for an answer; 5\n";

/* Entries asked for at once, at first. One has at most 16 kB, which may be six times that in
 * JSON, and an answer at most 160 kB: it is halved where they do not fit. */
#define PART_COUNT    32
#define PAGE_SIZE_MAX (64 * 1024 * 1024) /* bytes of what is printed */

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct arguments {
	const char *socket, *call;
	int timeout_ms;
	uint64_t width;
	enum when color;
	bool is_json, is_verbose, want_help;
};

static bool set_color(struct arguments *out, const char *word)
{
	static const char *const words[] = {"auto", "always", "never"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		out->color = (enum when)i;
		return true;
	}
	return false;
}

static bool set_option(struct arguments *out, int code)
{
	uint64_t seconds;

	switch (code) {
	case 's':
		out->socket = optarg;
		return true;
	case 't':
		if (slice_to_u64(slice_str(optarg), 3600, &seconds))
			return false;
		out->timeout_ms = (int)seconds * 1000;
		return true;
	case 'w':
		return !slice_to_u64(slice_str(optarg), 10000, &out->width);
	case 'c':
		return set_color(out, optarg);
	case 'j':
		return out->is_json = true;
	case 'v':
		return out->is_verbose = true;
	case 'h':
		return out->want_help = true;
	default:
		return false;
	}
}

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"socket", required_argument, NULL, 's'},
		{"timeout", required_argument, NULL, 't'},
		{"width", required_argument, NULL, 'w'},
		{"color", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int code;

	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	if (out->want_help)
		return true;
	if (optind != argc - 1 || !argv[optind][0])
		return false;
	out->call = argv[optind];
	return true;
}

/* ---- asking ---- */

/* One part of the answer. 0, an exit status; SBC_ELIMIT: it does not fit. *added: its entries.
 */
static int take_part(struct explain *explain, struct slice text, size_t *added)
{
	struct slice rest = text, object, value, message = SLICE("no reason is given");
	struct buf plain;
	int err = SBC_EPARSE;

	if (ctl_json_next(&rest, &object) && ctl_json_member(object, "result", &value))
		err = explain_add(explain, value, added);
	if (!err || !ctl_json_member(object, "error", &value))
		return err;
	ctl_json_member(value, "message", &message);
	buf_init(&plain, 65536);
	ctl_json_put_plain(&plain, message);
	if (plain.data && strstr(plain.data, "too large")) {
		buf_fini(&plain);
		return SBC_ELIMIT;
	}
	fprintf(stderr, "countersipctl: explain: %s\n", plain.data ? plain.data : "");
	buf_fini(&plain);
	return CTL_FAILED;
}

static int ask_part(struct ctl_client *client, const char *call, size_t index, size_t count,
	struct buf *answer)
{
	char name[512], from[24], many[24];
	const char *const words[] = {name, from, many};

	/* "s:": a number is a name here. */
	if (snprintf(name, sizeof(name), "s:%s", call) >= (int)sizeof(name))
		return SBC_EINVAL;
	snprintf(from, sizeof(from), "%zu", index);
	snprintf(many, sizeof(many), "%zu", count);
	return ctl_client_call(client, "call.explain", 3, words, answer);
}

static int ask_once(struct ctl_client *client, const char *call, struct explain *explain,
	size_t part, size_t *added)
{
	struct buf answer;
	int err;

	*added = 0;
	buf_init(&answer, CTL_ANSWER_MAX);
	err = ask_part(client, call, explain->count, part, &answer);
	if (err)
		ctl_explain(client->path, err);
	else
		err = take_part(explain, buf_slice(&answer), added);
	buf_fini(&answer);
	return err;
}

/* Part after part, by the name that the first one told: a new call may fit the question. What
 * is more than anybody reads is left out. */
static int ask(struct ctl_client *client, const char *call, struct explain *explain)
{
	size_t part = PART_COUNT, added;
	char name[64];
	int err;

	for (;;) {
		err = ask_once(client, call, explain, part, &added);
		if (err == SBC_ELIMIT && part > 1 && explain->count < EXPLAIN_ENTRY_MAX) {
			part /= 2;
			continue;
		}
		if (err || added < part)
			return err == SBC_ELIMIT ? 0 : err;
		if (explain->call.len && !slice_copy(explain->call, name, sizeof(name)))
			call = name;
	}
}

/* ---- printing ---- */

static bool wants_color(const struct arguments *arguments)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (arguments->color != WHEN_AUTO)
		return arguments->color == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && !(none && none[0]) && terminal && terminal[0] &&
	       strcmp(terminal, "dumb") != 0;
}

static int print(const struct arguments *arguments, struct explain *explain)
{
	size_t width = arguments->width ? (size_t)arguments->width : ctl_line_width();
	struct page page;
	struct buf out;
	int err;

	explain_complete(explain);
	buf_init(&out, PAGE_SIZE_MAX);
	page_init(&page, &out, width, wants_color(arguments));
	if (arguments->is_json)
		explain_print_json(&out, explain);
	else
		explain_print(&page, explain, arguments->is_verbose);
	err = out.err;
	if (!err)
		fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
	return err || fflush(stdout) ? CTL_FAILED : CTL_OK;
}

static int run(const struct arguments *arguments, struct ctl_client *client)
{
	struct explain explain;
	int err = explain_init(&explain);

	err = err ? err : ask(client, arguments->call, &explain);
	if (!err)
		err = print(arguments, &explain);
	explain_fini(&explain);
	return err < 0 ? CTL_UNKNOWN : err;
}

int ctl_explain_call(int argc, char **argv)
{
	struct arguments arguments = {.timeout_ms = CTL_TIMEOUT_MS};
	char place[CTL_SOCKET_MAX];
	struct ctl_client client;
	int status, err;

	if (!read_options(argc, argv, &arguments)) {
		fputs(usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(usage, stdout);
		return fflush(stdout) ? CTL_FAILED : CTL_OK;
	}
	if (!arguments.socket) {
		ctl_socket_find(NULL, place, sizeof(place));
		arguments.socket = place;
	}
	err = ctl_client_open(&client, arguments.socket, arguments.timeout_ms);
	if (err) {
		ctl_explain(arguments.socket, err);
		return CTL_UNKNOWN;
	}
	status = run(&arguments, &client);
	ctl_client_close(&client);
	return status;
}
