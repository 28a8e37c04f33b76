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
#include "sbc/call_media.h"

#define DRAIN_REASON    "SIP;cause=503;text=\"shutting down\""
#define MISMATCH_REASON "SIP;cause=488;text=\"DTLS fingerprint mismatch\""

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

void call_free(struct call *call)
{
	struct sbc *sbc = call->sbc;

	policy_link_cancel(&call->check);
	timer_stop(sbc->timers, &call->ring_timer);
	timer_stop(sbc->timers, &call->reap_timer);
	leg_fini(&call->a);
	leg_fini(&call->b);
	hash_remove(&sbc->by_number, &call->by_number);
	call_cursor_forget(sbc, call);
	list_remove(&call->in_order);
	sbc->counters.calls_now--;
	arena_fini_secret(&call->arena); /* descriptions may have keys */
	mem_wipe(&call->media, sizeof(call->media));
	mem_free(call);
}

static void on_reap(struct timer *timer, usec_t now, void *arg)
{
	struct call *call = arg;
	struct sbc *sbc = call->sbc;

	(void)timer;
	call_free(call);
	if (sbc->drained && !sbc->by_number.count)
		timer_start(sbc->timers, &sbc->drain_timer, now);
}

/* Over when both legs said their last word and the media room closed its session. Freed
 * from a timer: handlers of this call may still be on the stack. */
static void finish_if_over(struct call *call, usec_t now)
{
	if (call->state == CALL_ENDED || call->a.state != LEG_TERMINATED ||
		call->b.state != LEG_TERMINATED || call->media.open_count)
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
	policy_link_cancel(&call->check);
	timer_stop(sbc->timers, &call->ring_timer);
	buf_init(&lines, SBC_TEXT_MAX);
	if (call->reason[0])
		buf_printf(&lines, "Reason: %s\r\n", call->reason);
	leg_end(&call->b, code, buf_slice(&lines), now);
	leg_end(&call->a, code, buf_slice(&lines), now);
	buf_fini(&lines);
	media_link_close(sbc, &call->media);
	finish_if_over(call, now);
}

static void on_ring_timeout(struct timer *timer, usec_t now, void *arg)
{
	(void)timer;
	call_end(arg, CALL_ENDER_US, 408, "SIP;cause=408;text=\"no answer\"", now);
}

/* ---- answer ---- */

static int answer_caller(struct call *call, const struct sdp *answer, usec_t now)
{
	struct buf body;
	int err;

	buf_init(&body, SBC_TEXT_MAX);
	err = call_media_print_answer(call, answer, &body);
	err = err ? err : leg_uas_accept(&call->a, buf_slice(&body), now);
	buf_fini_secret(&body);
	return err;
}

static int take_answer(
	struct call *call, const struct sip_msg *msg, const char **why, usec_t now)
{
	struct sdp *answer;
	int err;

	*why = "no description in the answer";
	if (!msg->body.len)
		return SBC_EPROTO;
	err = sdp_parse(&answer, &call->arena, msg->body, why);
	err = err ? err : call_media_take_answer(call, answer, why);
	return err ? err : answer_caller(call, answer, now);
}

static void on_answered(struct call *call, const struct sip_msg *msg, usec_t now)
{
	struct sbc *sbc = call->sbc;
	const char *why;

	timer_stop(sbc->timers, &call->ring_timer);
	if (take_answer(call, msg, &why, now)) {
		log_event(sbc->log, LOG_WARN, "sbc", "call.answer_unusable",
			"call=%s why=\"%s\"", call->name, why);
		call_end(call, CALL_ENDER_US, 488, "SIP;cause=488;text=\"answer not usable\"",
			now);
		return;
	}
	call->state = CALL_ANSWERED;
	call->code = 200;
	call->answer_s = sbc->outside.wall_s(sbc->outside.arg);
	sbc->counters.calls_answered++;
	log_event(sbc->log, LOG_INFO, "sbc", "call.answer", "call=%s", call->name);
}

/* ---- events of the legs ---- */

/* What the caller hears when the callee's side refuses (SIP-24). */
static uint16_t code_for_caller(uint16_t code)
{
	if (code < 400)
		return 480; /* we do not follow redirections of a stranger */
	if (code == 401 || code == 407)
		return 403; /* not the caller's credentials that are asked for */
	if (code == 503)
		return 500; /* only the next hop is overloaded, not we */
	return code;
}

/* The other end's Reason goes across (RFC 3326, ID-5). */
static const char *reason_of(const struct sip_msg *msg, char *out, size_t size)
{
	struct slice reason = msg ? sip_msg_header(msg, "Reason", 0) : (struct slice){0};

	return reason.len && !slice_copy(reason, out, size) ? out : NULL;
}

