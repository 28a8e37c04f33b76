/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP headers and loss accounting, RFC 3550 section 5.1 and appendix A. Pure. */

#include "media/rtp.h"

#include "base/err.h"

#define FIXED_LEN 12
#define RTP_JUMP  (1 << 17) /* timestamp units: a second and more at the highest rate */

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

int rtp_parse(struct rtp_header *out, const uint8_t *bytes, size_t len)
{
	struct rtp_header h;

	if (len < FIXED_LEN || bytes[0] >> 6 != 2)
		return SBC_EPARSE;
	h.payload_type = bytes[1] & 0x7f;
	h.sequence = get16(bytes + 2);
	h.timestamp = (uint32_t)get16(bytes + 4) << 16 | get16(bytes + 6);
	h.ssrc = (uint32_t)get16(bytes + 8) << 16 | get16(bytes + 10);
	h.len = FIXED_LEN + 4 * (size_t)(bytes[0] & 0x0f);
	if (bytes[0] & 0x10) { /* extension: its length follows the CSRC list */
		if (len < h.len + 4)
			return SBC_EPARSE;
		h.len += 4 + 4 * (size_t)get16(bytes + h.len + 2);
	}
	if (len < h.len)
		return SBC_EPARSE;
	*out = h;
	return 0;
}

void rtp_renumber(uint8_t *bytes, const uint8_t *to)
{
	bytes[1] = (uint8_t)((bytes[1] & 0x80) | to[bytes[1] & 0x7f]);
}

void rtp_source_heard(struct rtp_source *source, uint16_t sequence)
{
	int16_t step;

	if (!source->received++) {
		/* One cycle up, so that packets from before the first one heard do not go
		 * below zero. */
		source->base = source->highest = 0x10000u + sequence;
		return;
	}
	step = (int16_t)(uint16_t)(sequence - (uint16_t)source->highest);
	if (step > 0)
		source->highest += (uint32_t)step;
	else if (source->highest + (uint32_t)(int32_t)step < source->base)
		source->base = source->highest + (uint32_t)(int32_t)step;
}

void rtp_source_time(struct rtp_source *source, uint32_t timestamp, uint32_t arrival)
{
	uint32_t transit = arrival - timestamp;
	int32_t difference = (int32_t)(transit - source->transit);

	if (source->received && timestamp == source->timestamp)
		return;
	source->timestamp = timestamp;
	source->transit = transit;
	if (!source->received)
		return;
	if (difference < 0)
		difference = -difference;
	/* A jump of the sender's clock is no jitter; the first packet behind it is passed
	 * over. A second is more than any network keeps a packet. */
	if (difference >= RTP_JUMP)
		return;
	source->jitter += (uint32_t)difference - ((source->jitter + 8) >> 4);
}

uint32_t rtp_source_jitter(const struct rtp_source *source)
{
	return source->jitter >> 4;
}

uint64_t rtp_source_expected(const struct rtp_source *source)
{
	return source->received ? (uint64_t)source->highest - source->base + 1 : 0;
}

uint64_t rtp_source_lost(const struct rtp_source *source)
{
	uint64_t expected = rtp_source_expected(source);

	return expected > source->received ? expected - source->received : 0;
}
