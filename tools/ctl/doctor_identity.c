/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl doctor identity DOMAIN: can others verify what this domain signs? Its name,
 * its certificate server, its certificate, its clock.
 */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_anchors.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/doctor_cert.h"
#include "tools/ctl/doctor_desk.h"
#include "tools/ctl/doctor_fetch.h"
#include "tools/ctl/doctor_net.h"
#include "tools/ctl/doctor_own.h"
#include "tools/ctl/identity_message.h"
#include "tools/ctl/tls_probe.h"

#define PEM_MAX        1048576
#define TIMEOUT_MS     5000
#define URL_MAX        512
#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

static const char identity_usage[] =
	"usage: countersipctl doctor identity [options] DOMAIN\n"
	"\n"
	"can others verify what DOMAIN signs? Looks its name up, fetches its certificate as a\n"
	"verifier would, and judges certificate, server and clock.\n"
	"\n"
	"  --url URL        where the certificate is; else the configuration's info_url, else\n"
	"                   https://DOMAIN/cert\n"
	"  --config FILE    CAs and rules of fetching; " CTL_CONFIG_DEFAULT "\n"
	"                   if it is there\n"
	"  --ca FILE        CAs that the certificate must chain to\n"
	"  --crl FILE       their revocation lists\n"
	"  --fetch-ca FILE  CAs of the server; else the system's\n"
	"  --allow BLOCKS   addresses that may be fetched from, though not public\n"
	"  --http           http: will do\n"
	"  --json           one JSON object\n"
	"  --verbose        also what is in order\n"
	"\n"
	"exit status: 0 nothing is wrong, 1 something blocks, 2 cannot be told, 64 wrong "
	"options.\n";

struct arguments {
	struct ctl_anchor_options anchors;
	const char *url, *domain;
	bool is_json, is_verbose, want_help;
};

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'u':
		out->url = optarg;
		return true;
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
		{"url", required_argument, NULL, 'u'}, {"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int code;

	*out = (struct arguments){0};
	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	out->domain = optind == argc - 1 ? argv[optind] : NULL;
	return out->want_help || out->domain;
}

struct examination {
	const struct arguments *arguments;
	const struct ctl_anchors *anchors;
	struct findings *findings;
	char url[URL_MAX];
	struct slice host; /* of url */
	uint16_t port;
	bool is_https;
	struct identity_fetch seen;
};

/* ---- the URL ---- */

static const struct config_domain *own_domain(const struct examination *e)
{
	const struct config *config = e->anchors->config;

	return config ? config_domain_find(config, slice_str(e->arguments->domain)) : NULL;
}

/* As the daemon makes it of the section http: the first domain's has no name in its path. */
static void make_url(struct examination *e)
{
	const struct arguments *a = e->arguments;
	const struct config_domain *own = own_domain(e);
	const struct config *config = e->anchors->config;
	char port[8] = "";

	if (own && config->http.is_enabled && netaddr_port(&config->http.address) != 443)
		snprintf(port, sizeof(port), ":%u", netaddr_port(&config->http.address));
	if (a->url)
		snprintf(e->url, sizeof(e->url), "%s", a->url);
	else if (own && own->info_url[0])
		snprintf(e->url, sizeof(e->url), "%s", own->info_url);
	else
		snprintf(e->url, sizeof(e->url), "https://%s%s/cert%s%s", a->domain, port,
			own && own != config->domains ? "/" : "",
			own && own != config->domains ? own->name : "");
}

static bool cut_url(struct examination *e)
{
	struct slice rest = slice_str(e->url), authority;

	e->is_https = slice_starts_nocase(rest, SLICE("https://"));
	rest = slice_from(rest, e->is_https ? 8 : 7);
	authority = slice_cut(&rest, '/');
	if (net_cut(authority, &e->host, &e->port))
		return false;
	if (!e->port)
		e->port = e->is_https ? 443 : 80;
	return true;
}

/* ---- the rows ---- */

static bool check_name(const struct examination *e, struct net_place *place)
{
	struct findings *out = e->findings;

	findings_begin(out, "IDN-1", "name of the certificate server");
	net_find(place, e->host, e->port, e->anchors->config);
	if (!place->count) {
		found(out, SEVERITY_BLOCKED, "%s: %s", place->host, place->why);
		found_by(out, "getaddrinfo(%s), for %s", place->host, e->url);
		found_fix(out, "getent ahosts %s; give the name an A or AAAA record",
			say_shell(out, place->host));
	}
	findings_end(out);
	return place->count > 0;
}

static void explain_tls(const struct examination *e, const struct net_place *place)
{
	struct cert_report *report = NULL;
	struct tls_probe probe;
	const char *complaint, *ca_name = e->arguments->anchors.fetch_ca;
	char host[256];
	const struct tls_probe_config config = {
		.to = place->addresses[0], .name = host, .timeout_ms = TIMEOUT_MS};
	struct buf ca;

	slice_copy(e->host, host, sizeof(host));
	buf_init(&ca, PEM_MAX);
	if (e->anchors->fetch.ca.len)
		buf_put_slice(&ca, buf_slice(&e->anchors->fetch.ca));
	else
		identity_read_file(SYSTEM_CA_FILE, &ca);
	if (!ca_name)
		ca_name = e->anchors->fetch.ca.len ? "the configuration" : SYSTEM_CA_FILE;
	if (!tls_probe(&probe, &config) && probe.chain.len &&
		!cert_report_new(&report, buf_slice(&probe.chain), buf_slice(&ca),
			(struct slice){0}, &complaint)) {
		const struct cert_facts facts = {.report = report,
			.place = host,
			.now_s = clock_wall_s(),
			.uses = CERT_USE_SERVER,
			.host = host,
			.number = "",
			.codes = "",
			.allow_wildcard = true,
			.ca = ca.len ? ca_name : NULL};
		e->findings->about = "the HTTPS server's certificate";
		doctor_cert_run(&facts, e->findings);
		e->findings->about = NULL;
	}
	cert_report_free(report);
	tls_probe_fini(&probe);
	buf_fini(&ca);
}

