/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Media of a call: a session for each section that is relayed, which keys may be shown, when
 * media may flow, and what the media room says (RFC 5763, 4568, 8842). Signalling thread.
 */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"

#define MISMATCH_REASON "SIP;cause=488;text=\"DTLS fingerprint mismatch\""

/* ---- streams ---- */

static bool is_taken(const struct call_description *said, size_t index)
{
	return index < said->sdp->media_count && said->taken[index].keying != SDP_REFUSED;
}

void call_media_set_leg(struct call *call, int side, enum media_mode mode,
	const struct config_media_rules *rules, const struct hop *hop)
{
	call->media.legs[side] = (struct leg_media){.mode = mode,
		.rules = rules,
		.is_hop_secured = hop->kind == TRANSPORT_TLS,
		.family = hop->addr.sa.sa_family};
}

static int find_interface(
	const struct call *call, int side, sa_family_t family, struct call_stream *stream)
{
	return media_link_interface(
		call->config, call->media.legs[side].rules, family, &stream->interface[side]);
}

/* Who offered: one key of ours beside the line that we take. */
static int key_offerer(struct call *call, const struct call_description *offer, int side,
	struct call_stream *stream)
{
	const struct call_taken *taken = &offer->taken[stream->index];
	const struct sdp_media *section = &offer->sdp->media[stream->index];
	struct stream_keying *keying = &stream->keying[side];

	keying->chosen = taken->keying;
	if (taken->keying != SDP_SDES)
		return 0;
	keying->count = 1;
	return sdes_line_make(&keying->ours[0], section->crypto[taken->crypto].tag,
		section->crypto[taken->crypto].profile, &call->sbc->random);
}

static int offer_crypto(struct call *call, struct stream_keying *keying)
{
	const struct config_media *config = &call->config->media;
	int err = 0;

	for (size_t i = 0; !err && i < config->profile_count && i < SDES_LINE_MAX; i++) {
		err = sdes_line_make(&keying->ours[i], (uint32_t)i + 1, config->profiles[i],
			&call->sbc->random);
		keying->count++;
	}
	return err;
}

static bool has_codec(const struct call *call, int side, const struct sdp_media *section)
{
	struct sdp_media left = *section;

	sdp_keep_codecs(&left, slice_str(call->media.legs[side].rules->codecs));
	return left.format_count > 0;
}

/* Who is to be offered it. NULL, or why it cannot be. */
static const char *key_answerer(struct call *call, const struct sdp_media *section, int side,
	struct call_stream *stream)
{
	const struct leg_media *leg = &call->media.legs[side];
	struct stream_keying *keying = stream->keying;

	/* Known before anybody rings: the other end's media is in the clear. */
	keying[side].chosen = leg->mode == MEDIA_MODE_RTP ? SDP_PLAIN : SDP_REFUSED;
	if (leg->mode == MEDIA_MODE_RTP &&
		call_media_is_downgrade(call, keying[0].chosen, keying[1].chosen))
		return "protected media would go on in the clear";
	if (!has_codec(call, side, section))
		return "no codec that both legs allow";
	if (find_interface(call, side, leg->family, stream))
		return "no interface with the other leg's address family";
	if (call_media_offers(call, side).takes_sdes && offer_crypto(call, &keying[side]))
		return "no keys";
	return NULL;
}

static int fill_stream(struct call *call, const struct call_description *offer, int from,
	size_t index, struct call_stream *stream)
{
	const struct sdp_media *section = &offer->sdp->media[index];

	*stream = (struct call_stream){.index = index};
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		tls_id_renew(&stream->tls_id[side], &call->sbc->random);
	slice_copy(slice_head(section->kind, sizeof(stream->kind) - 1), stream->kind,
		sizeof(stream->kind));
	if (find_interface(call, from, section->address.sa.sa_family, stream))
		return SBC_EPROTO;
	return key_offerer(call, offer, from, stream);
}

static int add_stream(
	struct call *call, const struct call_description *offer, int from, size_t index)
{
	struct call_stream *stream = &call->media.streams[call->media.count++];

