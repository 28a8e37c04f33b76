/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The description that one leg gets from us: our address, key, role and o= line around the
 * other leg's codecs (RFC 8866, 5763; RFC 3264 sections 6 and 8). Pure.
 */

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "sbc/sdp.h"

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

/* Direction is the other leg's own word: we stand between, and what it will not send or
 * hear we cannot either. */
static void put_active(struct buf *out, const struct sdp_print *print)
{
	const struct sdp_media *media = &print->codecs->media[print->active];
	const char *setup = setup_words[print->setup];
	char text[FINGERPRINT_TEXT_MAX];

	put_media_line(out, media, netaddr_port(&print->address), print->proto);
	for (size_t i = 0; i < media->attribute_count; i++) {
		if (is_of_format(media, media->attributes[i]))
			buf_printf(out, "a=%.*s\r\n", SLICE_ARG(media->attributes[i]));
	}
	buf_printf(out, "a=%s\r\n", direction_words[media->direction]);
	if (print->rtcp_mux)
		buf_put_str(out, "a=rtcp-mux\r\n");
	if (setup)
		buf_printf(out, "a=setup:%s\r\n", setup);
	buf_printf(out, "a=fingerprint:%s\r\n", fingerprint_print(print->fingerprint, text));
}

int sdp_print(struct buf *out, const struct sdp_print *print)
{
	const struct sdp *codecs = print->codecs;
	char host[NETADDR_TEXT_MAX];
	const char *family = print->address.sa.sa_family == AF_INET6 ? "IP6" : "IP4";

	if (print->active >= codecs->media_count || !netaddr_is_set(&print->address) ||
		!netaddr_port(&print->address) || !print->proto.len)
		return SBC_EINVAL;
	netaddr_print_host(&print->address, host);
	buf_printf(out,
		"v=0\r\no=- %" PRIu64 " %" PRIu64 " IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
		print->session_id, print->version, family, host, family, host);
	for (size_t i = 0; i < codecs->media_count; i++) {
		if (i == print->active)
			put_active(out, print);
		else
			put_media_line(out, &codecs->media[i], 0, codecs->media[i].proto);
	}
	return out->err;
}
