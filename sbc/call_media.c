/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Offer and answer of both legs, section by section (RFC 3264, RFC 7879). The caller's offer
 * is judged first; the callee is offered what its own policy says; and only when its answer
 * has come, both sides of each section are known and media starts. Signalling thread.
 */

#include "sbc/call_media.h"

#include "base/err.h"
#include "base/mem.h"

#define A MEDIA_SIDE_A
#define B MEDIA_SIDE_B

void call_media_set_leg(struct call *call, enum media_side side, enum media_mode mode,
	const struct config_media_rules *rules, const struct hop *hop)
{
	call->media.legs[side] = (struct leg_media){.mode = mode,
		.rules = rules,
		.is_hop_secured = hop->kind == TRANSPORT_TLS,
		.family = hop->addr.sa.sa_family};
}

static int find_interface(const struct call *call, enum media_side side, sa_family_t family,
	struct call_stream *stream)
{
	return media_link_interface(call->sbc->config, call->media.legs[side].rules, family,
		&stream->interface[side]);
}

static struct slice codecs_of(const struct call *call, enum media_side side)
{
	return slice_str(call->media.legs[side].rules->codecs);
}

/* RFC 4568 section 6: keys go over a hop that protects them, or the operator said so. */
static bool may_show_keys(const struct leg_media *leg)
{
	return leg->is_hop_secured || leg->rules->sdes_without_tls;
}

/* What an offer of the leg may come to. */
static struct sdp_rules rules_for_offer_of(const struct leg_media *leg)
{
	bool takes_any = leg->mode == MEDIA_MODE_OPPORTUNISTIC;

	return (struct sdp_rules){.takes_dtls = leg->mode != MEDIA_MODE_RTP,
		.takes_sdes = (leg->mode == MEDIA_MODE_SDES || takes_any) && may_show_keys(leg),
		.takes_plain = leg->mode == MEDIA_MODE_RTP || takes_any};
}

/* What we offer it: with RTP/SAVP there is no room for both (RFC 8643 has it). */
static struct sdp_rules rules_for_offer_to(const struct leg_media *leg)
{
	struct sdp_rules rules = rules_for_offer_of(leg);

	if (leg->mode == MEDIA_MODE_SDES)
		rules.takes_dtls = false;
	return rules;
}

/* ---- leg a: its offer, our answer ---- */

static int answer_crypto(
	struct call *call, const struct sdp_media *offered, struct stream_keying *keying)
{
	const struct config_media *config = &call->sbc->config->media;
	const struct sdes_line *line =
		sdp_choose_crypto(offered, config->profiles, config->profile_count);

	if (!line)
		return SBC_EPROTO;
	keying->theirs = *line;
	keying->count = 1;
	return sdes_line_make(&keying->ours[0], line->tag, line->profile, &call->sbc->random);
}

/* NULL, or why the section is refused. */
static const char *take_section(struct call *call, size_t index)
{
	struct call_media *media = &call->media;
	struct sdp_media *offered = &call->offer->media[index];
	const struct sdp_rules rules = rules_for_offer_of(&media->legs[A]);
	struct call_stream *stream = &media->streams[media->count];
	enum sdp_keying chosen;
	const char *why;

	sdp_keep_codecs(offered, codecs_of(call, A));
	why = sdp_choose(offered, &rules, &chosen);
	if (why && offered->crypto_count && media->legs[A].mode != MEDIA_MODE_DTLS &&
		!may_show_keys(&media->legs[A]))
		why = "keys in the description over a hop that is not secured";
	if (!why && media->count == CALL_STREAM_MAX)
		why = "too many streams";
	if (why)
		return why;
	*stream = (struct call_stream){.index = index};
	if (find_interface(call, A, offered->address.sa.sa_family, stream))
		return "an address family that we have no interface for";
	stream->keying[A].chosen = chosen;
	if (chosen == SDP_SDES && answer_crypto(call, offered, &stream->keying[A]))
		return "no suite in common";
	media->count++;
	return NULL;
}

int call_media_take_offer(struct call *call, const char **why)
{
	const char *fault = NULL;
	bool has_audio = false, takes_audio = false;

	for (size_t i = 0; i < call->offer->media_count; i++) {
		bool is_audio = slice_equal(call->offer->media[i].kind, SLICE("audio"));
		const char *section_fault = take_section(call, i);

		/* What is wrong with sound matters more than with pictures. */
		if (section_fault && (!fault || (is_audio && !has_audio)))
			fault = section_fault;
		has_audio = has_audio || is_audio;
		takes_audio = takes_audio || (is_audio && !section_fault);
	}
	/* A call whose sound is refused is no call, whatever else it has. */
	if (call->media.count && (takes_audio || !has_audio))
		return 0;
	*why = fault ? fault : "no media section";
	return SBC_EPROTO;
}

/* MB-4: neither leg hears a promise that the other does not keep. */
static bool is_downgrade(const struct call *call, const struct call_stream *stream)
{
	const struct leg_media *legs = call->media.legs;
	enum sdp_keying a = stream->keying[A].chosen, b = stream->keying[B].chosen;

	if ((a == SDP_PLAIN) == (b == SDP_PLAIN))
		return false;
	return !legs[a == SDP_PLAIN ? A : B].rules->allow_downgrade;
}

