/* SPDX-License-Identifier: GPL-3.0-or-later */
/* countersipctl identity cert: what a certificate is, for whom it speaks, what is wrong. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_anchors.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/doctor_cert.h"
#include "tools/ctl/identity_message.h"

#define BODY_MAX      (1 << 20)
#define REPORT_MAX    (1 << 20)
#define REPORT_MEMORY (4 << 20) /* bytes of sentences */

static const char cert_usage[] =
	"usage: countersipctl identity cert [options] FILE|URL|-\n"
	"\n"
	"shows a certificate, whom it may vouch for and what is wrong with it\n"
	"\n"
	"  --ca FILE        CAs that it must chain to\n"
	"  --crl FILE       their revocation lists\n"
	"  --config FILE    CAs, lists and rules of fetching as in this configuration\n"
	"  --domain DOMAIN  that it must name\n"
	"  --number NUMBER  that it must have in its TNAuthList\n"
	"  --codes CODES    service provider codes whose word on numbers is taken\n"
	"  --for USE        sign, rfc4474, tls; else by its key: sign (P-256), rfc4474 (RSA)\n"
	"  --key FILE       does this private key belong to it?\n"
	"  --allow BLOCKS   of a URL: addresses that may be fetched from, though not public\n"
	"  --fetch-ca FILE  of a URL: CAs of its server; else the system's\n"
	"  --http           of a URL: http: will do\n"
	"  --json           one JSON object\n"
	"  --verbose        also what is in order\n"
	"\n"
	"exit status: 0 nothing is wrong, 1 something is, 2 not known (no CAs were given), 64\n"
	"wrong options.\n";

struct arguments {
	struct ctl_anchor_options anchors;
	const char *domain, *number, *codes, *key, *place;
	unsigned uses;
	bool is_json, is_verbose, want_help;
};

