/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Descriptions and media of a call: what each end said, what the other end is told of it,
 * which keys may be shown, and when media may flow (RFC 3264, 5763, 8842). Signalling thread.
 */

#include <stdio.h>

#include "base/err.h"
#include "sbc/call.h"

#define MISMATCH_REASON "SIP;cause=488;text=\"DTLS fingerprint mismatch\""

#define DESCRIPTION_ARENA_MAX (128 * 1024) /* bytes: a large body and eight sections */

/* ---- descriptions ---- */

/* Hold as RFC 2543 had it: c=0.0.0.0 and no word about direction. It means that nothing is
 * to be sent there (RFC 3264 section 8.4); where to was said before. */
static void read_old_hold(struct sdp *sdp, const struct call_description *before)
{
	const struct sdp_media *last;
	struct sdp_media *section;

	if (!before || !before->sdp || before->index >= sdp->media_count)
		return;
	last = call_description_section(before);
	section = &sdp->media[before->index];
	if (!section->port || !netaddr_is_any(&section->address))
		return;
	section->address = last->address;
	if (section->direction == SDP_SENDRECV)
		section->direction = SDP_SENDONLY;
	else if (section->direction == SDP_RECVONLY)
		section->direction = SDP_INACTIVE;
}

/* The same section as before, and never fewer of them (RFC 3264 section 8). */
static int compare(const struct call_description *now, const struct call_description *before,
	const char **why)
{
	if (!before || !before->sdp)
		return 0;
	*why = "another section than before";
	if (now->index != before->index)
		return SBC_EPROTO;
	*why = "fewer sections than before";
	return now->sdp->media_count < before->sdp->media_count ? SBC_EPROTO : 0;
}

int call_description_read(struct call_description *out, struct slice body,
	const struct call_description *before, const char **why)
{
	struct call_description description = {0};
	struct slice text;
	int err;

	*why = "no description";
	if (!body.len)
		return SBC_EPROTO;
	arena_init_small(&description.arena, DESCRIPTION_ARENA_MAX, CALL_ARENA_BLOCK);
	text = arena_copy(&description.arena, body);
	*why = "no memory";
	err = text.ptr ? sdp_parse(&description.sdp, &description.arena, text, why)
		       : SBC_ENOMEM;
	if (!err)
		read_old_hold(description.sdp, before);
	err = err ? err : sdp_find_dtls_audio(description.sdp, &description.index, why);
	err = err ? err : compare(&description, before, why);
	if (err)
		arena_fini(&description.arena);
	else
		*out = description;
	return err;
}

void call_description_fini(struct call_description *description)
{
	if (description->sdp)
		arena_fini(&description->arena);
	*description = (struct call_description){0};
}

void call_description_move(struct call_description *to, struct call_description *from)
{
	call_description_fini(to);
	*to = *from;
	*from = (struct call_description){0};
}

int call_media_print(struct call *call, int side, const struct call_description *said,
	const struct sdp_media *offered, struct buf *body)
{
	const struct call_description *theirs = &call->remote[side];
	const struct sdp_media *section = call_description_section(said);
	struct sdp_print print = {
		.address = call->media.local[side],
		.codecs = said->sdp,
		.active = said->index,
		.fingerprint = media_link_fingerprint(call->sbc),
		.setup = SDP_SETUP_ACTPASS,
		.rtcp_mux = true,
		/* What was agreed with this end; at first the other's word. */
		.proto = theirs->sdp ? call_description_section(theirs)->proto : section->proto,
	};

	if (offered) {
		print.setup = call->party[side].role == MEDIA_DTLS_CLIENT ? SDP_SETUP_ACTIVE
									  : SDP_SETUP_PASSIVE;
		print.rtcp_mux = offered->rtcp_mux;
		print.proto = offered->proto;
	}
	return oa_print(&call_leg(call, side)->oa, &print, body);
}

/* Everything that crosses, and nothing of a leg's own. */
static int print_crossing(
	struct call *call, const struct call_description *said, struct buf *out)
{
	struct sdp_print print = {
		.address = call->media.local[0],
		.codecs = said->sdp,
		.active = said->index,
		.fingerprint = media_link_fingerprint(call->sbc),
		.setup = SDP_SETUP_ACTPASS,
		.rtcp_mux = true,
		.proto = SLICE("RTP"),
	};

	return sdp_print(out, &print);
}

bool call_media_reads_same(struct call *call, const struct call_description *one,
	const struct call_description *two)
{
	struct buf first, second;
	bool is_same;

	buf_init(&first, OA_TEXT_MAX);
	buf_init(&second, OA_TEXT_MAX);
	is_same = !print_crossing(call, one, &first) && !print_crossing(call, two, &second) &&
		  slice_equal(buf_slice(&first), buf_slice(&second));
	buf_fini(&first);
	buf_fini(&second);
	return is_same;
}

