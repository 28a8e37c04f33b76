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

/* ---- reports ---- */

#define TYPE_SR     200
#define TYPE_RR     201
#define SENDER_LEN  20 /* NTP time, RTP time, packets, bytes */
#define BLOCK_BYTES 24

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void read_block(struct rtcp_block *out, const uint8_t *at)
{
	uint32_t lost = get32(at + 4) & 0xffffff;

	*out = (struct rtcp_block){.ssrc = get32(at),
		.fraction = at[4],
		.lost = (int32_t)lost - (lost & 0x800000 ? 0x1000000 : 0),
		.jitter = get32(at + 12),
		.last_sr = get32(at + 16),
		.delay = get32(at + 20)};
}

/* One part of the compound, from its header on. */
static void read_report(struct rtcp_report *out, const uint8_t *at, size_t len)
{
	unsigned count = at[0] & 0x1f;
	size_t pos = FIRST_LEN;

	if (at[1] == TYPE_SR) {
		if (len < pos + SENDER_LEN)
			return;
		out->is_sender = true;
		out->ntp_time = get32(at + 10);
		pos += SENDER_LEN;
	}
	for (unsigned i = 0; i < count && len >= pos + BLOCK_BYTES; i++, pos += BLOCK_BYTES) {
		if (out->count == RTCP_BLOCK_MAX)
			return;
		read_block(&out->blocks[out->count++], at + pos);
	}
}

void rtcp_read(struct rtcp_report *out, const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	out->is_sender = false;
	out->count = 0;
	while (len - at >= HEADER_LEN) {
		size_t part = 4 * ((size_t)(bytes[at + 2] << 8 | bytes[at + 3]) + 1);

		if (part > len - at)
			return;
		if (bytes[at + 1] == TYPE_SR || bytes[at + 1] == TYPE_RR)
			read_report(out, bytes + at, part);
		at += part;
	}
}
