/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration keys of ourselves: files and names, domains, keys, listeners, users. */

#include "sbc/config_rows.h"

/* clang-format off: a table */
static const struct config_row rows[] = {
	{"user", TYPE(name), FIXED, IN(config, user), OPTIONAL,
		.help = "to run as when started by root, name or number; only what is needed "
			"is "
			"kept of root's capabilities"},
	{"group", TYPE(name), FIXED, IN(config, group), OPTIONAL,
		.help = "the user's own when absent"},
	{"state_dir", TYPE(text), FIXED, IN(config, state_dir), .min = 1,
		DEFAULT("/var/lib/countersip"),
		.help = "where keys and certificates are made that this file does not name"},
	{"log_level", TYPE(log_level), IN(config, log_level), DEFAULT("info"),
		.help = "least important line that is written to stderr"},
	{"sip_trace", TYPE(text), FIXED, IN(config, sip_trace), OPTIONAL,
		.help = "JSON Lines file that gets every SIP message"},
	{"call_records", TYPE(text), FIXED, IN(config, call_records), OPTIONAL,
		.help = "JSON Lines file that gets a record of every call at its end"},
	{"call_records_sqlite", TYPE(text), FIXED, IN(config, call_records_sqlite), OPTIONAL,
		.help = "SQLite database that gets the same, in the table acc"},
	{"history_kib", TYPE(number), FIXED, IN(config, history_kib), RANGE(0, 65536),
		DEFAULT("16384"),
		.help = "memory for what happened to calls lately (call.explain); 0: none"},
	{"user_agent", TYPE(text), IN(config, user_agent), OPTIONAL,
		.help = "told in User-Agent and Server; nothing is told when absent"},
	{"dns_servers", TYPE(text), FIXED, IN(config, dns_servers), OPTIONAL,
		.help = "asked for peers' names, as 192.0.2.1:53,192.0.2.2; the system's when "
			"absent"},
	{"ca", TYPE(text), IN(config, ca), OPTIONAL,
		.help = "PEM file of the CAs that identities and TLS peers must chain to; "
			"the demo CA of state_dir when absent"},

	{"crl", TYPE(text), IN(config, crl), OPTIONAL,
		.help = "PEM file of their revocation lists; none is asked for when absent"},

	{"domains", TYPE(list), IN(config, domains), AND(config, domain_count),
		ITEMS(config_domain, 64), REQUIRED,
		.help = "our own domains: their users register here, their calls are signed "
			"here"},
	{"domains[].name", TYPE(domain), IN(config_domain, name), REQUIRED,
		.help = "the part behind the @"},
	{"domains[].certificate", TYPE(text), IN(config_domain, certificate), OPTIONAL,
		.help = "PEM file, P-256, leaf first; made in state_dir when absent"},
	{"domains[].key", TYPE(text), IN(config_domain, key), OPTIONAL,
		.help = "PEM file of its private key, readable by the owner only"},
	{"domains[].info_url", TYPE(url), IN(config_domain, info_url), OPTIONAL,
		.help = "where others fetch the certificate; from the http section when "
			"absent"},
	{"domains[].rsa_certificate", TYPE(text), IN(config_domain, rsa_certificate), OPTIONAL,
		.help = "PEM file for RFC 4474 signatures"},
	{"domains[].rsa_key", TYPE(text), IN(config_domain, rsa_key), OPTIONAL,
		.help = "PEM file of its private key"},
	{"domains[].rsa_info_url", TYPE(url), IN(config_domain, rsa_info_url), OPTIONAL,
		.help = "where others fetch it; from the http section when absent"},

	{"domains[].registrar", TYPE(name), IN(config_domain, registrar), OPTIONAL,
		.help = "peer that its users' registrations are relayed to: it has their "
			"passwords; when absent we are their registrar"},

	{"keys", TYPE(list), IN(config, keys), AND(config, key_count), ITEMS(config_key, 256),
		OPTIONAL,
		.help = "more keys that sign (RFC 8224): a domain's next one, or one for "
			"numbers; "
			"the one whose validity began last signs"},
	{"keys[].name", TYPE(name), IN(config_key, name), REQUIRED,
		.help = "a word, for its URL"},
	{"keys[].domain", TYPE(domain), IN(config_key, domain), OPTIONAL,
		.help = "one of domains; when absent it signs for the numbers in its "
			"certificate (TNAuthList)"},
	{"keys[].certificate", TYPE(text), IN(config_key, certificate), REQUIRED,
		.help = "PEM file, P-256, leaf first"},
	{"keys[].key", TYPE(text), IN(config_key, key), REQUIRED,
		.help = "PEM file of its private key"},
	{"keys[].info_url", TYPE(url), IN(config_key, info_url), OPTIONAL,
		.help = "where others fetch the certificate; from the http section when "
			"absent"},

	{"listeners", TYPE(list), IN(config, listeners), AND(config, listener_count),
		ITEMS(config_listener, LISTENER_MAX), REQUIRED, .help = "where SIP is spoken"},
	{"listeners[].transport", TYPE(transport), IN(config_listener, transport), REQUIRED,
		.help = "tls for phones and peers; udp and tcp carry everything in the clear"},
	{"listeners[].address", TYPE(hostport), IN(config_listener, address), REQUIRED,
		.help = "where it listens; port 5061 for tls, else 5060"},
	{"listeners[].advertised", TYPE(sent_by), IN(config_listener, advertised), OPTIONAL,
		.help = "told in Via and Contact; the address when absent"},
	{"listeners[].certificate", TYPE(text), IN(config_listener, certificate), OPTIONAL,
		.help = "tls: PEM file; the first domain's when absent"},
	{"listeners[].key", TYPE(text), IN(config_listener, key), OPTIONAL,
		.help = "tls: PEM file of its private key"},
	{"listeners[].ca", TYPE(text), IN(config_listener, ca), OPTIONAL,
		.help = "tls: PEM file of the CAs for the other side; ca when absent"},
	{"listeners[].require_client_certificate", TYPE(bool),
		IN(config_listener, require_client_certificate), DEFAULT("false"),
		.help = "tls: refuse who shows none; for peers, phones have none"},

	{"users", TYPE(list), IN(config, users), AND(config, user_count),
		ITEMS(config_user, 100000), OPTIONAL, .help = "who may register and call"},
	{"users[].name", TYPE(user), IN(config_user, name), REQUIRED,
		.help = "the part before the @"},
	{"users[].domain", TYPE(domain), IN(config_user, domain), REQUIRED,
		.help = "one of domains"},
	{"users[].also", TYPE(text), IN(config_user, also), OPTIONAL,
		.help = "more names in the domain that it may call as, with blanks between: "
			"\"+12155551212 sales\""},
	{"users[].tls_name", TYPE(domain), IN(config_user, tls_name), OPTIONAL,
		.help = "a name in its client certificate: then it needs no password"},
	{"users[].media", TYPE(media_mode), IN(config_user, media), DEFAULT("dtls"),
		.help = "how media is protected: sdes takes dtls too, opportunistic all (RFC "
			"8643); bypass: it goes from end to end, on both legs"},
	{"users[].sdes_without_tls", TYPE(bool), IN(config_user, media_rules.sdes_without_tls),
		DEFAULT("false"), .help = "a=crypto counts although its SIP is not over TLS"},
	{"users[].allow_downgrade", TYPE(bool), IN(config_user, media_rules.allow_downgrade),
		DEFAULT("false"),
		.help = "plain RTP here although the other leg is protected, and vice versa"},
	{"users[].latch", TYPE(bool), IN(config_user, media_rules.may_latch), DEFAULT("false"),
		.help = "plain RTP may come from another address than was told, found once"},
	{"users[].interface", TYPE(name), IN(config_user, media_rules.interface), OPTIONAL,
		.help = "name of one of media.interfaces; the first of its address family when "
			"absent"},
	{"users[].dscp", TYPE(number), IN(config_user, media_rules.dscp), RANGE(0, 63),
		DEFAULT("46"),
		.help = "mark of media sent there (RFC 2474); 46 is voice, 0 none"},
	{"users[].codecs", TYPE(text), IN(config_user, media_rules.codecs), OPTIONAL,
		.help = "encoding names in order, \"opus PCMA\"; DTMF and CN always pass; all "
			"when absent"},
	{"users[].refer", TYPE(refer), IN(config_user, refer), DEFAULT("carry_out"),
		.help = "transfers that it asks for: pass: the other end is asked; carry_out: "
			"we "
			"call the new one by our routes, as a call from it"},
	{"users[].ha1_sha256", TYPE(hex), IN(config_user, ha1_sha256), OPTIONAL, .max = 64,
		.help = "SHA-256 of name:domain:password"},
	{"users[].ha1_sha512_256", TYPE(hex), IN(config_user, ha1_sha512_256), OPTIONAL,
		.max = 64, .help = "SHA-512/256 of the same"},
	{"users[].ha1_md5", TYPE(hex), IN(config_user, ha1_md5), OPTIONAL, .max = 32,
		.help = "MD5 of the same, for phones that know no other"},
};
/* clang-format on */

CONFIG_ROWS(domains)
