/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line. */

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "sbc/app.h"
#include "sbc/config.h"
#include "sbc/privileges.h"

#define EXIT_OK     0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

static const char usage[] = "usage: countersip -f FILE | -c FILE | --config-keys | --help\n";

static const char help[] =
	"countersip: a SIP border controller that ties calls to certificates\n"
	"\n"
	"  -f FILE         run in the foreground with this configuration\n"
	"  -c FILE         check this configuration, tell every fault of it, exit\n"
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

enum option_code { OPTION_KEYS = 256, OPTION_VERSION, OPTION_HELP };

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

static enum command read_arguments(int argc, char **argv, const char **file)
{
	static const struct option options[] = {{"config-keys", no_argument, NULL, OPTION_KEYS},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP}, {NULL, 0, NULL, 0}};
	enum command command = COMMAND_NONE;
	int code;

	while ((code = getopt_long(argc, argv, "f:c:h", options, NULL)) != -1) {
		switch (code) {
		case OPTION_KEYS:
		case OPTION_VERSION:
		case OPTION_HELP:
		case 'h':
			return print(code);
		case 'f':
		case 'c':
			if (command != COMMAND_NONE)
				return COMMAND_WRONG;
			command = code == 'f' ? COMMAND_RUN : COMMAND_CHECK;
			*file = optarg;
			break;
		default:
			return COMMAND_WRONG;
		}
	}
	return optind < argc || command == COMMAND_NONE ? COMMAND_WRONG : command;
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
	const char *file = NULL;
	struct config *config = NULL;
	enum command command = read_arguments(argc, argv, &file);
	int status = EXIT_OK, err;

	if (command == COMMAND_DONE)
		return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
	if (command != COMMAND_RUN && command != COMMAND_CHECK) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	err = config_load(&config, file, to_stderr, NULL);
	if (err) {
		if (err == SBC_ENOMEM)
			fprintf(stderr, "%s: no memory\n", file);
		return EXIT_FAILED;
	}
	if (command == COMMAND_CHECK)
		printf("%s: ok\n", file);
	else
		status = run(config, file);
	config_unref(config);
	return status;
}
