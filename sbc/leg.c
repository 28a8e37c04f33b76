/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What both kinds of leg share: state, table, BYE, requests within the dialog (RFC 3261
 * sections 12.2 and 15). Signalling thread.
 */

#include "sbc/leg.h"
#include "sbc/peer_auth.h"

#include "base/err.h"

static uint64_t *count_of(const struct leg *leg)
{
	return &leg->sbc->leg_states[leg->name == 'b'][leg->state];
}

void leg_init(struct leg *leg, struct sbc *sbc, struct arena *arena, char name)
{
	uint64_t session;

	*leg = (struct leg){.sbc = sbc, .arena = arena, .name = name, .state = LEG_NEW};
	++*count_of(leg);
	buf_init(&leg->cross, SBC_TEXT_MAX);
	sbc->random.fill(sbc->random.arg, &session, sizeof(session));
	oa_init(&leg->oa, session >> 2); /* fits everybody's signed integer */
}

uint32_t leg_random(struct leg *leg, uint32_t below)
{
	uint32_t value;

	leg->sbc->random.fill(leg->sbc->random.arg, &value, sizeof(value));
	return value % below;
}

void leg_tell(struct leg *leg, enum leg_event event, uint16_t code, const struct sip_msg *msg,
	usec_t now)
{
	leg->owner->handler(leg, event, code, msg, now, leg->owner_arg);
}

/* Nothing of a dialog that ends is changed any more. */
static void stop_changes(struct leg *leg)
{
	leg_session_stop(leg);
	leg_in_forget(leg);
	leg_out_forget(leg);
}

void leg_fini(struct leg *leg)
{
	if (leg->is_in_table)
		hash_remove(&leg->sbc->by_dialog, &leg->by_dialog);
	leg->is_in_table = false;
	timer_stop(leg->sbc->timers, &leg->timer);
	stop_changes(leg);
	leg_reliable_stop(leg);
	resend_stop(&leg->success);
	if (leg->invite)
		txn_detach(leg->invite);
	if (leg->bye)
		txn_detach(leg->bye);
	leg->invite = leg->bye = NULL;
	--*count_of(leg);
	buf_fini(&leg->cross);
	buf_fini_secret(&leg->out.ack);
	buf_fini(&leg->out.lines);
	buf_fini(&leg->out.auth);
	buf_fini(&leg->target_text);
	buf_fini(&leg->remote_text);
	oa_fini(&leg->oa);
}

const char *leg_state_name(enum leg_state state)
{
	static const char *const names[] = {"new", "proceeding", "early", "cancelling",
		"accepted", "confirmed", "terminating", "terminated"};

	return names[state];
}

void leg_set_state(struct leg *leg, enum leg_state state, const char *because)
{
	if (leg->state == state)
		return;
	log_event(leg->sbc->log, LOG_DEBUG, "sbc", "leg.state",
		"call=%s leg=%c from=%s to=%s event=%s", leg->call_name, leg->name,
		leg_state_name(leg->state), leg_state_name(state), because);
	--*count_of(leg);
	leg->state = state;
	++*count_of(leg);
}

void leg_note_timer(const struct leg *leg, const char *timer, const char *why)
{
	log_event(leg->sbc->log, LOG_INFO, "sbc", "call.timer",
		"call=%s leg=%c timer=%s why=\"%s\"", leg->call_name, leg->name, timer, why);
}

static uint64_t dialog_hash(const struct sbc *sbc, struct slice call_id, struct slice tag)
{
	/* Our own tag is random: the pair is as good as unique, the tag alone would do. */
	return hash_of(&sbc->by_dialog, call_id) * 31 + hash_of(&sbc->by_dialog, tag);
}

int leg_enter_table(struct leg *leg)
{
	const struct sbc_leg_note note = {.call = slice_str(leg->call_name),
		.leg = leg->name,
		.call_id = leg->dialog.call_id};
	int err = hash_insert(&leg->sbc->by_dialog, &leg->by_dialog,
		dialog_hash(leg->sbc, leg->dialog.call_id, leg->dialog.local_tag));

	leg->is_in_table = !err;
	if (!err && leg->sbc->outside.leg)
		leg->sbc->outside.leg(&note, leg->sbc->outside.arg);
	return err;
}

struct leg *leg_find_dialog(
	struct sbc *sbc, struct slice call_id, struct slice local, struct slice remote)
{
	struct hash_node *node = hash_first(&sbc->by_dialog, dialog_hash(sbc, call_id, local));

	for (; node; node = hash_next(node)) {
		struct leg *leg = container_of(node, struct leg, by_dialog);
		if (dialog_matches(&leg->dialog, call_id, local, remote))
			return leg;
	}
	return NULL;
}

