/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of configuration keys: one row for each key with its type, what it is without
 * being written, its range and one line of help. Whoever adds a key adds a row here and a
 * field in sbc/config.h. Below the table, what walks a file's tree by it. Pure.
 */

#include <stdio.h>

#include "sbc/config_tree.h"

#define PATH_MAX_LEN 64 /* bytes of "section[].key" */

#define IN(structure, field)   .offset = offsetof(struct structure, field)
#define AND(structure, field)  .second = offsetof(struct structure, field)
#define ITEMS(structure, most) .item_size = sizeof(struct structure), .max = (most)
#define RANGE(lowest, highest) .min = (lowest), .max = (highest)
#define TYPE(word)             .type = &config_type_##word
#define REQUIRED               .fallback = NULL
#define OPTIONAL               .fallback = ""
#define DEFAULT(text)          .fallback = (text)
#define FIXED                  .is_fixed = true
#define BY_PROFILE             .fallback = "", .is_by_profile = true

/* clang-format off: a table */
static const struct config_row rows[] = {
	{"user", TYPE(name), FIXED, IN(config, user), OPTIONAL,
		.help = "to run as when started by root, name or number; only what is needed is "
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
	{"user_agent", TYPE(text), IN(config, user_agent), OPTIONAL,
		.help = "told in User-Agent and Server; nothing is told when absent"},
	{"dns_servers", TYPE(text), FIXED, IN(config, dns_servers), OPTIONAL,
		.help = "asked for peers' names, as 192.0.2.1:53,192.0.2.2; the system's when "
			"absent"},
	{"ca", TYPE(text), FIXED, IN(config, ca), OPTIONAL,
		.help = "PEM file of the CAs that identities and TLS peers must chain to; "
			"the demo CA of state_dir when absent"},

	{"crl", TYPE(text), FIXED, IN(config, crl), OPTIONAL,
		.help = "PEM file of their revocation lists; none is asked for when absent"},

	{"domains", TYPE(list), FIXED, IN(config, domains), AND(config, domain_count),
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

	{"keys", TYPE(list), FIXED, IN(config, keys), AND(config, key_count),
		ITEMS(config_key, 256), OPTIONAL,
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

	{"listeners", TYPE(list), FIXED, IN(config, listeners), AND(config, listener_count),
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
			"8643)"},
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
	{"users[].ha1_sha256", TYPE(hex), IN(config_user, ha1_sha256), OPTIONAL, .max = 64,
		.help = "SHA-256 of name:domain:password"},
	{"users[].ha1_sha512_256", TYPE(hex), IN(config_user, ha1_sha512_256), OPTIONAL,
		.max = 64, .help = "SHA-512/256 of the same"},
	{"users[].ha1_md5", TYPE(hex), IN(config_user, ha1_md5), OPTIONAL, .max = 32,
		.help = "MD5 of the same, for phones that know no other"},

	{"peers", TYPE(list), IN(config, peers), AND(config, peer_count),
		ITEMS(config_peer, 1000), OPTIONAL,
		.help = "other domains' servers that calls come from and go to"},
	{"peers[].name", TYPE(name), IN(config_peer, name), REQUIRED,
		.help = "for routes, logs and call records"},
	{"peers[].domain", TYPE(domain), IN(config_peer, domain), REQUIRED,
		.help = "must be in its TLS certificate, and in its callers' From"},
	{"peers[].address", TYPE(peer_address), IN(config_peer, address), REQUIRED,
		.help = "where requests are sent: address (port 5061 for tls, else 5060), or a "
			"name that is looked up in DNS (RFC 3263: SRV unless a port is given)"},
	{"peers[].transport", TYPE(peer_transport), IN(config_peer, transport), DEFAULT("tls"),
		.help = "how; dns: as the NAPTR records of its name say"},
	{"peers[].profile", TYPE(peer_profile), IN(config_peer, profile),
		DEFAULT("domain-dtls"),
		.help = "what it is: gives every key below that says so and is not written; "
			"domain-dtls, trunk-sdes, trunk-rtp, lab"},
	{"peers[].media", TYPE(media_mode), IN(config_peer, media), BY_PROFILE,
		.help = "how its media is protected"},
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
	{"peers[].headers", TYPE(list), IN(config_peer, headers),
		AND(config_peer, header_count), ITEMS(config_header_rule, 64), OPTIONAL,
		.help = "rules for headers on the way from (in) or to (out) it, in this order; "
			"try them: countersip -c FILE --rules FROM:TO < MESSAGE"},
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
		DEFAULT("off"),
		.help = "require: no media before its answer's key is signed (RFC 4916)"},

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

	{"media", TYPE(section), FIXED, IN(config, media), OPTIONAL, .help = "DTLS-SRTP"},
	{"media.loops", TYPE(number), IN(config_media, loops), RANGE(1, 16), DEFAULT("1"),
		.help = "threads that carry media; one is enough for a thousand calls"},
	{"media.interfaces", TYPE(list), IN(config_media, interfaces),
		AND(config_media, interface_count), ITEMS(config_interface, 4), REQUIRED,
		.help = "where media is received"},
	{"media.interfaces[].name", TYPE(name), IN(config_interface, name), OPTIONAL,
		.help = "for peers and users: inside, outside"},
	{"media.interfaces[].address", TYPE(address), IN(config_interface, address), REQUIRED,
		.help = "where its sockets are bound"},
	{"media.interfaces[].advertised", TYPE(address), IN(config_interface, advertised),
		OPTIONAL, .help = "told in SDP (behind NAT); the address when absent"},
	{"media.ports", TYPE(ports), IN(config_media, port_min), AND(config_media, port_max),
		DEFAULT("20000-29999"), .help = "UDP ports of media; a call takes four"},
	{"media.profiles", TYPE(profiles), IN(config_media, profiles),
		AND(config_media, profile_count), .max = 4,
		DEFAULT("SRTP_AEAD_AES_256_GCM SRTP_AEAD_AES_128_GCM "
			"SRTP_AES128_CM_HMAC_SHA1_80"),
		.help = "in order of preference; also SRTP_AES128_CM_HMAC_SHA1_32"},
	{"media.dtls_retransmit_ms", TYPE(number), IN(config_media, dtls_retransmit_ms),
		RANGE(20, 5000), DEFAULT("250"),
		.help = "first repetition of a handshake message; then doubled"},
	{"media.dtls_deadline_ms", TYPE(number), IN(config_media, dtls_deadline_ms),
		RANGE(500, 60000), DEFAULT("10000"),
		.help = "a handshake that is not done by then ends the call"},
	{"media.dtls_mtu", TYPE(number), IN(config_media, dtls_mtu), RANGE(512, 1472),
		DEFAULT("1200"), .help = "bytes of a DTLS datagram"},
	{"media.media_timeout_s", TYPE(number), IN(config_media, media_timeout_s),
		RANGE(0, 3600), DEFAULT("60"),
		.help = "silence on both sides that ends a call; 0: never"},

	{"fetch", TYPE(section), FIXED, IN(config, fetch), OPTIONAL,
		.help = "how signers' certificates are fetched"},
	{"fetch.ca", TYPE(text), IN(config_fetch, ca), OPTIONAL,
		.help = "PEM file of CAs for https; ca when absent, else the system's"},
	{"fetch.allow", TYPE(blocks), IN(config_fetch, allow), AND(config_fetch, allow_count),
		.max = 64, OPTIONAL,
		.help = "private addresses that may be fetched from; else only public ones"},
	{"fetch.timeout_ms", TYPE(number), IN(config_fetch, timeout_ms), RANGE(100, 5000),
		DEFAULT("3000"), .help = "of one fetch in all; the caller waits"},
	{"fetch.size_max", TYPE(number), IN(config_fetch, size_max), RANGE(1024, 65536),
		DEFAULT("32768"), .help = "bytes of a certificate chain"},
	{"fetch.parallel_max", TYPE(number), IN(config_fetch, parallel_max), RANGE(1, 256),
		DEFAULT("16"), .help = "fetches at once; as many again wait"},

	{"http", TYPE(section), FIXED, IN(config, http), OPTIONAL,
		.help = "serves our certificates at https://NAME:PORT/cert"},
	{"http.enabled", TYPE(bool), IN(config_http, is_enabled), DEFAULT("true"),
		.help = "when the section is there"},
	{"http.address", TYPE(hostport), IN(config_http, address), DEFAULT("127.0.0.1:8443"),
		.help = "where it listens; port 443 when not told"},
	{"http.certificate", TYPE(text), IN(config_http, certificate), OPTIONAL,
		.help = "PEM file; the first domain's when absent"},
	{"http.key", TYPE(text), IN(config_http, key), OPTIONAL,
		.help = "PEM file of its private key"},

	{"rpc", TYPE(section), FIXED, IN(config, rpc), OPTIONAL,
		.help = "management: kamctl, kamcmd, kamcli and web panels connect here"},
	{"rpc.enabled", TYPE(bool), IN(config_rpc, is_enabled), DEFAULT("true"),
		.help = "when the section is there"},
	{"rpc.run_dir", TYPE(path), IN(config_rpc, run_dir), DEFAULT("/run/countersip"),
		.help = "where names below that do not begin with / are; made when absent"},
	{"rpc.fifo_name", TYPE(path), IN(config_rpc, fifo_name), DEFAULT("countersip_rpc.fifo"),
		.help = "FIFO for JSON-RPC (kamctl) and OpenSIPS MI (its panel); \"\" for "
			"none"},
	{"rpc.fifo_mode", TYPE(mode), IN(config_rpc, fifo_mode), DEFAULT("0660"),
		.help = "its mode, octal; whoever may write to it may end calls"},
	{"rpc.fifo_user", TYPE(name), IN(config_rpc, fifo_user), OPTIONAL,
		.help = "its owner, name or number; who starts countersip when absent"},
	{"rpc.fifo_group", TYPE(name), IN(config_rpc, fifo_group), OPTIONAL,
		.help = "its group, name or number"},
	{"rpc.fifo_acl", TYPE(text), IN(config_rpc, fifo_acl), OPTIONAL,
		.help = "more who may: \"user:www-data:rw group:ops:rw\"; fifo_mode's group "
			"bits bound it"},
	{"rpc.fifo_reply_dir", TYPE(path), IN(config_rpc, fifo_reply_dir), .alias = "reply_dir",
		DEFAULT("/tmp"),
		.help = "where clients make FIFOs for answers; kamctl and OpenSIPS-CP: /tmp"},
	{"rpc.dgram_socket", TYPE(path), IN(config_rpc, dgram_socket),
		DEFAULT("countersip_rpc.sock"),
		.help = "unix datagram socket for JSON-RPC (kamcli); \"\" for none"},
	{"rpc.dgram_mode", TYPE(mode), IN(config_rpc, dgram_mode), DEFAULT("0660"),
		.help = "its mode, octal"},
	{"rpc.dgram_user", TYPE(name), IN(config_rpc, dgram_user), OPTIONAL,
		.help = "its owner, name or number"},
	{"rpc.dgram_group", TYPE(name), IN(config_rpc, dgram_group), OPTIONAL,
		.help = "its group, name or number"},
	{"rpc.ctl_socket", TYPE(path), IN(config_rpc, ctl_socket), .alias = "binrpc",
		DEFAULT("countersip_ctl"),
		.help = "unix stream socket for BINRPC (kamcmd); \"\" for none"},
	{"rpc.ctl_mode", TYPE(mode), IN(config_rpc, ctl_mode), .alias = "mode", DEFAULT("0660"),
		.help = "its mode, octal; its user and group are checked at each connection"},
	{"rpc.ctl_user", TYPE(name), IN(config_rpc, ctl_user), .alias = "user", OPTIONAL,
		.help = "its owner, name or number"},
	{"rpc.ctl_group", TYPE(name), IN(config_rpc, ctl_group), .alias = "group", OPTIONAL,
		.help = "its group, name or number"},

	{"hosts", TYPE(hosts), FIXED, IN(config, hosts), AND(config, host_count), OPTIONAL,
		.help = "names with fixed addresses, before any DNS"},

	{"dispatcher", TYPE(section), IN(config, dispatcher), OPTIONAL,
		.help = "how peers with probe are asked, in the words of Kamailio's module; "
			"their states are AP active, TP trying, IP inactive, DX disabled"},
	{"dispatcher.ds_ping_interval", TYPE(number), IN(config_dispatcher, ds_ping_interval),
		RANGE(0, 86400), DEFAULT("10"),
		.help = "seconds between two OPTIONS to a peer; 0: none are sent"},
	{"dispatcher.ds_probing_threshold", TYPE(number),
		IN(config_dispatcher, ds_probing_threshold), RANGE(1, 100), DEFAULT("1"),
		.help = "failed ones in a row that make it inactive"},
	{"dispatcher.ds_inactive_threshold", TYPE(number),
		IN(config_dispatcher, ds_inactive_threshold), RANGE(1, 100), DEFAULT("1"),
		.help = "answered ones in a row that make it active again"},
	{"dispatcher.ds_ping_reply_codes", TYPE(text),
		IN(config_dispatcher, ds_ping_reply_codes), OPTIONAL,
		.help = "answers that count, as class=2;code=404; when absent all below 500 "
			"but 408"},
	{"dispatcher.ds_ping_from", TYPE(text), IN(config_dispatcher, ds_ping_from),
		DEFAULT("sip:dispatcher@localhost"), .help = "URI in From"},

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
	{"limits.transactions", TYPE(number), FIXED, IN(config_limits, transactions),
		RANGE(16, 1000000), DEFAULT("20000"), .help = "SIP transactions at once"},
	{"limits.registrations", TYPE(number), FIXED, IN(config_limits, registrations),
		RANGE(1, 1000000), DEFAULT("10000"), .help = "contacts in all"},
	{"limits.connections", TYPE(number), FIXED, IN(config_limits, connections),
		RANGE(1, 100000), DEFAULT("4096"), .help = "TCP and TLS connections in all"},
	{"limits.connections_per_address", TYPE(number), FIXED,
		IN(config_limits, connections_per_address), RANGE(1, 100000), DEFAULT("256"),
		.help = "and from one address"},
	{"limits.ring_timeout_s", TYPE(number), IN(config_limits, ring_timeout_s),
		RANGE(5, 600), DEFAULT("120"), .help = "a call nobody answers is given up"},
	{"limits.session_expires_s", TYPE(number), IN(config_limits, session_expires_s),
		RANGE(0, 86400), DEFAULT("1800"),
		.help = "a call that neither end refreshes is over then; 0: not asked for"},
	{"limits.session_min_s", TYPE(number), IN(config_limits, session_min_s),
		RANGE(90, 86400), DEFAULT("90"), .help = "a shorter one is refused (422)"},
	{"limits.shutdown_ms", TYPE(number), IN(config_limits, shutdown_ms), RANGE(0, 4000),
		DEFAULT("3000"), .help = "so long calls may take to end at stop"},

	{"registration", TYPE(section), FIXED, .offset = 0, OPTIONAL,
		.help = "how long phones' registrations live"},
	{"registration.min_s", TYPE(number), IN(config, registration_min_s), RANGE(1, 86400),
		DEFAULT("60"), .help = "shorter ones are refused (423)"},
	{"registration.max_s", TYPE(number), IN(config, registration_max_s), RANGE(1, 86400),
		DEFAULT("3600"), .help = "longer ones are cut"},
	{"registration.default_s", TYPE(number), IN(config, registration_default_s),
		RANGE(1, 86400), DEFAULT("600"), .help = "when a phone asks for none"},
};
/* clang-format on */

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* The last part of a row's path when it lies right under prefix; else empty. */
static struct slice key_under(const struct config_row *row, struct slice prefix)
{
	struct slice path = slice_str(row->path), key;

	if (!slice_starts(path, prefix))
		return (struct slice){0};
	key = slice_from(path, prefix.len);
	return slice_find(key, '.') < key.len ? (struct slice){0} : key;
}

static const struct config_row *find_row(struct slice prefix, struct slice key)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct slice name = key_under(&rows[i], prefix);
		if (key.len && name.len &&
			(slice_equal(name, key) || slice_equal(slice_str(rows[i].alias), key)))
			return &rows[i];
	}
	return NULL;
}

