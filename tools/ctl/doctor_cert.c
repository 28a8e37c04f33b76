/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be wrong with a certificate, the same for signers and for TLS. Pure. */

#include "tools/ctl/doctor_cert.h"

#include <string.h>
#include <time.h>

#define SOON_S (14 * 86400) /* to be renewed now: a CA may take a week */

const char *say_time(struct findings *out, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;
	char text[64];

	if (!gmtime_r(&when, &tm) || !strftime(text, sizeof(text), "%F %T UTC", &tm))
		return "?";
	return fact_copy(out->arena, slice_str(text));
}

const char *say_span(struct findings *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	size_t i = 0;

	while (i < 3 && seconds < 2 * units[i].seconds)
		i++;
	return fact_printf(
		out->arena, "%lld %s", (long long)(seconds / units[i].seconds), units[i].name);
}

const char *say_key(struct findings *out, const struct cert_view *view)
{
	switch (view->key) {
	case CERT_VIEW_KEY_P256:
		return "P-256";
	case CERT_VIEW_KEY_EC:
		return fact_printf(out->arena, "another curve of %u bits", view->key_bits);
	case CERT_VIEW_KEY_RSA:
		return fact_printf(out->arena, "RSA of %u bits", view->key_bits);
	case CERT_VIEW_KEY_UNKNOWN:
		break;
	}
	return "of an unknown kind";
}

static const struct cert_view *leaf_of(const struct cert_facts *f)
{
	return &f->report->chain[0];
}

static const char *say_renewal(const struct cert_facts *f, struct findings *out)
{
	return fact_printf(out->arena,
		"countersipctl identity keygen --key KEY --out NEW %s, and have NEW.csr "
		"certified",
		f->host[0] ? say_shell(out, f->host) : "DOMAIN");
}

/* ---- the rows ---- */

static void check_form(const struct cert_facts *f, struct findings *out)
{
	if (f->report->has_private_key) {
		found(out, SEVERITY_BLOCKED,
			"a private key stands beside the certificate in %s", f->place);
		found_by(out, "a PEM block PRIVATE KEY");
		found_fix(out,
			"give the key a file of its own with mode 0600; if others could read "
			"it, make a new one");
	}
	if (!f->report->count)
		found(out, SEVERITY_BLOCKED, "%s holds no certificate", f->place);
	else if (!f->report->is_readable)
		found(out, SEVERITY_BLOCKED, "the certificate in %s cannot be read", f->place);
	else if (leaf_of(f)->is_critical)
		found(out, SEVERITY_BLOCKED,
			"the certificate has a critical extension that is not known here");
	else
		return;
	found_by(out, "%s", f->report->why);
	found_fix(out, "openssl x509 -noout -text -in FILE shows what is there");
}

static void check_time(const struct cert_facts *f, struct findings *out)
{
	const struct cert_view *leaf = leaf_of(f);

	if (f->now_s > leaf->not_after) {
		found(out, SEVERITY_BLOCKED, "the certificate ran out %s ago",
			say_span(out, f->now_s - leaf->not_after));
		found_by(out, "notAfter %s, it is %s now", say_time(out, leaf->not_after),
			say_time(out, f->now_s));
		found_fix(out, "%s", say_renewal(f, out));
	} else if (f->now_s < leaf->not_before) {
		found(out, SEVERITY_BLOCKED,
			"the certificate is not valid before %s, or the clock here is slow",
			say_time(out, leaf->not_before));
		found_by(out, "notBefore %s, it is %s now", say_time(out, leaf->not_before),
			say_time(out, f->now_s));
		found_fix(out,
			"timedatectl: is the clock right? Else wait, or have it made anew");
	}
}

static void check_soon(const struct cert_facts *f, struct findings *out)
{
	int64_t end = leaf_of(f)->not_after;

	if (f->report->is_trusted && f->report->chain_not_after < end)
		end = f->report->chain_not_after;
	if (f->now_s > end || end - f->now_s > SOON_S)
		return;
	found(out, SEVERITY_WARN, "the certificate or a CA above runs out in %s",
		say_span(out, end - f->now_s));
	found_by(out, "notAfter %s", say_time(out, end));
	found_fix(out, "%s", say_renewal(f, out));
}

