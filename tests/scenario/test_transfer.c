/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transfers that we carry out: who may ask, what the asker hears, who talks with whom
 * afterwards, and that a failure leaves all as it was (RFC 3515, RFC 3892, RFC 4488, RFC 5589;
 * rows RF-1, RF-4, RF-5). Virtual time.
 */

#include "tests/cmocka_first.h"

#include "tests/scenario/transfer.h"

/* Carol is called for bob, answers, and bob hears that he may go. */
static void carol_answers(struct world *w)
{
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 180, NULL);
	hear_notify(w, BOB, "SIP/2.0 180 Ringing\r\n", "active;expires=60");
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	hear_notify(w, BOB, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource");
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, BOB, "text=\"transferred\""));
	world_answer(w, BOB, 200, NULL);
}

/* RF-1: Bob gives alice to carol: carol is called in bob's name, signed; alice keeps her port
 * and her association and hears what carol says; carol's media waits for carol's certificate.
 */
static void blind(void **state)
{
	struct world *w = *state;
	struct fake_media *room = fake_media();
	struct fingerprint carols;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	assert_int_equal(1, w->heard[BOB].msg->contact_count);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active;expires=60");
	world_hear_nothing(w, ALICE);
	carol_answers(w);
	assert_true(world_heard_line(w, BILOXI, "From: <sip:bob@atlanta.test>"));
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "m=audio 20000 ")); /* as it was */
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, NULL, NULL));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_nothing(w, BILOXI); /* it knows already */
	assert_int_equal(1, room->exchange_count);
	assert_int_equal(1, calls_now(w));
	/* alice's side, then carol's with her own fingerprint alone, both gates open */
	fingerprint_parse(&carols, slice_str(world_fingerprint[BILOXI]));
	assert_int_equal(30000, netaddr_port(&room->remote[MEDIA_SIDE_A].rtp));
	assert_int_equal(1, room->remote[MEDIA_SIDE_B].fingerprints.count);
	assert_true(fingerprint_set_has(&room->remote[MEDIA_SIDE_B].fingerprints, &carols));
	assert_true(room->gate[MEDIA_SIDE_A] && room->gate[MEDIA_SIDE_B]);
	hang_up(w, &a, BILOXI);
	assert_int_equal(2, w->record_count);
}

/* RF-5: The INVITE to carol is signed as bob's own would be, and covers our fingerprint. */
static void the_new_leg_is_signed(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\nReferred-By: <sip:bob@atlanta.test>\r\n", 202);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, BILOXI, "Identity: "));
	assert_true(world_heard_body(w, BILOXI, "a=sendrecv"));
	/* RF-4: biloxi is not in our trust domain. */
	assert_false(world_heard_line(w, BILOXI, "Referred-By"));
	assert_false(world_heard_line(w, BILOXI, "inner"));
	world_forget(w);
	world_bye(w, &a);
	world_pass(w, SECONDS(100));
	world_all_over(w);
}

/* RF-4: within the trust domain it crosses. */
static void referred_by_among_friends(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	w->routes[w->config.route_count++] = (struct config_route){.domain = "trunk.test",
		.prefix = "",
		.from = "",
		.peer = "trunk",
		.peer_index = 1};
	world_remake(w);
	w->peers[1].refer = REFER_CARRY_OUT;
	world_register(w, BOB);
	world_invite(w, &a, SPARE, "sip:bob@atlanta.test");
	world_hear_code(w, SPARE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, SPARE, 200);
	world_learn(w, &a);
	world_ack(w, &a);
	w->peers[2].refer = REFER_CARRY_OUT;
	w->more = "Refer-To: <sip:x@trunk.test>\r\nReferred-By: <sip:y@spare.test>\r\n";
	world_request(w, &a, "REFER", "", "");
	w->more = NULL;
	world_hear_code(w, SPARE, 202);
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, TRUNK, "Referred-By: <sip:y@spare.test>\r\n"));
	world_callee(w, &b, BOB);
	world_forget(w);
	world_bye(w, &b);
	world_pass(w, SECONDS(100));
	world_all_over(w);
}

/* Bob had put alice on hold, as phones do: carol is not offered the hold, and who answers
 * otherwise than carol was told is told to carol. */