static const char *nearest_key(struct slice prefix, struct slice written)
{
	const char *nearest = NULL;
	int best = 100;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct slice key = key_under(&rows[i], prefix);
		int far = key.len ? config_word_distance(written, key) : -1;
		if (far >= 0 && far < best) {
			best = far;
			nearest = key.ptr;
		}
	}
	return nearest;
}

/* A key that exists, but in another section. */
static const char *elsewhere(struct slice written)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct slice path = slice_str(rows[i].path);
		if (path.len > written.len + 1 && path.ptr[path.len - written.len - 1] == '.' &&
			slice_equal(slice_from(path, path.len - written.len), written))
			return rows[i].path;
	}
	return NULL;
}

static void unknown_key(
	struct config_reading *r, struct slice prefix, const struct config_node *key)
{
	struct slice written = slice_head(key->text, 60);
	const char *nearest = nearest_key(prefix, key->text);
	const char *other = nearest || !key->text.len ? NULL : elsewhere(key->text);

	if (nearest)
		config_fault(r->faults, key, "unknown key \"%.*s\"; did you mean \"%s\"?",
			SLICE_ARG(written), nearest);
	else if (other)
		config_fault(r->faults, key, "unknown key \"%.*s\" here; did you mean %s?",
			SLICE_ARG(written), other);
	else
		config_fault(r->faults, key, "unknown key \"%.*s\"", SLICE_ARG(written));
}

