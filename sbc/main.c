/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line. */

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "sbc/app.h"
#include "sbc/peer_profile.h"

#define EXIT_OK     0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

static const char usage[] =
	"usage: countersip -f FILE | -c FILE [--peer NAME] | --config-keys | --help\n";

static const char help[] =
	"countersip: a SIP border controller that ties calls to certificates\n"
	"\n"
	"  -f FILE         run in the foreground with this configuration\n"
	"  -c FILE         check this configuration, tell every fault of it, exit\n"
	"  --peer NAME     with -c: show a peer as its profile and its own keys make it\n"
	"  --config-keys   every key of the configuration: type, default, meaning\n"
	"  --version       the version\n"
	"  --help          this\n"
	"\n"
	"SIGTERM and SIGINT end calls with BYE and stop; a second one stops at once.\n"
	"Log lines go to stderr.\n"
	"\n"
	"exit status: 0 stopped as asked, or the configuration is right; 1 it could not\n"
	"start, or the configuration has faults; 2 wrong options.\n";

enum option_code { OPTION_KEYS = 256, OPTION_VERSION, OPTION_HELP, OPTION_PEER };

enum command { COMMAND_NONE, COMMAND_RUN, COMMAND_CHECK, COMMAND_DONE, COMMAND_WRONG };

static void to_stderr(const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static void to_stdout(const char *text, void *arg)
{
	(void)arg;
	printf("%s\n", text);
}

static enum command print(int code)
{
	if (code == OPTION_KEYS)
		config_print_keys(to_stdout, NULL);
	else if (code == OPTION_VERSION)
		printf("countersip %s\n", COUNTERSIP_VERSION);
	else
		printf("%s%s", usage, help);
	return COMMAND_DONE;
}

struct arguments {
	const char *file;
	const char *peer; /* NULL: none */
};

static enum command read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"config-keys", no_argument, NULL, OPTION_KEYS},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{"peer", required_argument, NULL, OPTION_PEER}, {NULL, 0, NULL, 0}};
	enum command command = COMMAND_NONE;
	int code;

	while ((code = getopt_long(argc, argv, "f:c:h", options, NULL)) != -1) {
		if (code == OPTION_KEYS || code == OPTION_VERSION || code == OPTION_HELP ||
			code == 'h')
			return print(code);
		if (code == OPTION_PEER && !out->peer) {
			out->peer = optarg;
			continue;
		}
		if ((code != 'f' && code != 'c') || command != COMMAND_NONE)
			return COMMAND_WRONG;
		command = code == 'f' ? COMMAND_RUN : COMMAND_CHECK;
		out->file = optarg;
	}
	if (optind < argc || (out->peer && command != COMMAND_CHECK))
		return COMMAND_WRONG;
	return command == COMMAND_NONE ? COMMAND_WRONG : command;
}

static int show_peer(const struct config *config, const struct arguments *arguments)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		if (strcmp(config->peers[i].name, arguments->peer) == 0) {
			peer_view_print(config, &config->peers[i], to_stdout, NULL);
			return EXIT_OK;
		}
	}
	fprintf(stderr, "%s: there is no peer \"%s\"\n", arguments->file, arguments->peer);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct config *config = NULL;
	enum command command = read_arguments(argc, argv, &arguments);
	int status = EXIT_OK, err;

	if (command == COMMAND_DONE)
		return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
	if (command != COMMAND_RUN && command != COMMAND_CHECK) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	err = config_load(&config, arguments.file, to_stderr, NULL);
	if (err) {
		if (err == SBC_ENOMEM)
			fprintf(stderr, "%s: no memory\n", arguments.file);
		return EXIT_FAILED;
	}
	if (command == COMMAND_CHECK && arguments.peer)
		status = show_peer(config, &arguments);
	else if (command == COMMAND_CHECK)
		printf("%s: ok\n", arguments.file);
	else
		status = app_run(config, STDERR_FILENO) == APP_ENDED ? EXIT_OK : EXIT_FAILED;
	config_unref(config);
	return status;
}