/* Which link of the chain is missing, as far as names tell. */
static const char *say_gap(const struct cert_facts *f, struct findings *out)
{
	const struct cert_report *report = f->report;

	for (size_t i = 0; i < report->count; i++) {
		const struct cert_view *view = &report->chain[i];
		if (view->is_self_issued)
			return fact_printf(out->arena, "%s is its own CA", view->subject);
		if (i + 1 == report->count ||
			strcmp(report->chain[i + 1].subject, view->issuer))
			return fact_printf(out->arena,
				"%s was issued by %s, which does not come "
				"with it",
				view->subject, view->issuer);
	}
	return "";
}

static void check_chain(const struct cert_facts *f, struct findings *out)
{
	if (!f->ca) {
		found(out, SEVERITY_UNKNOWN,
			"whether a trusted CA stands above it is not known: "
			"no CAs were given");
		found_by(out, "%s", say_gap(f, out));
		found_fix(out, "--ca FILE, or --config FILE for the CAs of a configuration");
		return;
	}
	if (f->report->is_trusted)
		return;
	found(out, f->is_own ? SEVERITY_WARN : SEVERITY_BLOCKED, "%s (of %s)", f->report->why,
		f->ca);
	found_by(out, "%s", say_gap(f, out));
	if (f->is_own) {
		found_fix(out, "nothing, if peers trust its CA all the same");
		return;
	}
	if (leaf_of(f)->is_self_issued)
		found_fix(out, "have it certified by one of those CAs, or add it to %s (lab)",
			f->ca);
	else
		found_fix(out,
			"serve the intermediate certificates behind the leaf, or add the CA to "
			"%s",
			f->ca);
}

static void check_above(const struct cert_facts *f, struct findings *out)
{
	const struct cert_report *report = f->report;

	if (!report->is_trusted || f->now_s > leaf_of(f)->not_after ||
		(f->now_s >= report->chain_not_before && f->now_s <= report->chain_not_after))
		return;
	found(out, SEVERITY_BLOCKED, "a CA above the certificate is not valid now");
	found_by(out, "the chain is valid from %s to %s",
		say_time(out, report->chain_not_before),
		say_time(out, report->chain_not_after));
	found_fix(out, "have it certified under the CA's new certificate, and serve that one");
}

static bool is_wildcard_for(const char *name, const char *host)
{
	const char *rest = strchr(host, '.');

	return name[0] == '*' && name[1] == '.' && rest && !strcasecmp(name + 1, rest);
}

static bool names_host(const struct cert_facts *f)
{
	if (cert_report_covers(f->report, slice_str(f->host)))
		return true;
	for (size_t i = 0; f->allow_wildcard && i < f->report->name_count; i++) {
		if (!f->report->names[i].is_uri &&
			is_wildcard_for(f->report->names[i].text, f->host))
			return true;
	}
	return false;
}

static const char *say_names(const struct cert_facts *f, struct findings *out)
{
	const char *list = "";

	for (size_t i = 0; i < f->report->name_count; i++)
		list = fact_printf(
			out->arena, "%s%s%s", list, i ? ", " : "", f->report->names[i].text);
	return list[0] ? list : leaf_of(f)->subject;
}

static void check_names(const struct cert_facts *f, struct findings *out)
{
	if (f->host[0] && !names_host(f)) {
		found(out, SEVERITY_BLOCKED, "the certificate does not name %s", f->host);
		found_by(out, "it names %s", say_names(f, out));
		found_fix(out, "%s", say_renewal(f, out));
	}
	if (f->number[0] && !cert_report_covers_number(
				    f->report, slice_str(f->number), slice_str(f->codes))) {
		found(out, SEVERITY_BLOCKED, "the certificate has not the number %s",
			f->number);
		found_by(out, "%zu entries in its TNAuthList", f->report->number_count);
		found_fix(out,
			"countersipctl identity keygen --key KEY --out NEW --tn %s, and have "
			"NEW.csr certified",
			f->number);
	}
	if (!f->report->name_count && !f->report->number_count &&
		(f->uses & (CERT_USE_SIGN | CERT_USE_4474))) {
		found(out, SEVERITY_WARN,
			"the certificate has no subjectAltName: only its CN tells the domain");
		found_by(out, "subject %s", leaf_of(f)->subject);
		found_fix(out, "%s", say_renewal(f, out));
	}
}

