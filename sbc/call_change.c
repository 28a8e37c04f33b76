/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A re-INVITE or UPDATE of one side: what the other side would read differently goes across
 * to it and its answer comes back; the rest (an address, a refresh) is answered here. Refused
 * there, it is refused here, and both sides stay as they were (RFC 3261 section 14, RFC 3264
 * section 8, RFC 6337). Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"

static void clear(struct call *call)
{
	struct call_change *change = &call->change;

	if (change->check)
		policy_link_cancel(change->check);
	mem_free(change->check);
	call_media_drop_new(call);
	call_description_fini(&change->offer);
	call_description_fini(&change->answer);
	if (change->stage == CHANGE_ACKED)
		arena_fini_secret(&change->ack);
	*change = (struct call_change){0};
}

void call_change_fini(struct call *call)
{
	clear(call);
}

static void refuse(struct call *call, const struct reply *reply, usec_t now)
{
	int from = call->change.from;

	clear(call);
	leg_in_refuse(call_leg(call, from), reply, now);
}

static void refuse_code(struct call *call, uint16_t code, usec_t now)
{
	refuse(call, &(struct reply){.code = code}, now);
}

static void refuse_offer(struct call *call, const char *why, usec_t now)
{
	struct reply reply = {.code = 488};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	buf_printf(&lines, "Warning: 399 countersip \"%s\"\r\n", why);
	reply.lines = buf_slice(&lines);
	refuse(call, &reply, now);
	buf_fini(&lines);
}

static void end(struct call *call, const char *why, usec_t now)
{
	log_event(call->sbc->log, LOG_WARN, "sbc", "call.change_unusable", "call=%s why=\"%s\"",
		call->name, why);
	call_end(call, CALL_ENDER_US, 488, "SIP;cause=488;text=\"change not usable\"", now);
}

/* ---- what they say ---- */

static int read_offer(struct call *call, int side, const struct sip_msg *msg,
	struct call_description *out, const char **why)
{
	const struct call_said said = {
		.side = side, .body = msg->body, .before = &call->remote[side]};

	return call_description_read(call, &said, out, why);
}

static int read_answer(struct call *call, int side, const struct sip_msg *msg,
	struct call_description *out, const char **why)
{
	const struct call_said said = {.side = side,
		.body = msg->body,
		.is_answer = true,
		.before = &call->remote[side]};

	return call_description_read(call, &said, out, why);
}

/* ---- answered here ---- */

/* An answer's direction: never what the offer does not take (RFC 3264 section 6.1). */
static enum sdp_direction narrow_direction(enum sdp_direction own, enum sdp_direction offered)
{
	bool sends = (own == SDP_SENDRECV || own == SDP_SENDONLY) &&
		     (offered == SDP_SENDRECV || offered == SDP_RECVONLY);
	bool hears = (own == SDP_SENDRECV || own == SDP_RECVONLY) &&
		     (offered == SDP_SENDRECV || offered == SDP_SENDONLY);

	if (sends)
		return hears ? SDP_SENDRECV : SDP_SENDONLY;
	return hears ? SDP_RECVONLY : SDP_INACTIVE;
}

static void narrow_section(
	const struct sdp_media *own, const struct sdp_media *offered, struct sdp_media *out)
{
	*out = *own;
	out->format_count = 0;
	/* Each end has numbers of its own (RFC 3264 section 5.1). */
	for (size_t i = 0; i < own->format_count; i++) {
		if (sdp_has_format(offered, own->formats[i], own))
			out->formats[out->format_count++] = own->formats[i];
	}
	out->direction = narrow_direction(own->direction, offered->direction);
}

int call_change_narrow(const struct call_description *said, struct call_description *offer,
	struct call_description *out)
{
	struct sdp *sdp;

	if (said->text.ptr) { /* said again as it is, beside the offer's own sections */
		*out = (struct call_description){
			.sdp = offer->sdp, .text = said->text, .has_keys = said->has_keys};
		return 0;
	}
	sdp = arena_alloc(&offer->arena, sizeof(*sdp));
	if (!sdp)
		return SBC_ENOMEM;
	*sdp = *offer->sdp;
	sdp->media = arena_array(&offer->arena, sdp->media_count, sizeof(*sdp->media));
	if (!sdp->media)
		return SBC_ENOMEM;
	memcpy(sdp->media, offer->sdp->media, sdp->media_count * sizeof(*sdp->media));
	*out = (struct call_description){.sdp = sdp, .index = offer->index};
	for (size_t i = 0; i < sdp->media_count && i < said->sdp->media_count; i++) {
		if (said->taken[i].keying == SDP_REFUSED ||
			offer->taken[i].keying == SDP_REFUSED)
			continue;
		out->taken[i] = said->taken[i];
		narrow_section(&said->sdp->media[i], &offer->sdp->media[i], &sdp->media[i]);
		if (!sdp_has_codec(&sdp->media[i]))
			return SBC_EPROTO;
	}
	return 0;
}

