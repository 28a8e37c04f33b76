/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * REFER across, where the configuration says so: what it names is named as the other end knows
 * it, and NOTIFYs come back (RFC 3515, RFC 3891, RFC 6665; row RF-2). Virtual time.
 */

#include "tests/cmocka_first.h"

#include "tests/scenario/transfer.h"

static void talk_passing(struct world *w, struct talk *a, struct talk *b)
{
	w->users[1].refer = REFER_PASS;
	join(w, a, b);
}

/* Alice says what becomes of what she was asked. */
static void tell(struct world *w, struct talk *a, unsigned id, const char *state,
	const char *body, uint16_t code)
{
	char lines[200];

	snprintf(lines, sizeof(lines),
		"Event: refer;id=%u\r\nSubscription-State: %s\r\nContact: "
		"<sip:alice@127.0.0.10>"
		"\r\n",
		id, state);
	w->type = "message/sipfrag;version=2.0";
	world_request(w, a, "NOTIFY", lines, body);
	w->type = NULL;
	if (code)
		world_hear_code(w, ALICE, code);
}

static void notifies_come_back(void **state)
{
	struct world *w = *state;
	unsigned came, sent;
	char wanted[40];
	struct talk a, b;

	talk_passing(w, &a, &b);
	ask(w, &b,
		"Refer-To: Carol <sip:carol@biloxi.test;user=phone>\r\n"
		"Referred-By: <sip:bob@atlanta.test>\r\n",
		0);
	came = b.cseq;
	world_hear_method(w, ALICE, SIP_METHOD_REFER);
	assert_true(
		world_heard_line(w, ALICE, "Refer-To: <sip:carol@biloxi.test;user=phone>\r\n"));
	sent = w->heard[ALICE].msg->cseq;
	assert_int_not_equal(came, sent);
	world_reply(w, ALICE, 202, "", "");
	world_hear_code(w, BOB, 202);
	assert_int_equal(1, w->heard[BOB].msg->contact_count);
	tell(w, &a, sent, "active;expires=60", "SIP/2.0 100 Trying\r\n", 0);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active;expires=60");
	snprintf(wanted, sizeof(wanted), "Event: refer;id=%u\r\n", came);
	assert_true(world_heard_line(w, BOB, wanted));
	world_hear_code(w, ALICE, 200);
	/* Another one's, and one that nobody asked for */
	tell(w, &a, sent + 7, "active", "SIP/2.0 100 Trying\r\n", 481);
	tell(w, &a, sent, "active,x", "SIP/2.0 100 Trying\r\n", 400);
	/* Of the target's answer nothing but the status is the asker's affair. */
	tell(w, &a, sent, "terminated;reason=noresource",
		"SIP/2.0 200 OK\r\nContact: <sip:secret@10.0.0.1>\r\n", 0);
	hear_notify(w, BOB, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource");
	assert_false(world_heard_line(w, BOB, "secret"));
	world_hear_code(w, ALICE, 200);
	tell(w, &a, sent, "active", "SIP/2.0 100 Trying\r\n", 481);
	world_hear_nothing(w, BOB);
	assert_int_equal(1, calls_now(w));
	hang_up(w, &b, ALICE);
}

/* She does not want to; or there is nothing to be asked. */
static void refusals_come_back(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	talk_passing(w, &a, &b);
	world_request(w, &b, "OPTIONS", "", "");
	world_hear_code(w, BOB, 200);
	assert_true(world_heard_line(w, BOB, "MESSAGE, REFER, NOTIFY\r\n"));
	assert_false(world_heard_line(w, BOB, "Allow-Events"));
	world_request(w, &b, "SUBSCRIBE", "Event: refer\r\n", "");
	world_hear_code(w, BOB, 405);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 0);
	world_hear_method(w, ALICE, SIP_METHOD_REFER);
	world_answer(w, ALICE, 603, NULL);
	world_hear_code(w, BOB, 603);
	ask(w, &b, "Subject: nobody\r\n", 400);
	ask(w, &b, "Refer-To: <sip:x@y.test?Replaces=z>\r\n", 400);
	world_hear_nothing(w, ALICE);
	/* and who is not bob cannot ask her */
	b.who = STRANGER;
	world_request(w, &b, "REFER", "Refer-To: " CAROL "\r\n", "");
	world_hear_code(w, STRANGER, 407);
	world_hear_nothing(w, ALICE);
}

/* RF-2: bob's dialog with us is carol's with us to alice; and her INVITE with it, which only
 * she may send, takes bob's place in that call. */
static void replaces_is_mapped(void **state)
{
	struct world *w = *state;
	struct talk a, b, b2, c, new;
	char line[400], wanted[300], replaces[300], ours[64];
	const struct sip_msg *msg;

	talk_passing(w, &a, &b);
	consult(w, &b2, &c, line, sizeof(line));
	slice_copy(slice_str(strstr(c.to, "tag=") + 4), ours, sizeof(ours));
	ask(w, &b, line, 0);
	msg = world_hear_method(w, ALICE, SIP_METHOD_REFER);
	snprintf(wanted, sizeof(wanted), "?Replaces=%s%%3Bto-tag%%3Dcallee%%3Bfrom-tag%%3D%s>",
		c.call_id, ours);
	if (!world_heard_line(w, ALICE, wanted))
		fail_msg("wanted %s:\n%.*s", wanted, SLICE_ARG(w->heard[ALICE].bytes));
	assert_non_null(msg);
	world_reply(w, ALICE, 202, "", "");
	world_hear_code(w, BOB, 202);
	snprintf(replaces, sizeof(replaces),
		"Replaces: %s;to-tag=callee;from-tag=%s\r\nRequire: replaces\r\n", c.call_id,
		ours);
	w->more = replaces;
	world_call_refused(w, &new, BOB, "sip:carol@biloxi.test", 403);
	world_call_refused(w, &new, ALICE, "sip:carol@biloxi.test", 100);
	w->more = NULL;
	world_hear_code(w, ALICE, 200);
	world_learn(w, &new);
	world_ack(w, &new);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(slice_equal(slice_str(b2.call_id), w->heard[BOB].msg->call_id));
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(slice_equal(slice_str(c.call_id), w->heard[BILOXI].msg->call_id));
	world_reply(w, BILOXI, 200, "", sdp_of(BILOXI, NULL, NULL));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	hang_up(w, &new, BILOXI);
}

/* The right to take somebody's place does not last. */
static void too_late(void **state)
{
	struct world *w = *state;
	struct talk a, b, b2, c, new;
	char line[400], replaces[300];

	talk_passing(w, &a, &b);
	consult(w, &b2, &c, line, sizeof(line));
	ask(w, &b, line, 0);
	world_hear_method(w, ALICE, SIP_METHOD_REFER);
	world_reply(w, ALICE, 202, "", "");
	world_hear_code(w, BOB, 202);
	world_pass(w, SECONDS(61));
	world_forget(w);
	snprintf(replaces, sizeof(replaces), "Replaces: %s;to-tag=callee;from-tag=%s\r\n",
		c.call_id, strstr(c.to, "tag=") + 4);
	w->more = replaces;
	world_call_refused(w, &new, ALICE, "sip:carol@biloxi.test", 403);
	w->more = NULL;
	assert_int_equal(2, calls_now(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(notifies_come_back),
		SCENARIO(refusals_come_back),
		SCENARIO(replaces_is_mapped),
		SCENARIO(too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
