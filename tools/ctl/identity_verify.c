/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl identity verify: the checks of a captured request one by one, by the same
 * judgement that the daemon has. The certificate is given as a file, or fetched when asked to.
 */

#include <stdio.h>

#include "base/b64.h"
#include "base/clock.h"
#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_anchors.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/identity_message.h"

#define PEM_MAX   (1 << 20) /* bytes of a chain */
#define MAX_AGE_S 86400     /* of a certificate that is used once */

static const char verify_usage[] =
	"usage: countersipctl identity verify [options] FILE|-\n"
	"\n"
	"checks the signature of a captured SIP request as the daemon would, step by step\n"
	"\n"
	"  --ca FILE           CAs that signers must chain to\n"
	"  --crl FILE          their revocation lists\n"
	"  --config FILE       CAs, lists and rules of fetching as in this configuration\n"
	"  --certificate FILE  what is served at the signature's URL (PEM or DER)\n"
	"  --fetch             fetch it instead, as the daemon does: from public addresses "
	"only,\n"
	"                      by https, bounded in time and size\n"
	"  --allow BLOCKS      addresses that may be fetched from all the same\n"
	"  --fetch-ca FILE     CAs of the servers it is fetched from; else the system's\n"
	"  --http              http: will do\n"
	"  --codes CODES       service provider codes whose word on numbers is taken\n"
	"  --without-mky       a fingerprint need not be signed\n"
	"  --then              judge at the time that the signature names, not now\n"
	"\n"
	"exit status: 0 verified, 1 not, 64 wrong options.\n";

struct arguments {
	struct ctl_anchor_options anchors;
	const char *certificate, *codes, *message;
	bool is_mky_optional, is_then, want_fetch, want_help;
};

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'c':
		out->certificate = optarg;
		return true;
	case 'p':
		out->codes = optarg;
		return true;
	case 'm':
		out->is_mky_optional = true;
		return true;
	case 't':
		out->is_then = true;
		return true;
	case 'f':
		out->want_fetch = true;
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
		{"certificate", required_argument, NULL, 'c'},
		{"fetch", no_argument, NULL, 'f'}, {"codes", required_argument, NULL, 'p'},
		{"without-mky", no_argument, NULL, 'm'}, {"then", no_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code;

	*out = (struct arguments){.codes = ""};
	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	out->message = optind == argc - 1 ? argv[optind] : NULL;
	return out->want_help || (out->message && !(out->certificate && out->want_fetch));
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
		       "Have it fetched with --fetch, or give it with --certificate FILE.\n",
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

struct verifier {
	const struct arguments *arguments;
	struct ctl_anchors anchors;
	struct policy *policy;
};

static int open_policy(struct verifier *v)
{
	struct policy_config config;
	char fault[256] = "", secret[32] = {0};

	policy_config_init(&config);
	config.anchors_pem = buf_slice(&v->anchors.ca);
	config.crls_pem = buf_slice(&v->anchors.crl);
	config.digest_secret = slice_of(secret, sizeof(secret)); /* no nonces are made here */
	if (policy_new(&v->policy, &config, fault, sizeof(fault)))
		return ctl_complain("countersipctl", fault);
	return 0;
}

static int store_file(struct verifier *v, struct slice url, int64_t now_s)
{
	const char *path = v->arguments->certificate;
	struct buf body;
	int err = 0;

	buf_init(&body, PEM_MAX);
	if (identity_read_file(path, &body) ||
		policy_store_certificate(v->policy, url, buf_slice(&body), MAX_AGE_S, now_s))
		err = ctl_complain(path, "it cannot be read");
	buf_fini(&body);
	return err;
}

static int store_fetched(struct verifier *v, struct slice url, int64_t now_s)
{
	struct ctl_fetched fetched;
	int err = 0;

	printf("fetching ");
	ctl_print_clean(url);
	if (ctl_fetch(&v->anchors.fetch, url, &fetched))
		policy_store_failure(v->policy, url, fetched.why, now_s);
	else
		err = policy_store_certificate(
			v->policy, url, buf_slice(&fetched.body), MAX_AGE_S, now_s);
	ctl_fetched_fini(&fetched);
	return err ? ctl_complain("countersipctl", err_name(err)) : 0;
}

/* A file that was given stands behind whatever URL the signature names. */
static int judge(
	struct verifier *v, const struct identity_facts *facts, struct identity_verdict *out)
{
	const struct arguments *a = v->arguments;
	const struct identity_rules rules = {.accept_8224 = true,
		.accept_4474 = true,
		.is_required = true,
		.require_mky = !a->is_mky_optional,
		/* Offline it does not matter how the file came here. */
		.allow_http = !a->want_fetch || a->anchors.allow_http,
		.provider_codes = slice_str(a->codes)};
	int64_t now_s = clock_wall_s();
	int err = 0;

	policy_verify(v->policy, facts, &rules, now_s, out);
	if (a->is_then && out->signed_at) {
		now_s = out->signed_at;
		policy_verify(v->policy, facts, &rules, now_s, out);
	}
	for (int i = 0; !err && (a->certificate || a->want_fetch) && i < IDENTITY_HEADER_MAX &&
			out->outcome == IDENTITY_NEED_CERTIFICATE;
		i++) {
		err = a->certificate ? store_file(v, slice_str(out->url), now_s)
				     : store_fetched(v, slice_str(out->url), now_s);
		policy_verify(v->policy, facts, &rules, now_s, out);
	}
	return err;
}

static int verify(struct verifier *v, const struct identity_facts *facts)
{
	struct identity_verdict verdict;
	int err = ctl_anchors_read(&v->anchors, &v->arguments->anchors) ? CTL_FAILED : 0;

	err = err ? err : open_policy(v);
	err = err ? err : judge(v, facts, &verdict);
	if (err)
		return err;
	show_signed(facts);
	show_checks(&verdict);
	return show_verdict(&verdict);
}

int ctl_identity_verify(int argc, char **argv)
{
	struct arguments arguments;
	struct verifier verifier = {.arguments = &arguments};
	struct identity_message message;
	const char *why;
	int status;

	if (!read_options(argc, argv, &arguments)) {
		fputs(verify_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(verify_usage, stdout);
		return CTL_OK;
	}
	if (identity_message_read(&message, arguments.message, &why)) {
		identity_message_fini(&message);
		return ctl_complain(arguments.message, why);
	}
	status = verify(&verifier, &message.facts);
	if (verifier.policy)
		policy_free(verifier.policy);
	ctl_anchors_fini(&verifier.anchors);
	identity_message_fini(&message);
	return fflush(stdout) ? CTL_FAILED : status;
}
