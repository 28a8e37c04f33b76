/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration keys of ceilings: blocking, limits, registration. */

#include "sbc/config_rows.h"

/* clang-format off: a table */
static const struct config_row rows[] = {
	{"blocking", TYPE(section), IN(config, blocking), OPTIONAL,
		.help = "how floods and scanners are kept out, each by its address; peers and "
			"who has shown a password are not taken for such"},
	{"blocking.enabled", TYPE(bool), IN(config_blocking, is_enabled), DEFAULT("true"),
		.help = "at all"},
	{"blocking.allow", TYPE(blocks), IN(config_blocking, allow),
		AND(config_blocking, allow_count), .max = 64, DEFAULT("127.0.0.0/8 ::1"),
		.help = "addresses that are never judged"},
	{"blocking.requests_per_s", TYPE(number), IN(config_blocking, requests_per_s),
		RANGE(1, 100000), DEFAULT("50"),
		.help = "messages a second from a stranger's address; the rest is dropped"},
	{"blocking.points", TYPE(number), IN(config_blocking, points), RANGE(1, 10000),
		DEFAULT("20"),
		.help = "refused requests and broken messages until an address is blocked; one "
			"is forgiven each 5 s"},
	{"blocking.block_s", TYPE(number), IN(config_blocking, block_s), RANGE(1, 86400),
		DEFAULT("60"), .help = "for so long"},
	{"blocking.sources", TYPE(number), FIXED, IN(config_blocking, sources),
		RANGE(16, 1000000), DEFAULT("20000"),
		.help = "addresses that are kept in mind"},

	{"limits", TYPE(section), IN(config, limits), OPTIONAL,
		.help = "what strangers cannot use up"},
	{"limits.calls", TYPE(number), FIXED, IN(config_limits, calls), RANGE(1, 20000),
		DEFAULT("1000"), .help = "at once; more get 503"},
	{"limits.busy_percent", TYPE(number), IN(config_limits, busy_percent), RANGE(0, 99),
		DEFAULT("90"),
		.help = "of the signalling thread's time; above it only so many new calls are "
			"let in as there is time for, the others get 503 at once; 0: all are"},
	{"limits.transactions", TYPE(number), FIXED, IN(config_limits, transactions),
		RANGE(16, 1000000), DEFAULT("20000"), .help = "SIP transactions at once"},
	{"limits.registrations", TYPE(number), FIXED, IN(config_limits, registrations),
		RANGE(1, 1000000), DEFAULT("10000"), .help = "contacts in all"},
	{"limits.connections", TYPE(number), FIXED, IN(config_limits, connections),
		RANGE(1, 100000), DEFAULT("4096"), .help = "TCP and TLS connections in all"},
	{"limits.connections_per_address", TYPE(number), FIXED,
		IN(config_limits, connections_per_address), RANGE(1, 100000), DEFAULT("256"),
		.help = "and from one address"},
	{"limits.ping_interval_s", TYPE(number), FIXED, IN(config_limits, ping_interval_s),
		RANGE(0, 3600), DEFAULT("95"),
		.help = "between signs of life on connections that we made (RFC 5626); who "
			"once answered and does no more is connected to anew; 0: none"},
	{"limits.udp_request_max", TYPE(number), IN(config_limits, udp_request_max),
		RANGE(0, 65535), DEFAULT("1300"),
		.help = "bytes; a longer request goes over TCP where a tcp listener has the "
			"same address, and over UDP if that is refused; 0: always over UDP"},
	{"limits.ring_timeout_s", TYPE(number), IN(config_limits, ring_timeout_s),
		RANGE(5, 600), DEFAULT("120"), .help = "a call nobody answers is given up"},
	{"limits.target_timeout_s", TYPE(number), IN(config_limits, target_timeout_s),
		RANGE(1, 60), DEFAULT("8"),
		.help = "a target that says nothing at all for so long is left for the next "
			"one, "
			"where there is one"},
	{"limits.answer_identity_s", TYPE(number), IN(config_limits, answer_identity_s),
		RANGE(1, 60), DEFAULT("10"),
		.help = "answer_identity: require: a call whose answer's key is not proved by "
			"then ends; a certificate may have to be fetched, here and there"},
	{"limits.session_expires_s", TYPE(number), IN(config_limits, session_expires_s),
		RANGE(0, 86400), DEFAULT("1800"),
		.help = "a call that neither end refreshes is over then; 0: not asked for"},
	{"limits.session_min_s", TYPE(number), IN(config_limits, session_min_s),
		RANGE(90, 86400), DEFAULT("90"), .help = "a shorter one is refused (422)"},
	{"limits.shutdown_ms", TYPE(number), IN(config_limits, shutdown_ms), RANGE(0, 4000),
		DEFAULT("3000"), .help = "so long calls may take to end at stop"},

	{"registration", TYPE(section), .offset = 0, OPTIONAL,
		.help = "how long phones' registrations live"},
	{"registration.min_s", TYPE(number), IN(config, registration_min_s), RANGE(1, 86400),
		DEFAULT("60"), .help = "shorter ones are refused (423)"},
	{"registration.max_s", TYPE(number), IN(config, registration_max_s), RANGE(1, 86400),
		DEFAULT("3600"), .help = "longer ones are cut"},
	{"registration.relay_s", TYPE(number), IN(config, registration_relay_s),
		RANGE(10, 3600), DEFAULT("60"),
		.help = "told to phones of domains with a registrar, so that the way to them "
			"stays open; refreshes are answered here"},
	{"registration.default_s", TYPE(number), IN(config, registration_default_s),
		RANGE(1, 86400), DEFAULT("600"), .help = "when a phone asks for none"},
};
/* clang-format on */

CONFIG_ROWS(limits)
