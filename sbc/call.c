/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two legs of one call: what an event on one means for the other (RFC 7092: a B2BUA that
 * terminates signalling and media). The caller is proved first, then the callee is called,
 * then media may flow, each leg's only once its handshake showed what was signalled.
 * Signalling thread.
 */

#include "sbc/call.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call_cursor.h"
#include "sbc/verstat.h"

#define DRAIN_REASON "SIP;cause=503;text=\"shutting down\""

struct call *call_find(struct sbc *sbc, uint64_t number)
{
	struct slice key = slice_of(&number, sizeof(number));
	struct hash_node *node = hash_first(&sbc->by_number, hash_of(&sbc->by_number, key));

	for (; node; node = hash_next(node)) {
		struct call *call = container_of(node, struct call, by_number);
		if (call->number == number)
			return call;
	}
	return NULL;
}

static void drop_check(struct call *call)
{
	if (call->check)
		policy_link_cancel(call->check);
	mem_free(call->check);
	call->check = NULL;
}

/* Who called is asked for again when a later request is signed. */
static void keep_caller(struct call *call)
{
	const struct sip_uri caller = call->caller;

	call->called = (struct sip_uri){0};
	call->caller = (struct sip_uri){.user = arena_copy(&call->arena, caller.user),
		.host = arena_copy(&call->arena, caller.host)};
}

void call_forget_invite(struct call *call)
{
	if (call->invite)
		keep_caller(call);
	call->invite = NULL;
	arena_fini_secret(&call->invite_arena); /* its description may have keys */
}

void call_free(struct call *call)
{
	struct sbc *sbc = call->sbc;

	drop_check(call);
	call_export_fini(call);
	call_change_fini(call);
	call_pass_fini(call);
	call_refer_fini(call);
	mem_free(call->subscription);
	mem_free(call->grant);
	timer_stop(sbc->timers, &call->ring_timer);
	timer_stop(sbc->timers, &call->target_timer);
	timer_stop(sbc->timers, &call->connect_timer);
	timer_stop(sbc->timers, &call->reap_timer);
	leg_fini(call->a);
	leg_fini(call->b);
	for (size_t i = 0; i < call->left_count; i++)
		leg_fini(call->left[i]);
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		call_description_fini(&call->remote[side]);
	for (int i = 0; i < 2; i++)
		if (call->entries[i]) {
			call_bandwidth_give(call, (enum media_side)i);
			peer_entry_end_call(call->entries[i]);
		}
	hash_remove(&sbc->by_number, &call->by_number);
	call_cursor_forget(sbc, call);
	list_remove(&call->in_order);
	sbc->counters.calls_now--;
	arena_fini_secret(&call->invite_arena);
	arena_fini(&call->arena);
	media_link_forget(&call->media);
	for (int i = 0; i < 2; i++)
		call_party_fini(&call->party[i]);
	config_unref(call->config);
	config_unref(call->config_of_joined);
	mem_free(call);
}

static void on_reap(struct timer *timer, usec_t now, void *arg)
{
	struct call *call = arg;
	struct sbc *sbc = call->sbc;

	(void)timer;
	call_free(call);
	sbc_call_gone(sbc, now);
}

static bool are_legs_over(const struct call *call)
{
	for (size_t i = 0; i < call->left_count; i++) {
		if (call->left[i]->state != LEG_TERMINATED)
			return false;
	}
	return call->a->state == LEG_TERMINATED && call->b->state == LEG_TERMINATED;
}

/* Over when all legs said their last word and the media room closed its session. Freed from
 * a timer: handlers of this call may still be on the stack. */
void call_finish_if_over(struct call *call, usec_t now)
{
	if (call->state == CALL_ENDED || !are_legs_over(call) || call->media.open_count)
		return;
	call->state = CALL_ENDED;
	call_record(call);
	timer_init(&call->reap_timer, on_reap, call);
	if (timer_start(call->sbc->timers, &call->reap_timer, now))
		log_event(call->sbc->log, LOG_ERROR, "sbc", "call.unreaped", "call=%s",
			call->name);
}

void call_end(
	struct call *call, enum call_ender ender, uint16_t code, const char *reason, usec_t now)
{
	struct sbc *sbc = call->sbc;
	struct buf lines;

	if (call->state == CALL_ENDING || call->state == CALL_ENDED)
		return;
	call->state = CALL_ENDING;
	call->ender = ender;
	call->end_s = sbc->outside.wall_s(sbc->outside.arg);
	if (!call->answer_s)
		call->code = code;
	if (reason)
		slice_copy(slice_str(reason), call->reason, sizeof(call->reason));
	call_refer_end(call, now);
	if (call->referrer)
		call_refer_failed(call, code, now);
	if (call->check)
		policy_link_cancel(call->check);
	call_export_fini(call);
	call_change_fini(call);
	call_pass_fini(call);
	timer_stop(sbc->timers, &call->ring_timer);
	timer_stop(sbc->timers, &call->target_timer);
	timer_stop(sbc->timers, &call->connect_timer);
	buf_init(&lines, SBC_TEXT_MAX);
	if (call->reason[0])
		buf_printf(&lines, "Reason: %s\r\n", call->reason);
	leg_end(call->b, code, buf_slice(&lines), now);
	leg_end(call->a, code, buf_slice(&lines), now);
	buf_fini(&lines);
	media_link_close(sbc, &call->media);
	call_finish_if_over(call, now);
}