	return fill_stream(call, offer, from, index, stream);
}

static size_t count_taken(const struct call_description *offer)
{
	size_t count = 0;

	for (size_t i = 0; i < offer->sdp->media_count; i++)
		count += offer->taken[i].keying != SDP_REFUSED;
	return count;
}

/* A call that a transfer began gets an end of the first one later. */
static int open_sessions(struct call *call)
{
	const struct call *other = call->beside ? call_find(call->sbc, call->beside) : NULL;

	return media_link_open(
		call->sbc, &call->media, call->number, other ? &other->media : NULL);
}

int call_media_open(
	struct call *call, int from, const struct call_description *offer, const char **why)
{
	const struct leg_media *leg = &call->media.legs[1 - from];
	int err = 0;

	*why = "one leg's media bypasses us, the other's does not";
	if (call_is_bypassed(call, from) != call_is_bypassed(call, 1 - from))
		return SBC_EPROTO;
	if (call_is_bypassed(call, from))
		return 0;
	*why = "keys for the other end would cross in the clear";
	if (leg->mode == MEDIA_MODE_SDES && !call_media_offers(call, 1 - from).takes_sdes)
		return SBC_EPROTO;
	*why = "no resources for media";
	err = media_link_make_room(&call->media, count_taken(offer));
	for (size_t i = 0; !err && i < offer->sdp->media_count; i++) {
		const char *fault = NULL;

		if (offer->taken[i].keying == SDP_REFUSED)
			continue;
		err = add_stream(call, offer, from, i);
		if (!err)
			fault = key_answerer(call, &offer->sdp->media[i], 1 - from,
				&call->media.streams[call->media.count - 1]);
		if (fault) {
			*why = fault;
			return SBC_EPROTO;
		}
	}
	return err ? err : open_sessions(call);
}

/* NULL, or why the other end is not offered this section. */
static const char *add_section(
	struct call *call, int from, struct call_description *offer, size_t i)
{
	struct call_stream *stream;
	const char *fault;

	if (media_link_add(&call->media, &stream))
		return "too many streams";
	if (fill_stream(call, offer, from, i, stream))
		return "no resources for media";
	fault = key_answerer(call, &offer->sdp->media[i], 1 - from, stream);
	if (!fault && media_link_open_one(call->sbc, &call->media, stream, call->number))
		fault = "no resources for media";
	stream->is_new = !fault;
	stream->is_given_up = fault != NULL;
	return fault;
}

void call_media_add(struct call *call, int from, struct call_description *offer)
{
	for (size_t i = 0; !offer->text.ptr && i < offer->sdp->media_count; i++) {
		const char *fault;

		if (!is_taken(offer, i) || media_link_stream(&call->media, i))
			continue;
		fault = add_section(call, from, offer, i);
		if (!fault)
			continue;
		offer->taken[i] = (struct call_taken){.keying = SDP_REFUSED};
		log_event(call->sbc->log, LOG_INFO, "sbc", "call.section_refused",
			"call=%s leg=%c why=\"%s\"", call->name,
			from == MEDIA_SIDE_A ? 'a' : 'b', fault);
	}
}

void call_media_drop_new(struct call *call)
{
	for (size_t i = 0; i < call->media.count; i++) {
		struct call_stream *stream = &call->media.streams[i];

		if (!stream->is_new)
			continue;
		stream->is_new = false;
		stream->is_given_up = true;
		media_link_close_stream(call->sbc, stream);
	}
}

void call_media_reset(struct call *call)
{
	media_link_close(call->sbc, &call->media);
	media_link_forget(&call->media);
}