static bool set_use(struct arguments *out, const char *word)
{
	if (strcmp(word, "sign") == 0)
		out->uses = CERT_USE_SIGN;
	else if (strcmp(word, "rfc4474") == 0)
		out->uses = CERT_USE_4474;
	else if (strcmp(word, "tls") == 0)
		out->uses = CERT_USE_SERVER | CERT_USE_CLIENT;
	return out->uses != 0;
}

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'd':
		out->domain = optarg;
		return true;
	case 'n':
		out->number = optarg[0] == '+' ? optarg + 1 : optarg;
		return true;
	case 'p':
		out->codes = optarg;
		return true;
	case 'k':
		out->key = optarg;
		return true;
	case 'u':
		return set_use(out, optarg);
	case 'j':
		out->is_json = true;
		return true;
	case 'v':
		out->is_verbose = true;
		return true;
	case 'h':
		out->want_help = true;
		return true;
	default:
		return ctl_anchor_option(&out->anchors, code, optarg);
	}
}

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {CTL_ANCHOR_OPTIONS,
		{"domain", required_argument, NULL, 'd'},
		{"number", required_argument, NULL, 'n'},
		{"codes", required_argument, NULL, 'p'}, {"for", required_argument, NULL, 'u'},
		{"key", required_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int code;

	*out = (struct arguments){.domain = "", .number = "", .codes = ""};
	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	out->place = optind == argc - 1 ? argv[optind] : NULL;
	return out->want_help || out->place;
}

/* ---- what it is ---- */

static const char *say_list(struct findings *out, const struct cert_report *report, bool names)
{
	size_t count = names ? report->name_count : report->number_count;
	const char *list = "";

	for (size_t i = 0; i < count; i++)
		list = fact_printf(out->arena, "%s%s%s", list, i ? ", " : "",
			names ? report->names[i].text : report->numbers[i]);
	return list;
}

static const char *say_usage(struct findings *out, const struct cert_view *view)
{
	return fact_printf(out->arena, "%s%s%s%s", view->may_sign ? "signs" : "does not sign",
		view->may_be_server ? ", TLS server" : "",
		view->may_be_client ? ", TLS client" : "", view->is_ca ? ", CA" : "");
}

/* Name and value of each line; the same for people and for programs. */
typedef void(line_h)(const char *name, const char *value, void *arg);

static void tell(const struct cert_facts *f, struct findings *words, line_h *line, void *arg)
{
	const struct cert_report *report = f->report;
	const struct cert_view *leaf = &report->chain[0];

	line("subject", leaf->subject, arg);
	line("issuer", leaf->issuer, arg);
	line("serial", leaf->serial, arg);
	line("sha-256", leaf->fingerprint, arg);
	line("key", say_key(words, leaf), arg);
	line("valid from", say_time(words, leaf->not_before), arg);
	line("valid to", say_time(words, leaf->not_after), arg);
	line("names", say_list(words, report, true), arg);
	line("numbers", say_list(words, report, false), arg);
	line("usage", say_usage(words, leaf), arg);
	line("form", report->is_pem ? "PEM" : "DER", arg);
	for (size_t i = 1; i < report->count; i++)
		line("above",
			fact_printf(words->arena, "%s, to %s", report->chain[i].subject,
				say_time(words, report->chain[i].not_after)),
			arg);
}

static void print_line(const char *name, const char *value, void *arg)
{
	struct buf text;

	(void)arg;
	buf_init(&text, REPORT_MAX);
	buf_printf(&text, "%-12s%s", name, value[0] ? value : "-");
	ctl_print_clean(buf_slice(&text));
	buf_fini(&text);
}

/* "above" may be there several times: numbered then. */
struct json_lines {
	struct buf *out;
	unsigned above;
};

static void json_line(const char *name, const char *value, void *arg)
{
	struct json_lines *lines = arg;

	buf_put_str(lines->out, lines->out->data[lines->out->len - 1] == '{' ? "" : ",");
	if (strcmp(name, "above") == 0)
		buf_printf(lines->out, "\"above %u\"", ++lines->above);
	else
		json_put_string(lines->out, slice_str(name));
	buf_put_char(lines->out, ':');
	json_put_string(lines->out, slice_str(value));
}

/* ---- judging ---- */

static void check_key(
	const struct arguments *a, const struct cert_report *report, struct findings *out)
{
	struct stat st;
	struct buf key;
	int err;

	if (!a->key)
		return;
	findings_begin(out, "CERT-10", "private key");
	buf_init(&key, BODY_MAX);
	err = identity_read_file(a->key, &key);
	err = err ? err : cert_report_match(report, buf_slice(&key));
	if (err == SBC_ECRYPTO)
		found(out, SEVERITY_BLOCKED, "the key in %s belongs to another certificate",
			a->key);
	else if (err)
		found(out, SEVERITY_BLOCKED, "%s holds no private key that can be read",
			a->key);
	buf_fini_secret(&key);
	if (!err && !stat(a->key, &st) && (st.st_mode & 077)) {
		found(out, SEVERITY_BLOCKED,
			"others may read or change the private key %s: the daemon does not "
			"take it",
			a->key);
		found_by(out, "mode %04o", (unsigned)st.st_mode & 07777);
		found_fix(out, "chmod 600 %s", say_shell(out, a->key));
	}
	findings_end(out);
}

static unsigned guess_use(const struct cert_report *report)
{
	return report->chain[0].key == CERT_VIEW_KEY_RSA ? CERT_USE_4474 : CERT_USE_SIGN;
}

static void print(
	const struct arguments *a, const struct cert_facts *facts, struct findings *findings)
{
	struct json_lines lines = {0};
	struct buf text;

	buf_init(&text, REPORT_MAX);
	lines.out = &text;
	if (a->is_json) {
		buf_put_str(&text, "{\"certificate\":{");
		if (facts->report->is_readable)
			tell(facts, findings, json_line, &lines);
		buf_put_str(&text, "},\"doctor\":");
		findings_print_json(findings, &text);
		buf_put_str(&text, "}\n");
	} else {
		if (facts->report->is_readable) {
			tell(facts, findings, print_line, NULL);
			putchar('\n');
		}
		findings_print(findings, a->is_verbose, &text);
	}
	if (text.data)
		fputs(text.data, stdout);
	buf_fini(&text);
}

static int judge(
	const struct arguments *a, const struct ctl_anchors *anchors, struct slice body)
{
	struct cert_report *report = NULL;
	struct findings *findings;
	struct arena arena;
	const char *complaint = "out of memory";
	int status = CTL_FAILED;

	if (cert_report_new(&report, body, buf_slice(&anchors->ca), buf_slice(&anchors->crl),
		    &complaint))
		return ctl_complain("countersipctl", complaint);
	arena_init(&arena, REPORT_MEMORY);
	findings = arena_alloc(&arena, sizeof(*findings));
	if (findings) {
		const struct cert_facts facts = {.report = report,
			.place = a->place,
			.now_s = clock_wall_s(),
			.uses = a->uses ? a->uses : guess_use(report),
			.host = a->domain,
			.number = a->number,
			.codes = a->codes,
			.ca = anchors->ca.len
				      ? a->anchors.ca ? a->anchors.ca : a->anchors.config
				      : NULL};
		*findings = (struct findings){
			.arena = &arena, .clear = "nothing is wrong with the certificate"};
		doctor_cert_run(&facts, findings);
		check_key(a, report, findings);
		print(a, &facts, findings);
		status = findings_status(findings);
	}
	arena_fini(&arena);
	cert_report_free(report);
	return status;
}

static bool is_url(const char *place)
{
	return slice_starts_nocase(slice_str(place), SLICE("https://")) ||
	       slice_starts_nocase(slice_str(place), SLICE("http://"));
}

static int judge_url(const struct arguments *a, const struct ctl_anchors *anchors)
{
	struct ctl_fetched fetched;
	int status;

	if (ctl_fetch(&anchors->fetch, slice_str(a->place), &fetched))
		status = ctl_complain(a->place, fetched.why);
	else
		status = judge(a, anchors, buf_slice(&fetched.body));
	ctl_fetched_fini(&fetched);
	return status;
}

static int judge_file(const struct arguments *a, const struct ctl_anchors *anchors)
{
	struct buf body;
	int status;

	buf_init(&body, BODY_MAX);
	if (identity_read_file(a->place, &body))
		status = ctl_complain(a->place, "it cannot be read");
	else
		status = judge(a, anchors, buf_slice(&body));
	buf_fini_secret(&body);
	return status;
}

int ctl_identity_cert(int argc, char **argv)
{
	struct arguments arguments;
	struct ctl_anchors anchors;
	int status = CTL_FAILED;

	if (!read_options(argc, argv, &arguments)) {
		fputs(cert_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(cert_usage, stdout);
		return CTL_OK;
	}
	if (!ctl_anchors_read(&anchors, &arguments.anchors))
		status = is_url(arguments.place) ? judge_url(&arguments, &anchors)
						 : judge_file(&arguments, &anchors);
	ctl_anchors_fini(&anchors);
	return fflush(stdout) ? CTL_FAILED : status;
}
