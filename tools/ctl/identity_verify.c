/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl identity verify: the checks of a captured request one by one, by the same
 * judgement that the daemon has. Offline: the certificate is given as a file.
 */

#include <getopt.h>
#include <stdio.h>

#include "base/b64.h"
#include "base/clock.h"
#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/identity_message.h"

#define PEM_MAX (1 << 20) /* bytes of CAs, lists, a chain */

static const char usage[] =
	"usage: countersipctl identity verify [options] FILE|-\n"
	"\n"
	"  --ca FILE           CAs that signers must chain to\n"
	"  --crl FILE          their revocation lists\n"
	"  --certificate FILE  what is served at the signature's URL (PEM or DER)\n"
	"  --codes CODES       service provider codes whose word on numbers is taken\n"
	"  --without-mky       a fingerprint need not be signed\n"
	"  --then              judge at the time that the signature names, not now\n"
	"\n"
	"exit status: 0 verified, 1 not, 64 wrong options.\n";

struct arguments {
	const char *ca, *crl, *certificate, *codes, *message;
	bool is_mky_optional, is_then;
};

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"ca", required_argument, NULL, 'a'},
		{"crl", required_argument, NULL, 'r'},
		{"certificate", required_argument, NULL, 'c'},
		{"codes", required_argument, NULL, 'p'},
		{"without-mky", no_argument, NULL, 'm'}, {"then", no_argument, NULL, 't'},
		{NULL, 0, NULL, 0}};
	int code;

	*out = (struct arguments){.codes = ""};
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (code) {
		case 'a':
			out->ca = optarg;
			break;
		case 'r':
			out->crl = optarg;
			break;
		case 'c':
			out->certificate = optarg;
			break;
		case 'p':
			out->codes = optarg;
			break;
		case 'm':
			out->is_mky_optional = true;
			break;
		case 't':
			out->is_then = true;
			break;
		default:
			return false;
		}
	}
	out->message = optind == argc - 1 ? argv[optind] : NULL;
	return out->message != NULL;
}

/* ---- what was signed ---- */

static void show_part(const char *name, struct slice text)
{
	struct buf out;

	buf_init(&out, 65536);
	if (!b64_decode(&out, B64_URL, text) && out.len) {
		printf("  %-8s ", name);
		ctl_print_clean(buf_slice(&out));
	}
	buf_fini(&out);
}

static void show_signed(const struct identity_facts *facts)
{
	struct buf text;

	for (size_t i = 0; i < facts->identity_count; i++) {
		struct slice rest = facts->identity[i], digest;
		printf("Identity: ");
		ctl_print_clean(rest);
		if (rest.ptr[0] == '"')
			continue;
		digest = slice_cut(&rest, ';');
		show_part("header", slice_cut(&digest, '.'));
		show_part("payload", slice_cut(&digest, '.'));
	}
	if (!facts->identity_info.len)
		return;
	buf_init(&text, PEM_MAX);
	printf("Identity-Info: ");
	ctl_print_clean(facts->identity_info);
	if (!policy_digest_string(facts, &text)) {
		puts("  digest-string");
		ctl_print_clean(buf_slice(&text));
	}
	buf_fini(&text);
}

/* ---- the verdict ---- */

static void show_checks(const struct identity_verdict *verdict)
{
	bool is_verified = verdict->outcome == IDENTITY_VERIFIED;

	for (int i = 0; i < IDENTITY_STAGE_COUNT; i++) {
		enum identity_stage stage = (enum identity_stage)i;
		bool is_here = !is_verified && stage == verdict->stage;
		if (verdict->mechanism == IDENTITY_RFC4474 && stage == IDENTITY_STAGE_CLAIMS)
			continue;
		printf("%s %s%s%s\n",
			is_here                   ? "✗"
			: stage <= verdict->stage ? "✓"
						  : "·",
			identity_stage_name(stage), is_here ? ": " : "",
			is_here ? verdict->why : "");
	}
}