void call_media_own_fingerprints(const struct call *call, int side, struct fingerprint_set *out)
{
	bool offers = call_media_offers(call, side).takes_dtls;
	const struct sdp *other = call->remote[1 - side].sdp;

	*out = (struct fingerprint_set){0};
	if (call_is_bypassed(call, side) && other) {
		*out = other->all_fingerprints; /* the other end's: those are shown */
		return;
	}
	for (size_t i = 0; i < call->media.count; i++) {
		enum sdp_keying chosen = call->media.streams[i].keying[side].chosen;

		if (chosen == SDP_DTLS || (chosen == SDP_REFUSED && offers)) {
			fingerprint_set_add(out, media_link_fingerprint(call->sbc));
			return;
		}
	}
}

/* ---- keys ---- */

/* Our DTLS role from what a side says (RFC 5763 section 5). */
static enum media_dtls_role role_for(
	const struct call_stream *stream, int side, const struct sdp_media *section)
{
	if (section->setup == SDP_SETUP_ACTIVE)
		return MEDIA_DTLS_SERVER;
	if (section->setup == SDP_SETUP_PASSIVE)
		return MEDIA_DTLS_CLIENT;
	/* The role stays while nothing forces another one (RFC 8842 section 5.5). */
	if (stream->has_remote[side])
		return stream->role[side];
	/* No a=setup in an answer means passive to RFC 4145, and nobody else would begin. For
	 * an offer: active where it lets us, since then no stranger can be first with a
	 * ClientHello (SDP-12, SDP-15). */
	return MEDIA_DTLS_CLIENT;
}

/* The signed set where there is one: the description was compared with it as a whole, here
 * it is only narrowed to this section. */
static void allowed_fingerprints(const struct call_party *party,
	const struct sdp_media *section, struct fingerprint_set *out)
{
	const struct identity_verdict *verdict = call_party_verdict(party);
	const struct fingerprint_set *said = &section->fingerprints;

	*out = (struct fingerprint_set){0};
	for (size_t i = 0; i < said->count; i++) {
		if (verdict->outcome != IDENTITY_VERIFIED || !verdict->fingerprints.count ||
			fingerprint_set_has(&verdict->fingerprints, &said->items[i]))
			fingerprint_set_add(out, &said->items[i]);
	}
}

static bool is_same_set(const struct fingerprint_set *one, const struct fingerprint_set *two)
{
	if (one->count != two->count)
		return false;
	for (size_t i = 0; i < one->count; i++) {
		if (!fingerprint_set_has(two, &one->items[i]))
			return false;
	}
	return true;
}

static bool changes_key(const struct call *call, const struct call_stream *stream, int side,
	const struct call_description *said)
{
	const struct call_taken *taken = &said->taken[stream->index];
	const struct sdp_media *section = &said->sdp->media[stream->index];
	const struct stream_keying *keying = &stream->keying[side];
	const struct sdes_line *line = &section->crypto[taken->crypto];
	struct fingerprint_set allowed;

	if (!stream->has_remote[side] || taken->keying != keying->chosen)
		return true;
	if (taken->keying == SDP_SDES)
		return line->profile != keying->theirs.profile ||
		       !mem_equal_secret(line->key, keying->theirs.key, sizeof(line->key));
	if (taken->keying != SDP_DTLS)
		return false;
	allowed_fingerprints(&call->party[side], section, &allowed);
	return role_for(stream, side, section) != stream->role[side] ||
	       !is_same_set(&allowed, &stream->signalled[side]);
}

/* A section that this side has no keys for yet: with the certificate that it showed already it
 * brings nothing new. A key in the description does, unless it answers ours. */
static bool brings_key(const struct call *call, const struct call_stream *stream, int side,
	const struct call_description *said, size_t i)
{
	struct fingerprint_set allowed;

	if (said->taken[i].keying == SDP_SDES)
		return !stream;
	if (said->taken[i].keying != SDP_DTLS)
		return false;
	allowed_fingerprints(&call->party[side], &said->sdp->media[i], &allowed);
	return !is_same_set(&allowed, call_party_signalled(&call->party[side]));
}

