/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A transfer that we carry out (RFC 3515, RFC 5589): who asks is told in NOTIFYs what becomes
 * of it. Blind: the one that Refer-To names is called as if the asker called it, by the same
 * routes, with the same proof and signature; when it answers the other end goes over to that
 * call (call_join.c) and the asker hears BYE. Attended, Refer-To having a Replaces: the other
 * end goes over to the asker's other call. When it fails, the call is as it was. Signalling
 * thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"
#include "sbc/peer_link.h"
#include "sbc/refer_to.h"
#include "sbc/register_relay.h"

#define REFER_ARENA_MAX (256 * 1024)        /* bytes: one request as osip keeps it */
#define TRY_INTERVAL    (100 * USEC_PER_MS) /* something is under way at one of the legs */
#define TRY_MAX         50                  /* five seconds: a re-INVITE and its answer */
#define TRANSFERRED     "SIP;cause=200;text=\"transferred\""

struct call_refer {
	struct call *call;         /* parent */
	int from;                  /* who asks */
	struct arena arena;        /* of msg */
	const struct sip_msg *msg; /* the REFER, in arena */
	struct transport_source source;
	struct txn *server;           /* borrowed until GONE; NULL: answered */
	struct identity_check *check; /* owned; NULL: none */
	enum caller_proof proof;      /* of who asks */
	struct refer_to to;
	struct replaces replaces; /* of to */
	bool is_silent;           /* no NOTIFY is wanted (RFC 4488) */
	bool is_accepted;
	bool is_gone;    /* who asked has hung up */
	uint64_t target; /* number of the call that the other end is to go to; 0: none yet */
	bool is_attended;
	int at; /* side of target whose place is taken */
	struct timer timer;
	unsigned tries;
};

static void refer_free(struct call_refer *refer)
{
	if (refer->check)
		policy_link_cancel(refer->check);
	mem_free(refer->check);
	if (refer->server)
		txn_detach(refer->server);
	timer_stop(refer->call->sbc->timers, &refer->timer);
	refer->call->refer = NULL;
	arena_fini(&refer->arena);
	mem_free(refer);
}

void call_refer_fini(struct call *call)
{
	if (call->refer)
		refer_free(call->refer);
}

/* ---- what the asker hears ---- */

static int put_notify_lines(
	const struct call_refer *refer, uint16_t code, struct buf *lines, struct buf *body)
{
	buf_printf(lines, "Event: refer;id=%u\r\nSubscription-State: ", refer->msg->cseq);
	if (code >= 200)
		buf_put_str(lines, "terminated;reason=noresource\r\n");
	else
		buf_printf(lines, "active;expires=%u\r\n",
			refer->call->config->limits.ring_timeout_s);
	buf_printf(body, "SIP/2.0 %u %s\r\n", code, sip_reason_phrase(code));
	return lines->err ? lines->err : body->err;
}