static void check_keys(
	struct config_reading *r, struct slice prefix, const struct config_node *node)
{
	for (const struct config_entry *e = node->first; e; e = e->next) {
		const struct config_entry *same = node->first;
		while (!slice_equal(same->key->text, e->key->text))
			same = same->next;
		if (same != e)
			config_fault(r->faults, e->key,
				"\"%.*s\" stands twice; first in line %u",
				SLICE_ARG(slice_head(e->key->text, 60)), same->key->line);
		else if (!find_row(prefix, e->key->text))
			unknown_key(r, prefix, e->key);
	}
}

static void fill(struct config_reading *r, struct slice prefix, const struct config_node *node,
	char *base);

/* A section that is not written, and a file without a word. */
static const struct config_node nothing = {
	.kind = CONFIG_MAPPING, .line = 1, .column = 1, .width = 1};

static bool is_group(const struct config_row *row)
{
	return row->type == &config_type_section || row->type == &config_type_list;
}

static void fill_section(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	char prefix[PATH_MAX_LEN];

	snprintf(prefix, sizeof(prefix), "%s.", row->path);
	fill(r, slice_str(prefix), node, base + row->offset);
}

/* A default as it would be written. Lists of words are written with blanks. */
static void read_default(struct config_reading *r, const struct config_row *row, char *base)
{
	struct config_node items[4], list = {.kind = CONFIG_SEQUENCE, .line = 1, .column = 1};
	struct config_entry entries[4] = {{0}};
	struct slice rest = slice_str(row->fallback);
	bool is_list = row->type == &config_type_mechanisms ||
		       row->type == &config_type_profiles || row->type == &config_type_blocks;

	while (rest.len && list.count < 4) {
		struct slice word = is_list ? slice_cut(&rest, ' ') : rest;
		struct config_entry *e = &entries[list.count];
		items[list.count] = (struct config_node){.kind = CONFIG_SCALAR, .text = word};
		e->value = &items[list.count];
		e->next = is_list && rest.len ? e + 1 : NULL;
		list.count++;
		if (!is_list)
			break;
	}
	list.first = entries;
	row->type->read(r, row, is_list ? &list : &items[0], base);
}

