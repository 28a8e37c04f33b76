/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reliable provisional responses, RFC 3262, each leg for itself: sent and repeated until the
 * PRACK on the answering side, acknowledged in order on the calling side, where each branch
 * of a fork counts for itself. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"

#define RSEQ_FIRST_MAX 0x7fffff /* RFC 3262 section 3 allows to 2^31 - 1: room to count */

void leg_learn_peer(struct leg *leg, const struct sip_msg *msg)
{
	if (sip_msg_header(msg, "Allow", 0).len)
		leg->allows_update = sip_msg_lists_token(msg, "Allow", "UPDATE");
	if (!sip_msg_header(msg, "Supported", 0).len)
		return;
	leg->knows_timer = sip_msg_lists_token(msg, "Supported", "timer");
	leg->knows_rename = sip_msg_lists_token(msg, "Supported", "from-change");
}

/* ---- answering ---- */

void leg_reliable_stop(struct leg *leg)
{
	resend_stop(&leg->reliable.again);
	buf_fini_secret(&leg->reliable.waiting_body);
	leg->reliable.waiting_code = 0;
}

/* Section 3: no PRACK within 64 T1, so the INVITE is refused with a 5xx. */
static void on_lost(usec_t now, void *arg)
{
	struct leg *leg = arg;

	leg_note_timer(leg, "64*T1", "no PRACK came for our reliable response");
	leg_reliable_stop(leg);
	leg_tell(leg, LEG_EVENT_LOST, 504, NULL, now);
}

static int wait(struct leg *leg, uint16_t code, struct slice body)
{
	struct leg_reliable *reliable = &leg->reliable;

	if (reliable->waiting_code == 200)
		return SBC_ESTATE;
	buf_fini_secret(&reliable->waiting_body);
	buf_init(&reliable->waiting_body, OA_TEXT_MAX);
	reliable->waiting_code = code;
	return buf_put_slice(&reliable->waiting_body, body);
}

int leg_reliable_send(struct leg *leg, uint16_t code, struct slice body, usec_t now)
{
	struct leg_reliable *reliable = &leg->reliable;
	struct request request = {
		.server = leg->invite, .msg = leg->request, .source = &leg->source, .now = now};
	struct reply reply = {.code = code, .body = body};
	struct buf lines, bytes;
	int err;

	if (resend_is_running(&reliable->again) || code >= 200)
		return wait(leg, code, body);
	reliable->rseq =
		reliable->rseq ? reliable->rseq + 1 : 1 + leg_random(leg, RSEQ_FIRST_MAX);
	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	leg_uas_dialog_lines(leg, &lines);
	buf_printf(&lines, "Require: 100rel\r\nRSeq: %u\r\n", (unsigned)reliable->rseq);
	buf_put_str(&lines, leg_allow(leg));
	reply.lines = buf_slice(&lines);
	err = lines.err ? lines.err : leg_respond(leg, &request, &reply, &bytes);
	if (!err) {
		reliable->again.lost = on_lost;
		reliable->again.arg = leg;
		hop_from_source(&reliable->again.hop, &leg->source);
		err = resend_start(&reliable->again, leg->sbc, buf_slice(&bytes), now);
	}
	if (!err && body.len) {
		reliable->has_description = true;
		if (leg->oa.state == OA_OFFER_RECEIVED)
			oa_answered(&leg->oa);
	}
	buf_fini(&lines);
	buf_fini_secret(&bytes);
	return err;
}

/* "RSeq CSeq method": is it the one that waits? */
static bool is_of_last(const struct leg *leg, struct slice rack)
{
	struct slice rest = slice_trim(rack);
	struct slice rseq = slice_cut(&rest, ' '), cseq;
	uint64_t number;

	rest = slice_trim(rest);
	cseq = slice_cut(&rest, ' ');
	if (slice_to_u64(rseq, UINT32_MAX, &number) || number != leg->reliable.rseq)
		return false;
	if (slice_to_u64(cseq, UINT32_MAX, &number) || number != leg->invite_cseq)
		return false;
	return slice_equal(slice_trim(rest), SLICE("INVITE"));
}