static void check_key(const struct cert_facts *f, struct findings *out)
{
	for (size_t i = 0; i < f->report->count; i++) {
		const struct cert_view *view = &f->report->chain[i];
		if (!view->is_key_strong) {
			found(out, SEVERITY_BLOCKED, "the key of %s is too weak: %s",
				view->subject, say_key(out, view));
			found_fix(out, "a key of P-256, or of RSA with 2048 bits and more");
		}
		if (view->is_weakly_signed && !view->is_self_issued) {
			found(out, SEVERITY_BLOCKED, "%s is signed with SHA-1 or MD5",
				view->subject);
			found_fix(out, "have it certified anew, with SHA-256");
		}
	}
	if ((f->uses & CERT_USE_SIGN) && leaf_of(f)->key != CERT_VIEW_KEY_P256) {
		found(out, SEVERITY_BLOCKED,
			"PASSporTs are signed with a P-256 key, and this one is %s",
			say_key(out, leaf_of(f)));
		found_fix(out, "countersipctl identity keygen %s",
			f->host[0] ? say_shell(out, f->host) : "DOMAIN");
	}
	if ((f->uses & CERT_USE_4474) && leaf_of(f)->key != CERT_VIEW_KEY_RSA) {
		found(out, SEVERITY_BLOCKED,
			"RFC 4474 is signed with an RSA key, and this one is %s",
			say_key(out, leaf_of(f)));
		found_fix(out, "openssl req -new -newkey rsa:2048 -nodes -keyout KEY -out CSR");
	}
}

static void check_usage(const struct cert_facts *f, struct findings *out)
{
	const struct cert_view *leaf = leaf_of(f);

	if (!leaf->may_sign && leaf->key != CERT_VIEW_KEY_UNKNOWN &&
		(f->uses & (CERT_USE_SIGN | CERT_USE_4474 | CERT_USE_CLIENT))) {
		found(out, SEVERITY_BLOCKED, "the certificate's keyUsage forbids signing");
		found_by(out, "keyUsage without digitalSignature");
		found_fix(out, "have it certified anew, with digitalSignature");
	}
	if (((f->uses & CERT_USE_SERVER) && !leaf->may_be_server) ||
		((f->uses & CERT_USE_CLIENT) && !leaf->may_be_client)) {
		found(out, SEVERITY_BLOCKED, "the certificate is not one for TLS %s",
			f->uses & CERT_USE_SERVER ? "servers" : "clients");
		found_by(out, "extendedKeyUsage without %s",
			f->uses & CERT_USE_SERVER ? "serverAuth" : "clientAuth");
		found_fix(out, "have it certified anew, with serverAuth and clientAuth");
	}
	if (leaf->is_ca) {
		found(out, SEVERITY_WARN,
			"the certificate is a CA's: whoever has its key makes "
			"others");
		found_by(out, "basicConstraints CA:TRUE");
		found_fix(out, "outside of a lab: %s", say_renewal(f, out));
	}
}

static void check_limit(const struct cert_facts *f, struct findings *out)
{
	if (!f->report->limit || !(f->uses & (CERT_USE_SIGN | CERT_USE_4474)))
		return;
	found(out, SEVERITY_BLOCKED, "%s", f->report->limit);
	found_fix(out, "have it certified anew, without them (RFC 8226 sections 8 and 9)");
}

void doctor_cert_run(const struct cert_facts *facts, struct findings *out)
{
	static const struct {
		const char *id, *title;
		void (*check)(const struct cert_facts *facts, struct findings *out);
	} rows[] = {{"CERT-1", "form of the certificate", check_form},
		{"CERT-2", "validity", check_time},
		{"CERT-7", "kind and strength of the key", check_key},
		{"CERT-4", "chain to a trusted CA", check_chain},
		{"CERT-5", "validity of the CAs above", check_above},
		{"CERT-6", "names and numbers", check_names}, {"CERT-8", "usage", check_usage},
		{"CERT-9", "limits of what it may vouch for", check_limit},
		{"CERT-3", "end of validity is near", check_soon}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i && !facts->report->is_readable)
			return;
		findings_begin(out, rows[i].id, rows[i].title);
		rows[i].check(facts, out);
		findings_end(out);
	}
}