static void on_leg_b(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now, void *arg)
{
	struct call *call = arg;
	char reason[sizeof(call->reason)];

	(void)leg;
	switch (event) {
	case LEG_EVENT_PROVISIONAL:
		/* No early media yet: nothing of the callee's is proved. */
		leg_uas_provisional(&call->a, code == 183 ? 183 : 180, now);
		break;
	case LEG_EVENT_ANSWERED:
		on_answered(call, msg, now);
		break;
	case LEG_EVENT_REFUSED:
		call_end(call, CALL_ENDER_CALLEE, code_for_caller(code),
			reason_of(msg, reason, sizeof(reason)), now);
		break;
	case LEG_EVENT_BYE:
	case LEG_EVENT_LOST:
		call_end(call, CALL_ENDER_CALLEE, 480, reason_of(msg, reason, sizeof(reason)),
			now);
		break;
	case LEG_EVENT_TERMINATED:
		finish_if_over(call, now);
		break;
	case LEG_EVENT_CONFIRMED:
	case LEG_EVENT_CANCELLED: /* of an answering leg only */
		break;
	}
}

static void on_leg_a(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now, void *arg)
{
	struct call *call = arg;
	char reason[sizeof(call->reason)];

	(void)leg;
	(void)code;
	switch (event) {
	case LEG_EVENT_CANCELLED:
	case LEG_EVENT_BYE:
		call_end(call, CALL_ENDER_CALLER, 487, reason_of(msg, reason, sizeof(reason)),
			now);
		break;
	case LEG_EVENT_LOST:
		call_end(call, CALL_ENDER_US, 408, "SIP;cause=408;text=\"no ACK\"", now);
		break;
	case LEG_EVENT_TERMINATED:
		finish_if_over(call, now);
		break;
	case LEG_EVENT_CONFIRMED:
	case LEG_EVENT_PROVISIONAL: /* of a calling leg only */
	case LEG_EVENT_ANSWERED:
	case LEG_EVENT_REFUSED:
		break;
	}
}

/* ---- media ---- */

static void on_media_failed(struct call *call, const struct media_event *ev, usec_t now)
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

/* One silent side may be somebody who only listens; nobody speaking is no call. */
static void on_media_timeout(struct call *call, const struct media_event *ev, usec_t now)
{
	if (!ev->is_one_way) {
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

	if (!call || !media_link_take(&call->media, ev))
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
		on_media_failed(call, ev, now);
		break;
	case MEDIA_EVENT_TIMEOUT:
		on_media_timeout(call, ev, now);
		break;
	case MEDIA_EVENT_CLOSED:
		media_link_count(&sbc->counters, ev);
		finish_if_over(call, now);
		break;
	case MEDIA_EVENT_COUNTERS:
	case MEDIA_EVENT_STATE:
		break;
	}
}

/* ---- start ---- */

static void go_on(struct call *call, usec_t now)
{
	struct reply refusal = {.code = 500};

	if (call_route(call, &refusal, now)) {
		call_end(call, CALL_ENDER_US, refusal.code, NULL, now);
		return;
	}
	call->state = CALL_CALLING;
	timer_init(&call->ring_timer, on_ring_timeout, call);
	timer_start(call->sbc->timers, &call->ring_timer,
		now + (usec_t)call->sbc->config->limits.ring_timeout_s * USEC_PER_SEC);
}

static void refuse_identity(struct call *call, usec_t now)
{
	const struct identity_verdict *verdict = &call->check.verdict;
	struct reply reply = {
		.code = (uint16_t)verdict->code, .reason = slice_str(verdict->phrase)};

	call->sbc->counters.identity_refused++;
	leg_uas_refuse(&call->a, &reply, now);
	call_end(call, CALL_ENDER_US, reply.code, NULL, now);
}

static void on_checked(struct identity_check *check, usec_t now, void *arg)
{
	struct call *call = arg;
	const struct identity_verdict *verdict = &check->verdict;

	call->party[0].verdict = *verdict;
	call->party[0].identity_outcome = identity_outcome_name(verdict->outcome);
	log_event(call->sbc->log, verdict->outcome == IDENTITY_REFUSED ? LOG_WARN : LOG_INFO,
		"sbc", "identity.verdict",
		"call=%s leg=a outcome=%s mechanism=\"%s\" identity=\"%s\" domain=\"%s\" "
		"code=%d why=\"%s\" url=\"%s\"",
		call->name, call->party[0].identity_outcome,
		identity_mechanism_name(verdict->mechanism), verdict->identity, verdict->domain,
		verdict->code, verdict->why, verdict->url);
	if (verdict->outcome == IDENTITY_REFUSED) {
		refuse_identity(call, now);
		return;
	}
	if (verdict->outcome == IDENTITY_VERIFIED)
		call->sbc->counters.identity_verified++;
	go_on(call, now);
}

static uint64_t random_u63(struct sbc *sbc)
{
	uint64_t value;

	sbc->random.fill(sbc->random.arg, &value, sizeof(value));
	return value >> 2; /* fits everybody's signed integer */
}

