/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What both kinds of leg share: state, table, BYE, requests within the dialog (RFC 3261
 * sections 12.2 and 15). Signalling thread.
 */

#include "sbc/leg.h"

#include "base/err.h"

static uint64_t *count_of(const struct leg *leg)
{
	return &leg->sbc->leg_states[leg->name == 'b'][leg->state];
}

void leg_init(struct leg *leg, struct sbc *sbc, struct arena *arena, char name)
{
	*leg = (struct leg){.sbc = sbc, .arena = arena, .name = name, .state = LEG_NEW};
	++*count_of(leg);
	buf_init(&leg->cross, SBC_TEXT_MAX);
}

void leg_fini(struct leg *leg)
{
	if (leg->is_in_table)
		hash_remove(&leg->sbc->by_dialog, &leg->by_dialog);
	leg->is_in_table = false;
	timer_stop(leg->sbc->timers, &leg->timer);
	if (leg->invite)
		txn_detach(leg->invite);
	if (leg->bye)
		txn_detach(leg->bye);
	leg->invite = leg->bye = NULL;
	--*count_of(leg);
	buf_fini(&leg->cross);
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

static uint64_t dialog_hash(const struct sbc *sbc, struct slice call_id, struct slice tag)
{
	/* Our own tag is random: the pair is as good as unique, the tag alone would do. */
	return hash_of(&sbc->by_dialog, call_id) * 31 + hash_of(&sbc->by_dialog, tag);
}

int leg_enter_table(struct leg *leg)
{
	int err = hash_insert(&leg->sbc->by_dialog, &leg->by_dialog,
		dialog_hash(leg->sbc, leg->dialog.call_id, leg->dialog.local_tag));

	leg->is_in_table = !err;
	return err;
}

struct leg *leg_find(struct sbc *sbc, const struct sip_msg *msg, bool is_request)
{
	struct slice local = is_request ? msg->to.tag : msg->from.tag;
	struct slice remote = is_request ? msg->from.tag : msg->to.tag;
	struct hash_node *node =
		hash_first(&sbc->by_dialog, dialog_hash(sbc, msg->call_id, local));

	for (; node; node = hash_next(node)) {
		struct leg *leg = container_of(node, struct leg, by_dialog);
		if (dialog_matches(&leg->dialog, msg->call_id, local, remote))
			return leg;
	}
	return NULL;
}

int leg_via(struct sbc *sbc, const struct hop *hop, const char *branch, struct buf *out)
{
	return buf_printf(out, "SIP/2.0/%s %s;branch=%s;rport", transport_kind_name(hop->kind),
		sbc->listeners[hop->listener].sent_by, branch);
}

int leg_contact(struct sbc *sbc, const struct hop *hop, struct buf *out)
{
	static const char *const words[TRANSPORT_KIND_COUNT] = {"udp", "tcp", "tls"};

	return buf_printf(out, "sip:%s;transport=%s", sbc->listeners[hop->listener].sent_by,
		words[hop->kind]);
}

void leg_terminate_by(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now)
{
	if (leg->state == LEG_TERMINATED)
		return;
	timer_stop(leg->sbc->timers, &leg->timer);
	leg_set_state(leg, LEG_TERMINATED, "over");
	if (event != LEG_EVENT_TERMINATED)
		leg->handler(leg, event, code, msg, now, leg->arg);
	leg->handler(leg, LEG_EVENT_TERMINATED, 0, NULL, now, leg->arg);
}

void leg_terminate(struct leg *leg, usec_t now)
{
	leg_terminate_by(leg, LEG_EVENT_TERMINATED, 0, NULL, now);
}

/* Whatever the answer to our BYE is, the dialog is over (RFC 3261 section 15.1.1). */
static void on_bye_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)txn;
	(void)msg;
	switch (event) {
	case TXN_EVENT_PROVISIONAL:
		break;
	case TXN_EVENT_SUCCESS:
	case TXN_EVENT_FAILURE:
	case TXN_EVENT_TIMEOUT:
	case TXN_EVENT_TRANSPORT:
		leg_terminate(leg, now);
		break;
	case TXN_EVENT_GONE:
		leg->bye = NULL;
		leg_terminate(leg, now);
		break;
	}
}

