/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl: the command line. */

#include <stdio.h>
#include <string.h>

#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_shell.h"
#include "tools/ctl/ctl_terminal.h"

static const char usage[] =
	"usage: countersipctl [--socket FILE] [--timeout SECONDS] [--json] [METHOD [ARGS]]\n"
	"       countersipctl doctor fifo|tls|identity|ports [options]\n"
	"       countersipctl identity verify|sign|keygen|cert [options] ...\n"
	"       countersipctl rules test [options] FILE|-\n"
	"       countersipctl peer show [options] NAME\n"
	"       countersipctl explain [options] CALL\n";

static const char help[] =
	"talks to a running countersip; without a METHOD it asks for commands one by one\n"
	"\n"
	"  --socket FILE       the daemon's datagram socket; else the one in\n"
	"                      /etc/countersip/countersip.yaml, else\n"
	"                      " CTL_SOCKET_DEFAULT "\n"
	"  --timeout SECONDS   how long to wait for an answer; 5\n"
	"  --json              results as JSON instead of tables\n"
	"  --list              the names of the daemon's commands, for completion\n"
	"  --version           the version\n"
	"  --help              this, and the daemon's commands when it runs\n"
	"\n"
	"ARGS that look like numbers are sent as such, s:ARG is a string in any case.\n"
	"countersipctl explain tells why a call was refused, or why there is no audio.\n"
	"countersipctl doctor tells why a client cannot reach a FIFO, TLS fails, others "
	"cannot\n"
	"verify us, or ports are missing.\n"
	"\n"
	"exit status: 0 done, 1 the daemon refused, 2 no daemon answers, 64 wrong options.\n";

enum option_code {
	OPTION_SOCKET = 256,
	OPTION_TIMEOUT,
	OPTION_JSON,
	OPTION_LIST,
	OPTION_VERSION,
	OPTION_HELP,
};

struct arguments {
	const char *socket;
	int timeout_ms;
	bool is_json, want_list, want_version, want_help;
};

static bool set_option(struct arguments *out, int code)
{
	uint64_t seconds;

	switch (code) {
	case OPTION_SOCKET:
		out->socket = optarg;
		return true;
	case OPTION_TIMEOUT:
		if (slice_to_u64(slice_str(optarg), 3600, &seconds))
			return false;
		out->timeout_ms = (int)seconds * 1000;
		return true;
	case OPTION_JSON:
		out->is_json = true;
		return true;
	case OPTION_LIST:
		out->want_list = true;
		return true;
	case OPTION_VERSION:
		out->want_version = true;
		return true;
	case OPTION_HELP:
		out->want_help = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, OPTION_SOCKET},
		{"timeout", required_argument, NULL, OPTION_TIMEOUT},
		{"json", no_argument, NULL, OPTION_JSON},
		{"list", no_argument, NULL, OPTION_LIST},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP}, {NULL, 0, NULL, 0}};
	int code;

	/* '+': what follows the method is the method's. */
	while ((code = ctl_getopt(argc, argv, options, true)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	return true;
}

static int run(const struct arguments *arguments, size_t argc, const char *const *argv)
{
	struct ctl_shell shell = {.is_json = arguments->is_json, .width = ctl_line_width()};
	int status,
		err = ctl_client_open(&shell.client, arguments->socket, arguments->timeout_ms);

	if (err && arguments->want_help)
		return CTL_OK;
	if (err) {
		ctl_explain(arguments->socket, err);
		return CTL_UNKNOWN;
	}
	if (arguments->want_help || arguments->want_list) {
		if (arguments->want_help)
			puts("\nthe daemon's commands:");
		status = ctl_shell_list(&shell, arguments->want_help);
	} else if (argc) {
		status = ctl_shell_run(&shell, argv[0], argc - 1, argv + 1);
	} else {
		status = ctl_shell_interactive(&shell);
	}
	ctl_client_close(&shell.client);
	return fflush(stdout) ? CTL_FAILED : status;
}

/* What needs no daemon, or not only one. */
static const struct ctl_verb own[] = {{"doctor", ctl_doctor}, {"explain", ctl_explain_call},
	{"identity", ctl_identity}, {"peer", ctl_peer}, {"rules", ctl_rules}};

int main(int argc, char **argv)
{
	struct arguments arguments = {.timeout_ms = CTL_TIMEOUT_MS};
	char place[CTL_SOCKET_MAX];

	for (size_t i = 0; argc > 1 && i < sizeof(own) / sizeof(own[0]); i++) {
		if (!strcmp(argv[1], own[i].name))
			return own[i].run(argc - 1, argv + 1);
	}
	if (argc == 2 && ctl_wants_words(argc, argv))
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			puts(own[i].name);
	if (!read_options(argc, argv, &arguments)) {
		fputs(usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_version) {
		printf("countersipctl %s\n", COUNTERSIP_VERSION);
		return fflush(stdout) ? CTL_FAILED : CTL_OK;
	}
	if (arguments.want_help)
		printf("%s%s", usage, help);
	if (!arguments.socket) {
		ctl_socket_find(NULL, place, sizeof(place));
		arguments.socket = place;
	}
	return run(&arguments, (size_t)(argc - optind), (const char *const *)argv + optind);
}