static void after_a_hold(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	world_request(w, &b, "INVITE", "", sdp_of(BOB, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, BOB, 100);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, BOB, 200);
	world_ack(w, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	carol_answers(w);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "a=sendrecv"));
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, "SAVPF 0 101", "SAVPF 0"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE); /* no key presses any more */
	assert_true(world_heard_body(w, BILOXI, "SAVPF 0\r\n"));
	world_reply(w, BILOXI, 200, "", sdp_of(BILOXI, "SAVPF 0 101", "SAVPF 0"));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_nothing(w, ALICE);
	hang_up(w, &a, BILOXI);
}

/* The caller transfers, too: bob, who was called, talks with carol. */
static void the_caller_asks(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &a, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, ALICE, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, BILOXI, "From: <sip:alice@atlanta.test>"));
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	hear_notify(w, ALICE, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource");
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 200, "", sdp_of(BOB, NULL, NULL));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	hang_up(w, &b, BILOXI);
}

/* What becomes of it when carol does not take it: the old call, untouched. */
static void failures_change_nothing(void **state)
{
	static const struct {
		const char *refer_to, *status;
		uint16_t code; /* carol's; 0: she is not called */
	} table[] = {
		{CAROL, "SIP/2.0 486 Busy Here\r\n", 486},
		{CAROL, "SIP/2.0 603 Decline\r\n", 603},
		{CAROL, "SIP/2.0 403 Forbidden\r\n", 407}, /* nobody of ours is asked */
		{"<sip:nobody@atlanta.test>", "SIP/2.0 404 Not Found\r\n", 0},
		{"<sip:alice@atlanta.test>", "SIP/2.0 480 Temporarily Unavailable\r\n", 0},
		{"<sip:x@unknown.test>", "SIP/2.0 404 Not Found\r\n", 0},
		{"<sip:atlanta.test>", "SIP/2.0 404 Not Found\r\n", 0},
	};
	struct world *w = *state;
	char line[200];
	struct talk a, b;

	join(w, &a, &b);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(line, sizeof(line), "Refer-To: %s\r\n", table[i].refer_to);
		ask(w, &b, line, 202);
		hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
		if (table[i].code) {
			world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
			world_answer(w, BILOXI, table[i].code, NULL);
			world_hear_method(w, BILOXI, SIP_METHOD_ACK);
		}
		hear_notify(w, BOB, table[i].status, "terminated;reason=noresource");
		world_pass(w, 0);
		assert_int_equal(1, calls_now(w));
	}
	world_hear_nothing(w, ALICE);
	assert_int_equal(0, fake_media()->exchange_count);
	/* and it can still be changed */
	world_request(w, &b, "INVITE", "", sdp_of(BOB, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, BOB, 100);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, BOB, 200);
	world_ack(w, &b);
	hang_up(w, &a, BOB);
}

/* Nobody answers within the ring timeout. */
static void nobody_answers(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 180, NULL);
	hear_notify(w, BOB, "SIP/2.0 180 Ringing\r\n", "active");
	world_pass(w, SECONDS(61));
	hear_notify(w, BOB, "SIP/2.0 408 Request Timeout\r\n", "terminated");
	world_hear_method(w, BILOXI, SIP_METHOD_CANCEL);
	world_answer(w, BILOXI, 200, NULL);
	world_forget(w);
	world_pass(w, SECONDS(40));
	assert_int_equal(1, calls_now(w));
	world_forget(w);
	hang_up(w, &a, BOB);
}

/* A phone that hangs up as soon as it has 202 loses nobody: alice stays, and gets carol. */
static void the_asker_goes_at_once(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_hear_nothing(w, ALICE);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_nothing(w, BOB);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, NULL, NULL));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	hang_up(w, &a, BILOXI);
}

/* The same, and carol does not want to: there is nobody left for alice. */
static void the_asker_is_gone_and_it_fails(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_answer(w, BILOXI, 486, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, ALICE, "transfer failed"));
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* Alice does not wait: carol need not ring any more. */
static void the_other_end_hangs_up(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 180, NULL);
	hear_notify(w, BOB, "SIP/2.0 180 Ringing\r\n", "active");
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	hear_notify(w, BOB, "SIP/2.0 487 Request Terminated\r\n", "terminated");
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_CANCEL);
	world_answer(w, BILOXI, 200, NULL);
	world_forget(w);
	world_pass(w, SECONDS(40));
	world_all_over(w);
}

