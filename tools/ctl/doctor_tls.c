/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl doctor tls: why can a TLS connection not be had? One server by its address, a
 * peer of the configuration, or all of them and our own listeners.
 */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_anchors.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/doctor_cert.h"
#include "tools/ctl/doctor_desk.h"
#include "tools/ctl/doctor_net.h"
#include "tools/ctl/doctor_own.h"
#include "tools/ctl/doctor_tls_seen.h"
#include "tools/ctl/identity_message.h"

#define PEM_MAX    262144
#define TIMEOUT_MS 5000

static const char tls_usage[] =
	"usage: countersipctl doctor tls [options] [PEER|ADDRESS[:PORT]]\n"
	"\n"
	"why can a TLS connection not be had? Of a peer in the configuration, of any server, "
	"or of\n"
	"all peers and our own listeners. Shakes hands and sends nothing more.\n"
	"\n"
	"  --config FILE       " CTL_CONFIG_DEFAULT " if it is there\n"
	"  --name NAME         that the server's certificate must have; else the peer's "
	"domain, or\n"
	"                      the ADDRESS\n"
	"  --ca FILE           CAs that it must chain to; else the configuration's\n"
	"  --crl FILE          their revocation lists\n"
	"  --certificate FILE  that we show when asked for one; else the first domain's\n"
	"  --key FILE          its key\n"
	"  --json              one JSON object\n"
	"  --verbose           also what is in order\n"
	"\n"
	"exit status: 0 nothing is wrong, 1 something blocks, 2 cannot be told, 64 wrong "
	"options.\n";