/* The new key counts as proved from now on. */
int call_change_take_proof(struct call *call)
{
	struct call_party *party = &call->party[call->change.from];

	if (!call->change.is_proved)
		return 0;
	if (call_party_judge(party, &call->change.check->verdict))
		return SBC_ENOMEM;
	party->is_key_proved = call_party_verdict(party)->fingerprints.count != 0;
	call->sbc->counters.identity_verified++;
	if (party->is_key_proved)
		call_connect_proved(call, call->change.from);
	return 0;
}

/* change->offer is what that side says now; said answers it. */
static int accept_offer(struct call *call, const struct call_description *said, usec_t now)
{
	int from = call->change.from;
	struct call_description *offer = &call->change.offer;
	struct buf body;
	int err = call_change_take_proof(call);

	err = err ? err : call_media_set(call, from, offer, false);
	buf_init(&body, OA_TEXT_MAX);
	err = err ? err : call_media_print(call, from, said, offer, &body);
	err = err ? err : leg_in_accept(call_leg(call, from), buf_slice(&body), now);
	buf_fini_secret(&body);
	return err;
}

static void answer_here(struct call *call, usec_t now)
{
	int from = call->change.from;
	struct call_description said;
	int err = call_change_narrow(&call->remote[1 - from], &call->change.offer, &said);

	if (err) {
		refuse_offer(call, "no common format", now);
		return;
	}
	err = accept_offer(call, &said, now);
	if (!err)
		call_description_move(&call->remote[from], &call->change.offer);
	err = err ? err : call_media_set_gates(call);
	err = err ? err : call_media_renumber(call);
	clear(call);
	if (err)
		end(call, "no resources for media", now);
}

/* ---- across ---- */

static void send_across(struct call *call, usec_t now)
{
	struct call_change *change = &call->change;
	int to = 1 - change->from;
	struct leg_change out = {.is_update = change->is_update};
	struct buf body;
	int err = 0;

	buf_init(&body, OA_TEXT_MAX);
	if (change->stage != CHANGE_ASKED)
		err = call_media_print(call, to, &change->offer, NULL, &body);
	out.body = buf_slice(&body);
	err = err ? err : leg_out_start(call_leg(call, to), &out, now);
	buf_fini_secret(&body);
	if (!err)
		return;
	/* Something is under way there already, or it cannot be asked yet (UPD-1). */
	if (err == SBC_EAGAIN)
		refuse_code(call, 491, now);
	else
		refuse_code(call, err == SBC_ESTATE ? 504 : 500, now);
}

static void go_on(struct call *call, usec_t now)
{
	struct call_change *change = &call->change;

	if (call->remote[1 - change->from].sdp &&
		call_media_reads_same(&change->offer, &call->remote[change->from])) {
		answer_here(call, now);
		return;
	}
	change->stage = CHANGE_ACROSS;
	call_media_add(call, change->from, &change->offer);
	send_across(call, now);
}

static void refuse_proof(struct call *call, const struct reply *refusal, usec_t now)
{
	int from = call->change.from;

	refuse(call, refusal, now);
	call_connect_refused(call, from, now);
}

void call_change_proved(struct call *call, const struct reply *refusal, usec_t now)
{
	bool is_ack = call->change.stage == CHANGE_ACKED;

	if (refusal && is_ack) /* an ACK cannot be refused (CI-11) */
		end(call, "the answer in the ACK is not proved", now);
	else if (refusal)
		refuse_proof(call, refusal, now);
	else if (!is_ack)
		go_on(call, now);
	else if (call->b->is_ack_owed)
		call_confirm(call, now);
	else
		call_change_take_ack(call, now);
}