/* Alice changes something just when carol answers: it is waited for. */
static void a_change_is_under_way(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_request(w, &a, "INVITE", "", sdp_of(ALICE, "SAVPF 0 101", "SAVPF 0"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_pass(w, SECONDS(1) / 4);
	assert_int_equal(0, fake_media()->exchange_count);
	world_reply(w, BOB, 200, "", sdp_of(BOB, "SAVPF 0 101", "SAVPF 0"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	world_pass(w, SECONDS(1) / 4);
	assert_int_equal(1, fake_media()->exchange_count);
	hear_notify(w, BOB, "SIP/2.0 200 OK\r\n", "terminated");
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, "SAVPF 0 101", "SAVPF 0"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_reply(w, BILOXI, 200, "", sdp_of(BILOXI, "SAVPF 0 101", "SAVPF 0"));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	hang_up(w, &a, BILOXI);
}

/* RFC 4488: no NOTIFY for who wants none. */
static void without_a_subscription(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\nRefer-Sub: false\r\nRequire: norefersub\r\n", 202);
	assert_true(world_heard_line(w, BOB, "Refer-Sub: false\r\n"));
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 486, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_nothing(w, BOB);
	hang_up(w, &a, BOB);
}

/* Who may not, and what cannot be: refused at once, and nobody is called. */
static void refusals(void **state)
{
	static const struct {
		const char *lines;
		uint16_t code;
	} table[] = {
		{"Subject: none\r\n", 400},
		{"Refer-To: <sip:>\r\n", 400},
		{"Refer-To: <sip:a@b.test>, <sip:c@d.test>\r\n", 400},
		{"Refer-To: <sip:a@b.test;method=BYE>\r\n", 603},
		{"Refer-To: <http://b.test>\r\n", 603},
		{"Refer-To: <sip:a@b.test?Replaces=x>\r\n", 400},
		{"Refer-To: <sip:a@b.test?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", 481},
	};
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_request(w, &b, "REFER", table[i].lines, "");
		world_hear_code(w, BOB, table[i].code);
	}
	w->users[1].refer = REFER_REFUSE;
	world_request(w, &b, "REFER", "Refer-To: " CAROL "\r\n", "");
	world_hear_code(w, BOB, 405);
	world_hear_nothing(w, ALICE);
	world_hear_nothing(w, BILOXI);
	assert_int_equal(1, calls_now(w));
}

/* Who knows the tags is not yet bob: his password is asked for, and alice's is not his. */
static void only_by_the_one_it_is(void **state)
{
	struct world *w = *state;
	struct talk a, b, stranger;

	join(w, &a, &b);
	stranger = b;
	stranger.who = STRANGER;
	world_request(w, &stranger, "REFER", "Refer-To: " CAROL "\r\n", "");
	world_hear_code(w, STRANGER, 407);
	/* alice's password in bob's dialog */
	b.who = ALICE;
	snprintf(b.from, sizeof(b.from), "<sip:alice@atlanta.test>;tag=callee");
	w->more = "Refer-To: " CAROL "\r\n";
	world_request(w, &b, "REFER", "", "");
	world_hear_code(w, ALICE, 407);
	world_request_again(w, &b, "REFER", "");
	w->more = NULL;
	world_hear_code(w, ALICE, 403);
	world_hear_nothing(w, BILOXI);
}

/* A peer whose calls must be signed signs that it asks, too; and only from where it is. */
static void a_peer_must_sign(void **state)
{
	struct world *w = *state;
	char lines[4096];
	struct talk c, stranger;

	w->peers[0].refer = REFER_CARRY_OUT;
	world_connected_peer(w, &c);
	stranger = c;
	stranger.who = STRANGER;
	world_request(w, &stranger, "REFER", "Refer-To: <sip:alice@atlanta.test>\r\n", "");
	world_hear_code(w, STRANGER, 403);
	c.cseq++;
	world_request(w, &c, "REFER", "Refer-To: <sip:alice@atlanta.test>\r\n", "");
	world_hear_code(w, BILOXI, 428);
	world_sign(w, &c, "REFER", "", lines, sizeof(lines));
	w->more = "Refer-To: <sip:alice@atlanta.test>\r\n";
	world_request(w, &c, "REFER", lines, "");
	w->more = NULL;
	world_hear_code(w, BILOXI, 202);
	hear_notify(w, BILOXI, "SIP/2.0 100 Trying\r\n", "active");
	hear_notify(w, BILOXI, "SIP/2.0 480 ", "terminated"); /* she did not register */
	hang_up(w, &c, BOB);
}

/* A ceiling on calls is one for these, too; a second REFER waits for the first one's end. */
static void limits(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_request(w, &b, "REFER", "Refer-To: " CAROL "\r\n", "");
	world_hear_code(w, BOB, 491);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 486, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	hear_notify(w, BOB, "SIP/2.0 486 Busy Here\r\n", "terminated");
	w->config.limits.calls = 1;
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	hear_notify(w, BOB, "SIP/2.0 503 Service Unavailable\r\n", "terminated");
	world_hear_nothing(w, BILOXI);
	assert_int_equal(1, calls_now(w));
}

/* Media cannot be brought together: carol goes, alice and bob stay. */
static void no_room_for_media(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	fake_media()->exchange_error = -1;
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	world_answer(w, BILOXI, 200, NULL);
	hear_notify(w, BOB, "SIP/2.0 500 ", "terminated;reason=noresource");
	world_hear_nothing(w, ALICE);
	hang_up(w, &a, BOB);
}

/* RFC 6665: the subscription that the REFER made can be refreshed and ended; there is no other.
 */
static void subscription(void **state)
{
	struct world *w = *state;
	char event[80];
	struct talk a, b;

	join(w, &a, &b);
	world_request(w, &b, "SUBSCRIBE", "Event: refer\r\n", "");
	world_hear_code(w, BOB, 481);
	world_request(w, &b, "SUBSCRIBE", "Event: presence\r\n", "");
	world_hear_code(w, BOB, 489);
	assert_true(world_heard_line(w, BOB, "Allow-Events: refer\r\n"));
	world_request(w, &b, "SUBSCRIBE", "", "");
	world_hear_code(w, BOB, 489);
	ask(w, &b, "Refer-To: " CAROL "\r\n", 202);
	snprintf(event, sizeof(event), "Event: refer;id=%u\r\nExpires: 3600\r\n", b.cseq);
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active;expires=60");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 180, NULL);
	hear_notify(w, BOB, "SIP/2.0 180 Ringing\r\n", "active;expires=60");
	world_request(w, &b, "SUBSCRIBE", event, "");
	world_hear_code(w, BOB, 200);
	assert_true(world_heard_line(w, BOB, "Expires: 60\r\n"));
	hear_notify(w, BOB, "SIP/2.0 180 Ringing\r\n", "active;expires=60");
	world_request(w, &b, "SUBSCRIBE", "Event: refer;id=1\r\n", "");
	world_hear_code(w, BOB, 481);
	world_request(w, &a, "SUBSCRIBE", "Event: refer\r\n", ""); /* it is not hers */
	world_hear_code(w, ALICE, 481);
	world_request(w, &b, "SUBSCRIBE", "Event: refer\r\nExpires: 0\r\n", "");
	world_hear_code(w, BOB, 200);
	hear_notify(w, BOB, "SIP/2.0 180 Ringing\r\n", "terminated;reason=timeout");
	/* The transfer goes on; he hears no more of it but its end. */
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, NULL, NULL));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	hang_up(w, &a, BILOXI);
}

/* Allow says it to those who may. */
static void allow_tells(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	w->users[1].refer = REFER_REFUSE;
	join(w, &a, &b);
	world_request(w, &a, "OPTIONS", "", "");
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_line(w, ALICE, "REFER, NOTIFY, SUBSCRIBE\r\n"));
	assert_true(world_heard_line(w, ALICE, "Allow-Events: refer\r\n"));
	world_request(w, &b, "OPTIONS", "", "");
	world_hear_code(w, BOB, 200);
	assert_false(world_heard_line(w, BOB, "REFER"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(blind),
		SCENARIO(the_new_leg_is_signed),
		SCENARIO(referred_by_among_friends),
		SCENARIO(after_a_hold),
		SCENARIO(the_caller_asks),
		SCENARIO(failures_change_nothing),
		SCENARIO(nobody_answers),
		SCENARIO(the_asker_goes_at_once),
		SCENARIO(the_asker_is_gone_and_it_fails),
		SCENARIO(the_other_end_hangs_up),
		SCENARIO(a_change_is_under_way),
		SCENARIO(without_a_subscription),
		SCENARIO(refusals),
		SCENARIO(only_by_the_one_it_is),
		SCENARIO(a_peer_must_sign),
		SCENARIO(limits),
		SCENARIO(no_room_for_media),
		SCENARIO(subscription),
		SCENARIO(allow_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