struct leg *leg_find(struct sbc *sbc, const struct sip_msg *msg, bool is_request)
{
	return leg_find_dialog(sbc, msg->call_id, is_request ? msg->to.tag : msg->from.tag,
		is_request ? msg->from.tag : msg->to.tag);
}

int leg_via(struct sbc *sbc, const struct hop *hop, const char *branch, struct buf *out)
{
	/* RFC 5923: over TLS we show a certificate, so that the way back may be the same. */
	return buf_printf(out, "SIP/2.0/%s %s;branch=%s;rport%s",
		transport_kind_name(hop->kind), sbc->listeners.items[hop->listener].sent_by,
		branch, hop->kind == TRANSPORT_TLS ? ";alias" : "");
}

int leg_contact(struct sbc *sbc, const struct hop *hop, struct buf *out)
{
	static const char *const words[TRANSPORT_KIND_COUNT] = {"udp", "tcp", "tls"};

	return buf_printf(out, "sip:%s;transport=%s",
		sbc->listeners.items[hop->listener].sent_by, words[hop->kind]);
}

void leg_terminate_by(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now)
{
	if (leg->state == LEG_TERMINATED)
		return;
	timer_stop(leg->sbc->timers, &leg->timer);
	stop_changes(leg);
	leg_reliable_stop(leg);
	resend_stop(&leg->success);
	leg_set_state(leg, LEG_TERMINATED, "over");
	if (event != LEG_EVENT_TERMINATED)
		leg_tell(leg, event, code, msg, now);
	leg_tell(leg, LEG_EVENT_TERMINATED, 0, NULL, now);
}

void leg_terminate(struct leg *leg, usec_t now)
{
	leg_terminate_by(leg, LEG_EVENT_TERMINATED, 0, NULL, now);
}

/* Whatever the answer to our BYE is, the dialog is over (RFC 3261 section 15.1.1). */
/* Who challenges a BYE would go on with the call, and bill it: once more, with our login. */
static bool prove_bye(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct peer_challenged c = {.peer = leg->peer,
		.response = msg,
		.method = SLICE("BYE"),
		.uri = leg->dialog.remote_target};
	struct buf lines;
	int err;

	if ((msg->status != 401 && msg->status != 407) || leg->is_bye_proved)
		return false;
	leg->is_bye_proved = true;
	buf_init(&lines, SBC_TEXT_MAX);
	err = peer_auth_answer(leg->sbc, &c, &lines);
	if (!err) {
		txn_detach(leg->bye);
		leg->bye = NULL;
		leg_send_bye(leg, buf_slice(&lines), now);
	}
	buf_fini(&lines);
	return !err;
}

static void on_bye_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)txn;
	switch (event) {
	case TXN_EVENT_PROVISIONAL:
		break;
	case TXN_EVENT_FAILURE:
		if (!prove_bye(leg, msg, now))
			leg_terminate(leg, now);
		break;
	case TXN_EVENT_SUCCESS:
	case TXN_EVENT_TRANSPORT:
		leg_terminate(leg, now);
		break;
	case TXN_EVENT_TIMEOUT:
		leg_note_timer(leg, "F", "no response came to our BYE");
		leg_terminate(leg, now);
		break;
	case TXN_EVENT_GONE:
		leg->bye = NULL;
		leg_terminate(leg, now);
		break;
	}
}

/* Said; an established call keeps nothing of it. */
static void forget_cross(struct leg *leg)
{
	buf_fini(&leg->cross);
	buf_init(&leg->cross, SBC_TEXT_MAX);
}

/* What crosses from the other leg rides on the answers to the INVITE, if there is room. */
static struct slice with_cross(struct leg *leg, const struct txn *server, struct slice lines)
{
	if (!leg->cross.len || server != leg->invite || buf_put_slice(&leg->cross, lines))
		return lines;
	return buf_slice(&leg->cross);
}

int leg_respond(struct leg *leg, const struct request *request, const struct reply *reply,
	struct buf *bytes)
{
	struct sip_response_spec spec = {.code = reply->code,
		.reason = reply->reason,
		.lines = reply->lines,
		.content_type = reply->content_type.len ? reply->content_type
							: SLICE("application/sdp"),
		.body = reply->body};
	struct buf text;
	int err;

	if (!request->server)
		return SBC_ESTATE;
	if (reply->code > 100) {
		spec.to_tag = leg->dialog.local_tag;
		spec.lines = with_cross(leg, request->server, reply->lines);
	}
	buf_init(&text, SIP_MESSAGE_MAX);
	err = sip_build_response(&text, request->msg, &request->source->peer, &spec);
	if (reply->code > 100)
		forget_cross(leg);
	err = err ? err
		  : txn_respond(
			    request->server, reply->code, text.data, text.len, request->now);
	if (!err && bytes)
		err = buf_put_slice(bytes, buf_slice(&text));
	buf_fini(&text);
	return err;
}