/* A description with a key that must be proved first, or one that may go on. */
static void prove(struct call *call, const struct sip_msg *msg, usec_t now)
{
	struct call_change *change = &call->change;
	struct reply refusal = {0};
	struct buf lines;

	if (!call_media_changes_key(call, change->from, &change->offer) &&
		!call_connect_wants(call, change->from, msg)) {
		go_on(call, now);
		return;
	}
	change->stage = CHANGE_CHECKING;
	buf_init(&lines, SBC_TEXT_MAX);
	switch (call_proof_check(call, change->from, msg, &refusal, &lines, now)) {
	case PROOF_OK:
		go_on(call, now);
		break;
	case PROOF_REFUSED:
		refuse_proof(call, &refusal, now);
		break;
	case PROOF_WAITS:
		break;
	}
	buf_fini(&lines);
}

void call_change_offered(struct call *call, int from, const struct sip_msg *msg, usec_t now)
{
	struct call_change *change = &call->change;
	const char *why;

	/* The other side's is under way: glare between the legs. */
	if (change->stage != CHANGE_NONE || !call->remote[from].sdp) {
		leg_in_refuse(call_leg(call, from), &(struct reply){.code = 491}, now);
		return;
	}
	*change = (struct call_change){
		.from = from, .is_update = msg->method != SIP_METHOD_INVITE};
	if (!msg->body.len) { /* OA-4: the other side is asked for all it can */
		change->stage = CHANGE_ASKED;
		send_across(call, now);
		return;
	}
	change->stage = CHANGE_CHECKING;
	if (read_offer(call, from, msg, &change->offer, &why))
		refuse_offer(call, why, now);
	else
		prove(call, msg, now);
}

void call_change_gone(struct call *call, int from, usec_t now)
{
	struct call_change *change = &call->change;

	if (change->from != from)
		return;
	switch (change->stage) {
	case CHANGE_CHECKING:
		clear(call);
		break;
	case CHANGE_ACROSS:
	case CHANGE_ASKED:
		change->is_given_up = true;
		leg_out_cancel(call_leg(call, 1 - from), now);
		break;
	case CHANGE_NONE:
	case CHANGE_OFFERED:
	case CHANGE_ACKED:
	case CHANGE_OURS:
		break;
	}
}

/* ---- the other side's answer ---- */

/* A key that was proved may not become another one by an answer, which proves nothing. */
static bool is_hijack(const struct call *call, int side, const struct call_description *said)
{
	return call->party[side].is_key_proved && call_media_changes_key(call, side, said);
}

/* change->offer of one side was answered by the other: both are in force now. */
static int commit(struct call *call, int side, struct call_description *answer, usec_t now)
{
	struct call_change *change = &call->change;
	int err = call_media_set(call, side, answer, true);

	call_description_move(&call->remote[side], answer);
	/* Who cancelled has not these sections; what it has is told again. */
	if (!err && change->is_given_up)
		err = call_description_pad(&call->remote[change->from], &call->remote[side]);
	if (!err && !change->is_given_up) {
		err = accept_offer(call, &call->remote[side], now);
		if (!err)
			call_description_move(&call->remote[change->from], &change->offer);
	}
	/* What was abandoned there is what this side goes by, for now. */
	call->may_renumber = call->may_renumber || change->is_given_up;
	err = err ? err : call_media_set_gates(call);
	return err ? err : call_media_renumber(call);
}

static void take_answer(struct call *call, int side, const struct sip_msg *msg, usec_t now)
{
	struct call_change *change = &call->change;
	bool is_given_up = change->is_given_up;
	struct call_description answer = {0};
	const char *why;
	int err = read_answer(call, side, msg, &answer, &why);

	if (!err && answer.sdp->media_count != change->offer.sdp->media_count) {
		err = SBC_EPROTO;
		why = "the answer has not the offer's sections";
	}
	if (!err && is_hijack(call, side, &answer)) {
		err = SBC_EPROTO;
		why = "another key in the answer, and nothing proves it";
	}
	if (!err) {
		why = "no resources for media";
		err = commit(call, side, &answer, now);
	}
	call_description_fini(&answer);
	if (err) {
		end(call, why, now);
		return;
	}
	clear(call);
	/* Who asked has cancelled, too late: the other side learns again what is so. */
	if (is_given_up)
		call_change_ours(call, side, now);
}