/* What had to wait for the PRACK goes out now. */
static void send_waiting(struct leg *leg, usec_t now)
{
	struct buf body = leg->reliable.waiting_body;
	uint16_t code = leg->reliable.waiting_code;

	leg->reliable.waiting_body = (struct buf){0};
	leg->reliable.waiting_code = 0;
	if (code >= 200)
		leg_uas_accept(leg, buf_slice(&body), now);
	else if (code)
		leg_uas_provisional(leg, code, buf_slice(&body), now);
	buf_fini_secret(&body);
}

void leg_reliable_prack(struct leg *leg, const struct request *request)
{
	const struct sip_msg *msg = request->msg;

	if (!leg->is_uas || !resend_is_running(&leg->reliable.again) ||
		!is_of_last(leg, sip_msg_header(msg, "RAck", 0))) {
		sbc_refuse(leg->sbc, request, 481);
		return;
	}
	resend_stop(&leg->reliable.again);
	/* An offer in it is answered in its 200 (section 5): the owner's matter. */
	if (msg->body.len)
		leg_in_take(leg, request);
	else
		sbc_reply(leg->sbc, request, &(struct reply){.code = 200});
	leg_tell(leg, LEG_EVENT_PRACKED, 0, NULL, request->now);
	if (leg->state == LEG_EARLY)
		send_waiting(leg, request->now);
}

/* ---- calling ---- */

struct leg_fork *leg_fork_of(struct leg *leg, const struct sip_msg *msg)
{
	struct leg_fork *fork;

	for (size_t i = 0; i < leg->fork_count; i++) {
		if (slice_equal(leg->forks[i].dialog.remote_tag, msg->to.tag))
			return &leg->forks[i];
	}
	if (!msg->to.tag.len || leg->fork_count == LEG_FORK_MAX)
		return NULL;
	if (!leg->forks)
		leg->forks = arena_array(leg->arena, LEG_FORK_MAX, sizeof(*leg->forks));
	if (!leg->forks)
		return NULL;
	fork = &leg->forks[leg->fork_count];
	*fork = (struct leg_fork){.dialog = leg->dialog};
	if (dialog_learn(&fork->dialog, leg->arena, msg))
		return NULL;
	leg->fork_count++;
	return fork;
}

static void send_prack(struct leg *leg, struct leg_fork *fork, usec_t now)
{
	struct txn_client_request request = {
		.method = SIP_METHOD_PRACK, .method_name = SLICE("PRACK")};
	struct leg_text text = {.method = SIP_METHOD_PRACK};
	char branch[TXN_BRANCH_MAX];
	struct buf lines, bytes;

	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	buf_printf(&lines, "RAck: %u %u INVITE\r\n", (unsigned)fork->rseq,
		(unsigned)leg->invite_cseq);
	text.lines = buf_slice(&lines);
	if (!leg_build(leg, &fork->dialog, &text, branch, &bytes)) {
		request.branch = slice_str(branch);
		request.bytes = buf_slice(&bytes);
		leg_send(leg, &request, NULL, now);
	}
	buf_fini(&lines);
	buf_fini_secret(&bytes);
}

bool leg_reliable_take(
	struct leg *leg, struct leg_fork *fork, const struct sip_msg *msg, usec_t now)
{
	uint64_t rseq;

	if (!sip_msg_lists_token(msg, "Require", "100rel"))
		return true; /* an ordinary one */
	if (slice_to_u64(slice_trim(sip_msg_header(msg, "RSeq", 0)), INT32_MAX, &rseq) || !rseq)
		return false;
	/* Section 4: again, or one before it is missing: dropped, it will come again. */
	if (fork->rseq && rseq != (uint64_t)fork->rseq + 1)
		return false;
	fork->rseq = (uint32_t)rseq;
	send_prack(leg, fork, now);
	if (msg->body.len && leg->oa.state == OA_OFFER_SENT && leg->fork_count == 1)
		oa_answered(&leg->oa);
	fork->has_answer = fork->has_answer || msg->body.len;
	return true;
}