/* ---- events of the legs ---- */

/* What the caller hears when the callee's side refuses (SIP-24). */
static uint16_t code_for_caller(uint16_t code)
{
	if (code < 400)
		return 480; /* we do not follow redirections of a stranger */
	if (code == 401 || code == 407)
		return 403; /* not the caller's credentials that are asked for */
	if (code == 422)
		return 500; /* our session timer's affair, not the caller's */
	if (code == 503)
		return 500; /* only the next hop is overloaded, not we */
	return code;
}

/* The other end's Reason goes across (RFC 3326, ID-5). */
static const char *reason_of(const struct sip_msg *msg, char *out, size_t size)
{
	struct slice reason = {0};

	for (size_t i = 0; msg && (reason = sip_msg_header(msg, "Reason", i)).len; i++) {
		if (!verstat_is_reason(reason))
			break;
	}
	return reason.len && !slice_copy(reason, out, size) ? out : NULL;
}

static void on_lost(struct call *call, int side, uint16_t code, usec_t now)
{
	char reason[80];

	if (call_refer_keeps(call, side))
		return;
	snprintf(reason, sizeof(reason), "SIP;cause=%u;text=\"%s leg lost\"", code,
		side == MEDIA_SIDE_A ? "caller" : "callee");
	call_end(call, CALL_ENDER_US, code == 504 ? 504 : 480, reason, now);
}

/* Longer than this nobody is believed to be full. */
#define REST_MAX 60 /* seconds */

/* RFC 3261 section 21.5.4. */
static void rest(struct call *call, const struct sip_msg *msg, usec_t now)
{
	struct peer_entry *entry = call->entries[MEDIA_SIDE_B];
	struct slice value = sip_msg_header(msg, "Retry-After", 0);
	size_t digits = 0;
	uint64_t seconds;

	while (digits < value.len && value.ptr[digits] >= '0' && value.ptr[digits] <= '9')
		digits++;
	if (!entry || slice_to_u64(slice_head(value, digits), UINT32_MAX, &seconds))
		return;
	if (seconds > REST_MAX)
		seconds = REST_MAX;
	entry->rest_until = now + (usec_t)seconds * USEC_PER_SEC;
}

static void on_refused(struct call *call, uint16_t code, const struct sip_msg *msg, usec_t now)
{
	char reason[sizeof(call->reason)];

	if (msg && code == 503)
		rest(call, msg, now);
	/* Nobody said it: the next call begins at the peer's next address. */
	if (!msg && call->entries[MEDIA_SIDE_B])
		peer_entry_failed(call->entries[MEDIA_SIDE_B]);
	if (call_try_next(call, code, now))
		return;
	call_cross(call, MEDIA_SIDE_B, msg, HEADER_KIND_RESPONSE);
	call_end(call, CALL_ENDER_CALLEE, code_for_caller(code),
		reason_of(msg, reason, sizeof(reason)), now);
}

/* Of a branch that was given up nothing matters but its end. */
static bool is_left(const struct call *call, const struct leg *leg)
{
	return leg != call->a && leg != call->b;
}

static void on_end(struct call *call, int side, const struct sip_msg *msg, usec_t now)
{
	char reason[sizeof(call->reason)];

	if (call_refer_keeps(call, side))
		return;
	call_cross(call, side, msg, HEADER_KIND_REQUEST);
	call_end(call, side == MEDIA_SIDE_A ? CALL_ENDER_CALLER : CALL_ENDER_CALLEE,
		side == MEDIA_SIDE_A ? 487 : 480, reason_of(msg, reason, sizeof(reason)), now);
}

static void on_leg(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now, void *arg)
{
	struct call *call = arg;
	int side = call_side(call, leg);

	if (is_left(call, leg) && event != LEG_EVENT_TERMINATED)
		return;
	switch (event) {
	case LEG_EVENT_PROVISIONAL:
		call_ringing(call, code, msg, now);
		break;
	case LEG_EVENT_ANSWERED:
		call_answered(call, msg, now);
		break;
	case LEG_EVENT_REFUSED:
		on_refused(call, code, msg, now);
		break;
	case LEG_EVENT_CONFIRMED:
		call_confirmed(call, msg, now);
		break;
	case LEG_EVENT_OFFER:
		call_change_offered(call, side, msg, now);
		break;
	case LEG_EVENT_OFFER_GONE:
		call_change_gone(call, side, now);
		break;
	case LEG_EVENT_OFFER_ACKED:
		call_change_acked(call, side, msg, now);
		break;
	case LEG_EVENT_CHANGED:
		call_change_answered(call, side, msg, now);
		break;
	case LEG_EVENT_UNCHANGED:
		call_change_refused(call, side, code, now);
		break;
	case LEG_EVENT_REQUEST:
		if (msg->method == SIP_METHOD_REFER)
			call_refer(call, side, leg->passed);
		else if (msg->method == SIP_METHOD_SUBSCRIBE)
			call_refer_subscribe(call, side, leg->passed);
		else
			call_pass(call, side, leg->passed);
		break;
	case LEG_EVENT_CANCELLED:
	case LEG_EVENT_BYE:
		on_end(call, side, msg, now);
		break;
	case LEG_EVENT_LOST:
		on_lost(call, side, code, now);
		break;
	case LEG_EVENT_TERMINATED:
		call_finish_if_over(call, now);
		break;
	case LEG_EVENT_PRACKED:
		break;
	}
}