static struct call *call_new(struct sbc *sbc)
{
	struct call *call = mem_alloc(sizeof(*call));

	if (!call)
		return NULL;
	call->sbc = sbc;
	call->number = ++sbc->last_number;
	snprintf(call->name, sizeof(call->name), "c%" PRIu64, call->number);
	arena_init(&call->arena, CALL_ARENA_MAX);
	leg_init(&call->a, sbc, &call->arena, 'a');
	leg_init(&call->b, sbc, &call->arena, 'b');
	call->a.call_name = call->b.call_name = call->name;
	call->a.handler = on_leg_a;
	call->b.handler = on_leg_b;
	call->a.arg = call->b.arg = call;
	call->sdp_session[0] = random_u63(sbc);
	call->sdp_session[1] = random_u63(sbc);
	call->party[0].identity_outcome = call->party[1].identity_outcome = "";
	if (hash_insert(&sbc->by_number, &call->by_number,
		    hash_of(&sbc->by_number, slice_of(&call->number, sizeof(call->number))))) {
		leg_fini(&call->a);
		leg_fini(&call->b);
		arena_fini(&call->arena);
		mem_free(call);
		return NULL;
	}
	list_append(&sbc->calls, &call->in_order);
	call->start_s = sbc->outside.wall_s(sbc->outside.arg);
	sbc->counters.calls_started++;
	sbc->counters.calls_now++;
	return call;
}

/* The request and its offer, parsed again into the call's own memory: they live as long as
 * it does, the datagram does not. */
static int keep_request(struct call *call, const struct request *request, const char **why)
{
	struct slice bytes = arena_copy(&call->arena, request->msg->scan.bytes);
	struct sip_fault fault;
	struct sip_msg *msg;
	int err = bytes.ptr ? sip_msg_parse(&msg, &call->arena, bytes, &fault) : SBC_ENOMEM;

	*why = "no memory";
	if (err)
		return err;
	call->invite = msg;
	*why = "no description";
	if (!msg->body.len)
		return SBC_EPROTO;
	err = sdp_parse(&call->offer, &call->arena, msg->body, why);
	return err ? err : call_media_take_offer(call, why);
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

/* A configured neighbour: by its certificate's name where TLS is agreed on, else by its
 * address. */
static const struct config_peer *find_peer(
	const struct sbc *sbc, const struct transport_source *source)
{
	for (size_t i = 0; i < sbc->config->peer_count; i++) {
		const struct config_peer *peer = &sbc->config->peers[i];
		if (peer->transport != source->kind)
			continue;
		if (source->kind == TRANSPORT_TLS
				? source->tls &&
					  tls_names_has(source->tls, slice_str(peer->domain))
				: netaddr_equal_host(&peer->address, &source->peer))
			return peer;
	}
	return NULL;
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

void call_start(struct sbc *sbc, const struct request *request)
{
	struct reply busy = {.code = 503, .lines = SLICE("Retry-After: 5\r\n")};
	const struct config_user *user = NULL;
	const struct config_peer *peer = NULL;
	struct request kept = *request;
	const struct hop source = {
		.kind = request->source->kind, .addr = request->source->peer};
	const char *why;
	struct call *call;

	if (sbc->drained || sbc->counters.calls_now >= sbc->config->limits.calls) {
		sbc_reply(sbc, request, &busy);
		return;
	}
	if (config_domain_find(sbc->config, request->msg->from.uri.host)) {
		if (!authenticate_user(sbc, request, &user))
			return;
	} else if (!(peer = find_peer(sbc, request->source))) {
		sbc_refuse(sbc, request, 403);
		return;
	}
	call = call_new(sbc);
	if (!call) {
		sbc_reply(sbc, request, &busy);
		return;
	}
	call_media_set_leg(call, MEDIA_SIDE_A, user ? user->media : peer->media,
		user ? &user->media_rules : &peer->media_rules, &source);
	if (keep_request(call, request, &why)) {
		refuse_offer(sbc, request, why);
		call_free(call);
		return;
	}
	kept.msg = call->invite;
	call->from_peer = peer;
	call->party[0].transport = request->source->kind;
	slice_copy(slice_str(user ? user->name : peer->name), call->party[0].name,
		sizeof(call->party[0].name));
	if (leg_uas_start(&call->a, &kept)) {
		sbc_refuse(sbc, request, 400);
		call_free(call);
		return;
	}
	log_start(call);
	if (user) {
		call->party[0].identity_outcome = "authenticated";
		go_on(call, request->now);
		return;
	}
	call->check.done = on_checked;
	call->check.arg = call;
	if (policy_link_check(sbc, &call->check, call->invite, &call->offer->all_fingerprints,
		    peer, request->now))
		on_checked(&call->check, request->now, call);
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
