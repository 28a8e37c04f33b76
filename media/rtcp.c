/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP headers, RFC 3550 section 6 and appendix A.2, RFC 5761 section 4. Pure. */

#include "media/rtcp.h"

#include "base/err.h"

#define HEADER_LEN 4
#define FIRST_LEN  8 /* with the sender's SSRC, which SRTCP leaves in the clear */
#define TYPE_MIN   192
#define TYPE_MAX   223

bool rtcp_is_rtcp(const uint8_t *bytes, size_t len)
{
	return len >= 2 && bytes[1] >= TYPE_MIN && bytes[1] <= TYPE_MAX;
}

int rtcp_check_first(const uint8_t *bytes, size_t len)
{
	if (len < FIRST_LEN || bytes[0] >> 6 != 2 || !rtcp_is_rtcp(bytes, len))
		return SBC_EPARSE;
	return 0;
}

int rtcp_check(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	if (rtcp_check_first(bytes, len))
		return SBC_EPARSE;
	while (at < len) {
		size_t part;

		if (len - at < HEADER_LEN || bytes[at] >> 6 != 2)
			return SBC_EPARSE;
		part = 4 * ((size_t)(bytes[at + 2] << 8 | bytes[at + 3]) + 1);
		if (part > len - at)
			return SBC_EPARSE;
		/* Padding may only end the whole. */
		if ((bytes[at] & 0x20) && at + part != len)
			return SBC_EPARSE;
		at += part;
	}
	return 0;
}