/* What we said last on this leg, as an offer: said again, it changes nothing. */
static int describe(struct leg *leg, struct buf *body, void *arg)
{
	struct call *call = arg;
	int side = call_side(call, leg);
	const struct call_description *said = &call->remote[1 - side];

	return said->sdp ? call_media_print(call, side, said, NULL, body) : SBC_ESTATE;
}

/* What is known of the end that speaks through this leg, for whoever signs. A callee of ours
 * proved itself when it registered. */
static void fill_job(const struct call *call, const struct leg *leg, struct sign_job *job)
{
	const struct call_party *speaker = &call->party[!call_side(call, leg)];
	bool is_user = !speaker->peer;

	job->origin = slice_str(speaker->name);
	job->received_attest = call_party_verdict(speaker)->attest;
	job->origid = slice_str(call_party_verdict(speaker)->origid);
	if (leg != call->a) {
		job->proof = call->proof;
		job->may_use_identity = call->proof == PROOF_USER ||
					(call->proof == PROOF_PEER &&
						config_user_find(call->config,
							call->caller.user, call->caller.host));
		return;
	}
	job->may_use_identity = is_user;
	job->proof = is_user                           ? PROOF_USER
		     : call_party_is_verified(speaker) ? PROOF_VERIFIED
						       : PROOF_NONE;
}

static int sign(struct leg *leg, const struct sip_request_spec *spec, struct slice contact_uri,
	struct buf *lines, void *arg)
{
	struct call *call = arg;
	struct call_party *party = &call->party[call_side(call, leg)];
	struct fingerprint_set own = {0};
	struct sign_job job = {.sbc = call->sbc, .peer = party->peer, .fingerprints = &own};
	int err;

	if (!party->peer || is_left(call, leg))
		return 0;
	if (spec->body.len)
		call_media_own_fingerprints(call, call_side(call, leg), &own);
	fill_job(call, leg, &job);
	if (!leg->dialog.remote_tag.len) /* else it is a Contact */
		job.called_uri = spec->request_uri;
	err = policy_link_sign(spec, contact_uri, lines, &job);
	if (job.is_signed && leg != call->a && !party->identity_outcome[0])
		party->identity_outcome = "signed";
	return err;
}

const struct leg_owner call_leg_owner = {.handler = on_leg, .describe = describe, .sign = sign};

/* ---- begin ---- */

struct call *call_new(struct sbc *sbc)
{
	struct call *call = mem_alloc(sizeof(*call));

	if (!call)
		return NULL;
	arena_init_small(&call->arena, CALL_ARENA_MAX, CALL_ARENA_BLOCK);
	arena_init(&call->invite_arena, CALL_INVITE_MAX);
	call->a = arena_alloc(&call->arena, sizeof(*call->a));
	call->b = arena_alloc(&call->arena, sizeof(*call->b));
	if (!call->a || !call->b) {
		arena_fini(&call->arena);
		mem_free(call);
		return NULL;
	}
	call->sbc = sbc;
	call->max_breadth = -1;
	call->number = ++sbc->last_number;
	snprintf(call->name, sizeof(call->name), "c%" PRIu64, call->number);
	list_init(&call->passed);
	call->party[0].identity_outcome = call->party[1].identity_outcome = "";
	if (hash_insert(&sbc->by_number, &call->by_number,
		    hash_of(&sbc->by_number, slice_of(&call->number, sizeof(call->number))))) {
		arena_fini(&call->arena);
		mem_free(call);
		return NULL;
	}
	call->config = config_ref(sbc->config);
	list_append(&sbc->calls, &call->in_order);
	leg_init(call->a, sbc, &call->arena, 'a');
	leg_init(call->b, sbc, &call->arena, 'b');
	call->a->call_name = call->b->call_name = call->name;
	call->a->owner = call->b->owner = &call_leg_owner;
	call->a->owner_arg = call->b->owner_arg = call;
	call->start_s = sbc->outside.wall_s(sbc->outside.arg);
	sbc->counters.calls_started++;
	sbc->counters.calls_now++;
	return call;
}

static void end_one(struct hash_node *node, void *arg)
{
	struct call *call = container_of(node, struct call, by_number);

	call_end(call, CALL_ENDER_US, 503, DRAIN_REASON, *(const usec_t *)arg);
}

void call_end_all(struct sbc *sbc, usec_t now)
{
	hash_visit(&sbc->by_number, end_one, &now);
}