static bool is_text_like(const struct config_row *row)
{
	return row->type == &config_type_text || row->type == &config_type_url ||
	       row->type == &config_type_hex || row->type == &config_type_sent_by ||
	       row->type == &config_type_name || row->type == &config_type_domain ||
	       row->type == &config_type_user || row->type == &config_type_path ||
	       row->type == &config_type_header_name;
}

/* What is not written: its default, or a fault when it must be there. */
static void fill_absent(struct config_reading *r, const struct config_row *row,
	struct slice key, const struct config_node *node, char *base)
{
	bool is_in_list = strstr(row->path, "[].") != NULL;

	if (is_text_like(row))
		*(const char **)(void *)(base + row->offset) = "";
	if (row->type == &config_type_section)
		fill_section(r, row, node ? &nothing : NULL, base);
	else if (!row->fallback && node)
		config_fault(r->faults, node, "\"%s\" is missing here: %s",
			is_in_list ? key.ptr : row->path, row->help);
	else if (row->fallback && row->fallback[0])
		read_default(r, row, base);
}

static void fill_list(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	char prefix[PATH_MAX_LEN];
	char *items;
	size_t i = 0;

	if (node->kind != CONFIG_SEQUENCE || node->count > row->max) {
		if (node->kind != CONFIG_SEQUENCE)
			config_fault(r->faults, node,
				"a list is wanted here: each item begins with \"- \"");
		else
			config_fault(r->faults, node, "%zu items: at most %u are possible",
				node->count, row->max);
		return;
	}
	items = arena_array(r->arena, node->count, row->item_size);
	if (!items) {
		r->faults->is_out_of_memory = true;
		return;
	}
	snprintf(prefix, sizeof(prefix), "%s[].", row->path);
	for (const struct config_entry *e = node->first; e; e = e->next, i++)
		fill(r, slice_str(prefix), e->value, items + i * row->item_size);
	*(char **)(void *)(base + row->offset) = items;
	*(size_t *)(void *)(base + row->second) = node->count;
}