struct arguments {
	struct ctl_anchor_options anchors;
	const char *name, *certificate, *key, *target;
	bool is_json, is_verbose, want_help;
};

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'n':
		out->name = optarg;
		return true;
	case 'c':
		out->certificate = optarg;
		return true;
	case 'k':
		out->key = optarg;
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
	/* Nothing is fetched here. */
	static const struct option options[] = {
		{"config", required_argument, NULL, CTL_ANCHOR_CONFIG},
		{"ca", required_argument, NULL, CTL_ANCHOR_CA},
		{"crl", required_argument, NULL, CTL_ANCHOR_CRL},
		{"name", required_argument, NULL, 'n'},
		{"certificate", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int code;

	*out = (struct arguments){0};
	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	out->target = optind < argc ? argv[optind] : NULL;
	return argc - optind <= 1 && !out->certificate == !out->key;
}

/* ---- one server ---- */

struct examination {
	const struct arguments *arguments;
	const struct ctl_anchors *anchors;
	struct findings *findings;
	struct buf chain, key; /* that we show */
	const char *shown;     /* the file of chain; NULL: none */
};

struct target {
	const char *about;
	struct slice host;
	uint16_t port;
	const char *name; /* "": whatever it has */
	bool is_own;      /* a listener of ours */
	const char *file; /* is_own: the certificate that it should show */
};

static void check_names(struct findings *out, const struct net_place *place)
{
	findings_begin(out, "TLS-1", "name to address");
	if (!place->count) {
		found(out, SEVERITY_BLOCKED, "%s: %s", place->host, place->why);
		found_by(out, "getaddrinfo(%s)", place->host);
		found_fix(out,
			"getent ahosts %s; is it written right, does /etc/resolv.conf lead "
			"to a resolver?",
			say_shell(out, place->host));
	}
	findings_end(out);
}

/* Was the file renewed and the daemon not told? */
static void check_served(
	struct findings *out, const struct target *target, const struct cert_report *served)
{
	struct cert_report *file = NULL;
	const char *complaint;
	struct buf body;

	findings_begin(out, "TLS-5", "certificate in use");
	buf_init(&body, PEM_MAX);
	if (!identity_read_file(target->file, &body) &&
		!cert_report_new(&file, buf_slice(&body), (struct slice){0}, (struct slice){0},
			&complaint) &&
		file->is_readable && served->is_readable &&
		strcmp(file->chain[0].fingerprint, served->chain[0].fingerprint) != 0) {
		found(out, SEVERITY_WARN,
			"the daemon shows another certificate than its file has");
		found_by(out, "shown until %s; %s until %s",
			say_time(out, served->chain[0].not_after), target->file,
			say_time(out, file->chain[0].not_after));
		found_fix(out, "systemctl reload countersip");
	}
	cert_report_free(file);
	buf_fini(&body);
	findings_end(out);
}

static void check_certificate(
	const struct examination *e, const struct target *target, struct slice chain)
{
	const struct arguments *a = e->arguments;
	struct cert_report *report = NULL;
	const char *complaint;

	if (!chain.len || cert_report_new(&report, chain, buf_slice(&e->anchors->ca),
				  buf_slice(&e->anchors->crl), &complaint))
		return;
	const struct cert_facts facts = {.report = report,
		.place = target->about,
		.now_s = clock_wall_s(),
		.uses = CERT_USE_SERVER,
		.host = target->name,
		.number = "",
		.codes = "",
		.is_own = target->is_own,
		.ca = e->anchors->ca.len ? a->anchors.ca ? a->anchors.ca : a->anchors.config
					 : NULL};
	doctor_cert_run(&facts, e->findings);
	if (target->is_own && target->file)
		check_served(e->findings, target, report);
	cert_report_free(report);
}

/* The first address that takes a connection is looked at; the others are told. */
static void check_connection(
	struct examination *e, const struct target *target, const struct net_place *place)
{
	const struct tls_seen seen = {
		.name = target->name, .shown = e->shown, .is_own = target->is_own};
	struct findings *out = e->findings;
	struct tls_probe probe;
	int err = 0;

	findings_begin(out, "TLS-2", "connection");
	for (size_t i = 0; i < place->count; i++) {
		const struct tls_probe_config config = {.to = place->addresses[i],
			.name = target->name,
			.chain = buf_slice(&e->chain),
			.key = buf_slice(&e->key),
			.timeout_ms = TIMEOUT_MS};
		err = tls_probe(&probe, &config);
		if (err || probe.stage != TLS_PROBE_CONNECT)
			break;
		tls_judge_connect(&seen, &place->addresses[i], probe.error, out);
		if (i + 1 < place->count)
			tls_probe_fini(&probe);
	}
	findings_end(out);
	if (!place->count)
		return;
	if (err) {
		findings_begin(out, "TLS-4", "our own certificate");
		found(out, SEVERITY_BLOCKED, "the certificate that we show cannot be used");
		found_by(out, "%s", e->shown ? e->shown : err_name(err));
		found_fix(out, "countersipctl identity cert --for tls --key KEY CERTIFICATE");
		findings_end(out);
	} else if (probe.stage != TLS_PROBE_CONNECT) {
		tls_judge_handshake(&seen, &probe, out);
		check_certificate(e, target, buf_slice(&probe.chain));
	}
	tls_probe_fini(&probe);
}

static void examine(struct examination *e, const struct target *target)
{
	struct net_place place;

	e->findings->about = target->about;
	net_find(&place, target->host, target->port, e->anchors->config);
	check_names(e->findings, &place);
	check_connection(e, target, &place);
	e->findings->about = NULL;
}

/* ---- whom to look at ---- */

static void examine_peer(struct examination *e, const struct config_peer *peer)
{
	char text[NETADDR_TEXT_MAX];
	struct target target = {.about = peer->name,
		.host = slice_str(peer->host),
		.port = (uint16_t)peer->port,
		.name = e->arguments->name ? e->arguments->name : peer->domain};

	if (!peer->host[0]) {
		target.host = slice_str(netaddr_print_host(&peer->address, text));
		target.port = netaddr_port(&peer->address);
	}
	examine(e, &target);
}

static void examine_listener(struct examination *e, const struct config_listener *listener)
{
	const struct config *config = e->anchors->config;
	struct netaddr to = listener->address;
	char text[NETADDR_TEXT_MAX], path[PATH_MAX];
	struct target target = {.is_own = true, .name = "", .file = path};

	if (netaddr_is_any(&to))
		netaddr_parse(&to,
			to.sa.sa_family == AF_INET ? SLICE("127.0.0.1") : SLICE("::1"),
			netaddr_port(&to));
	target.about = fact_printf(
		e->findings->arena, "our listener %s", netaddr_print(&listener->address, text));
	own_certificate(config, listener->certificate, path, sizeof(path));
	if (!listener->certificate[0] && config->domain_count)
		target.name = config->domains[0].name;
	target.host = slice_str(netaddr_print_host(&to, text));
	target.port = netaddr_port(&to);
	e->findings->about = target.about;
	own_pair_check(config, listener->certificate, listener->key, e->findings);
	examine(e, &target);
}

static bool is_tls(const struct config_peer *peer)
{
	return peer->transport == TRANSPORT_TLS && !peer->is_transport_open &&
	       (peer->host[0] || netaddr_is_set(&peer->address));
}

static void examine_all(struct examination *e)
{
	const struct config *config = e->anchors->config;

	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].transport == TRANSPORT_TLS)
			examine_listener(e, &config->listeners[i]);
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		if (is_tls(&config->peers[i]))
			examine_peer(e, &config->peers[i]);
	}
}

