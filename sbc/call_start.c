/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A new INVITE: who calls, may there be one call more, is the caller proved. Then it is
 * routed. Signalling thread.
 */

#include <limits.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"
#include "sbc/peer_link.h"
#include "sbc/register_relay.h"

static void on_ring_timeout(struct timer *timer, usec_t now, void *arg)
{
	struct call *call = arg;

	(void)timer;
	leg_note_timer(call->b, "ring_timeout_s", "the callee did not answer in time");
	call_end(call, CALL_ENDER_US, 408, "SIP;cause=408;text=\"no answer\"", now);
}

void call_go_on(struct call *call, usec_t now)
{
	struct reply refusal = {.code = 500};

	if (call->replacing.number) {
		call_replace(call, now);
		return;
	}
	if (call_route(call, &refusal, now)) {
		if (refusal.code == 503) /* a limit, or nobody is there just now */
			buf_put_str(&call->a->cross, "Retry-After: 5\r\n");
		call_end(call, CALL_ENDER_US, refusal.code, NULL, now);
		return;
	}
	call->state = CALL_CALLING;
	timer_init(&call->ring_timer, on_ring_timeout, call);
	timer_start(call->sbc->timers, &call->ring_timer,
		now + (usec_t)call->config->limits.ring_timeout_s * USEC_PER_SEC);
}

static void refuse_identity(struct call *call, usec_t now)
{
	const struct identity_verdict *verdict = call_party_verdict(&call->party[MEDIA_SIDE_A]);
	struct reply reply = {
		.code = (uint16_t)verdict->code, .reason = slice_str(verdict->phrase)};

	call->sbc->counters.identity_refused++;
	leg_uas_refuse(call->a, &reply, now);
	call_end(call, CALL_ENDER_US, reply.code, NULL, now);
}

/* How old the signature was when it was judged; 0: nothing says. */
static long long age_of(const struct sbc *sbc, const struct identity_verdict *verdict)
{
	return verdict->signed_at
		       ? (long long)(sbc->outside.wall_s(sbc->outside.arg) - verdict->signed_at)
		       : 0;
}

static void on_checked(struct identity_check *check, usec_t now, void *arg)
{
	struct call *call = arg;
	const struct identity_verdict *verdict;
	int err = call_party_judge(&call->party[0], &check->verdict);

	mem_free(call->check);
	call->check = NULL;
	if (err) {
		call_end(call, CALL_ENDER_US, 500, NULL, now);
		return;
	}
	verdict = call_party_verdict(&call->party[0]);
	call->party[0].identity_outcome = identity_outcome_name(verdict->outcome);
	log_event(call->sbc->log, verdict->code ? LOG_WARN : LOG_INFO, "sbc",
		"identity.verdict",
		"call=%s leg=a outcome=%s mechanism=\"%s\" identity=\"%s\" domain=\"%s\" "
		"subject=\"%s\" age_s=%lld code=%d why=\"%s\" url=\"%s\"",
		call->name, call->party[0].identity_outcome,
		identity_mechanism_name(verdict->mechanism), verdict->identity, verdict->domain,
		verdict->subject, age_of(call->sbc, verdict), verdict->code, verdict->why,
		verdict->url);
	if (verdict->outcome == IDENTITY_REFUSED) {
		refuse_identity(call, now);
		return;
	}
	if (verdict->outcome == IDENTITY_VERIFIED) {
		call->sbc->counters.identity_verified++;
		call->party[0].is_key_proved = verdict->fingerprints.count != 0;
		call->proof = PROOF_VERIFIED;
	}
	call_go_on(call, now);
}

/* The request and its offer, parsed again into the call's own memory: they live as long as
 * it does, the datagram does not. */