bool call_media_changes_key(
	const struct call *call, int side, const struct call_description *said)
{
	if (said->text.ptr)
		return !is_same_set(
			call_party_signalled(&call->party[side]), &said->sdp->all_fingerprints);
	for (size_t i = 0; i < said->sdp->media_count; i++) {
		const struct call_stream *stream = media_link_stream(&call->media, i);

		if (!is_taken(said, i))
			continue;
		if (stream && stream->has_remote[side]
				? changes_key(call, stream, side, said)
				: brings_key(call, stream, side, said, i))
			return true;
	}
	return false;
}

/* ---- to the media room ---- */

static void read_codec(struct call_stream *stream, const struct sdp_media *answered)
{
	struct slice codec;

	sdp_first_codec(answered, &codec, &stream->clock_rate);
	slice_copy(slice_head(codec, sizeof(stream->codec) - 1), stream->codec,
		sizeof(stream->codec));
}

/* RFC 8842 section 5.3: what answers an offer of another association has another name of
 * ours; what we offered keeps the one that was offered, whatever its answer begins. */
static void take_association(struct call *call, int side, struct call_stream *stream,
	const struct call_description *said, bool is_answer)
{
	struct slice theirs = said->sdp->media[stream->index].tls_id;
	struct tls_id *id = &stream->tls_id[side];
	bool is_other = changes_key(call, stream, side, said) ||
			tls_id_is_other(id, &call->sbc->by_dialog, theirs);

	if (is_other)
		stream->is_secured[side] = false;
	if (is_other && !is_answer && stream->has_remote[side])
		tls_id_renew(id, &call->sbc->random);
	tls_id_take(id, &call->sbc->by_dialog, theirs);
}

static int set_stream(struct call *call, int side, struct call_stream *stream,
	const struct call_description *said, bool is_answer)
{
	const struct call_taken *taken = &said->taken[stream->index];
	const struct sdp_media *section = &said->sdp->media[stream->index];
	struct stream_keying *keying = &stream->keying[side];
	struct call_party *party = &call->party[side];
	enum media_dtls_role role = role_for(stream, side, section);
	struct fingerprint_set allowed;
	int err;

	take_association(call, side, stream, said, is_answer);
	keying->chosen = taken->keying;
	if (taken->keying == SDP_SDES) {
		keying->line = taken->line;
		keying->theirs = section->crypto[taken->crypto];
	}
	allowed_fingerprints(party, section, &allowed);
	err = media_link_set_remote(call->sbc, &call->media, stream,
		&(struct media_link_words){.side = side,
			.section = section,
			.fingerprints = &allowed,
			.role = role});
	if (err)
		return err;
	if (stream->index == said->index)
		err = call_party_signal(party, &allowed);
	if (err)
		return err;
	stream->signalled[side] = allowed;
	stream->role[side] = role;
	stream->has_remote[side] = true;
	stream->is_taken = stream->is_taken || stream->has_remote[1 - side];
	stream->is_new = stream->is_new && !stream->is_taken;
	return 0;
}

int call_media_set(
	struct call *call, int side, const struct call_description *said, bool is_answer)
{
	int err = 0;

	if (said->text.ptr)
		err = call_party_signal(&call->party[side], &said->sdp->all_fingerprints);
	for (size_t i = 0; i < call->media.count && !err; i++) {
		struct call_stream *stream = &call->media.streams[i];

		if (!media_link_is_live(stream))
			continue;
		if (!is_taken(said, stream->index)) {
			stream->is_given_up = true;
			media_link_close_stream(call->sbc, stream);
			continue;
		}
		if (is_answer)
			read_codec(stream, &said->sdp->media[stream->index]);
		err = set_stream(call, side, stream, said, is_answer);
	}
	return err;
}

int call_media_set_gates(struct call *call)
{
	int err = 0;

	/* Policy's word: the caller was proved before the callee was called, and the callee
	 * is whom our route chose, proved where that is required. The keys still have to be
	 * shown on each side. */
	for (size_t i = 0; i < call->media.count * MEDIA_SIDE_COUNT && !err; i++) {
		const struct call_stream *stream = &call->media.streams[i / MEDIA_SIDE_COUNT];
		int side = (int)(i % MEDIA_SIDE_COUNT);

		if (media_link_is_live(stream) && stream->has_remote[side])
			err = media_link_set_gate(
				call->sbc, stream, side, call_connect_is_open(call, side));
	}
	return err;
}

