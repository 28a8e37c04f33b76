/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration keys of the others: peers, routes, rewrites. */

#include "sbc/config_rows.h"

/* clang-format off: a table */
static const struct config_row rows[] = {
	{"peers", TYPE(list), IN(config, peers), AND(config, peer_count),
		ITEMS(config_peer, 1000), OPTIONAL,
		.help = "other domains' servers that calls come from and go to"},
	{"peers[].name", TYPE(name), IN(config_peer, name), REQUIRED,
		.help = "for routes, logs and call records"},
	{"peers[].domain", TYPE(domain), IN(config_peer, domain), REQUIRED,
		.help = "must be in its TLS certificate, and in its callers' From"},
	{"peers[].address", TYPE(peer_address), IN(config_peer, address), REQUIRED,
		.help = "where requests are sent: address (port 5061 for tls, else 5060), or a "
			"name that is looked up in DNS (RFC 3263: SRV unless a port is given), "
			"or "
			"name@domain of one of users: wherever it has registered from"},
	{"peers[].transport", TYPE(peer_transport), IN(config_peer, transport), DEFAULT("tls"),
		.help = "how; dns: as the NAPTR records of its name say"},
	{"peers[].profile", TYPE(peer_profile), IN(config_peer, profile),
		DEFAULT("domain-dtls"),
		.help = "what it is: gives every key below that says so and is not written; "
			"domain-dtls, sipbrandy, trunk-sdes, trunk-rtp, lab"},
	{"peers[].media", TYPE(media_mode), IN(config_peer, media), BY_PROFILE,
		.help = "how its media is protected; bypass: it goes from end to end, on both "
			"legs"},
	{"peers[].sdes_without_tls", TYPE(bool), IN(config_peer, media_rules.sdes_without_tls),
		DEFAULT("false"), .help = "a=crypto counts although its SIP is not over TLS"},
	{"peers[].allow_downgrade", TYPE(bool), IN(config_peer, media_rules.allow_downgrade),
		BY_PROFILE,
		.help = "plain RTP here although the other leg is protected, and vice versa"},
	{"peers[].latch", TYPE(bool), IN(config_peer, media_rules.may_latch), DEFAULT("false"),
		.help = "plain RTP may come from another address than was told, found once"},
	{"peers[].interface", TYPE(name), IN(config_peer, media_rules.interface), OPTIONAL,
		.help = "name of one of media.interfaces; the first of its address family when "
			"absent"},
	{"peers[].dscp", TYPE(number), IN(config_peer, media_rules.dscp), RANGE(0, 63),
		DEFAULT("46"),
		.help = "mark of media sent there (RFC 2474); 46 is voice, 0 none"},
	{"peers[].codecs", TYPE(text), IN(config_peer, media_rules.codecs), OPTIONAL,
		.help = "encoding names in order, \"opus PCMA\"; DTMF and CN always pass; all "
			"when absent"},
	{"peers[].sign", TYPE(mechanisms), IN(config_peer, sign_8224),
		AND(config_peer, sign_4474), .max = 2, BY_PROFILE,
		.help = "how calls to it are signed; [] for not at all"},
	{"peers[].accept", TYPE(mechanisms), IN(config_peer, accept_8224),
		AND(config_peer, accept_4474), .max = 2, BY_PROFILE,
		.help = "signatures that count on calls from it; rfc4474 is SHA-1"},
	{"peers[].identity_required", TYPE(bool), IN(config_peer, identity_required),
		BY_PROFILE, .help = "calls without a signature are refused (428)"},
	{"peers[].require_mky", TYPE(bool), IN(config_peer, require_mky), BY_PROFILE,
		.help = "the signature must cover the media fingerprint"},
	{"peers[].allow_http", TYPE(bool), IN(config_peer, allow_http), BY_PROFILE,
		.help = "its certificate may be fetched without TLS"},
	{"peers[].require_sip_usage", TYPE(bool), IN(config_peer, require_sip_usage),
		DEFAULT("false"),
		.help = "a signer's certificate that has an extendedKeyUsage must be for SIP "
			"domains by it (RFC 5924); those of web servers are not"},
	{"peers[].shaken", TYPE(bool), IN(config_peer, shaken), DEFAULT("false"),
		.help = "calls between two numbers are signed with a PASSporT of type shaken; "
			"needs a key whose certificate has the numbers"},
	{"peers[].on_failure", TYPE(on_failure), IN(config_peer, on_failure), DEFAULT("reject"),
		.help = "what becomes of its calls whose signature does not hold: mark lets "
			"them through and says so to those we trust, pass says nothing"},
	{"peers[].provider_codes", TYPE(text), IN(config_peer, provider_codes), OPTIONAL,
		.help = "service provider codes whose certificates may vouch for any number, "
			"with blanks between"},
	{"peers[].trusted", TYPE(bool), IN(config_peer, is_trusted), BY_PROFILE,
		.help = "in our trust domain (RFC 3325): P-Asserted-Identity and its kind "
			"cross to and from it"},

	{"peers[].auth_user", TYPE(text), IN(config_peer, auth_user), OPTIONAL,
		.help = "our name there: its challenges (401, 407) are answered with it"},
	{"peers[].auth_password_file", TYPE(text), IN(config_peer, auth_password_file),
		OPTIONAL,
		.help = "file whose first line is the password; only its owner may read it"},
	{"peers[].auth_realm", TYPE(text), IN(config_peer, auth_realm), OPTIONAL,
		.help = "the realm that may challenge us; domain when absent; others get no "
			"answer"},
	{"peers[].auth_md5", TYPE(bool), IN(config_peer, auth_md5), DEFAULT("false"),
		.help = "a challenge for MD5 is answered too; SHA-256 goes before it"},
	{"peers[].register", TYPE(text), IN(config_peer, register_as), OPTIONAL,
		.help = "name@domain that we register at it, so that it sends calls here"},
	{"peers[].register_expires_s", TYPE(number), IN(config_peer, register_expires_s),
		RANGE(60, 86400), DEFAULT("3600"),
		.help = "for so long; refreshed before it is over"},
	{"peers[].authenticates", TYPE(bool), IN(config_peer, authenticates), DEFAULT("false"),
		.help = "our own users, as a proxy of ours does: its calls in their names need "
			"no "
			"password here, and routes to our domains may lead there"},
	{"peers[].probe", TYPE(bool), IN(config_peer, probe), DEFAULT("false"),
		.help = "OPTIONS now and then, as section dispatcher says; who does not answer "
			"gets no calls"},
	{"peers[].calls_max", TYPE(number), IN(config_peer, calls_max), RANGE(0, 20000),
		DEFAULT("0"), .help = "calls at once, both ways; more get 503; 0: no limit"},
	{"peers[].calls_per_s_max", TYPE(number), IN(config_peer, calls_per_s_max),
		RANGE(0, 10000), DEFAULT("0"),
		.help = "new calls a second, both ways; more get 503; 0: no limit"},
	{"peers[].bandwidth_kbps_max", TYPE(number), IN(config_peer, bandwidth_kbps_max),
		RANGE(0, 10000000), DEFAULT("0"),
		.help = "of its calls' media in one direction, by the first codec that is "
			"offered; more get 503; 0: no limit"},
	{"peers[].registrations_max", TYPE(number), IN(config_peer, registrations_max),
		RANGE(0, 1000000), DEFAULT("0"),
		.help = "contacts registered from its address, as through a proxy; more get "
			"503; 0: no limit"},
	{"peers[].headers", TYPE(list), IN(config_peer, headers),
		AND(config_peer, header_count), ITEMS(config_header_rule, 64), OPTIONAL,
		.help = "rules for headers on the way from (in) or to (out) it, in this order; "
			"try them: countersipctl rules test"},
	{"peers[].headers[].direction", TYPE(direction), IN(config_header_rule, is_out),
		REQUIRED, .help = "of messages: from it, to it"},
	{"peers[].headers[].action", TYPE(header_action), IN(config_header_rule, action),
		REQUIRED,
		.help = "allow lets a header cross that else stays behind, if the other peer's "
			"rules allow it too"},
	{"peers[].headers[].name", TYPE(header_name), IN(config_header_rule, name), REQUIRED,
		.help = "of the header; allow and remove take X-* for all that begin so"},
	{"peers[].headers[].value", TYPE(text), IN(config_header_rule, value), OPTIONAL,
		.help = "add: its value; rename: its new name; replace: what the match "
			"becomes, \\1 to \\9 being its groups"},
	{"peers[].headers[].pattern", TYPE(text), IN(config_header_rule, pattern), OPTIONAL,
		.help = "replace: a regular expression (PCRE2) that the value must match"},
	{"peers[].early_media", TYPE(early_media), IN(config_peer, early_media),
		DEFAULT("block"), .help = "what callers hear before it answers"},
	{"peers[].answer_identity", TYPE(answer_identity), IN(config_peer, answer_identity),
		BY_PROFILE,
		.help = "require: no media before its answer's key is signed (RFC 4916)"},
	{"peers[].refer", TYPE(refer), IN(config_peer, refer), BY_PROFILE,
		.help = "transfers that it asks for: pass: the other end is asked; carry_out: "
			"we "
			"call the new one by our routes, as a call from it"},

	{"routes", TYPE(list), IN(config, routes), AND(config, route_count),
		ITEMS(config_route, 10000), OPTIONAL,
		.help = "which peer calls to other domains go to"},
	{"routes[].domain", TYPE(domain), IN(config_route, domain), OPTIONAL,
		.help = "of the called address; our own one too, behind its users here"},
	{"routes[].prefix", TYPE(user), IN(config_route, prefix), OPTIONAL,
		.help = "that the called user or number begins with; the longest wins"},
	{"routes[].from", TYPE(name), IN(config_route, from), OPTIONAL,
		.help = "calls from this peer only; wins over domain, domain over prefix"},
	{"routes[].peer", TYPE(name), IN(config_route, peer), OPTIONAL,
		.help = "name of one of peers; or targets"},
	{"routes[].targets", TYPE(list), IN(config_route, targets),
		AND(config_route, target_count), ITEMS(config_target, ROUTE_TARGET_MAX),
		OPTIONAL,
		.help = "several peers: the next one when one does not take the call"},
	{"routes[].targets[].peer", TYPE(name), IN(config_target, peer), REQUIRED,
		.help = "name of one of peers"},
	{"routes[].targets[].priority", TYPE(number), IN(config_target, priority),
		RANGE(0, 65535), DEFAULT("0"), .help = "lower ones are tried first"},
	{"routes[].targets[].weight", TYPE(number), IN(config_target, weight), RANGE(0, 65535),
		DEFAULT("1"), .help = "share of the calls among equals"},

	{"rewrites", TYPE(list), IN(config, rewrites), AND(config, rewrite_count),
		ITEMS(config_rewrite, 1000), OPTIONAL,
		.help = "what becomes of numbers and addresses before a route is looked for; "
			"the "
			"first that is about an address counts"},
	{"rewrites[].from", TYPE(name), IN(config_rewrite, from), OPTIONAL,
		.help = "calls from this peer only"},
	{"rewrites[].what", TYPE(rewrite_what), IN(config_rewrite, is_caller),
		DEFAULT("called"), .help = "address"},
	{"rewrites[].prefix", TYPE(user), IN(config_rewrite, prefix), OPTIONAL,
		.help = "that it begins with"},
	{"rewrites[].strip", TYPE(number), IN(config_rewrite, strip), RANGE(0, 63),
		DEFAULT("0"), .help = "so many characters of it are taken away"},
	{"rewrites[].prepend", TYPE(user), IN(config_rewrite, prepend), OPTIONAL,
		.help = "and this put before the rest"},
	{"rewrites[].domain", TYPE(domain), IN(config_rewrite, domain), OPTIONAL,
		.help = "and this behind the @"},
};
/* clang-format on */

CONFIG_ROWS(peers)