/* ---- leg b: our offer ---- */

static int offer_crypto(struct call *call, struct stream_keying *keying)
{
	const struct config_media *config = &call->sbc->config->media;
	int err = 0;

	for (size_t i = 0; !err && i < config->profile_count && i < SDES_LINE_MAX; i++) {
		err = sdes_line_make(&keying->ours[i], (uint32_t)i + 1, config->profiles[i],
			&call->sbc->random);
		keying->count++;
	}
	return err;
}

int call_media_prepare(struct call *call, const char **why)
{
	struct call_media *media = &call->media;
	const struct leg_media *leg = &media->legs[B];
	const struct sdp_rules rules = rules_for_offer_to(leg);
	int err = 0;

	*why = "keys for the callee would cross in the clear";
	if (leg->mode == MEDIA_MODE_SDES && !rules.takes_sdes)
		return SBC_EPROTO;
	for (size_t i = 0; !err && i < media->count; i++) {
		struct call_stream *stream = &media->streams[i];
		struct sdp_media *offered = &call->offer->media[stream->index];

		/* Known before anybody rings: the callee's media is in the clear. */
		stream->keying[B].chosen =
			leg->mode == MEDIA_MODE_RTP ? SDP_PLAIN : SDP_REFUSED;
		*why = "protected media would go on in the clear";
		if (leg->mode == MEDIA_MODE_RTP && is_downgrade(call, stream))
			return SBC_EPROTO;
		sdp_keep_codecs(offered, codecs_of(call, B));
		*why = "no codec that both legs allow";
		if (!offered->format_count)
			return SBC_EPROTO;
		*why = "no interface with the callee's address family";
		if (find_interface(call, B, leg->family, stream))
			return SBC_EPROTO;
		if (rules.takes_sdes)
			err = offer_crypto(call, &stream->keying[B]);
	}
	return err;
}

void call_media_own_fingerprints(const struct call *call, struct fingerprint_set *out)
{
	const struct sdp_rules rules = rules_for_offer_to(&call->media.legs[B]);

	*out = (struct fingerprint_set){0};
	if (rules.takes_dtls)
		fingerprint_set_add(out, media_link_fingerprint(call->sbc));
}

static struct slice proto_for(const struct leg_media *leg, struct slice offered)
{
	switch (leg->mode) {
	case MEDIA_MODE_SDES:
		return SLICE("RTP/SAVP");
	case MEDIA_MODE_RTP:
	case MEDIA_MODE_OPPORTUNISTIC: /* RFC 8643 section 3.1 */
		return SLICE("RTP/AVP");
	case MEDIA_MODE_DTLS:
		break;
	}
	return sdp_proto_has_feedback(offered) ? SLICE("UDP/TLS/RTP/SAVPF")
					       : SLICE("UDP/TLS/RTP/SAVP");
}

static int print(struct call *call, enum media_side side, const struct sdp *codecs,
	const struct sdp_section *sections, struct buf *body)
{
	const struct sdp_print words = {.session_id = call->sdp_session[side],
		.version = 1,
		.codecs = codecs,
		.sections = sections};

	return sdp_print(body, &words);
}

int call_media_print_offer(struct call *call, struct buf *body)
{
	const struct leg_media *leg = &call->media.legs[B];
	const struct sdp_rules rules = rules_for_offer_to(leg);
	struct sdp_section sections[SDP_MEDIA_MAX] = {0};

	for (size_t i = 0; i < call->media.count; i++) {
		const struct call_stream *stream = &call->media.streams[i];
		struct sdp_section *section = &sections[stream->index];

		*section = (struct sdp_section){.is_used = true,
			.address = stream->local[B],
			.proto = proto_for(leg, call->offer->media[stream->index].proto),
			.rtcp_mux = true,
			.fingerprint =
				rules.takes_dtls ? media_link_fingerprint(call->sbc) : NULL,
			.setup = SDP_SETUP_ACTPASS,
			.crypto = stream->keying[B].ours,
			.crypto_count = stream->keying[B].count};
	}
	return print(call, B, call->offer, sections, body);
}

/* ---- leg b: its answer ---- */

/* Our role against what the peer's answer says (RFC 5763 section 5): we offered actpass. */
static enum media_dtls_role role_as_offerer(const struct sdp_media *answer)
{
	/* No a=setup in an answer means passive to RFC 4145, and nobody else would begin. */
	return answer->setup == SDP_SETUP_ACTIVE ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT;
}

/* What we answer: active where the offer lets us, since then no stranger can be first with
 * a ClientHello (SDP-12, SDP-15). */
static enum sdp_setup setup_as_answerer(const struct sdp_media *offer)
{
	return offer->setup == SDP_SETUP_ACTIVE ? SDP_SETUP_PASSIVE : SDP_SETUP_ACTIVE;
}

/* The signed set where there is one: the description was compared with it as a whole, here
 * it is only narrowed to this section. */
