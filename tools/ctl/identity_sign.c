/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl identity sign: a request with the Identity that the daemon would give it, by a
 * key from a file. For trying a key, a verifier, a certificate server.
 */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/identity_message.h"

#define PEM_MAX     65536
#define HEADERS_MAX 65536 /* bytes of Identity and Date */

static const char sign_usage[] =
	"usage: countersipctl identity sign [options] FILE|-\n"
	"\n"
	"prints a SIP request with Date and Identity made for it; what it had of these goes\n"
	"\n"
	"  --key FILE          the private key (PEM)\n"
	"  --certificate FILE  its certificate (PEM)\n"
	"  --url URL           where others fetch the certificate: info and x5u\n"
	"  --form FORM         full (RFC 8224, the default), compact, shaken (RFC 8588: calls\n"
	"                      between numbers that the certificate has), rfc4474 (RSA)\n"
	"  --attest A|B|C      shaken: the attestation; A\n"
	"  --origid UUID       shaken: the origin; else a random one\n"
	"\n"
	"exit status: 0 signed, 1 not, 64 wrong options.\n";

enum form { FORM_FULL, FORM_COMPACT, FORM_SHAKEN, FORM_4474, FORM_COUNT };

struct arguments {
	const char *key, *certificate, *url, *origid, *message;
	enum form form;
	char attest;
	bool want_help;
};

static bool set_form(struct arguments *out, const char *word)
{
	static const char *const names[FORM_COUNT] = {"full", "compact", "shaken", "rfc4474"};

	for (int i = 0; i < FORM_COUNT; i++) {
		if (strcmp(word, names[i]) == 0) {
			out->form = (enum form)i;
			return true;
		}
	}
	return false;
}

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'k':
		out->key = optarg;
		return true;
	case 'c':
		out->certificate = optarg;
		return true;
	case 'u':
		out->url = optarg;
		return true;
	case 'f':
		return set_form(out, optarg);
	case 'a':
		out->attest = optarg[0];
		return strlen(optarg) == 1 && strchr("ABC", optarg[0]);
	case 'o':
		out->origid = optarg;
		return true;
	case 'h':
		out->want_help = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'},
		{"certificate", required_argument, NULL, 'c'},
		{"url", required_argument, NULL, 'u'}, {"form", required_argument, NULL, 'f'},
		{"attest", required_argument, NULL, 'a'},
		{"origid", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int code;

	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	out->message = optind == argc - 1 ? argv[optind] : NULL;
	return out->want_help || (out->message && out->key && out->certificate && out->url);
}

/* ---- the key as a policy of one ---- */

static struct slice host_of(struct slice uri)
{
	struct slice rest = uri, host;
	size_t at = slice_find(uri, '@');

	if (at < uri.len)
		rest = slice_from(uri, at + 1);
	else
		slice_cut(&rest, ':');
	host = slice_head(rest, slice_find(rest, ';'));
	return host.len && host.ptr[0] == '[' ? host : slice_head(host, slice_find(host, ':'));
}

static int open_policy(const struct arguments *a, struct slice from_uri, struct policy **out)
{
	struct policy_domain domain = {.name = host_of(from_uri)};
	struct policy_key numbers = {.info_url = slice_str(a->url)};
	struct policy_config config;
	char fault[256] = "", secret[32] = {0};
	struct buf key, certificate;
	int err = 0;

	buf_init(&key, PEM_MAX);
	buf_init(&certificate, PEM_MAX);
	if (identity_read_file(a->key, &key))
		err = ctl_complain(a->key, "it cannot be read");
	else if (identity_read_file(a->certificate, &certificate))
		err = ctl_complain(a->certificate, "it cannot be read");
	policy_config_init(&config);
	config.digest_secret = slice_of(secret, sizeof(secret)); /* no nonces are made here */
	numbers.key_pem = domain.key_pem = domain.rsa_key_pem = buf_slice(&key);
	numbers.certificate_pem = buf_slice(&certificate);
	domain.info_url = domain.rsa_info_url = slice_str(a->url);
	if (a->form == FORM_4474)
		domain.rsa_certificate_pem = buf_slice(&certificate);
	else
		domain.certificate_pem = buf_slice(&certificate);
	config.domains = &domain;
	config.keys = &numbers;
	config.domain_count = a->form != FORM_SHAKEN;
	config.key_count = a->form == FORM_SHAKEN;
	if (!err && policy_new(out, &config, fault, sizeof(fault)))
		err = ctl_complain(a->certificate, fault);
	buf_fini_secret(&key);
	buf_fini(&certificate);
	return err;
}

