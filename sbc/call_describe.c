/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one leg is told: the other end's codecs, section by section, with our addresses and
 * the keying of that leg (RFC 3264, 7879). Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"

/* What is said about all sections; secret with SDES. */
struct saying {
	struct sdp_section sections[SDP_MEDIA_MAX];
	struct sdes_line lines[SDP_MEDIA_MAX]; /* of an answer, and when keys are said again */
	struct sdp sdp;                        /* what the other end said, as it goes on */
	struct sdp_media media[SDP_MEDIA_MAX];
};

static struct slice proto_for(const struct leg_media *leg, struct slice offered)
{
	switch (leg->mode) {
	case MEDIA_MODE_SDES:
		return SLICE("RTP/SAVP");
	case MEDIA_MODE_RTP:
	case MEDIA_MODE_OPPORTUNISTIC: /* RFC 8643 section 3.1 */
		return SLICE("RTP/AVP");
	case MEDIA_MODE_DTLS:
	case MEDIA_MODE_BYPASS: /* says nothing of its own */
		break;
	}
	return sdp_proto_has_feedback(offered) ? SLICE("UDP/TLS/RTP/SAVPF")
					       : SLICE("UDP/TLS/RTP/SAVP");
}

static void say_dtls(const struct call *call, const struct call_stream *stream, int side,
	struct sdp_section *section)
{
	section->fingerprint = media_link_fingerprint(call->sbc);
	section->tls_id = slice_str(stream->tls_id[side].ours);
}

/* The first time: all that the leg's policy offers. */
static void offer_first(const struct call *call, int side, const struct call_stream *stream,
	struct sdp_section *section, struct slice proto)
{
	const struct sdp_rules rules = call_media_offers(call, side);

	section->proto = proto_for(&call->media.legs[side], proto);
	if (rules.takes_dtls)
		say_dtls(call, stream, side, section);
	section->setup = SDP_SETUP_ACTPASS;
	section->crypto = stream->keying[side].ours;
	section->crypto_count = stream->keying[side].count;
}

/* How a side is keyed already, or is by this answer. theirs: the words that say so. */
static void say_agreed(const struct call *call, const struct call_stream *stream, int side,
	const struct call_description *theirs, struct saying *saying)
{
	const struct call_taken *taken = &theirs->taken[stream->index];
	const struct sdp_media *words = &theirs->sdp->media[stream->index];
	struct sdp_section *section = &saying->sections[stream->index];
	struct sdes_line *line = &saying->lines[stream->index];

	section->proto = words->proto;
	if (taken->keying == SDP_DTLS)
		say_dtls(call, stream, side, section);
	if (taken->keying != SDP_SDES)
		return;
	*line = stream->keying[side].ours[taken->line];
	line->tag = words->crypto[taken->crypto].tag;
	section->crypto = line;
	section->crypto_count = 1;
}

static bool has_section(const struct call_description *d, size_t index)
{
	return index < d->sdp->media_count && d->taken[index].keying != SDP_REFUSED;
}

static void say_stream(struct call *call, int side, const struct call_stream *stream,
	const struct call_description *offered, struct saying *saying)
{
	const struct call_description *theirs = offered ? offered : &call->remote[side];
	struct sdp_section *section = &saying->sections[stream->index];

	*section = (struct sdp_section){
		.is_used = true, .address = stream->local[side], .rtcp_mux = true};
	if (!theirs->sdp || (!offered && !stream->has_remote[side])) {
		offer_first(call, side, stream, section, saying->media[stream->index].proto);
		return;
	}
	say_agreed(call, stream, side, theirs, saying);
	section->setup = SDP_SETUP_ACTPASS;
	if (!offered)
		return;
	section->rtcp_mux = offered->sdp->media[stream->index].rtcp_mux;
	/* RFC 8842 section 5.3: nothing of it to who does not speak it. */
	if (!offered->sdp->media[stream->index].tls_id.len)
		section->tls_id = (struct slice){0};
	section->setup =
		stream->role[side] == MEDIA_DTLS_CLIENT ? SDP_SETUP_ACTIVE : SDP_SETUP_PASSIVE;
}

static int say_all(struct call *call, int side, const struct call_description *said,
	const struct call_description *offered, struct saying *saying)
{
	const struct call_description *theirs = offered ? offered : &call->remote[side];

	saying->sdp = *said->sdp;
	saying->sdp.media = saying->media;
	memcpy(saying->media, said->sdp->media,
		said->sdp->media_count * sizeof(saying->media[0]));
	for (size_t i = 0; i < said->sdp->media_count; i++) {
		const struct call_stream *stream = media_link_stream(&call->media, i);
		struct sdp_media *media = &saying->media[i];

		if (!stream || !has_section(said, i))
			continue;
		if (theirs->sdp && !has_section(theirs, i) &&
			(offered || stream->has_remote[side]))
			continue;
		say_stream(call, side, stream, offered, saying);
		if (offered)
			continue;
		sdp_keep_codecs(media, slice_str(call->media.legs[side].rules->codecs));
		if (!media->format_count)
			return SBC_EPROTO;
	}
	return 0;
}

/* RFC 4568 section 6 holds for keys that are not ours, too. */
static int print_bypassed(
	struct call *call, int side, const struct call_description *said, struct buf *body)
{
	if (said->has_keys && !call_media_offers(call, side).takes_sdes)
		return SBC_EPROTO;
	return oa_pass(&call_leg(call, side)->oa, said->text, body);
}

int call_media_print(struct call *call, int side, const struct call_description *said,
	const struct call_description *offered, struct buf *body)
{
	struct saying *saying;
	int err;

	if (call_is_bypassed(call, side))
		return print_bypassed(call, side, said, body);
	saying = mem_alloc(sizeof(*saying));
	if (!saying)
		return SBC_ENOMEM;
	err = say_all(call, side, said, offered, saying);
	if (!err) {
		const struct sdp_print print = {
			.codecs = &saying->sdp, .sections = saying->sections};

		err = oa_print(&call_leg(call, side)->oa, &print, body);
	}
	mem_wipe(saying, sizeof(*saying));
	mem_free(saying);
	return err;
}

/* Everything that crosses, and nothing of a leg's own. */
static int print_crossing(const struct call_description *said, struct buf *out)
{
	struct sdp_section sections[SDP_MEDIA_MAX] = {0};
	const struct sdp_print print = {.codecs = said->sdp, .sections = sections};
	struct netaddr any;

	netaddr_parse(&any, SLICE("192.0.2.1"), 9); /* RFC 5737: stands for whatever we say */
	for (size_t i = 0; i < said->sdp->media_count; i++)
		sections[i] = (struct sdp_section){.is_used = has_section(said, i),
			.address = any,
			.proto = SLICE("RTP/AVPF")};
	return sdp_print(out, &print);
}

bool call_media_reads_same(
	const struct call_description *one, const struct call_description *two)
{
	struct buf first, second;
	bool is_same;

	if (one->text.ptr)
		return slice_equal(one->text, two->text);
	buf_init(&first, OA_TEXT_MAX);
	buf_init(&second, OA_TEXT_MAX);
	is_same = !print_crossing(one, &first) && !print_crossing(two, &second) &&
		  slice_equal(buf_slice(&first), buf_slice(&second));
	buf_fini(&first);
	buf_fini(&second);
	return is_same;
}
