/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a media port looks at before any key: class, RTP and RTCP headers. */

#include "media/demux.h"
#include "media/rtcp.h"
#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtp_header header;

	if (demux_classify(bytes, len) != DEMUX_RTP)
		return 0;
	if (!rtp_parse(&header, bytes, len) && header.len > len)
		__builtin_trap();
	rtcp_is_rtcp(bytes, len);
	rtcp_check(bytes, len);
	return 0;
}