static int keep_request(struct call *call, const struct request *request, const char **why)
{
	struct arena *arena = &call->invite_arena;
	struct slice bytes = arena_copy(arena, request->msg->scan.bytes);
	struct call_said said = {.side = MEDIA_SIDE_A};
	struct sip_msg *msg;
	int err = bytes.ptr ? sip_msg_parse_again(&msg, arena, bytes) : SBC_ENOMEM;

	*why = "no memory";
	if (err)
		return err;
	call->invite = msg;
	call->from = arena_copy(&call->arena, msg->from.uri.raw);
	call->to = arena_copy(&call->arena, msg->to.uri.raw);
	if (!call->from.ptr || !call->to.ptr)
		return SBC_ENOMEM;
	said.body = msg->body;
	/* Without a description the callee offers and the caller's ACK answers. */
	return msg->body.len
		       ? call_description_read(call, &said, &call->remote[MEDIA_SIDE_A], why)
		       : 0;
}

/* One of our users must prove it (RFC 3261 section 22.3); true when it has. */
static bool authenticate_user(
	struct sbc *sbc, const struct request *request, const struct config_user **user)
{
	struct reply reply = {.code = 407};
	struct buf lines;
	enum auth_outcome outcome;

	buf_init(&lines, SBC_TEXT_MAX);
	outcome = policy_link_authenticate(
		sbc, request->msg, &request->msg->from.uri, true, &lines, user);
	reply.lines = buf_slice(&lines);
	switch (outcome) {
	case AUTH_OK:
		break;
	case AUTH_CHALLENGE:
		sbc_reply(sbc, request, &reply);
		break;
	case AUTH_FORBIDDEN:
		sbc_refuse(sbc, request, 403);
		break;
	case AUTH_MALFORMED:
		sbc_refuse(sbc, request, 400);
		break;
	}
	buf_fini(&lines);
	return outcome == AUTH_OK;
}

static void refuse_offer(struct sbc *sbc, const struct request *request, const char *why)
{
	struct reply reply = {.code = 488};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	buf_printf(&lines, "Warning: 399 countersip \"%s\"\r\n", why);
	reply.lines = buf_slice(&lines);
	sbc_reply(sbc, request, &reply);
	buf_fini(&lines);
}

static void log_start(const struct call *call)
{
	log_event(call->sbc->log, LOG_INFO, "sbc", "call.start",
		"call=%s call_id=\"%.*s\" from=\"%.*s\" to=\"%.*s\" by=\"%s\"", call->name,
		SLICE_ARG(call->invite->call_id), SLICE_ARG(call->invite->from.uri.raw),
		SLICE_ARG(call->invite->to.uri.raw), call->party[0].name);
}

static void check_peer(struct call *call, const struct config_peer *peer, usec_t now)
{
	struct call_description *offer = &call->remote[MEDIA_SIDE_A];

	call->check = mem_alloc(sizeof(*call->check));
	if (!call->check) {
		call_end(call, CALL_ENDER_US, 500, NULL, now);
		return;
	}
	call->check->done = on_checked;
	call->check->arg = call;
	if (policy_link_check(call->sbc, call->check, call->invite,
		    offer->sdp ? &offer->sdp->all_fingerprints : NULL, peer, now))
		on_checked(call->check, now, call);
}

/* Who sent the INVITE, and by what that is known before any signature is looked at. */
struct caller {
	const struct config_user *user; /* one of these two */
	const struct config_peer *peer;
	enum caller_proof proof;
};

/* False: answered. */
static bool prove_caller(struct sbc *sbc, const struct request *request, struct caller *out)
{
	const struct sip_uri *from = &request->msg->from.uri;

	*out = (struct caller){.peer = sbc_peer_of(sbc, request->source)};
	if (!config_domain_find(sbc->config, from->host)) {
		if (!out->peer)
			sbc_refuse(sbc, request, 403);
		return out->peer != NULL;
	}
	/* A proxy of ours did it already (KAM-11). */
	if (out->peer && out->peer->authenticates) {
		if (sbc_peer_is_certain(sbc, out->peer, request->source))
			out->proof = PROOF_PEER;
		return true;
	}
	out->peer = NULL;
	out->proof = PROOF_USER;
	out->user = policy_link_certified(sbc, request->source, from);
	if (!out->user)
		out->user = register_relay_user(sbc, request->source, from, request->now);
	return out->user || authenticate_user(sbc, request, &out->user);
}