static int show_verdict(const struct identity_verdict *verdict)
{
	if (verdict->outcome == IDENTITY_NEED_CERTIFICATE) {
		printf("\nnot judged: the certificate is needed, which is at\n  %s\n"
		       "Fetch it and give it with --certificate FILE.\n",
			verdict->url);
		return CTL_FAILED;
	}
	if (verdict->outcome != IDENTITY_VERIFIED) {
		printf("\nrefused: %d %s\n", verdict->code, verdict->phrase);
		return CTL_FAILED;
	}
	printf("\nverified: %s, by %s (%s), certificate from %s", verdict->identity,
		verdict->subject, identity_mechanism_name(verdict->mechanism), verdict->url);
	if (verdict->attest)
		printf(", attestation %c", verdict->attest);
	printf("; %zu fingerprints covered\n", verdict->fingerprints.count);
	return CTL_OK;
}

/* ---- judging ---- */

static int open_policy(const struct arguments *a, struct policy **out)
{
	struct policy_config config;
	char fault[256] = "", secret[32] = {0};
	struct buf ca, crl;
	int err = 0;

	policy_config_init(&config);
	buf_init(&ca, PEM_MAX);
	buf_init(&crl, PEM_MAX);
	if (a->ca && identity_read_file(a->ca, &ca))
		err = ctl_complain(a->ca, "it cannot be read");
	if (!err && a->crl && identity_read_file(a->crl, &crl))
		err = ctl_complain(a->crl, "it cannot be read");
	config.anchors_pem = buf_slice(&ca);
	config.crls_pem = buf_slice(&crl);
	config.digest_secret = slice_of(secret, sizeof(secret)); /* no nonces are made here */
	if (!err && policy_new(out, &config, fault, sizeof(fault)))
		err = ctl_complain("countersipctl", fault);
	buf_fini(&ca);
	buf_fini(&crl);
	return err;
}

static int store(
	const struct arguments *a, struct policy *policy, struct slice url, int64_t now_s)
{
	struct buf body;
	int err = 0;

	buf_init(&body, PEM_MAX);
	if (identity_read_file(a->certificate, &body) ||
		policy_store_certificate(policy, url, buf_slice(&body), 86400, now_s))
		err = ctl_complain(a->certificate, "it cannot be read");
	buf_fini(&body);
	return err;
}

/* The certificate that was given stands behind whatever URL the signature names. */
static int judge(const struct arguments *a, struct policy *policy,
	const struct identity_facts *facts, struct identity_verdict *out)
{
	const struct identity_rules rules = {.accept_8224 = true,
		.accept_4474 = true,
		.is_required = true,
		.require_mky = !a->is_mky_optional,
		.allow_http = true,
		.provider_codes = slice_str(a->codes)};
	int64_t now_s = clock_wall_s();
	int err = 0;

	policy_verify(policy, facts, &rules, now_s, out);
	if (a->is_then && out->signed_at) {
		now_s = out->signed_at;
		policy_verify(policy, facts, &rules, now_s, out);
	}
	for (int i = 0; !err && a->certificate && i < IDENTITY_HEADER_MAX &&
			out->outcome == IDENTITY_NEED_CERTIFICATE;
		i++) {
		err = store(a, policy, slice_str(out->url), now_s);
		policy_verify(policy, facts, &rules, now_s, out);
	}
	return err;
}

int ctl_identity_verify(int argc, char **argv)
{
	struct arguments arguments;
	struct identity_message message;
	struct identity_verdict verdict;
	struct policy *policy = NULL;
	const char *why;
	int status;

	if (!read_options(argc, argv, &arguments)) {
		fputs(usage, stderr);
		return CTL_USAGE;
	}
	if (identity_message_read(&message, arguments.message, &why)) {
		identity_message_fini(&message);
		return ctl_complain(arguments.message, why);
	}
	status = open_policy(&arguments, &policy);
	status = status ? status : judge(&arguments, policy, &message.facts, &verdict);
	if (!status) {
		show_signed(&message.facts);
		show_checks(&verdict);
		status = show_verdict(&verdict);
	}
	if (policy)
		policy_free(policy);
	identity_message_fini(&message);
	return fflush(stdout) ? CTL_FAILED : status;
}

int ctl_identity(int argc, char **argv)
{
	if (argc > 1 && slice_equal(slice_str(argv[1]), SLICE("verify")))
		return ctl_identity_verify(argc - 1, argv + 1);
	fputs(usage, stderr);
	return CTL_USAGE;
}
