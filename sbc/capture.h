/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CAPTURE_H
#define SBC_CAPTURE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/netaddr.h"
#include "sbc/transport.h"

/*
 * SIP messages as programs that show captures read them: HEP version 3 (Homer, sngrep) and
 * pcap (Wireshark, sngrep). Whatever they came over, they are shown in the clear. Pure;
 * private to the sbc room.
 */
struct capture_packet {
	int64_t time_us; /* since 1970 */
	enum transport_kind kind;
	struct netaddr source, destination; /* of one address family */
	struct slice text;                  /* the message */
};

/* What a packet has beside it for HEP; empty: absent. */
struct capture_agent {
	uint32_t id;
	struct slice auth_key;
	struct slice correlation_id; /* the same for both legs of a call */
};

#define CAPTURE_PACKET_MAX 65507 /* bytes of one UDP datagram */

/* Appends one HEP3 datagram. Returns out's err; SBC_ELIMIT: no datagram is so long. */
int capture_print_hep(struct buf *out, const struct capture_agent *agent,
	const struct capture_packet *packet);

/* Appends the head of a pcap file whose packets are bare IP (LINKTYPE_RAW). */
int capture_print_pcap_head(struct buf *out);
/* Appends one packet of it: IPv4 or IPv6 and UDP, with checksums. Too long a message is cut
 * and told to be. Returns out's err. */
int capture_print_pcap(struct buf *out, const struct capture_packet *packet);

#endif
