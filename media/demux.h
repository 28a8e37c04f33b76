/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_DEMUX_H
#define MEDIA_DEMUX_H

#include <stddef.h>
#include <stdint.h>

/* What a datagram on a media port is, by its first byte (RFC 7983 section 7). */
enum demux_class {
	DEMUX_STUN,
	DEMUX_ZRTP,
	DEMUX_DTLS,
	DEMUX_TURN,
	DEMUX_RTP, /* RTP or RTCP */
	DEMUX_UNKNOWN,
};

enum demux_class demux_classify(const uint8_t *bytes, size_t len);

#endif
