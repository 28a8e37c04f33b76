/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS-2 to TLS-4: connection, handshake, our own certificate. Pure. */

#include "tools/ctl/doctor_tls_seen.h"

#include <errno.h>

static const char *say_place(struct findings *out, const struct netaddr *address)
{
	char text[NETADDR_TEXT_MAX];

	return fact_copy(out->arena, slice_str(netaddr_print(address, text)));
}

void tls_judge_connect(
	const struct tls_seen *seen, const struct netaddr *to, int error, struct findings *out)
{
	char host[NETADDR_TEXT_MAX];
	const char *place = say_place(out, to);

	netaddr_print_host(to, host);
	if (error == -ECONNREFUSED && seen->is_own) {
		found(out, SEVERITY_WARN,
			"nobody listens at %s: the daemon does not run, or with "
			"another configuration",
			place);
		found_fix(out, "systemctl status countersip");
	} else if (error == -ECONNREFUSED) {
		found(out, SEVERITY_BLOCKED, "nobody listens at %s", place);
		found_fix(out, "on that host: ss -ltnp 'sport = :%u'; is it the right port?",
			netaddr_port(to));
	} else if (error == -ETIMEDOUT) {
		found(out, SEVERITY_BLOCKED,
			"%s does not answer: it is down, or a firewall drops what we send",
			place);
		found_fix(out, "tcpdump -ni any host %s and port %u while this runs", host,
			netaddr_port(to));
	} else {
		found(out, SEVERITY_BLOCKED, "%s cannot be reached", place);
		found_fix(out, "ip route get %s", host);
	}
	found_by(out, "connect: %s", say_error(error));
}

/* Alerts that tell what the server thinks of the certificate we show, or do not show. */
static const char *words_for_alert(int alert, bool has_shown)
{
	switch (alert) {
	case 116:
		return "it wants a certificate from us, and we showed none";
	case 40:
		return has_shown
			       ? NULL
			       : "it has no version or cipher in common with us, or it wants a "
				 "certificate from us";
	case 48:
		return "it does not trust the CA of our certificate";
	case 45:
		return "it says that our certificate ran out";
	case 44:
		return "it says that our certificate is revoked";
	case 42:
	case 43:
	case 46:
	case 49:
		return has_shown ? "it does not like our certificate"
				 : "it wants a certificate from us, and we showed none";
	default:
		return NULL;
	}
}

static void check_ours(
	const struct tls_seen *seen, const struct tls_probe *probe, struct findings *out)
{
	bool has_shown = seen->shown != NULL;
	const char *words = words_for_alert(probe->alert, has_shown);

	findings_begin(out, "TLS-4", "our own certificate");
	if (probe->stage != TLS_PROBE_DONE && words) {
		/* That a listener of ours wants one is as it should be. */
		found(out, seen->is_own && !has_shown ? SEVERITY_INFO : SEVERITY_BLOCKED, "%s",
			words);
		found_by(out, "alert %s (%d)%s%s", tls_alert_name(probe->alert), probe->alert,
			has_shown ? "; we showed " : "", has_shown ? seen->shown : "");
		if (has_shown)
			found_fix(out,
				"countersipctl identity cert --for tls %s; the other side "
				"must have its CA",
				say_shell(out, seen->shown));
		else
			found_fix(out, "--certificate FILE --key FILE, or --config FILE");
	}
	findings_end(out);
}

static void check_handshake(
	const struct tls_seen *seen, const struct tls_probe *probe, struct findings *out)
{
	findings_begin(out, "TLS-3", "handshake");
	if (probe->stage == TLS_PROBE_DONE || probe->stage == TLS_PROBE_AFTER) {
		found(out, SEVERITY_OK, "%s, %s", probe->version, probe->cipher);
	} else if (words_for_alert(probe->alert, seen->shown != NULL)) {
		found(out, SEVERITY_INFO, "the handshake fails over our own certificate");
	} else if (probe->is_plain) {
		found(out, SEVERITY_BLOCKED, "what answers there does not speak TLS");
		found_by(out, "%s", probe->why);
		found_fix(out,
			"is it the port of TLS (5061)? Port 5060 is TCP and UDP in the clear");
	} else if (probe->alert == 70 || probe->alert == 71) {
		found(out, SEVERITY_BLOCKED,
			"it speaks no TLS that we take: 1.2 and 1.3, with "
			"forward secrecy");
		found_by(out, "alert %s (%d)", tls_alert_name(probe->alert), probe->alert);
		found_fix(out, "allow TLS 1.2 with ECDHE and AES-GCM there");
	} else if (probe->alert == 112) {
		found(out, SEVERITY_BLOCKED, "it has no certificate for the name %s",
			seen->name);
		found_by(out, "alert %s (%d)", tls_alert_name(probe->alert), probe->alert);
		found_fix(out, "--name NAME, or the peer's domain in the configuration");
	} else {
		found(out, SEVERITY_BLOCKED, "the handshake fails%s",
			probe->is_closed ? ": it closes without a word" : "");
		if (probe->alert >= 0)
			found_by(out, "alert %s (%d)", tls_alert_name(probe->alert),
				probe->alert);
		else
			found_by(out, "%s", probe->why);
		found_fix(out, "look into the log of that server at this time");
	}
	findings_end(out);
}

void tls_judge_handshake(
	const struct tls_seen *seen, const struct tls_probe *probe, struct findings *out)
{
	check_handshake(seen, probe, out);
	check_ours(seen, probe, out);
}
