/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The description that one leg gets from us: our address, key, role and o= line around the
 * other leg's codecs (RFC 8866, 5763; RFC 3264 sections 6 and 8). Pure.
 */

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "sbc/sdp_keying.h"

static const char *const direction_words[] = {
	[SDP_SENDRECV] = "sendrecv",
	[SDP_SENDONLY] = "sendonly",
	[SDP_RECVONLY] = "recvonly",
	[SDP_INACTIVE] = "inactive",
};

static const char *const setup_words[] = {
	[SDP_SETUP_ABSENT] = NULL,
	[SDP_SETUP_ACTIVE] = "active",
	[SDP_SETUP_PASSIVE] = "passive",
	[SDP_SETUP_ACTPASS] = "actpass",
	[SDP_SETUP_HOLDCONN] = "holdconn",
};

static void put_media_line(
	struct buf *out, const struct sdp_media *media, uint16_t port, struct slice proto)
{
	buf_printf(out, "m=%.*s %u %.*s", SLICE_ARG(media->kind), port, SLICE_ARG(proto));
	for (size_t i = 0; i < media->format_count; i++)
		buf_printf(out, " %.*s", SLICE_ARG(media->formats[i]));
	/* The grammar wants one, also of a section that was refused without any. */
	buf_put_str(out, media->format_count ? "\r\n" : " 0\r\n");
}

/* rtpmap, fmtp and rtcp-fb are about one format, which the m= line must have. */
static bool is_of_format(const struct sdp_media *media, struct slice attribute)
{
	struct slice value = attribute, name = slice_cut(&value, ':'), format;

	if (!slice_equal_nocase(name, SLICE("rtpmap")) &&
		!slice_equal_nocase(name, SLICE("fmtp")) &&
		!slice_equal_nocase(name, SLICE("rtcp-fb")))
		return true;
	value = slice_trim(value);
	format = slice_cut(&value, ' ');
	for (size_t i = 0; i < media->format_count; i++) {
		if (slice_equal(format, media->formats[i]))
			return true;
	}
	return slice_equal(format, SLICE("*"));
}

/* rtcp-fb belongs to the profiles with feedback (MB-5). */
static bool goes_with(const struct sdp_section *section, struct slice attribute)
{
	return !slice_starts_nocase(attribute, SLICE("rtcp-fb")) ||
	       sdp_proto_has_feedback(section->proto);
}

static void put_keys(struct buf *out, const struct sdp_section *section)
{
	const char *setup = setup_words[section->setup];
	char text[FINGERPRINT_TEXT_MAX];

	for (size_t i = 0; i < section->crypto_count; i++) {
		buf_put_str(out, "a=crypto:");
		sdes_print(out, &section->crypto[i]);
		buf_put_str(out, "\r\n");
	}
	if (!section->fingerprint)
		return;
	if (setup)
		buf_printf(out, "a=setup:%s\r\n", setup);
	buf_printf(out, "a=fingerprint:%s\r\n", fingerprint_print(section->fingerprint, text));
	if (section->tls_id.len)
		buf_printf(out, "a=tls-id:%.*s\r\n", SLICE_ARG(section->tls_id));
}

static void put_connection(struct buf *out, const struct netaddr *address)
{
	char host[NETADDR_TEXT_MAX];

	buf_printf(out, "c=IN %s %s\r\n", address->sa.sa_family == AF_INET6 ? "IP6" : "IP4",
		netaddr_print_host(address, host));
}

/* Direction is the other leg's own word: we stand between, and what it will not send or
 * hear we cannot either. */
static void put_section(struct buf *out, const struct sdp_media *media,
	const struct sdp_section *section, const struct netaddr *common)
{
	put_media_line(out, media, netaddr_port(&section->address), section->proto);
	if (!netaddr_equal_host(&section->address, common))
		put_connection(out, &section->address);
	for (size_t i = 0; i < media->attribute_count; i++) {
		if (is_of_format(media, media->attributes[i]) &&
			goes_with(section, media->attributes[i]))
			buf_printf(out, "a=%.*s\r\n", SLICE_ARG(media->attributes[i]));
	}
	buf_printf(out, "a=%s\r\n", direction_words[media->direction]);
	if (section->rtcp_mux)
		buf_put_str(out, "a=rtcp-mux\r\n");
	put_keys(out, section);
}

/* The first used section's address stands for all; NULL: there is none. */
static const struct netaddr *find_common(const struct sdp_print *print)
{
	const struct netaddr *common = NULL;

	for (size_t i = 0; i < print->codecs->media_count; i++) {
		const struct sdp_section *section = &print->sections[i];

		if (!section->is_used)
			continue;
		if (!netaddr_is_set(&section->address) || !netaddr_port(&section->address) ||
			!section->proto.len)
			return NULL;
		if (!common)
			common = &section->address;
	}
	return common;
}

int sdp_print(struct buf *out, const struct sdp_print *print)
{
	const struct sdp *codecs = print->codecs;
	const struct netaddr *common = find_common(print);
	char host[NETADDR_TEXT_MAX];

	if (!common)
		return SBC_EINVAL;
	buf_printf(out, "v=0\r\no=- %" PRIu64 " %" PRIu64 " IN %s %s\r\ns=-\r\n",
		print->session_id, print->version,
		common->sa.sa_family == AF_INET6 ? "IP6" : "IP4",
		netaddr_print_host(common, host));
	put_connection(out, common);
	buf_put_str(out, "t=0 0\r\n");
	for (size_t i = 0; i < codecs->media_count; i++) {
		if (print->sections[i].is_used)
			put_section(out, &codecs->media[i], &print->sections[i], common);
		else
			put_media_line(out, &codecs->media[i], 0, codecs->media[i].proto);
	}
	return out->err;
}
