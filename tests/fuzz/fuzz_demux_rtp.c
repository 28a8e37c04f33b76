/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a media port looks at before any key: class, RTP and RTCP headers. */

#include "media/demux.h"
#include "media/rtcp.h"
#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtp_header header;
	struct rtcp_report report;

	if (demux_classify(bytes, len) != DEMUX_RTP)
		return 0;
	if (!rtp_parse(&header, bytes, len) && header.len > len)
		__builtin_trap();
	rtcp_is_rtcp(bytes, len);
	if (!rtcp_check(bytes, len))
		rtcp_read(&report, bytes, len);
	return 0;
}