static void fill_row(struct config_reading *r, const struct config_row *row,
	const struct config_node *value, char *base)
{
	if (is_text_like(row))
		*(const char **)(void *)(base + row->offset) = "";
	if (row->type == &config_type_section)
		fill_section(r, row, value, base);
	else if (row->type == &config_type_list)
		fill_list(r, row, value, base);
	else
		row->type->read(r, row, value, base);
}

/* Under its own name or the other one, not both. */
static const struct config_node *find_value(struct config_reading *r,
	const struct config_row *row, struct slice key, const struct config_node *node)
{
	const struct config_node *value = config_node_get(node, key.ptr);
	const struct config_node *other = row->alias ? config_node_get(node, row->alias) : NULL;

	if (value && other)
		config_fault(r->faults, other, "\"%s\" is the same key as \"%s\"", row->alias,
			key.ptr);
	return value ? value : other;
}

/* One mapping: all rows right under prefix. base: the struct they fill. node NULL: broken
 * further up, so that only defaults are filled in. */
static void fill(struct config_reading *r, struct slice prefix, const struct config_node *node,
	char *base)
{
	if (node && node->kind == CONFIG_MAPPING) {
		check_keys(r, prefix, node);
	} else if (node) {
		config_fault(r->faults, node, "\"key: value\" lines are wanted here");
		node = NULL;
	}
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct slice key = key_under(&rows[i], prefix);
		const struct config_node *value;
		if (!key.len)
			continue;
		value = find_value(r, &rows[i], key, node);
		/* "users:" with every line below commented out is no fault. */
		if (value && !(is_group(&rows[i]) && config_node_is_null(value)))
			fill_row(r, &rows[i], value, base);
		else
			fill_absent(r, &rows[i], key, node, base);
	}
}

void config_schema_fill(struct config_reading *r)
{
	if (config_node_is_null(r->root))
		r->root = &nothing;
	fill(r, (struct slice){0}, r->root, (char *)r->config);
}

const struct config_row *config_row_at(size_t index)
{
	return index < ROW_COUNT ? &rows[index] : NULL;
}

void config_print_keys(void (*line)(const char *text, void *arg), void *arg)
{
	char text[512];

	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct config_row *row = &rows[i];
		const char *fallback = row->fallback;
		bool has_range = row->type == &config_type_number;
		char range[48] = "";
		if (has_range)
			snprintf(range, sizeof(range), " %u to %u", row->min, row->max);
		snprintf(text, sizeof(text), "%-40s %s%s; %s%s\n%-40s %s%s", row->path,
			row->type->name, range,
			!fallback            ? "required"
			: row->is_by_profile ? "default by profile"
			: fallback[0]        ? "default "
					     : "optional",
			fallback ? fallback : "", "", row->help,
			row->is_fixed ? " (restart)" : "");
		line(text, arg);
	}
}

const struct config_type config_type_section = {"section", NULL};
const struct config_type config_type_list = {"list", NULL};