/* RFC 3515 section 2.4.5: a status line alone, since headers of the target are not for it. */
static void notify(struct call_refer *refer, uint16_t code, usec_t now)
{
	struct leg *leg = call_leg(refer->call, refer->from);
	struct txn_client_request request = {
		.method = SIP_METHOD_NOTIFY, .method_name = SLICE("NOTIFY")};
	struct leg_text text = {.method = SIP_METHOD_NOTIFY,
		.content_type = SLICE("message/sipfrag;version=2.0"),
		.has_contact = true};
	char branch[TXN_BRANCH_MAX];
	struct buf lines, body, bytes;
	int err;

	if (!refer->is_accepted || refer->is_silent || leg->state != LEG_CONFIRMED)
		return;
	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&body, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = put_notify_lines(refer, code, &lines, &body);
	text.lines = buf_slice(&lines);
	text.body = buf_slice(&body);
	err = err ? err : leg_build(leg, &leg->dialog, &text, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	if (!err)
		leg_send(leg, &request, NULL, now);
	buf_fini(&lines);
	buf_fini(&body);
	buf_fini(&bytes);
}

static void answer(struct call_refer *refer, struct reply *reply, usec_t now)
{
	struct leg *leg = call_leg(refer->call, refer->from);
	struct request request = {.server = refer->server,
		.msg = refer->msg,
		.source = &refer->source,
		.now = now};

	if (refer->server) {
		leg_respond(leg, &request, reply, NULL);
		txn_detach(refer->server);
	}
	refer->server = NULL;
}

/* It came to nothing. Without the asker there is nothing to go back to. */
static void fail(struct call_refer *refer, uint16_t code, usec_t now)
{
	struct call *call = refer->call;
	bool is_gone = refer->is_gone;

	log_event(call->sbc->log, LOG_INFO, "sbc", "call.refer_failed", "call=%s code=%u",
		call->name, code);
	notify(refer, code, now);
	refer_free(refer);
	if (is_gone)
		call_end(call, CALL_ENDER_US, code, "SIP;cause=480;text=\"transfer failed\"",
			now);
}

/* ---- bringing the two together ---- */

static void finish(struct call_refer *refer, const struct call_joint *joint, usec_t now)
{
	struct call *call = refer->call, *into = joint->into;

	log_event(call->sbc->log, LOG_INFO, "sbc", "call.transferred", "call=%s into=%s",
		call->name, into->name);
	into->referrer = 0;
	notify(refer, 200, now);
	refer_free(refer);
	call_end(call, CALL_ENDER_US, 200, TRANSFERRED, now);
	if (call_change_join(into, joint->at, joint->is_news, now))
		call_end(into, CALL_ENDER_US, 500, "SIP;cause=500;text=\"transfer failed\"",
			now);
}

/* Nothing of either call is whole any more. */
static void end_both(struct call_refer *refer, struct call *into, usec_t now)
{
	struct call *call = refer->call;

	into->referrer = 0;
	notify(refer, 500, now);
	refer_free(refer);
	call_end(call, CALL_ENDER_US, 500, "SIP;cause=500;text=\"transfer failed\"", now);
	call_end(into, CALL_ENDER_US, 500, "SIP;cause=500;text=\"transfer failed\"", now);
}

static void on_try(struct timer *timer, usec_t now, void *arg)
{
	struct call_refer *refer = arg;
	struct call *into = call_find(refer->call->sbc, refer->target);
	struct call_joint joint = {
		.from = refer->call, .side = 1 - refer->from, .into = into, .at = refer->at};
	int err;

	if (!into || into->state != CALL_ANSWERED) {
		fail(refer, 480, now);
		return;
	}
	err = leg_is_quiet(call_leg(into, 1 - refer->at)) ? call_join(&joint, now) : SBC_EAGAIN;
	if (!err)
		finish(refer, &joint, now);
	else if (err == SBC_EAGAIN && ++refer->tries < TRY_MAX)
		timer_start(into->sbc->timers, timer, now + TRY_INTERVAL);
	else if (err == SBC_EIO)
		end_both(refer, into, now);
	else if (refer->is_attended)
		fail(refer, err == SBC_EPROTO ? 488 : 500, now);
	else /* which fails this too */
		call_end(into, CALL_ENDER_US, err == SBC_EPROTO ? 488 : 500,
			"SIP;cause=488;text=\"transfer failed\"", now);
}

static struct call_refer *refer_of(const struct call *target)
{
	struct call *call = call_find(target->sbc, target->referrer);

	return call ? call->refer : NULL;
}

void call_refer_ringing(struct call *target, uint16_t code, usec_t now)
{
	struct call_refer *refer = refer_of(target);

	if (refer)
		notify(refer, code, now);
}

void call_refer_answered(struct call *target, usec_t now)
{
	struct call_refer *refer = refer_of(target);

	if (refer) /* not from within the callee's 2xx */
		timer_start(target->sbc->timers, &refer->timer, now);
}

void call_refer_failed(struct call *target, uint16_t code, usec_t now)
{
	struct call_refer *refer = refer_of(target);

	target->referrer = 0;
	if (refer)
		fail(refer, code < 300 ? 480 : code, now);
}

bool call_refer_keeps(struct call *call, int side)
{
	struct call_refer *refer = call->refer;

	if (!refer || !refer->is_accepted || side != refer->from)
		return false;
	refer->is_gone = true;
	return true;
}

void call_refer_end(struct call *call, usec_t now)
{
	struct call_refer *refer = call->refer;
	struct call *target;

	if (!refer)
		return;
	target = refer->is_attended ? NULL : call_find(call->sbc, refer->target);
	notify(refer, 487, now);
	refer_free(refer);
	if (!target)
		return;
	target->referrer = 0;
	call_end(target, CALL_ENDER_US, 487, "SIP;cause=487;text=\"transfer given up\"", now);
}

/* ---- blind ---- */

/* The INVITE that the asker would have sent. Of its REFER only what a caller says of itself
 * goes along; the table of headers judges it as it does in an INVITE. */
static int write_invite(const struct call_refer *refer, struct buf *out)
{
	static const char *const kept[] = {"Referred-By", "Privacy"};
	const struct sip_msg *msg = refer->msg;
	struct slice value;

	buf_printf(out,
		"INVITE %.*s SIP/2.0\r\nVia: SIP/2.0/UDP inner.invalid;branch=z9hG4bKrefer\r\n"
		"Max-Forwards: %d\r\nFrom: <%.*s>;tag=refer\r\nTo: <%.*s>\r\nCall-ID: %.*s\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:inner.invalid>\r\n",
		SLICE_ARG(refer->to.uri.raw), msg->max_forwards < 0 ? 70 : msg->max_forwards,
		SLICE_ARG(msg->from.uri.raw), SLICE_ARG(refer->to.uri.raw),
		SLICE_ARG(msg->call_id));
	for (size_t n = 0; n < sizeof(kept) / sizeof(kept[0]); n++) {
		for (size_t i = 0; (value = sip_msg_header(msg, kept[n], i)).len; i++)
			buf_printf(out, "%s: %.*s\r\n", kept[n], SLICE_ARG(value));
	}
	return buf_put_str(out, "Content-Length: 0\r\n\r\n");
}

static int keep_invite(struct call *target, const struct call_refer *refer)
{
	struct sip_msg *msg;
	struct slice bytes;
	struct buf text;
	int err;

	buf_init(&text, SBC_TEXT_MAX);
	err = write_invite(refer, &text);
	bytes = err ? (struct slice){0} : arena_copy(&target->invite_arena, buf_slice(&text));
	buf_fini(&text);
	if (!bytes.ptr)
		return SBC_ENOMEM;
	err = sip_msg_parse_again(&msg, &target->invite_arena, bytes);
	if (err)
		return err;
	target->invite = msg;
	target->from = arena_copy(&target->arena, msg->from.uri.raw);
	target->to = arena_copy(&target->arena, msg->to.uri.raw);
	return target->from.ptr && target->to.ptr ? 0 : SBC_ENOMEM;
}

/* The other end's own words are the offer, of the sections that it still has. */
static int copy_offer(struct call *target, const struct call_refer *refer)
{
	int side = 1 - refer->from;
	struct call *call = refer->call;
	struct call_description *offer = &target->remote[MEDIA_SIDE_A];
	const struct call_said said = {.side = MEDIA_SIDE_A, .body = call->remote[side].said};
	const char *why;
	int err;

	target->media.legs[MEDIA_SIDE_A] = call->media.legs[side];
	err = call_description_read(target, &said, offer, &why);
	if (err)
		return err;
	for (size_t i = 0; i < offer->sdp->media_count; i++) {
		if (!media_link_stream(&call->media, i))
			offer->taken[i].keying = SDP_REFUSED;
	}
	call_join_wake(offer);
	return 0;
}

/* A call of the asker's, in whose place the other end will be. */
static struct call *make_target(struct call_refer *refer)
{
	struct call *call = refer->call, *target = call_new(call->sbc);

	if (!target)
		return NULL;
	config_unref(target->config); /* whose rules the other end's media has */
	target->config = config_ref(call->config);
	if (keep_invite(target, refer) || copy_offer(target, refer) ||
		call_party_copy(&target->party[MEDIA_SIDE_A], &call->party[refer->from])) {
		call_free(target);
		return NULL;
	}
	target->proof = refer->proof;
	target->referrer = call->number;
	leg_begin_inner(target->a, true);
	return target;
}

static void begin_blind(struct call_refer *refer, usec_t now)
{
	struct call *call = refer->call, *target = NULL;
	struct sbc *sbc = call->sbc;

	if (!sbc->drained && sbc->counters.calls_now < call->config->limits.calls)
		target = make_target(refer);
	if (!target) {
		fail(refer, 503, now);
		return;
	}
	refer->target = target->number;
	refer->at = MEDIA_SIDE_A;
	log_event(sbc->log, LOG_INFO, "sbc", "call.refer", "call=%s target=%s to=\"%.*s\"",
		call->name, target->name, SLICE_ARG(refer->to.uri.raw));
	call_go_on(target, now); /* may end it, and so refer */
}

/* ---- attended ---- */

static bool is_same_end(const struct call_party *one, const struct call_party *two)
{
	if (one->peer || two->peer)
		return one->peer && two->peer && !strcmp(one->peer->name, two->peer->name);
	return one->user && two->user && !strcmp(one->user->name, two->user->name) &&
	       !strcmp(one->user->domain, two->user->domain);
}

/* The asker's other call. 0, or the code that refuses it: only its own dialogs are an end's to
 * give away. */
static uint16_t find_other(struct call_refer *refer)
{
	const struct replaces *r = &refer->replaces;
	struct sbc *sbc = refer->call->sbc;
	struct leg *leg = leg_find_dialog(sbc, r->call_id, r->to_tag, r->from_tag);
	struct call *other = leg && leg->owner == &call_leg_owner ? leg->owner_arg : NULL;

	if (!other || other == refer->call || (leg != other->a && leg != other->b))
		return 481;
	refer->at = call_side(other, leg);
	if (!is_same_end(&other->party[refer->at], &refer->call->party[refer->from]))
		return 403;
	refer->target = other->number;
	refer->is_attended = true;
	return 0;
}

/* ---- may it ask? ---- */

static void take_on(struct call_refer *refer, usec_t now)
{
	struct leg *leg = call_leg(refer->call, refer->from);
	struct reply reply = {.code = 202};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	buf_put_str(&lines, "Contact: <");
	leg_contact(leg->sbc, &leg->hop, &lines);
	buf_put_str(&lines, refer->is_silent ? ">\r\nRefer-Sub: false\r\n" : ">\r\n");
	reply.lines = buf_slice(&lines);
	answer(refer, &reply, now);
	buf_fini(&lines);
	refer->is_accepted = true;
	notify(refer, 100, now);
	if (refer->is_attended)
		timer_start(leg->sbc->timers, &refer->timer, now);
	else
		begin_blind(refer, now);
}

static void refuse(struct call_refer *refer, struct reply *reply, usec_t now)
{
	answer(refer, reply, now);
	refer_free(refer);
}

static void on_checked(struct identity_check *check, usec_t now, void *arg)
{
	struct call_refer *refer = arg;
	const struct identity_verdict *verdict = &check->verdict;

	log_event(refer->call->sbc->log, verdict->code ? LOG_WARN : LOG_INFO, "sbc",
		"identity.verdict",
		"call=%s refer=yes outcome=%s identity=\"%s\" code=%d "
		"why=\"%s\"",
		refer->call->name, identity_outcome_name(verdict->outcome), verdict->identity,
		verdict->code, verdict->why);
	if (verdict->outcome == IDENTITY_REFUSED) {
		refer->call->sbc->counters.identity_refused++;
		refuse(refer,
			&(struct reply){.code = (uint16_t)verdict->code,
				.reason = slice_str(verdict->phrase)},
			now);
		return;
	}
	if (verdict->outcome == IDENTITY_VERIFIED)
		refer->proof = PROOF_VERIFIED;
	take_on(refer, now);
}

/* A new call in its name: signed, where its calls must be (RFC 8224 section 4). */
static void check_peer(struct call_refer *refer, usec_t now)
{
	const struct config_peer *peer = refer->call->party[refer->from].peer;
	struct config_peer strict = *peer;

	strict.require_mky = false; /* there is no description */
	refer->check = mem_alloc(sizeof(*refer->check));
	if (!refer->check) {
		refuse(refer, &(struct reply){.code = 500}, now);
		return;
	}
	refer->check->done = on_checked;
	refer->check->arg = refer;
	if (policy_link_check(refer->call->sbc, refer->check, refer->msg, NULL, &strict, now))
		on_checked(refer->check, now, refer);
}

static bool is_same_address(const struct sip_uri *one, struct slice other)
{
	struct sip_uri two;

	return !sip_uri_parse(&two, other) && slice_equal(one->user, two.user) &&
	       slice_equal_nocase(one->host, two.host);
}

static uint16_t authenticate(
	const struct call_refer *refer, const struct request *request, struct buf *lines)
{
	struct sbc *sbc = refer->call->sbc;
	const struct config_user *wanted = refer->call->party[refer->from].user;
	const struct sip_uri *from = &request->msg->from.uri;
	const struct config_user *user = policy_link_certified(sbc, request->source, from);

	if (!user)
		user = register_relay_user(sbc, request->source, from, request->now);
	if (!user) {
		switch (policy_link_authenticate(sbc, request->msg, from, true, lines, &user)) {
		case AUTH_OK:
			break;
		case AUTH_CHALLENGE:
			return 407;
		case AUTH_FORBIDDEN:
			return 403;
		case AUTH_MALFORMED:
			return 400;
		}
	}
	return wanted && !strcmp(user->name, wanted->name) &&
			       !strcmp(user->domain, wanted->domain)
		       ? 0
		       : 403;
}

/* Who may send into the dialog may not for that call others in its name. */
static void authorise(struct call_refer *refer, const struct request *request)
{
	const struct call *call = refer->call;
	const struct config_peer *peer = call->party[refer->from].peer;
	const struct config_peer *sender;
	struct reply reply = {0};
	struct buf lines;

	if (peer) {
		sender = sbc_peer_of(call->sbc, request->source);
		if (!sender || strcmp(sender->name, peer->name) != 0 ||
			!is_same_address(&request->msg->from.uri,
				call_leg(refer->call, refer->from)->dialog.remote_uri))
			refuse(refer, &(struct reply){.code = 403}, request->now);
		else
			check_peer(refer, request->now);
		return;
	}
	buf_init(&lines, SBC_TEXT_MAX);
	reply.code = authenticate(refer, request, &lines);
	reply.lines = buf_slice(&lines);
	refer->proof = PROOF_USER;
	if (reply.code)
		refuse(refer, &reply, request->now);
	else
		take_on(refer, request->now);
	buf_fini(&lines);
}

/* ---- taking one ---- */

static void on_server(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct call_refer *refer = arg;

	(void)txn;
	(void)msg;
	(void)now;
	if (event == TXN_EVENT_GONE)
		refer->server = NULL;
}

static struct call_refer *refer_new(struct call *call, int from, const struct request *request)
{
	struct call_refer *refer = mem_alloc(sizeof(*refer));
	struct sip_msg *msg;
	struct slice bytes;

	if (!refer)
		return NULL;
	arena_init(&refer->arena, REFER_ARENA_MAX);
	bytes = arena_copy(&refer->arena, request->msg->scan.bytes);
	if (!bytes.ptr || sip_msg_parse_again(&msg, &refer->arena, bytes)) {
		arena_fini(&refer->arena);
		mem_free(refer);
		return NULL;
	}
	refer->call = call;
	refer->from = from;
	refer->msg = msg;
	refer->source = *request->source;
	refer->source.tls = NULL; /* borrowed for the call only */
	refer->server = request->server;
	refer->proof = from == MEDIA_SIDE_A ? call->proof : PROOF_NONE;
	refer->is_silent =
		slice_equal_nocase(sip_msg_header(msg, "Refer-Sub", 0), SLICE("false"));
	timer_init(&refer->timer, on_try, refer);
	txn_set_handler(request->server, on_server, refer);
	call->refer = refer;
	return refer;
}

/* 0, or the code that says why this cannot be done at all. */
static uint16_t read_target(struct call_refer *refer)
{
	const struct sip_msg *msg = refer->msg;
	struct slice value = sip_msg_header(msg, "Refer-To", 0);

	/* RFC 3515 section 2.4.2 */
	if (!value.len || sip_msg_header(msg, "Refer-To", 1).len ||
		refer_to_parse(&refer->to, value))
		return 400;
	if (refer->to.is_other)
		return 603;
	if (call_is_bypassed(refer->call, refer->from))
		return 488;
	if (!refer->to.has_replaces)
		return 0;
	if (replaces_parse(&refer->replaces, slice_str(refer->to.text)))
		return 400;
	return find_other(refer);
}

static void carry_out(struct call *call, int from, const struct request *request)
{
	struct reply busy = {.code = 500, .lines = SLICE("Retry-After: 1\r\n")};
	struct call_refer *refer;
	uint16_t code;

	if (call->refer) {
		sbc_refuse(call->sbc, request, 491);
		return;
	}
	refer = call->state == CALL_ANSWERED && call_leg(call, 1 - from)->state == LEG_CONFIRMED
			? refer_new(call, from, request)
			: NULL;
	if (!refer) {
		sbc_reply(call->sbc, request, &busy);
		return;
	}
	code = read_target(refer);
	if (code)
		refuse(refer, &(struct reply){.code = code}, request->now);
	else
		authorise(refer, request);
}

enum config_refer call_refer_policy(const struct call *call, int side)
{
	const struct call_party *party = &call->party[side];

	if (party->peer)
		return party->peer->refer;
	return party->user ? party->user->refer : REFER_REFUSE;
}

void call_refer(struct call *call, int from, const struct request *request)
{
	struct reply not_allowed = {.code = 405, .lines = SLICE(SBC_ALLOW)};

	switch (call_refer_policy(call, from)) {
	case REFER_CARRY_OUT:
		carry_out(call, from, request);
		break;
	case REFER_PASS:
	case REFER_REFUSE:
		sbc_reply(call->sbc, request, &not_allowed);
		break;
	}
}
