/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration keys of what stands beside calls: fetch, http, rpc, hosts, dispatcher. */

#include "sbc/config_rows.h"

/* clang-format off: a table */
static const struct config_row rows[] = {
	{"fetch", TYPE(section), FIXED, IN(config, fetch), OPTIONAL,
		.help = "how signers' certificates are fetched"},
	{"fetch.ca", TYPE(text), IN(config_fetch, ca), OPTIONAL,
		.help = "PEM file of CAs for https; ca when absent, else the system's"},
	{"fetch.allow", TYPE(blocks), IN(config_fetch, allow), AND(config_fetch, allow_count),
		.max = 64, OPTIONAL,
		.help = "private addresses that may be fetched from; else only public ones"},
	{"fetch.redirects", TYPE(redirects), IN(config_fetch, redirects), DEFAULT("off"),
		.help = "that are followed, three at most: to the same host, or to any https "
			"URL"},
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
	{"rpc.http_address", TYPE(hostport), IN(config_rpc, http_address), OPTIONAL,
		.help = "JSON-RPC, metrics and console over HTTP, 127.0.0.1:8480; none when "
			"absent; port 8480 when not told"},
	{"rpc.http_token", TYPE(path), IN(config_rpc, http_token), OPTIONAL,
		.help = "file with the token of who may, mode 0600, 16 to 128 characters; made "
			"as rpc_token in state_dir when absent"},
	{"rpc.http_certificate", TYPE(path), IN(config_rpc, http_certificate), OPTIONAL,
		.help = "PEM file: TLS; needed where others than this machine get to"},
	{"rpc.http_key", TYPE(path), IN(config_rpc, http_key), OPTIONAL,
		.help = "PEM file of its private key"},
	{"rpc.http_ca", TYPE(path), IN(config_rpc, http_ca), OPTIONAL,
		.help = "PEM file of the CAs whose clients need no token"},
	{"rpc.http_names", TYPE(text), IN(config_rpc, http_names), OPTIONAL,
		.help = "names that it is reached by, with blanks between; localhost and "
			"addresses always are"},
	{"rpc.http_console", TYPE(path), IN(config_rpc, http_console), OPTIONAL,
		.help = "folder of the web console; none when absent"},

	{"trace", TYPE(section), FIXED, IN(config, trace), OPTIONAL,
		.help = "where the command call.trace writes the SIP of single calls to"},
	{"trace.pcap_dir", TYPE(path), IN(config_trace, pcap_dir), OPTIONAL,
		.help = "folder for pcap files, one for each trace; none when absent"},
	{"trace.pcap_max_kib", TYPE(number), IN(config_trace, pcap_max_kib), RANGE(64, 1048576),
		DEFAULT("16384"), .help = "of one file; then it is full"},
	{"trace.hep_address", TYPE(hostport), IN(config_trace, hep_address), OPTIONAL,
		.help = "HEP version 3 over UDP: Homer's or sngrep's address; port 9060 when "
			"not told; none when absent"},
	{"trace.hep_capture_id", TYPE(number), IN(config_trace, hep_capture_id),
		RANGE(0, 2147483647), DEFAULT("2001"), .help = "which agent we are there"},
	{"trace.hep_auth_key", TYPE(text), IN(config_trace, hep_auth_key), OPTIONAL,
		.help = "what Homer lets agents in by; it goes over the network in the clear"},

	{"lab", TYPE(section), FIXED, IN(config, lab), OPTIONAL,
		.help = "what nobody's calls but your own may be exposed to"},
	{"lab.enabled", TYPE(bool), IN(config_lab, is_enabled), DEFAULT("false"),
		.help = "without it the keys below are refused"},
	{"lab.key_log", TYPE(path), IN(config_lab, key_log), OPTIONAL,
		.help = "file that gets the secrets of DTLS handshakes in NSS's key-log "
			"format: "
			"whoever has it opens the media"},

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
};
/* clang-format on */

CONFIG_ROWS(services)
