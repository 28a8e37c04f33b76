/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line. */

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "sbc/app.h"
#include "sbc/header_rules.h"
#include "sbc/peer_profile.h"
#include "sbc/privileges.h"

#define EXIT_OK     0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

static const char usage[] = "usage: countersip -f FILE | -c FILE [--peer NAME | --rules "
			    "FROM:TO] | --config-keys | --help\n";

static const char help[] =
	"countersip: a SIP border controller that ties calls to certificates\n"
	"\n"
	"  -f FILE         run in the foreground with this configuration\n"
	"  -c FILE         check this configuration, tell every fault of it, exit\n"
	"  --peer NAME     with -c: show a peer as its profile and its own keys make it\n"
	"  --rules FROM:TO with -c: which header lines of the SIP message on stdin would "
	"cross\n"
	"                  from peer FROM to peer TO; nothing stands for one of our users\n"
	"  --config-keys   every key of the configuration: type, default, meaning\n"
	"  --version       the version\n"
	"  --help          this\n"
	"\n"
	"SIGHUP reads the file again: all of it is taken over, or nothing and the log says "
	"why.\n"
	"SIGTERM and SIGINT end calls with BYE and stop; a second one stops at once.\n"
	"Log lines go to stderr.\n"
	"\n"
	"exit status: 0 stopped as asked, or the configuration is right; 1 it could not\n"
	"start, or the configuration has faults; 2 wrong options.\n";

enum option_code { OPTION_KEYS = 256, OPTION_VERSION, OPTION_HELP, OPTION_PEER, OPTION_RULES };

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
	const char *peer;  /* NULL: none */
	const char *rules; /* likewise */
};

static enum command read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"config-keys", no_argument, NULL, OPTION_KEYS},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{"peer", required_argument, NULL, OPTION_PEER},
		{"rules", required_argument, NULL, OPTION_RULES}, {NULL, 0, NULL, 0}};
	enum command command = COMMAND_NONE;
	int code;

	while ((code = getopt_long(argc, argv, "f:c:h", options, NULL)) != -1) {
		switch (code) {
		case OPTION_KEYS:
		case OPTION_VERSION:
		case OPTION_HELP:
		case 'h':
			return print(code);
		case OPTION_PEER:
			out->peer = optarg;
			break;
		case OPTION_RULES:
			out->rules = optarg;
			break;
		case 'f':
		case 'c':
			if (command != COMMAND_NONE)
				return COMMAND_WRONG;
			command = code == 'f' ? COMMAND_RUN : COMMAND_CHECK;
			out->file = optarg;
			break;
		default:
			return COMMAND_WRONG;
		}
	}
	/* What is shown is shown of a file that is only checked, one thing at a time. */
	if (optind < argc || !!out->peer + !!out->rules > (command == COMMAND_CHECK))
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

static int try_rules(const struct config *config, const struct arguments *arguments)
{
	struct header_trial trial = {.config = config, .to = slice_str(arguments->rules)};
	char bytes[SIP_MESSAGE_MAX], fault[200] = "";
	struct buf lines;
	int err;

	trial.message = slice_of(bytes, fread(bytes, 1, sizeof(bytes), stdin));
	trial.from = slice_cut(&trial.to, ':');
	buf_init(&lines, SIP_MESSAGE_MAX);
	err = header_rules_try(&trial, &lines, fault, sizeof(fault));
	if (err)
		fprintf(stderr, "%s: %s\n", arguments->rules, fault);
	else
		printf("%.*s", SLICE_ARG(buf_slice(&lines)));
	buf_fini(&lines);
	return err ? EXIT_FAILED : EXIT_OK;
}

static int check(const struct config *config, const struct arguments *arguments)
{
	if (arguments->peer)
		return show_peer(config, arguments);
	if (arguments->rules)
		return try_rules(config, arguments);
	printf("%s: ok\n", arguments->file);
	return EXIT_OK;
}

static int run(struct config *config, const char *file)
{
	char fault[PRIVILEGES_FAULT_MAX];

	if (privileges_drop(config, fault, sizeof(fault))) {
		fprintf(stderr, "%s: %s\n", file, fault);
		return EXIT_FAILED;
	}
	return app_run(config, file, STDERR_FILENO) == APP_ENDED ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct config *config = NULL;
	enum command command = read_arguments(argc, argv, &arguments);
	int status, err;

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
	status = command == COMMAND_CHECK ? check(config, &arguments)
					  : run(config, arguments.file);
	config_unref(config);
	return status;
}