static int make_origid(char out[POLICY_ORIGID_SIZE])
{
	struct random_source random = random_system();
	uint8_t secret[32];

	random.fill(random.arg, secret, sizeof(secret));
	return policy_origid(slice_of(secret, sizeof(secret)), SLICE("countersipctl"), out);
}

/* ---- the message ---- */

/* RFC 8224 section 4: whoever reads the compact form makes header and payload himself, from
 * what the message says. The signature is the same. */
static void print_identity(struct slice value, bool is_compact)
{
	struct slice rest = value;

	if (is_compact) {
		slice_cut(&rest, '.');
		slice_cut(&rest, '.');
	}
	printf("Identity: %s%.*s\r\n", is_compact ? ".." : "", SLICE_ARG(rest));
}

static void print_headers(struct slice lines, bool is_compact)
{
	while (lines.len) {
		struct slice line = slice_trim(slice_cut(&lines, '\n')), value = line;
		struct slice name = slice_cut(&value, ':');
		if (slice_equal(name, SLICE("Identity")))
			print_identity(slice_trim(value), is_compact);
		else
			printf("%.*s\r\n", SLICE_ARG(line));
	}
}

static bool is_replaced(struct slice name)
{
	return sip_name_is(name, "Date") || sip_name_is(name, "Identity") ||
	       sip_name_is(name, "Identity-Info");
}

static void print_message(
	const struct identity_message *message, struct slice headers, bool is_compact)
{
	const struct sip_scan *scan = &message->scan;

	printf("%.*s\r\n", SLICE_ARG(scan->start_line));
	for (size_t i = 0; i < scan->line_count; i++) {
		const struct sip_line *line = &scan->lines[i];
		if (!is_replaced(line->name))
			printf("%.*s: %.*s\r\n", SLICE_ARG(line->name), SLICE_ARG(line->value));
	}
	print_headers(headers, is_compact);
	fputs("\r\n", stdout);
	fwrite(scan->body.ptr, 1, scan->body.len, stdout);
}

static int sign(const struct arguments *a, const struct identity_message *message,
	struct policy *policy)
{
	const struct identity_facts *f = &message->facts;
	char origid[POLICY_ORIGID_SIZE];
	struct sign_request request = {.passport = a->form != FORM_4474,
		.rfc4474 = a->form == FORM_4474,
		.shaken = a->form == FORM_SHAKEN,
		.attest = a->attest,
		.origid = slice_str(a->origid),
		.method = f->method,
		.from_uri = f->from_uri,
		.to_uri = f->to_uri,
		.call_id = f->call_id,
		.cseq = f->cseq,
		.contact_uri = f->contact_uri,
		.body = f->body,
		.fingerprints = &message->fingerprints};
	int64_t now_s = clock_wall_s();
	struct buf headers;
	const char *why;
	int err;

	if (!a->origid && !make_origid(origid))
		request.origid = slice_str(origid);
	why = policy_cannot_sign(policy, &request, now_s);
	if (why)
		return ctl_complain(a->message, why);
	buf_init(&headers, HEADERS_MAX);
	err = policy_sign(policy, &request, now_s, &headers);
	if (err)
		ctl_complain(a->message, err_name(err));
	else
		print_message(message, buf_slice(&headers), a->form == FORM_COMPACT);
	buf_fini(&headers);
	return err ? CTL_FAILED : CTL_OK;
}

int ctl_identity_sign(int argc, char **argv)
{
	struct arguments arguments = {.attest = 'A'};
	struct identity_message message;
	struct policy *policy = NULL;
	const char *why;
	int status;

	if (!read_options(argc, argv, &arguments)) {
		fputs(sign_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(sign_usage, stdout);
		return CTL_OK;
	}
	if (identity_message_read(&message, arguments.message, &why)) {
		identity_message_fini(&message);
		return ctl_complain(arguments.message, why);
	}
	status = open_policy(&arguments, message.facts.from_uri, &policy);
	if (status == CTL_OK)
		status = sign(&arguments, &message, policy);
	policy_free(policy);
	identity_message_fini(&message);
	return fflush(stdout) ? CTL_FAILED : status;
}
