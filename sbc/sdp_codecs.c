/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codec lists filtered and ordered; nothing is transcoded, so what is left must suit both
 * ends. Pure. */

#include "sbc/sdp.h"

/* Payload types that need no a=rtpmap (RFC 3551 section 6): those that are still met. */
static const struct {
	const char *format, *name;
} static_types[] = {
	{"0", "PCMU"},
	{"3", "GSM"},
	{"4", "G723"},
	{"8", "PCMA"},
	{"9", "G722"},
	{"13", "CN"},
	{"15", "G728"},
	{"18", "G729"},
	{"26", "JPEG"},
	{"31", "H261"},
	{"34", "H263"},
};

/* "opus" of "rtpmap:111 opus/48000/2". */
static struct slice name_of(const struct sdp_media *media, struct slice format)
{
	for (size_t i = 0; i < media->attribute_count; i++) {
		struct slice value = media->attributes[i], name = slice_cut(&value, ':'), type;

		if (!slice_equal_nocase(name, SLICE("rtpmap")))
			continue;
		value = slice_trim(value);
		type = slice_cut(&value, ' ');
		value = slice_trim(value);
		if (slice_equal(type, format))
			return slice_cut(&value, '/');
	}
	for (size_t i = 0; i < sizeof(static_types) / sizeof(static_types[0]); i++) {
		if (slice_equal(format, slice_str(static_types[i].format)))
			return slice_str(static_types[i].name);
	}
	return (struct slice){0};
}

/* DTMF events (RFC 4733) and comfort noise (RFC 3389). */
static bool is_companion(struct slice name)
{
	return slice_equal_nocase(name, SLICE("telephone-event")) ||
	       slice_equal_nocase(name, SLICE("CN"));
}

/* The formats that wanted(name) takes go behind those that are kept, each one once. */
static size_t keep(const struct sdp_media *media, struct slice wanted, bool companions,
	struct slice *kept, size_t count)
{
	for (size_t i = 0; i < media->format_count; i++) {
		struct slice name = name_of(media, media->formats[i]);
		bool is_there = false;

		if (is_companion(name) != companions ||
			(!companions && !slice_equal_nocase(name, wanted)))
			continue;
		for (size_t j = 0; j < count && !is_there; j++)
			is_there = kept[j].ptr == media->formats[i].ptr;
		if (!is_there)
			kept[count++] = media->formats[i];
	}
	return count;
}

void sdp_keep_codecs(struct sdp_media *media, struct slice codecs)
{
	struct slice kept[SDP_FORMAT_MAX], rest = slice_trim(codecs);
	size_t count = 0;

	if (!rest.len)
		return;
	for (; rest.len; rest = slice_trim(rest)) {
		struct slice wanted = slice_cut(&rest, ' ');

		count = keep(media, wanted, false, kept, count);
	}
	if (count)
		count = keep(media, (struct slice){0}, true, kept, count);
	media->format_count = count;
	for (size_t i = 0; i < count; i++)
		media->formats[i] = kept[i];
}