#define SCRATCH_MAX (64 * 1024) /* bytes: From, To and routes of one request */

static int sign_text(struct leg *leg, const struct leg_text *text,
	struct sip_request_spec *spec, struct slice contact, struct buf *lines)
{
	buf_put_slice(lines, text->lines);
	/* Signing is the very last step: nothing that is signed changes after it (DEC-5). */
	if (text->is_signed && leg->owner->sign)
		return leg->owner->sign(leg, spec, contact, lines, leg->owner_arg);
	return lines->err;
}

int leg_build(struct leg *leg, struct dialog *dialog, const struct leg_text *text,
	char branch[TXN_BRANCH_MAX], struct buf *out)
{
	struct sip_request_spec spec = {
		.max_forwards = text->has_max_forwards ? text->max_forwards : 70,
		.content_type =
			text->content_type.len ? text->content_type : SLICE("application/sdp"),
		.body = text->body};
	struct buf via, contact, contact_value, lines;
	struct arena scratch;
	int err;

	arena_init(&scratch, SCRATCH_MAX);
	buf_init(&via, SBC_TEXT_MAX);
	buf_init(&contact, SBC_TEXT_MAX);
	buf_init(&contact_value, SBC_TEXT_MAX);
	buf_init(&lines, SIP_MESSAGE_MAX);
	txn_branch_new(leg->sbc->txns, branch);
	leg_via(leg->sbc, &leg->hop, branch, &via);
	leg_contact(leg->sbc, &leg->hop, &contact);
	buf_printf(&contact_value, "<%.*s>", SLICE_ARG(buf_slice(&contact)));
	spec.via = buf_slice(&via);
	if (text->has_contact)
		spec.contact = buf_slice(&contact_value);
	err = via.err ? via.err
		      : dialog_request(dialog, &scratch, text->method, text->ack_cseq, &spec);
	err = err ? err : sign_text(leg, text, &spec, buf_slice(&contact), &lines);
	spec.lines = buf_slice(&lines);
	err = err ? err : sip_build_request(out, &spec);
	buf_fini(&via);
	buf_fini(&contact);
	buf_fini(&contact_value);
	buf_fini(&lines);
	arena_fini(&scratch);
	return err;
}

int leg_send(struct leg *leg, struct txn_client_request *request, struct txn **out, usec_t now)
{
	struct txn *txn;
	int err;

	request->hop = &leg->hop;
	err = txn_client_new(&txn, leg->sbc->txns, request, now);
	if (err)
		return err;
	if (out)
		*out = txn;
	else
		txn_detach(txn);
	return 0;
}

struct dialog *leg_dialog(struct leg *leg)
{
	if (!leg->is_uas && leg->state == LEG_EARLY && leg->fork_count == 1)
		return &leg->forks[0].dialog;
	return &leg->dialog;
}