/* An INVITE that we sent and that came back as it went: same dialog, same Request-URI (RFC
 * 5393 section 4.2.1, SIP-18). With another one it is a spiral, as a proxy of ours makes. */
static bool is_loop(struct sbc *sbc, const struct sip_msg *msg)
{
	const struct leg *leg = leg_find(sbc, msg, false);

	return leg && !leg->is_uas &&
	       slice_equal(leg->dialog.remote_target, msg->request_uri.raw);
}

/* RFC 5393 section 5.3: branches that may be at once. 0, or the code that refuses it. */
static uint16_t read_breadth(const struct sip_msg *msg, int *out)
{
	struct slice value = sip_msg_header(msg, "Max-Breadth", 0);
	uint64_t number;

	*out = -1;
	if (!value.len)
		return 0;
	if (sip_msg_header(msg, "Max-Breadth", 1).len || slice_to_u64(value, INT_MAX, &number))
		return 400;
	*out = (int)number;
	return number ? 0 : 440;
}

void call_start(struct sbc *sbc, const struct request *request)
{
	struct reply busy = {.code = 503, .lines = SLICE("Retry-After: 5\r\n")};
	const struct config_user *user;
	const struct config_peer *peer;
	struct peer_entry *entry;
	struct request kept = *request;
	struct caller caller;
	const struct hop source = {
		.kind = request->source->kind, .addr = request->source->peer};
	struct call_replacing replacing;
	const char *why;
	struct call *call;
	uint16_t code;
	int breadth;

	if (!sbc_takes_calls(sbc) || sbc->counters.calls_now >= sbc->config->limits.calls) {
		sbc_reply(sbc, request, &busy);
		return;
	}
	code = is_loop(sbc, request->msg) ? 482 : read_breadth(request->msg, &breadth);
	if (code) {
		sbc_refuse(sbc, request, code);
		return;
	}
	if (!prove_caller(sbc, request, &caller))
		return;
	peer = caller.peer;
	user = caller.user;
	code = call_replace_find(
		sbc, request, &(struct call_party){.peer = peer, .user = user}, &replacing);
	if (code) {
		sbc_refuse(sbc, request, code);
		return;
	}
	entry = peer ? peer_table_find(sbc->peers, peer) : NULL;
	if (entry && !peer_entry_begin_call(entry, peer, request->now)) {
		sbc_reply(sbc, request, &busy);
		return;
	}
	call = call_new(sbc);
	if (!call) {
		if (entry)
			peer_entry_end_call(entry);
		sbc_reply(sbc, request, &busy);
		return;
	}
	call->entries[MEDIA_SIDE_A] = entry;
	call->replacing = replacing;
	call->max_breadth = breadth;
	if (leg_session_refuse(sbc, request)) {
		call_free(call);
		return;
	}
	call_media_set_leg(call, MEDIA_SIDE_A, user ? user->media : peer->media,
		user ? &user->media_rules : &peer->media_rules, &source);
	if (keep_request(call, request, &why)) {
		refuse_offer(sbc, request, why);
		call_free(call);
		return;
	}
	if (!call_bandwidth_take(call, MEDIA_SIDE_A, peer)) {
		sbc_reply(sbc, request, &busy);
		call_free(call);
		return;
	}
	kept.msg = call->invite;
	call->party[0].peer = peer;
	call->party[0].user = user;
	call->proof = caller.proof;
	call->party[0].transport = request->source->kind;
	slice_copy(slice_str(user ? user->name : peer->name), call->party[0].name,
		sizeof(call->party[0].name));
	call->a->peer = peer;
	call_refer_allow(call, MEDIA_SIDE_A);
	if (leg_uas_start(call->a, &kept)) {
		sbc_refuse(sbc, request, 400);
		call_free(call);
		return;
	}
	log_start(call);
	if (user) {
		call->party[0].identity_outcome = "authenticated";
		call->party[0].is_key_proved = call->invite->body.len != 0;
		call_go_on(call, request->now);
		return;
	}
	check_peer(call, peer, request->now);
}