/* ---- keys ---- */

enum media_dtls_role call_media_role(
	const struct call *call, int side, const struct call_description *said, bool is_answer)
{
	const struct call_party *party = &call->party[side];
	enum sdp_setup setup = call_description_section(said)->setup;

	if (setup == SDP_SETUP_ACTIVE)
		return MEDIA_DTLS_SERVER;
	if (setup == SDP_SETUP_PASSIVE)
		return MEDIA_DTLS_CLIENT;
	/* The role stays while nothing forces another one (RFC 8842 section 5.5). */
	if (party->has_media)
		return party->role;
	/* No a=setup in an answer means passive to RFC 4145, and nobody else would begin. For
	 * an offer: active where it lets us, since then no stranger can be first with a
	 * ClientHello (SDP-12, SDP-15). */
	(void)is_answer;
	return MEDIA_DTLS_CLIENT;
}

/* The signed set where there is one: the description was compared with it as a whole, here
 * it is only narrowed to this section. */
static void allowed_fingerprints(const struct call_party *party,
	const struct sdp_media *section, struct fingerprint_set *out)
{
	const struct identity_verdict *verdict = &party->verdict;
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

bool call_media_changes_key(
	const struct call *call, int side, const struct call_description *said, bool is_answer)
{
	const struct call_party *party = &call->party[side];
	struct fingerprint_set allowed;

	if (!party->has_media)
		return true;
	allowed_fingerprints(party, call_description_section(said), &allowed);
	return call_media_role(call, side, said, is_answer) != party->role ||
	       !is_same_set(&allowed, &party->signalled);
}

int call_media_set(
	struct call *call, int side, const struct call_description *said, bool is_answer)
{
	const struct sdp_media *section = call_description_section(said);
	struct call_party *party = &call->party[side];
	enum media_dtls_role role = call_media_role(call, side, said, is_answer);
	struct fingerprint_set allowed;
	int err;

	if (call_media_changes_key(call, side, said, is_answer))
		call->media.is_secured[side] = false;
	allowed_fingerprints(party, section, &allowed);
	err = media_link_set_remote(
		call->sbc, &call->media, (enum media_side)side, section, &allowed, role);
	if (err)
		return err;
	party->signalled = allowed;
	party->role = role;
	party->has_media = true;
	return 0;
}

int call_media_set_gates(struct call *call)
{
	int err = 0;

	/* Policy's word: the caller was proved before the callee was called, and the callee
	 * is whom our route chose, proved where that is required. The handshakes still have
	 * to show the signalled keys. */
	for (int side = 0; side < MEDIA_SIDE_COUNT && !err; side++) {
		if (call->party[side].has_media)
			err = media_link_set_gate(call->sbc, &call->media,
				(enum media_side)side, call_connect_is_open(call, side));
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
static bool expects_media(const struct call *call, int side)
{
	const struct call_description *own = &call->remote[side];
	const struct call_description *other = &call->remote[1 - side];
	enum sdp_direction direction;

	if (!own->sdp || !other->sdp)
		return true;
	direction = call_description_section(own)->direction;
	if (direction != SDP_SENDRECV && direction != SDP_SENDONLY)
		return false;
	direction = call_description_section(other)->direction;
	return direction == SDP_SENDRECV || direction == SDP_RECVONLY;
}

void call_media_event(struct sbc *sbc, const struct media_event *ev, usec_t now)
{
	struct call *call = call_find(sbc, ev->cookie);

	/* The session of a target that was given up is not this call's any more. */
	if (!call || !media_link_is(&call->media, ev->id))
		return;
	media_link_take(&call->media, ev);
	switch (ev->type) {
	case MEDIA_EVENT_SECURED:
		log_event(sbc->log, LOG_INFO, "sbc", "media.secured",
			"call=%s leg=%c dtls=%s suite=%s profile=%s", call->name,
			ev->side == MEDIA_SIDE_A ? 'a' : 'b', ev->security.dtls_version,
			ev->security.cipher_suite, ev->security.srtp_profile);
		break;
	case MEDIA_EVENT_FAILED:
		on_failed(call, ev, now);
		break;
	case MEDIA_EVENT_TIMEOUT:
		if (!expects_media(call, ev->side))
			break;
		call_end(call, CALL_ENDER_US, 408, "SIP;cause=408;text=\"no media\"", now);
		break;
	case MEDIA_EVENT_CLOSED:
		call_finish_if_over(call, now);
		break;
	case MEDIA_EVENT_COUNTERS:
		break;
	}
}