/* Who was asked to offer did: its offer goes to who asked. */
static void take_offer(struct call *call, int side, const struct sip_msg *msg, usec_t now)
{
	struct call_change *change = &call->change;
	struct buf body;
	const char *why;
	int err = read_offer(call, side, msg, &change->answer, &why);

	if (!err)
		call_media_add(call, side, &change->answer);
	if (!err && is_hijack(call, side, &change->answer)) {
		err = SBC_EPROTO;
		why = "another key in the offer, and nothing proves it";
	}
	buf_init(&body, OA_TEXT_MAX);
	if (!err) {
		why = "no resources";
		err = call_media_print(call, change->from, &change->answer, NULL, &body);
	}
	if (!err) {
		change->stage = CHANGE_OFFERED;
		err = leg_in_accept(call_leg(call, change->from), buf_slice(&body), now);
	}
	buf_fini_secret(&body);
	if (err)
		end(call, why, now);
}

static void tell_next(
	struct call *call, int side, const struct call_joining *joining, usec_t now);

/* Nobody waits for this answer but us: a refresh, or a change of our own. joining: of the
 * latter. */
static void take_own(struct call *call, int side, const struct sip_msg *msg,
	const struct call_joining *joining, usec_t now)
{
	struct call_description answer = {0};
	const char *why = "another key in the answer, and nothing proves it";
	bool is_news = joining->is_other_old;
	int err = 0;

	if (!msg->body.len)
		return; /* a refresh by UPDATE */
	err = read_answer(call, side, msg, &answer, &why);
	if (!err && is_hijack(call, side, &answer))
		err = SBC_EPROTO;
	err = err ? err : call_media_set(call, side, &answer, true);
	if (!err) {
		bool is_other = !call_media_reads_same(&answer, &call->remote[side]);

		/* Nor is it when it only takes what the other end said. */
		is_news = is_news || (is_other && !call_media_reads_same(
							  &answer, &call->remote[1 - side]));
		call->may_renumber = call->may_renumber || is_other;
		call_description_move(&call->remote[side], &answer);
		err = call_media_renumber(call);
	}
	call_description_fini(&answer);
	if (err)
		end(call, why, now);
	else if (joining->rounds && is_news)
		tell_next(call, 1 - side, joining, now);
}

void call_change_answered(struct call *call, int side, const struct sip_msg *msg, usec_t now)
{
	struct call_change *change = &call->change;
	struct call_joining joining = change->joining;

	switch (change->stage) {
	case CHANGE_ACROSS:
		if (side != change->from)
			take_answer(call, side, msg, now);
		break;
	case CHANGE_ASKED:
		if (side != change->from && change->is_given_up)
			end(call, "who asked for an offer went away", now);
		else if (side != change->from)
			take_offer(call, side, msg, now);
		break;
	case CHANGE_OURS:
		clear(call);
		take_own(call, side, msg, &joining, now);
		break;
	case CHANGE_NONE:
	case CHANGE_CHECKING:
	case CHANGE_OFFERED:
	case CHANGE_ACKED:
		take_own(call, side, msg, &joining, now);
		break;
	}
}

/* What one side hears when the other refuses (as SIP-24). */
static uint16_t code_across(uint16_t code)
{
	if (code < 400 || code == 503 || code == 422)
		return 500;
	if (code == 401 || code == 407)
		return 403; /* nobody of ours is asked (S7) */
	return code;
}

void call_change_refused(struct call *call, int side, uint16_t code, usec_t now)
{
	struct call_change *change = &call->change;
	bool is_waited_for = change->stage == CHANGE_ACROSS || change->stage == CHANGE_ASKED;

	if (change->stage == CHANGE_OURS && change->joining.rounds) {
		clear(call);
		end(call, "an end does not take the other one", now);
		return;
	}
	if (change->stage == CHANGE_OURS || (is_waited_for && change->is_given_up))
		clear(call);
	else if (is_waited_for && side != change->from)
		refuse_code(call, code_across(code), now);
}

/* ---- the answer in an ACK ---- */

void call_change_take_ack(struct call *call, usec_t now)
{
	struct call_change *change = &call->change;
	int from = change->from, to = 1 - from;
	struct call_description *answer = &change->answer, *offer = &change->offer;
	struct buf body;
	int err = call_change_take_proof(call);

	err = err ? err : call_media_set(call, from, answer, true);
	err = err ? err : call_media_set(call, to, offer, false);
	buf_init(&body, OA_TEXT_MAX);
	err = err ? err : call_media_print(call, to, answer, offer, &body);
	err = err ? err : leg_out_ack(call_leg(call, to), buf_slice(&body));
	buf_fini_secret(&body);
	if (!err) {
		call_description_move(&call->remote[from], answer);
		call_description_move(&call->remote[to], offer);
		err = call_media_renumber(call);
	}
	clear(call);
	if (err)
		end(call, "no resources for media", now);
}