static const struct config_peer *find_peer(const struct config *config, const char *name)
{
	for (size_t i = 0; config && i < config->peer_count; i++) {
		if (strcmp(config->peers[i].name, name) == 0)
			return &config->peers[i];
	}
	return NULL;
}

static int examine_target(struct examination *e)
{
	const struct arguments *a = e->arguments;
	const struct config_peer *peer = find_peer(e->anchors->config, a->target);
	struct target target = {.about = a->target};
	char name[256];

	if (peer) {
		examine_peer(e, peer);
		return CTL_OK;
	}
	if (net_cut(slice_str(a->target), &target.host, &target.port) ||
		slice_copy(target.host, name, sizeof(name)))
		return ctl_complain(a->target, "no peer of the configuration, and no address");
	target.name = a->name ? a->name : name;
	examine(e, &target);
	return CTL_OK;
}

static int read_own(struct examination *e)
{
	const struct arguments *a = e->arguments;
	char chain[PATH_MAX], key[PATH_MAX];

	if (a->certificate) {
		if (identity_read_file(a->certificate, &e->chain))
			return ctl_complain(a->certificate, "it cannot be read");
		if (identity_read_file(a->key, &e->key))
			return ctl_complain(a->key, "it cannot be read");
		e->shown = a->certificate;
		return CTL_OK;
	}
	if (!e->anchors->config || !e->anchors->config->domain_count)
		return CTL_OK;
	own_certificate(e->anchors->config, "", chain, sizeof(chain));
	own_key(e->anchors->config, "", key, sizeof(key));
	/* Unreadable ones are a finding about our listeners. */
	if (identity_read_file(chain, &e->chain) || identity_read_file(key, &e->key))
		buf_reset(&e->chain);
	else
		e->shown = fact_copy(e->findings->arena, slice_str(chain));
	return CTL_OK;
}

static int run(const struct arguments *a, const struct ctl_anchors *anchors)
{
	struct examination e = {.arguments = a, .anchors = anchors};
	struct doctor_desk desk;
	int status = CTL_UNKNOWN;

	buf_init(&e.chain, PEM_MAX);
	buf_init(&e.key, PEM_MAX);
	if (!doctor_desk_open(&desk, NULL, "nothing keeps TLS from working")) {
		e.findings = desk.findings;
		status = read_own(&e);
		if (status == CTL_OK && a->target)
			status = examine_target(&e);
		else if (status == CTL_OK)
			examine_all(&e);
		if (status == CTL_OK)
			status = doctor_desk_print(&desk, a->is_json, a->is_verbose);
	}
	doctor_desk_close(&desk);
	buf_fini_secret(&e.key);
	buf_fini(&e.chain);
	return status;
}

int ctl_doctor_tls(int argc, char **argv)
{
	struct arguments arguments;
	struct ctl_anchors anchors;
	int status = CTL_FAILED;

	if (!read_options(argc, argv, &arguments)) {
		fputs(tls_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(tls_usage, stdout);
		return CTL_OK;
	}
	ctl_anchor_default(&arguments.anchors);
	if (!arguments.target && !arguments.anchors.config)
		status = ctl_complain("countersipctl",
			"whom to look at? A PEER, an ADDRESS, or --config FILE");
	else if (!ctl_anchors_read(&anchors, &arguments.anchors))
		status = run(&arguments, &anchors);
	else
		status = CTL_FAILED;
	if (arguments.target || arguments.anchors.config)
		ctl_anchors_fini(&anchors);
	return status;
}
