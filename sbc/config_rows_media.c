/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration keys of media. */

#include "sbc/config_rows.h"

/* clang-format off: a table */
static const struct config_row rows[] = {
	{"media", TYPE(section), IN(config, media), OPTIONAL, .help = "DTLS-SRTP"},
	{"media.loops", TYPE(number), FIXED, IN(config_media, loops), RANGE(1, 16),
		DEFAULT("1"),
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
	{"media.ports", TYPE(ports), FIXED, IN(config_media, port_min),
		AND(config_media, port_max), DEFAULT("20000-29999"),
		.help = "UDP ports of media; a call takes four"},
	{"media.profiles", TYPE(profiles), FIXED, IN(config_media, profiles),
		AND(config_media, profile_count), .max = 4,
		DEFAULT("SRTP_AEAD_AES_256_GCM SRTP_AEAD_AES_128_GCM "
			"SRTP_AES128_CM_HMAC_SHA1_80"),
		.help = "in order of preference; also SRTP_AES128_CM_HMAC_SHA1_32"},
	{"media.dtls_retransmit_ms", TYPE(number), FIXED, IN(config_media, dtls_retransmit_ms),
		RANGE(20, 5000), DEFAULT("250"),
		.help = "first repetition of a handshake message; then doubled, up to a "
			"second"},
	{"media.dtls_deadline_ms", TYPE(number), FIXED, IN(config_media, dtls_deadline_ms),
		RANGE(500, 60000), DEFAULT("10000"),
		.help = "a handshake that is not done by then ends the call"},
	{"media.dtls_mtu", TYPE(number), FIXED, IN(config_media, dtls_mtu), RANGE(512, 1472),
		DEFAULT("1200"), .help = "bytes of a DTLS datagram"},
	{"media.media_timeout_s", TYPE(number), FIXED, IN(config_media, media_timeout_s),
		RANGE(0, 3600), DEFAULT("60"),
		.help = "silence on both sides that ends a call; 0: never"},
	{"media.coalesce_us", TYPE(number), FIXED, IN(config_media, coalesce_us),
		RANGE(0, 5000), DEFAULT("1000"),
		.help = "a busy loop lets packets wait so long, to save wake-ups; 0: never"},
	{"media.io_uring", TYPE(bool), FIXED, IN(config_media, io_uring), DEFAULT("true"),
		.help = "many packets in one system call, where the kernel (6.1) allows it"},
	{"media.connected_sockets", TYPE(bool), FIXED, IN(config_media, connected_sockets),
		DEFAULT("true"),
		.help = "hold a socket to the address that a peer's media comes from, and let "
			"it "
			"go when the peer is silent for half a second: cheaper, and packets of "
			"strangers are dropped by the kernel; a peer that moves is missed so "
			"long"},
	{"media.certificate_hours", TYPE(number), IN(config_media, certificate_hours),
		RANGE(0, 8760), DEFAULT("24"),
		.help = "new calls get another DTLS key and certificate of ours so often; "
			"calls "
			"that live keep theirs; 0: at each start only"},
};
/* clang-format on */

CONFIG_ROWS(media)
