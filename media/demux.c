/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 7983 section 7: one port, several protocols. Pure. */

#include "media/demux.h"

enum demux_class demux_classify(const uint8_t *bytes, size_t len)
{
	uint8_t first;

	if (!len)
		return DEMUX_UNKNOWN;
	first = bytes[0];
	if (first <= 3)
		return DEMUX_STUN;
	if (first >= 16 && first <= 19)
		return DEMUX_ZRTP;
	if (first >= 20 && first <= 63)
		return DEMUX_DTLS;
	if (first >= 64 && first <= 79)
		return DEMUX_TURN;
	if (first >= 128 && first <= 191)
		return DEMUX_RTP;
	return DEMUX_UNKNOWN;
}