static int build_bye(struct leg *leg, struct slice lines, const char *branch, struct buf *out)
{
	struct sip_request_spec spec = {.max_forwards = 70};
	struct buf via;
	int err;

	buf_put_slice(&leg->cross, lines);
	spec.lines = buf_slice(&leg->cross);
	buf_init(&via, SBC_TEXT_MAX);
	leg_via(leg->sbc, &leg->hop, branch, &via);
	spec.via = buf_slice(&via);
	err = via.err ? via.err
		      : dialog_request(&leg->dialog, leg->arena, SIP_METHOD_BYE, 0, &spec);
	err = err ? err : sip_build_request(out, &spec);
	buf_reset(&leg->cross);
	buf_fini(&via);
	return err;
}

void leg_send_bye(struct leg *leg, struct slice lines, usec_t now)
{
	char branch[TXN_BRANCH_MAX];
	struct txn_client_request request = {.method = SIP_METHOD_BYE,
		.method_name = SLICE("BYE"),
		.hop = &leg->hop,
		.handler = on_bye_event,
		.arg = leg};
	struct buf bytes;
	int err;

	txn_branch_new(leg->sbc->txns, branch);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = build_bye(leg, lines, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : txn_client_new(&leg->bye, leg->sbc->txns, &request, now);
	buf_fini(&bytes);
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

	switch (leg->state) {
	case LEG_NEW:
		leg_terminate(leg, now);
		break;
	case LEG_PROCEEDING:
	case LEG_EARLY:
		if (leg->request)
			leg_uas_refuse(leg, &reply, now);
		else
			leg_uac_cancel(leg, lines, now);
		break;
	case LEG_ACCEPTED:
		leg_uas_bye_when_acked(leg, lines, now);
		break;
	case LEG_CONFIRMED:
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
		leg->handler(leg, LEG_EVENT_BYE, 0, request->msg, now, leg->arg);
		if (leg->request)
			leg_uas_refuse(leg, &gone, now);
		break;
	case LEG_ACCEPTED:
	case LEG_CONFIRMED:
		leg_terminate_by(leg, LEG_EVENT_BYE, 0, request->msg, now);
		break;
	case LEG_NEW:
	case LEG_CANCELLING:
	case LEG_TERMINATING: /* BYE crossing BYE: ours ends it (SIP-10) */
	case LEG_TERMINATED:
		break;
	}
}

void leg_request(struct leg *leg, const struct request *request)
{
	struct reply retry = {.code = 500, .lines = SLICE("Retry-After: 5\r\n")};
	struct reply options = {.code = 200, .lines = SLICE(SBC_ALLOW)};
	const struct sip_msg *msg = request->msg;

	if (leg->state == LEG_TERMINATED) {
		sbc_refuse(leg->sbc, request, 481);
		return;
	}
	if (dialog_take_cseq(&leg->dialog, msg->cseq)) {
		sbc_refuse(leg->sbc, request, 500); /* SIP-13 */
		return;
	}
	if (msg->method == SIP_METHOD_BYE)
		take_bye(leg, request);
	else if (msg->method == SIP_METHOD_OPTIONS)
		sbc_reply(leg->sbc, request, &options);
	else if (msg->method != SIP_METHOD_INVITE)
		sbc_reply(leg->sbc, request,
			&(struct reply){.code = 405, .lines = SLICE(SBC_ALLOW)});
	else if (leg->state != LEG_CONFIRMED)
		sbc_reply(leg->sbc, request, &retry); /* SIP-14: one at a time */
	else
		sbc_refuse(leg->sbc, request, 488); /* the session stays as it is */
}