/* ---- what the media room says ---- */

static void on_failed(struct call *call, const struct media_event *ev, usec_t now)
{
	char reason[sizeof(call->reason)];

	call->sbc->counters.media_failed++;
	log_event(call->sbc->log, LOG_WARN, "sbc", "media.failed", "call=%s leg=%c why=\"%s\"",
		call->name, ev->side == MEDIA_SIDE_A ? 'a' : 'b',
		media_failure_name(ev->failure));
	if (ev->failure == MEDIA_FAILURE_FINGERPRINT)
		snprintf(reason, sizeof(reason), "%s", MISMATCH_REASON);
	else
		snprintf(reason, sizeof(reason), "SIP;cause=488;text=\"%s\"",
			media_failure_name(ev->failure));
	call_end(call, CALL_ENDER_US, 488, reason, now);
}

/* A side that is on hold may be silent (SDP-29). */
static bool expects_media(const struct call *call, size_t index, int side)
{
	const struct call_description *own = &call->remote[side];
	const struct call_description *other = &call->remote[1 - side];
	enum sdp_direction direction;

	if (!own->sdp || !other->sdp || index >= own->sdp->media_count ||
		index >= other->sdp->media_count)
		return true;
	direction = own->sdp->media[index].direction;
	if (direction != SDP_SENDRECV && direction != SDP_SENDONLY)
		return false;
	direction = other->sdp->media[index].direction;
	return direction == SDP_SENDRECV || direction == SDP_RECVONLY;
}

/* One silent side may be somebody who only listens; nobody speaking is no call. */
static void on_timeout(struct call *call, const struct call_stream *stream,
	const struct media_event *ev, usec_t now)
{
	if (stream->is_given_up || !expects_media(call, stream->index, ev->side))
		return;
	if (!ev->is_one_way) {
		leg_note_timer(call_leg(call, ev->side), "media_timeout_s",
			"no media came from either end");
		call_end(call, CALL_ENDER_US, 408, "SIP;cause=408;text=\"no media\"", now);
		return;
	}
	call->sbc->counters.media_one_way++;
	log_event(call->sbc->log, LOG_WARN, "sbc", "media.one_way", "call=%s silent=%c",
		call->name, ev->side == MEDIA_SIDE_A ? 'a' : 'b');
}

void call_media_event(struct sbc *sbc, const struct media_event *ev, usec_t now)
{
	struct call *call = call_find(sbc, ev->cookie);
	const struct call_stream *stream;

	if (ev->type == MEDIA_EVENT_CLOSED)
		media_link_count(&sbc->counters, ev);
	/* The session of a target that was given up is not this call's any more. */
	stream = call ? media_link_take(&call->media, ev) : NULL;
	if (!stream)
		return;
	switch (ev->type) {
	case MEDIA_EVENT_SECURED:
		log_event(sbc->log, LOG_INFO, "sbc", "media.secured",
			"call=%s leg=%c keying=%s dtls=%s suite=%s profile=%s", call->name,
			ev->side == MEDIA_SIDE_A ? 'a' : 'b',
			media_keying_name(ev->security.keying), ev->security.dtls_version,
			ev->security.cipher_suite, ev->security.srtp_profile);
		break;
	case MEDIA_EVENT_FAILED:
		if (!stream->is_given_up)
			on_failed(call, ev, now);
		break;
	case MEDIA_EVENT_TIMEOUT:
		on_timeout(call, stream, ev, now);
		break;
	case MEDIA_EVENT_CLOSED:
		call_export_took(call, stream, NULL);
		call_finish_if_over(call, now);
		break;
	case MEDIA_EVENT_COUNTERS:
		break;
	case MEDIA_EVENT_STATE:
		call_export_took(call, stream, ev->state);
		break;
	}
}
