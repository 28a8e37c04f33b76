/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A REFER that comes (RFC 3515 section 2.4.2): what it names, and whether who sends it may ask
 * for that. Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call_refer.h"
#include "sbc/peer_link.h"
#include "sbc/register_relay.h"

#define REFER_ARENA_MAX (256 * 1024) /* bytes: one request as osip keeps it */

/* ---- attended ---- */

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
	if (!call_party_is_same_end(&other->party[refer->at], &refer->call->party[refer->from]))
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
	refer_answer(refer, &reply, now);
	buf_fini(&lines);
	refer->is_accepted = true;
	refer_notify(refer, 100, now);
	if (refer->is_attended)
		timer_start(leg->sbc->timers, &refer->timer, now);
	else
		refer_begin_blind(refer, now);
}

static void refuse(struct call_refer *refer, struct reply *reply, usec_t now)
{
	refer_answer(refer, reply, now);
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
	const struct call *call, int side, const struct request *request, struct buf *lines)
{
	struct sbc *sbc = call->sbc;
	const struct config_user *wanted = call->party[side].user;
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

/* Who may send into the dialog may not for that call others in its name. 0, or the code that
 * refuses it; lines are its own. */
static uint16_t prove(
	struct call *call, int side, const struct request *request, struct buf *lines)
{
	const struct config_peer *peer = call->party[side].peer;
	const struct config_peer *sender;

	if (!peer)
		return authenticate(call, side, request, lines);
	sender = sbc_peer_of(call->sbc, request->source);
	if (sender && !strcmp(sender->name, peer->name) &&
		is_same_address(
			&request->msg->from.uri, call_leg(call, side)->dialog.remote_uri))
		return 0;
	return 403;
}

static void authorise(struct call_refer *refer, const struct request *request)
{
	struct reply reply = {0};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	reply.code = prove(refer->call, refer->from, request, &lines);
	reply.lines = buf_slice(&lines);
	if (reply.code) {
		refuse(refer, &reply, request->now);
	} else if (refer->call->party[refer->from].peer) {
		check_peer(refer, request->now);
	} else {
		refer->proof = PROOF_USER;
		take_on(refer, request->now);
	}
	buf_fini(&lines);
}

/* The other end is asked, in its own words: what it does then is its own. */
static void pass(struct call *call, int from, const struct request *request)
{
	struct reply reply = {0};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	reply.code = prove(call, from, request, &lines);
	reply.lines = buf_slice(&lines);
	if (reply.code)
		sbc_reply(call->sbc, request, &reply);
	else
		call_pass(call, from, request);
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
	timer_init(&refer->timer, refer_on_try, refer);
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

/* ---- SUBSCRIBE ---- */

/* The subscription that a REFER made; NULL: there is none like that. */
static struct call_refer *find_subscription(
	const struct call *call, int from, struct slice event_params)
{
	struct call_refer *refer = call->refer;
	struct slice id;
	uint64_t number;

	if (!refer || refer->from != from || !refer->is_accepted || refer->is_silent)
		return NULL;
	if (sip_param_find(event_params, "id", &id) &&
		(slice_to_u64(id, UINT32_MAX, &number) || number != refer->msg->cseq))
		return NULL;
	return refer;
}

/* RFC 6665 section 4.2.1: 200, then a NOTIFY with what is so; with Expires: 0 the last one. */
static void refresh(struct call_refer *refer, const struct request *request)
{
	struct leg *leg = call_leg(refer->call, refer->from);
	unsigned longest = refer->call->config->limits.ring_timeout_s;
	int64_t wanted = request->msg->expires;
	struct reply reply = {.code = 200};
	struct buf lines;

	if (wanted < 0 || wanted > longest)
		wanted = longest;
	buf_init(&lines, SBC_TEXT_MAX);
	buf_printf(&lines, "Expires: %u\r\nContact: <", (unsigned)wanted);
	leg_contact(leg->sbc, &leg->hop, &lines);
	buf_put_str(&lines, ">\r\n");
	reply.lines = buf_slice(&lines);
	sbc_reply(leg->sbc, request, &reply);
	buf_fini(&lines);
	refer->is_unwanted = !wanted;
	refer_notify(refer, refer->code, request->now);
	refer->is_silent = !wanted;
}

void call_refer_subscribe(struct call *call, int from, const struct request *request)
{
	struct reply not_allowed = {.code = 405, .lines = SLICE(SBC_ALLOW)};
	struct reply bad_event = {.code = 489, .lines = SLICE(SBC_ALLOW_EVENTS)};
	struct slice params = sip_msg_header(request->msg, "Event", 0);
	struct slice word = slice_trim(slice_cut(&params, ';'));
	struct call_refer *refer = find_subscription(call, from, params);

	if (call_refer_policy(call, from) != REFER_CARRY_OUT)
		sbc_reply(call->sbc, request, &not_allowed);
	else if (!slice_equal_nocase(word, SLICE("refer")))
		sbc_reply(call->sbc, request, &bad_event);
	else if (!refer)
		sbc_refuse(call->sbc, request, 481);
	else
		refresh(refer, request);
}

/* ---- the door ---- */

enum config_refer call_refer_policy(const struct call *call, int side)
{
	const struct call_party *party = &call->party[side];

	if (party->peer)
		return party->peer->refer;
	return party->user ? party->user->refer : REFER_REFUSE;
}

void call_refer_allow(struct call *call, int side)
{
	struct leg *leg = call_leg(call, side);
	enum config_refer policy = call_refer_policy(call, side);

	leg->takes_refer = policy != REFER_REFUSE;
	leg->takes_subscribe = policy == REFER_CARRY_OUT;
}

void call_refer(struct call *call, int from, const struct request *request)
{
	struct reply not_allowed = {.code = 405, .lines = SLICE(SBC_ALLOW)};

	switch (call_refer_policy(call, from)) {
	case REFER_CARRY_OUT:
		carry_out(call, from, request);
		break;
	case REFER_PASS:
		pass(call, from, request);
		break;
	case REFER_REFUSE:
		sbc_reply(call->sbc, request, &not_allowed);
		break;
	}
}