static void allowed_fingerprints(
	const struct call *call, const struct sdp_media *offered, struct fingerprint_set *out)
{
	const struct identity_verdict *verdict = &call->party[0].verdict;

	*out = (struct fingerprint_set){0};
	for (size_t i = 0; i < offered->fingerprints.count; i++) {
		const struct fingerprint *one = &offered->fingerprints.items[i];

		if (verdict->outcome != IDENTITY_VERIFIED || !verdict->fingerprints.count ||
			fingerprint_set_has(&verdict->fingerprints, one))
			fingerprint_set_add(out, one);
	}
}

static int start_stream(
	struct call *call, struct call_stream *stream, const struct sdp_media *answered)
{
	const struct sdp_media *offered = &call->offer->media[stream->index];
	enum media_dtls_role caller_role = setup_as_answerer(offered) == SDP_SETUP_ACTIVE
						   ? MEDIA_DTLS_CLIENT
						   : MEDIA_DTLS_SERVER;
	struct fingerprint_set allowed;
	struct slice codec;
	int err;

	allowed_fingerprints(call, offered, &allowed);
	if (!call->party[0].signalled.count)
		call->party[0].signalled = allowed;
	if (!call->party[1].signalled.count)
		call->party[1].signalled = answered->fingerprints;
	stream->is_taken = true;
	sdp_first_codec(answered, &codec, &stream->clock_rate);
	slice_copy(slice_head(codec, sizeof(stream->codec) - 1), stream->codec,
		sizeof(stream->codec));
	err = media_link_set_remote(call->sbc, &call->media, stream, B, answered,
		&answered->fingerprints, role_as_offerer(answered));
	if (!err)
		err = media_link_set_remote(
			call->sbc, &call->media, stream, A, offered, &allowed, caller_role);
	/* Policy's word: the caller was proved before the callee was called, and the callee
	 * is whom our route chose. What keys each side is still to be shown. */
	return err ? err : media_link_open_gates(call->sbc, stream);
}

/* NULL, or why the call cannot go on; a section with port 0 is just not taken. */
static const char *check_section(
	struct call *call, struct call_stream *stream, const struct sdp_media *answered)
{
	const struct sdp_rules rules = rules_for_offer_to(&call->media.legs[B]);
	struct stream_keying *keying = &stream->keying[B];
	const char *why = answered->address.sa.sa_family != stream->local[B].sa.sa_family
				  ? "another address family than was offered"
				  : NULL;

	if (why)
		return why;
	why = sdp_check_answer(
		answered, &rules, keying->ours, keying->count, &keying->chosen, &keying->line);
	if (why)
		return why;
	if (keying->chosen == SDP_SDES)
		keying->theirs = answered->crypto[0];
	return is_downgrade(call, stream) ? "protected media would go on in the clear" : NULL;
}

/* First all are looked at, so that nothing starts of what cannot be a call. */
static int check_answer(struct call *call, const struct sdp *answer, const char **why)
{
	size_t taken = 0;

	*why = "the answer has not the offer's sections";
	if (answer->media_count != call->offer->media_count)
		return SBC_EPROTO;
	for (size_t i = 0; i < call->media.count; i++) {
		struct call_stream *stream = &call->media.streams[i];
		const struct sdp_media *answered = &answer->media[stream->index];
		const char *fault;

		if (!answered->port)
			continue;
		fault = check_section(call, stream, answered);
		if (fault) {
			*why = fault;
			return SBC_EPROTO;
		}
		taken++;
	}
	*why = "the answer takes no section";
	return taken ? 0 : SBC_EPROTO;
}

int call_media_take_answer(struct call *call, const struct sdp *answer, const char **why)
{
	int err = check_answer(call, answer, why);

	if (err)
		return err;
	*why = "no resources for media";
	for (size_t i = 0; !err && i < call->media.count; i++) {
		struct call_stream *stream = &call->media.streams[i];

		if (answer->media[stream->index].port)
			err = start_stream(call, stream, &answer->media[stream->index]);
		else
			media_link_close_stream(call->sbc, stream);
	}
	return err;
}

int call_media_print_answer(struct call *call, const struct sdp *answer, struct buf *body)
{
	struct sdp_section sections[SDP_MEDIA_MAX] = {0};

	for (size_t i = 0; i < call->media.count; i++) {
		const struct call_stream *stream = &call->media.streams[i];
		const struct sdp_media *offered = &call->offer->media[stream->index];
		enum sdp_keying chosen = stream->keying[A].chosen;

		if (!stream->is_taken)
			continue;
		sections[stream->index] = (struct sdp_section){.is_used = true,
			.address = stream->local[A],
			.proto = offered->proto,
			.rtcp_mux = offered->rtcp_mux,
			.fingerprint =
				chosen == SDP_DTLS ? media_link_fingerprint(call->sbc) : NULL,
			.setup = setup_as_answerer(offered),
			.crypto = stream->keying[A].ours,
			.crypto_count = stream->keying[A].count};
	}
	return print(call, A, answer, sections, body);
}
