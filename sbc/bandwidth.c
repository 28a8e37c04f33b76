/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bandwidth of codecs. Pure. */

#include "sbc/bandwidth.h"

/* The codec's own rate, and 20 kbit/s of headers and tag at fifty packets a second. Codecs with
 * several rates: the one that phones use. */
static const struct {
	const char *name;
	unsigned kbps;
} codecs[] = {
	{"PCMU", 84},
	{"PCMA", 84},
	{"G722", 84},
	{"G729", 28},
	{"G723", 20}, /* 30 ms */
	{"G728", 36},
	{"GSM", 33},
	{"iLBC", 35},
	{"opus", 68},
	{"speex", 45},
	{"AMR", 33},
	{"AMR-WB", 44},
	{"EVS", 45},
	{"G726-32", 52},
	{"H264", 1000},
	{"H265", 1000},
	{"VP8", 1000},
	{"VP9", 1000},
	{"AV1", 1000},
	{"H263", 400},
	{"H263-1998", 400},
	{"t140", 2},
	{"red", 4},
};

#define UNKNOWN_AUDIO 84
#define UNKNOWN_VIDEO 1000

static unsigned of_section(const struct sdp_media *media)
{
	struct slice name;
	uint32_t rate;

	if (!media->port || !sdp_is_relayed(media->kind))
		return 0;
	sdp_first_codec(media, &name, &rate);
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (slice_equal_nocase(name, slice_str(codecs[i].name)))
			return codecs[i].kbps;
	return slice_equal(media->kind, SLICE("video")) ? UNKNOWN_VIDEO : UNKNOWN_AUDIO;
}

unsigned bandwidth_kbps(const struct sdp *sdp)
{
	unsigned kbps = 0;

	for (size_t i = 0; sdp->media && i < sdp->media_count; i++)
		kbps += of_section(&sdp->media[i]);
	return kbps;
}
