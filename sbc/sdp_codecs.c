/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codec lists filtered, ordered and compared; nothing is transcoded, so what is left must suit
 * both ends. Pure. */

#include "sbc/sdp.h"

#define CLOCK_RATE_MAX 200000 /* Hz; beyond any codec */

/* Payload types that need no a=rtpmap (RFC 3551 section 6): those that are still met. */
static const struct {
	const char *format, *name;
	uint32_t clock_rate;
} static_types[] = {
	{"0", "PCMU", 8000},
	{"3", "GSM", 8000},
	{"4", "G723", 8000},
	{"8", "PCMA", 8000},
	{"9", "G722", 8000},
	{"13", "CN", 8000},
	{"15", "G728", 8000},
	{"18", "G729", 8000},
	{"26", "JPEG", 90000},
	{"31", "H261", 90000},
	{"34", "H263", 90000},
};

/* "opus" of "rtpmap:111 opus/48000/2"; rate may be NULL. */
static struct slice name_and_rate(
	const struct sdp_media *media, struct slice format, uint32_t *rate)
{
	uint64_t number;

	for (size_t i = 0; i < media->attribute_count; i++) {
		struct slice value = media->attributes[i], name = slice_cut(&value, ':'), type;

		if (!slice_equal_nocase(name, SLICE("rtpmap")))
			continue;
		value = slice_trim(value);
		type = slice_cut(&value, ' ');
		value = slice_trim(value);
		if (!slice_equal(type, format))
			continue;
		name = slice_cut(&value, '/');
		if (rate && !slice_to_u64(slice_cut(&value, '/'), CLOCK_RATE_MAX, &number))
			*rate = (uint32_t)number;
		return name;
	}
	for (size_t i = 0; i < sizeof(static_types) / sizeof(static_types[0]); i++) {
		if (!slice_equal(format, slice_str(static_types[i].format)))
			continue;
		if (rate)
			*rate = static_types[i].clock_rate;
		return slice_str(static_types[i].name);
	}
	return (struct slice){0};
}

static struct slice name_of(const struct sdp_media *media, struct slice format)
{
	return name_and_rate(media, format, NULL);
}

void sdp_first_codec(const struct sdp_media *media, struct slice *name, uint32_t *clock_rate)
{
	*name = (struct slice){0};
	*clock_rate = 0;
	if (media->format_count)
		*name = name_and_rate(media, media->formats[0], clock_rate);
}

/* DTMF events (RFC 4733) and comfort noise (RFC 3389). */
static bool is_companion(struct slice name)
{
	return slice_equal_nocase(name, SLICE("telephone-event")) ||
	       slice_equal_nocase(name, SLICE("CN"));
}

bool sdp_has_codec(const struct sdp_media *media)
{
	for (size_t i = 0; i < media->format_count; i++) {
		if (!is_companion(name_of(media, media->formats[i])))
			return true;
	}
	return false;
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

/* ---- the numbers of one end as those of the other ---- */

/* The value of a=NAME:FORMAT VALUE; empty: there is none. */
static struct slice attribute_of(
	const struct sdp_media *media, struct slice name, struct slice format)
{
	for (size_t i = 0; i < media->attribute_count; i++) {
		struct slice value = media->attributes[i];

		if (!slice_equal_nocase(slice_cut(&value, ':'), name))
			continue;
		value = slice_trim(value);
		if (slice_equal(slice_cut(&value, ' '), format))
			return slice_trim(value);
	}
	return (struct slice){0};
}

/* "48000/2" of "opus/48000/2"; one channel may be named or not (RFC 8866 section 6.6). */
static struct slice parameters_of(const struct sdp_media *media, struct slice format)
{
	struct slice value = attribute_of(media, SLICE("rtpmap"), format), rest;

	slice_cut(&value, '/');
	rest = value;
	slice_cut(&rest, '/');
	return slice_equal(rest, SLICE("1")) ? slice_head(value, value.len - 2) : value;
}

static bool is_same_codec(const struct sdp_media *a, struct slice format_a,
	const struct sdp_media *b, struct slice format_b)
{
	uint32_t rate_a = 0, rate_b = 0;
	struct slice name_a = name_and_rate(a, format_a, &rate_a);
	struct slice name_b = name_and_rate(b, format_b, &rate_b);
	struct slice more_a = parameters_of(a, format_a), more_b = parameters_of(b, format_b);

	if (!name_a.len || !slice_equal_nocase(name_a, name_b) || rate_a != rate_b)
		return false;
	/* A static type says no more than its number. */
	return !more_a.len || !more_b.len || slice_equal_nocase(more_a, more_b);
}

/* Index in wanted; format_count: none. */
static size_t find_format(
	const struct sdp_media *told, struct slice format, const struct sdp_media *wanted)
{
	struct slice fmtp = attribute_of(told, SLICE("fmtp"), format);
	size_t found = wanted->format_count, exact = found, count = 0;

	for (size_t i = wanted->format_count; i-- > 0;) {
		struct slice other = wanted->formats[i];

		if (!is_same_codec(told, format, wanted, other))
			continue;
		if (slice_equal(format, other))
			return i;
		if (slice_equal_nocase(fmtp, attribute_of(wanted, SLICE("fmtp"), other)))
			exact = i;
		found = i;
		count++;
	}
	return count == 1 ? found : exact;
}

bool sdp_has_format(
	const struct sdp_media *media, struct slice format, const struct sdp_media *of)
{
	for (size_t i = 0; i < media->format_count; i++) {
		if (slice_equal(media->formats[i], format))
			return true;
	}
	return find_format(of, format, media) < media->format_count;
}

bool sdp_map_formats(const struct sdp_media *told, const struct sdp_media *wanted,
	uint8_t to[SDP_PAYLOAD_TYPES])
{
	bool differs = false;
	uint64_t from, number;

	for (unsigned i = 0; i < SDP_PAYLOAD_TYPES; i++)
		to[i] = (uint8_t)i;
	for (size_t i = 0; i < told->format_count; i++) {
		size_t at = find_format(told, told->formats[i], wanted);

		if (at == wanted->format_count ||
			slice_to_u64(told->formats[i], SDP_PAYLOAD_TYPES - 1, &from) ||
			slice_to_u64(wanted->formats[at], SDP_PAYLOAD_TYPES - 1, &number))
			continue;
		to[from] = (uint8_t)number;
		differs = differs || from != number;
	}
	return differs;
}