void leg_send_bye(struct leg *leg, struct slice lines, usec_t now)
{
	char branch[TXN_BRANCH_MAX];
	struct txn_client_request request = {.method = SIP_METHOD_BYE,
		.method_name = SLICE("BYE"),
		.handler = on_bye_event,
		.arg = leg};
	struct leg_text text = {.method = SIP_METHOD_BYE, .lines = lines};
	struct buf bytes;
	int err;

	if (!buf_put_slice(&leg->cross, lines))
		text.lines = buf_slice(&leg->cross);
	if (leg->is_ack_owed)
		leg_uac_ack(leg, (struct slice){0});
	stop_changes(leg);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = leg_build(leg, &leg->dialog, &text, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : leg_send(leg, &request, &leg->bye, now);
	buf_fini_secret(&bytes);
	if (err) {
		log_event(leg->sbc->log, LOG_WARN, "sbc", "leg.bye_unsent",
			"call=%s leg=%c err=%s", leg->call_name, leg->name, err_name(err));
		leg_terminate(leg, now);
		return;
	}
	timer_stop(leg->sbc->timers, &leg->timer);
	leg_set_state(leg, LEG_TERMINATING, "bye sent");
}

void leg_end(struct leg *leg, uint16_t code, struct slice lines, usec_t now)
{
	struct reply reply = {.code = code, .lines = lines};

	if (leg->is_inner) { /* nobody is there to hear it */
		leg_terminate(leg, now);
		return;
	}
	switch (leg->state) {
	case LEG_NEW:
		leg_terminate(leg, now);
		break;
	case LEG_PROCEEDING:
	case LEG_EARLY:
		if (leg->is_uas)
			leg_uas_refuse(leg, &reply, now);
		else
			leg_uac_cancel(leg, lines, now);
		break;
	case LEG_ACCEPTED:
		leg_uas_bye_when_acked(leg, lines, now);
		break;
	case LEG_CONFIRMED:
		leg_in_refuse(leg, &(struct reply){.code = 487}, now);
		leg_send_bye(leg, lines, now);
		break;
	case LEG_CANCELLING:
	case LEG_TERMINATING:
	case LEG_TERMINATED:
		break;
	}
}

static void take_bye(struct leg *leg, const struct request *request)
{
	struct reply ok = {.code = 200};
	struct reply gone = {.code = 487};
	usec_t now = request->now;

	sbc_reply(leg->sbc, request, &ok);
	switch (leg->state) {
	case LEG_PROCEEDING:
	case LEG_EARLY: /* the caller may end an early dialog (SIP-11) */
		leg_tell(leg, LEG_EVENT_BYE, 0, request->msg, now);
		if (leg->is_uas)
			leg_uas_refuse(leg, &gone, now);
		break;
	case LEG_ACCEPTED:
	case LEG_CONFIRMED:
		/* Section 15.1.2: what is pending there ends with 487. */
		leg_in_refuse(leg, &gone, now);
		leg_terminate_by(leg, LEG_EVENT_BYE, 0, request->msg, now);
		break;
	case LEG_NEW:
	case LEG_CANCELLING:
	case LEG_TERMINATING: /* BYE crossing BYE: ours ends it (SIP-10) */
	case LEG_TERMINATED:
		break;
	}
}

/* INFO and MESSAGE go across; the owner answers. Only in a dialog that stands. */
static void pass(struct leg *leg, const struct request *request)
{
	if (leg->state != LEG_CONFIRMED && leg->state != LEG_ACCEPTED) {
		sbc_refuse(leg->sbc, request, 481);
		return;
	}
	leg->passed = request;
	leg_tell(leg, LEG_EVENT_REQUEST, 0, request->msg, request->now);
	leg->passed = NULL;
}

/* Of a dialog that came from elsewhere without its connection: the one that its peer makes. */
static void learn_connection(struct leg *leg, const struct request *request)
{
	if (transport_kind_is_reliable(leg->hop.kind) && !leg->hop.flow.generation &&
		!netaddr_is_set(&leg->hop.addr) && request->source->kind == leg->hop.kind)
		hop_from_source(&leg->hop, request->source);
}

const char *leg_allow(const struct leg *leg)
{
	if (leg->takes_subscribe)
		return SBC_ALLOW_REFER ", SUBSCRIBE\r\n";
	return leg->takes_refer ? SBC_ALLOW_REFER "\r\n" : SBC_ALLOW;
}

static void options(struct leg *leg, const struct request *request)
{
	struct reply reply = {.code = 200};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	buf_printf(&lines, "%s%s" SBC_SUPPORTED SBC_ACCEPT, leg_allow(leg),
		leg->takes_subscribe ? SBC_ALLOW_EVENTS : "");
	reply.lines = buf_slice(&lines);
	sbc_reply(leg->sbc, request, &reply);
	buf_fini(&lines);
}

void leg_request(struct leg *leg, const struct request *request)
{
	struct reply not_allowed = {.code = 405, .lines = slice_str(leg_allow(leg))};
	const struct sip_msg *msg = request->msg;

	if (leg->state == LEG_TERMINATED) {
		sbc_refuse(leg->sbc, request, 481);
		return;
	}
	if (dialog_take_cseq(&leg->dialog, msg->cseq)) {
		sbc_refuse(leg->sbc, request, 500); /* SIP-13 */
		return;
	}
	learn_connection(leg, request);
	switch (msg->method) {
	case SIP_METHOD_BYE:
		take_bye(leg, request);
		break;
	case SIP_METHOD_OPTIONS:
		options(leg, request);
		break;
	case SIP_METHOD_INVITE:
	case SIP_METHOD_UPDATE:
		leg_in_take(leg, request);
		break;
	case SIP_METHOD_PRACK:
		leg_reliable_prack(leg, request);
		break;
	case SIP_METHOD_INFO:
	case SIP_METHOD_MESSAGE:
	case SIP_METHOD_REFER:
	case SIP_METHOD_NOTIFY:
	case SIP_METHOD_SUBSCRIBE:
		pass(leg, request);
		break;
	case SIP_METHOD_PUBLISH:
	case SIP_METHOD_REGISTER:
	case SIP_METHOD_UNKNOWN:
		sbc_reply(leg->sbc, request, &not_allowed);
		break;
	case SIP_METHOD_ACK:
	case SIP_METHOD_CANCEL: /* taken before */
		break;
	}
}

void leg_ack(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	if (leg->is_uas && msg->cseq == leg->invite_cseq)
		leg_uas_ack(leg, msg, now);
	else
		leg_in_ack(leg, msg, now);
}

void leg_cancel(struct leg *leg, struct txn *invite, const struct request *cancel)
{
	if (invite == leg->in.txn)
		leg_in_cancel(leg, cancel);
	else
		leg_uas_cancel(leg, cancel);
}