static bool check_fetch(
	const struct examination *e, const struct net_place *place, struct ctl_fetched *fetched)
{
	findings_begin(e->findings, "IDN-2", "fetching the certificate");
	if (ctl_fetch(&e->anchors->fetch, slice_str(e->url), fetched))
		identity_judge_fetch(&e->seen, fetched, e->findings);
	findings_end(e->findings);
	if (fetched->err && strstr(fetched->why, "not trusted") && e->is_https)
		explain_tls(e, place);
	return !fetched->err;
}

static unsigned use_of(const struct cert_report *report)
{
	return report->count && report->chain[0].key == CERT_VIEW_KEY_RSA ? CERT_USE_4474
									  : CERT_USE_SIGN;
}

/* Is it the one that we sign with? */
static void check_own(const struct examination *e, const struct cert_report *served)
{
	const struct config_domain *own = own_domain(e);
	const struct config *config = e->anchors->config;
	struct cert_report *file = NULL;
	struct findings *out = e->findings;
	char certificate[PATH_MAX], key[PATH_MAX];
	const char *complaint;
	struct buf body;

	if (!own)
		return;
	if (own->certificate[0]) {
		snprintf(certificate, sizeof(certificate), "%s", own->certificate);
		snprintf(key, sizeof(key), "%s", own->key);
	} else {
		snprintf(certificate, sizeof(certificate), "%s/%s.pem", config->state_dir,
			own->name);
		snprintf(key, sizeof(key), "%s/%s.key", config->state_dir, own->name);
	}
	own_pair_check(config, certificate, key, out);
	findings_begin(out, "IDN-5", "certificate that we sign with");
	buf_init(&body, PEM_MAX);
	if (!identity_read_file(certificate, &body) &&
		!cert_report_new(&file, buf_slice(&body), (struct slice){0}, (struct slice){0},
			&complaint) &&
		file->is_readable && served->is_readable &&
		strcmp(file->chain[0].fingerprint, served->chain[0].fingerprint) != 0) {
		found(out, SEVERITY_BLOCKED,
			"another certificate is served than the one that signs: nobody can "
			"verify");
		found_by(out, "served %.23s…, %s has %.23s…", served->chain[0].fingerprint,
			certificate, file->chain[0].fingerprint);
		found_fix(out, "systemctl reload countersip; is the URL that of this domain?");
	}
	cert_report_free(file);
	buf_fini(&body);
	findings_end(out);
}

static void check_certificate(const struct examination *e, struct slice body)
{
	const struct arguments *a = e->arguments;
	struct cert_report *report = NULL;
	const char *complaint = "out of memory";

	if (cert_report_new(&report, body, buf_slice(&e->anchors->ca),
		    buf_slice(&e->anchors->crl), &complaint)) {
		findings_begin(e->findings, "CERT-4", "chain to a trusted CA");
		found(e->findings, SEVERITY_UNKNOWN, "%s", complaint);
		findings_end(e->findings);
		return;
	}
	const struct cert_facts facts = {.report = report,
		.place = e->url,
		.now_s = clock_wall_s(),
		.uses = use_of(report),
		.host = a->domain,
		.number = "",
		.codes = "",
		.is_own = own_domain(e) != NULL,
		.ca = e->anchors->ca.len ? a->anchors.ca ? a->anchors.ca : a->anchors.config
					 : NULL};
	doctor_cert_run(&facts, e->findings);
	check_own(e, report);
	cert_report_free(report);
}

static void examine(struct examination *e)
{
	struct ctl_fetched fetched = {0};
	struct net_place place;

	if (!check_name(e, &place))
		return;
	e->seen = (struct identity_fetch){
		.url = e->url, .host = e->host, .port = e->port, .from = place.addresses[0]};
	if (check_fetch(e, &place, &fetched)) {
		check_certificate(e, buf_slice(&fetched.body));
		identity_judge_clock(fetched.date, clock_wall_s(), e->findings);
		identity_judge_caching(fetched.max_age_s, e->findings);
	} else if (fetched.date[0]) {
		identity_judge_clock(fetched.date, clock_wall_s(), e->findings);
	}
	ctl_fetched_fini(&fetched);
}

static int run(const struct arguments *a, const struct ctl_anchors *anchors)
{
	struct examination e = {.arguments = a, .anchors = anchors};
	struct doctor_desk desk;
	int status = CTL_UNKNOWN;

	make_url(&e);
	if (!cut_url(&e))
		return ctl_complain(e.url, "no URL of a certificate");
	if (!doctor_desk_open(&desk, NULL, "others can verify what this domain signs")) {
		e.findings = desk.findings;
		examine(&e);
		status = doctor_desk_print(&desk, a->is_json, a->is_verbose);
	}
	doctor_desk_close(&desk);
	return status;
}

int ctl_doctor_identity(int argc, char **argv)
{
	struct arguments arguments;
	struct ctl_anchors anchors;
	int status = CTL_FAILED;

	if (!read_options(argc, argv, &arguments)) {
		fputs(identity_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(identity_usage, stdout);
		return CTL_OK;
	}
	ctl_anchor_default(&arguments.anchors);
	if (!ctl_anchors_read(&anchors, &arguments.anchors))
		status = run(&arguments, &anchors);
	ctl_anchors_fini(&anchors);
	return status;
}