/* The ACK goes, its proof may take time: a copy of its own. */
static const struct sip_msg *keep_ack(struct call *call, const struct sip_msg *ack)
{
	struct arena *arena = &call->change.ack;
	struct sip_msg *msg;
	struct slice bytes = arena_copy(arena, ack->scan.bytes);

	return bytes.ptr && !sip_msg_parse_again(&msg, arena, bytes) ? msg : NULL;
}

void call_change_prove_ack(struct call *call, const struct sip_msg *ack, usec_t now)
{
	struct call_change *change = &call->change;
	enum call_proof proof = PROOF_OK;
	struct reply refusal = {.code = 500};
	const struct sip_msg *msg;
	struct buf lines;

	change->stage = CHANGE_ACKED;
	arena_init(&change->ack, CALL_ARENA_MAX);
	buf_init(&lines, SBC_TEXT_MAX);
	if (call_proof_is_needed(call, change->from) &&
		call_media_changes_key(call, change->from, &change->answer)) {
		msg = keep_ack(call, ack);
		proof = msg ? call_proof_check(call, change->from, msg, &refusal, &lines, now)
			    : PROOF_REFUSED;
	}
	buf_fini(&lines);
	if (proof != PROOF_WAITS)
		call_change_proved(call, proof == PROOF_OK ? NULL : &refusal, now);
}

void call_change_acked(struct call *call, int from, const struct sip_msg *msg, usec_t now)
{
	struct call_change *change = &call->change;
	const char *why = "no description in the ACK";

	if (change->stage != CHANGE_OFFERED || change->from != from)
		return;
	/* The offer was the other side's, which answer held until now. */
	call_description_move(&change->offer, &change->answer);
	if (read_answer(call, from, msg, &change->answer, &why) ||
		change->answer.sdp->media_count != change->offer.sdp->media_count)
		end(call, why, now);
	else
		call_change_prove_ack(call, msg, now);
}

/* ---- our own ---- */

/* By UPDATE where it can be; for two that do not know each other yet by re-INVITE, since a user
 * may have to be asked (RFC 3311 section 5.1). */
static int offer_ours(
	struct call *call, int side, const struct call_joining *joining, usec_t now)
{
	struct call_change *change = &call->change;
	struct leg_change out = {.is_update = !joining->rounds};
	struct buf body;
	int err;

	if (change->stage != CHANGE_NONE || !call->remote[1 - side].sdp)
		return SBC_EAGAIN;
	buf_init(&body, OA_TEXT_MAX);
	err = call_media_print(call, side, &call->remote[1 - side], NULL, &body);
	out.body = buf_slice(&body);
	err = err ? err : leg_out_start(call_leg(call, side), &out, now);
	buf_fini_secret(&body);
	if (!err)
		*change = (struct call_change){
			.stage = CHANGE_OURS, .from = 1 - side, .joining = *joining};
	return err;
}

void call_change_ours(struct call *call, int side, usec_t now)
{
	const struct call_joining none = {0};
	int err = call->change.stage == CHANGE_NONE ? offer_ours(call, side, &none, now) : 0;

	if (err)
		log_event(call->sbc->log, LOG_WARN, "sbc", "call.change_unsent",
			"call=%s leg=%c err=%s", call->name, side == MEDIA_SIDE_A ? 'a' : 'b',
			err_name(err));
}

/* ---- two that were brought together ---- */

#define JOIN_ROUNDS 3 /* one, the other, and once more if that has changed anything */

int call_change_join(struct call *call, int side, bool is_other_old, usec_t now)
{
	const struct call_joining joining = {
		.rounds = JOIN_ROUNDS, .is_other_old = is_other_old};

	return offer_ours(call, side, &joining, now);
}

static void tell_next(
	struct call *call, int side, const struct call_joining *joining, usec_t now)
{
	const struct call_joining next = {.rounds = joining->rounds - 1};
	int err = offer_ours(call, side, &next, now);

	if (err == SBC_ESTATE && side == MEDIA_SIDE_A && call->a->state == LEG_ACCEPTED) {
		call->is_told_stale = true; /* after its ACK, then */
		return;
	}

	/* An offer of its own is under way there: its answer will say the same. */
	if (err && err != SBC_EAGAIN)
		end(call, "no offer for the other end", now);
}
