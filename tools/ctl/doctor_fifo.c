/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl doctor fifo: its options, and the way from facts to a report. */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/doctor_finding.h"
#include "tools/ctl/doctor_gather.h"

#define DOCTOR_MEMORY 134217728 /* bytes: the files of /etc and ends of logs it looks at */
#define REPORT_MAX    1048576

static const char doctor_usage[] = "usage: countersipctl doctor fifo [--path FIFO] [--client "
				   "WHO] [--server WHO] [options]\n";

static const char doctor_help[] =
	"why can a client not reach a SIP server's FIFO (countersip, Kamailio, OpenSIPS)?\n"
	"Looks only: it writes nothing and changes nothing. As root it sees everything.\n"
	"\n"
	"  --path FIFO        as the client has it configured; else the running server's\n"
	"  --client WHO       apache, php-fpm, nginx, a user, a PID, a unit (NAME.service);\n"
	"                     else you\n"
	"  --server WHO       a PID or a program's name; else who holds the FIFO open\n"
	"  --reply-dir DIR    where the client makes its reply FIFO; else the configured one\n"
	"  --reply-name NAME  the reply FIFO's name\n"
	"  --request TEXT     a request, to have its form checked (it is not sent)\n"
	"  --json             one JSON object\n"
	"  --verbose          also what is in order\n"
	"  --root DIR         a fixture tree instead of this system (for tests)\n"
	"\n"
	"exit status: 0 nothing keeps the client away, 1 something does, 2 cannot be told,\n"
	"64 wrong options.\n";

static int report(struct source *source, struct arena *arena,
	const struct doctor_options *options, struct buf *out)
{
	struct facts *facts = arena_alloc(arena, sizeof(*facts));
	struct findings *findings = arena_alloc(arena, sizeof(*findings));
	const char *complaint = NULL;
	int err;

	if (!facts || !findings)
		return SBC_ENOMEM;
	err = doctor_gather(source, arena, options, facts, &complaint);
	if (err && complaint)
		buf_printf(out, "%s\n", complaint);
	if (err)
		return err;
	findings->arena = arena;
	findings->source = source;
	findings->clear = "nothing keeps the client from the FIFO";
	findings_run(doctor_fifo_rules, doctor_fifo_rule_count, facts, findings);
	if (options->is_json)
		findings_print_json(findings, out);
	else
		findings_print(findings, options->is_verbose, out);
	return out->err ? out->err : findings_status(findings);
}

int doctor_fifo(const struct doctor_options *options, struct buf *out)
{
	struct source *source = NULL;
	struct arena arena;
	int err;

	err = options->root ? source_open_tree(&source, options->root)
			    : source_open_live(&source);
	if (err)
		return err;
	arena_init(&arena, DOCTOR_MEMORY);
	err = report(source, &arena, options, out);
	arena_fini(&arena);
	source_close(source);
	return err;
}

static int run_fifo(const struct doctor_options *options)
{
	struct buf out;
	int status;

	buf_init(&out, REPORT_MAX);
	status = doctor_fifo(options, &out);
	if (status < 0) {
		fprintf(stderr, "countersipctl: %s", out.len ? out.data : "");
		if (!out.len)
			fprintf(stderr, "%s\n", err_name(status));
		status = CTL_UNKNOWN;
	} else {
		fputs(out.data, stdout);
	}
	buf_fini(&out);
	return fflush(stdout) ? CTL_UNKNOWN : status;
}

enum option_code {
	OPTION_PATH = 256,
	OPTION_CLIENT,
	OPTION_SERVER,
	OPTION_REPLY_DIR,
	OPTION_REPLY_NAME,
	OPTION_REQUEST,
	OPTION_JSON,
	OPTION_VERBOSE,
	OPTION_ROOT,
	OPTION_HELP,
};

static void set_option(struct doctor_options *out, int code)
{
	switch (code) {
	case OPTION_PATH:
		out->path = optarg;
		break;
	case OPTION_CLIENT:
		out->client = optarg;
		break;
	case OPTION_SERVER:
		out->server = optarg;
		break;
	case OPTION_REPLY_DIR:
		out->reply_dir = optarg;
		break;
	case OPTION_REPLY_NAME:
		out->reply_name = optarg;
		break;
	case OPTION_REQUEST:
		out->request = optarg;
		break;
	case OPTION_JSON:
		out->is_json = true;
		break;
	case OPTION_VERBOSE:
		out->is_verbose = true;
		break;
	default:
		out->root = optarg;
		break;
	}
}

/* 0, or an exit status and one: 1 is CTL_OK for --help. */
static int read_options(int argc, char **argv, struct doctor_options *out)
{
	static const struct option options[] = {{"path", required_argument, NULL, OPTION_PATH},
		{"client", required_argument, NULL, OPTION_CLIENT},
		{"server", required_argument, NULL, OPTION_SERVER},
		{"reply-dir", required_argument, NULL, OPTION_REPLY_DIR},
		{"reply-name", required_argument, NULL, OPTION_REPLY_NAME},
		{"request", required_argument, NULL, OPTION_REQUEST},
		{"json", no_argument, NULL, OPTION_JSON},
		{"verbose", no_argument, NULL, OPTION_VERBOSE},
		{"root", required_argument, NULL, OPTION_ROOT},
		{"help", no_argument, NULL, OPTION_HELP}, {NULL, 0, NULL, 0}};
	int code;

	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (code == OPTION_HELP) {
			printf("%s%s", doctor_usage, doctor_help);
			return 1 + CTL_OK;
		}
		if (code < OPTION_PATH)
			return 1 + CTL_USAGE;
		set_option(out, code);
	}
	return 0;
}

int ctl_doctor_fifo(int argc, char **argv)
{
	struct doctor_options options = {0};
	int status = read_options(argc, argv, &options);

	if (status == 1 + CTL_OK)
		return CTL_OK;
	if (status || optind != argc) {
		fputs(doctor_usage, stderr);
		return CTL_USAGE;
	}
	return run_fifo(&options);
}
