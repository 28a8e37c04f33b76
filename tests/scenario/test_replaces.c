/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attended transfers, and INVITEs that take an end of a call to another device (RFC 3891; rows
 * RF-2, RF-3). Virtual time.
 */

#include "tests/cmocka_first.h"

#include "tests/scenario/transfer.h"

/* ---- attended ---- */

static void who_puts_on_hold(struct world *w, struct talk *t, enum actor other)
{
	world_request(w, t, "INVITE", "", sdp_of(t->who, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, t->who, 100);
	world_hear_method(w, other, SIP_METHOD_INVITE);
	world_reply(w, other, 200, "", sdp_of(other, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, other, SIP_METHOD_ACK);
	world_hear_code(w, t->who, 200);
	world_ack(w, t);
}

/* His dialog with carol hears BYE first, then this one the end of the matter. */
static void bob_is_done(struct world *w, const struct talk *b, const struct talk *b2)
{
	hear_notify(w, BOB, "SIP/2.0 100 Trying\r\n", "active");
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(slice_equal(slice_str(b2->call_id), w->heard[BOB].msg->call_id));
	world_answer(w, BOB, 200, NULL);
	hear_notify(w, BOB, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource");
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(slice_equal(slice_str(b->call_id), w->heard[BOB].msg->call_id));
	world_answer(w, BOB, 200, NULL);
}

/* Both of bob's calls end for him, and alice talks with carol. */
static void attended(void **state)
{
	struct world *w = *state;
	struct fake_media *room = fake_media();
	struct talk a, b, b2, c;
	char line[400];

	join(w, &a, &b);
	who_puts_on_hold(w, &b, ALICE);
	consult(w, &b2, &c, line, sizeof(line));
	who_puts_on_hold(w, &b2, BILOXI);
	assert_int_equal(2, calls_now(w));
	ask(w, &b, line, 202);
	bob_is_done(w, &b, &b2);
	assert_int_equal(1, room->exchange_count);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "a=sendrecv"));
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, NULL, NULL));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BILOXI, "a=sendrecv"));
	world_reply(w, BILOXI, 200, "", sdp_of(BILOXI, NULL, NULL));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_nothing(w, ALICE);
	world_pass(w, 0);
	assert_int_equal(1, calls_now(w));
	/* carol's session has alice on the other side now */
	assert_int_equal(30000, netaddr_port(&room->remote[MEDIA_SIDE_A].rtp));
	assert_int_equal(30000 + 2 * BILOXI, netaddr_port(&room->remote[MEDIA_SIDE_B].rtp));
	assert_true(room->gate[MEDIA_SIDE_A] && room->gate[MEDIA_SIDE_B]);
	hang_up(w, &c, ALICE);
	assert_int_equal(2, w->record_count);
}

/* Carol had called bob: alice, who was a caller, takes a callee's place. */
static void attended_across(void **state)
{
	struct world *w = *state;
	struct talk a, b, b2, c;
	char line[400];

	join(w, &a, &b);
	world_invite_signed(w, &c, "sip:bob@atlanta.test", 0);
	world_hear_code(w, BILOXI, 100);
	world_give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	snprintf(line, sizeof(line),
		"Refer-To: <sip:carol@biloxi.test?Replaces=%.*s%%3Bto-tag%%3D%.*s%%3Bfrom-tag"
		"%%3Dcallee>\r\n",
		SLICE_ARG(w->heard[BOB].msg->call_id), SLICE_ARG(w->heard[BOB].msg->from.tag));
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_callee(w, &b2, BOB);
	world_hear_code(w, BILOXI, 200);
	world_learn(w, &c);
	world_ack(w, &c);
	ask(w, &b, line, 202);
	bob_is_done(w, &b, &b2);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", sdp_of(ALICE, NULL, NULL));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	hang_up(w, &a, BILOXI);
}

/* Only an end's own dialogs are its to give away. */
static void not_somebody_elses_call(void **state)
{
	struct world *w = *state;
	struct talk a, b, b2, c;
	char line[400];

	join(w, &a, &b);
	consult(w, &b2, &c, line, sizeof(line));
	/* alice asks that bob go to carol in the place of bob's other call */
	world_request(w, &a, "REFER", line, "");
	world_hear_code(w, ALICE, 403);
	assert_int_equal(2, calls_now(w));
	assert_int_equal(0, fake_media()->exchange_count);
}

/* The other call is gone when it comes to it. */
static void the_other_call_is_gone(void **state)
{
	struct world *w = *state;
	struct talk a, b, b2, c;
	char line[400];

	join(w, &a, &b);
	consult(w, &b2, &c, line, sizeof(line));
	world_bye(w, &c);
	world_hear_code(w, BILOXI, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_pass(w, 0);
	world_request(w, &b, "REFER", line, "");
	world_hear_code(w, BOB, 481);
	hang_up(w, &a, BOB);
}

/* Carol has a second section that alice never had: alice is told of it as refused. */
static void sections_that_only_one_has(void **state)
{
	static char wide[4096];
	struct world *w = *state;
	struct talk a, b, b2, c;
	char line[400];

	join(w, &a, &b);
	snprintf(wide, sizeof(wide), "%s%s", sdp_of(BOB, NULL, NULL),
		"m=video 40000 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"
		"a=rtcp-mux\r\na=setup:actpass\r\n");
	w->sdp[BOB] = wide;
	world_call(w, &b2, BOB, "sip:carol@biloxi.test");
	w->sdp[BOB] = NULL;
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	snprintf(wide, sizeof(wide), "%s%s", sdp_of(BILOXI, "actpass", "active"),
		"m=video 40000 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"
		"a=rtcp-mux\r\na=setup:active\r\n");
	world_reply(w, BILOXI, 200, "", wide);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_callee(w, &c, BILOXI);
	world_hear_code(w, BOB, 200);
	snprintf(line, sizeof(line),
		"Refer-To: <sip:carol@biloxi.test?Replaces=%s%%3Bto-tag%%3D%.*s%%3Bfrom-tag%%3D"
		"%.*s>\r\n",
		b2.call_id, SLICE_ARG(w->heard[BOB].msg->to.tag),
		SLICE_ARG(w->heard[BOB].msg->from.tag));
	world_edit(line, sizeof(line), "@1%3B", "%401%3B");
	world_learn(w, &b2);
	world_ack(w, &b2);
	ask(w, &b, line, 202);
	bob_is_done(w, &b, &b2);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "m=video 0 "));
	snprintf(wide, sizeof(wide), "%s%s", sdp_of(ALICE, NULL, NULL),
		"m=video 0 UDP/TLS/RTP/SAVPF 96\r\n");
	world_reply(w, ALICE, 200, "", wide);
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BILOXI, "m=video 0 "));
	snprintf(wide, sizeof(wide), "%s%s", sdp_of(BILOXI, NULL, NULL),
		"m=video 0 UDP/TLS/RTP/SAVPF 96\r\n");
	world_reply(w, BILOXI, 200, "", wide);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	hang_up(w, &c, ALICE);
}

/* ---- INVITE with Replaces ---- */

/* What names the dialog that this actor's last response was about, seen from its side. */
static const char *replaces_of(const struct talk *t, const char *to_tag, const char *more)
{
	static char line[400];
	const char *tag = strstr(t->from, "tag=");

	snprintf(line, sizeof(line), "Replaces: %s;to-tag=%s;from-tag=%s%s\r\n", t->call_id,
		to_tag, tag + 4, more);
	return line;
}

static const char *tag_of(const struct talk *t)
{
	return strstr(t->to, "tag=") + 4;
}

/* RF-3: Alice goes on with bob on her other phone: her first dialog hears BYE, bob a re-INVITE.
 */
static void another_device(void **state)
{
	struct world *w = *state;
	struct talk a, b, other;

	join(w, &a, &b);
	w->more = replaces_of(&a, tag_of(&a), "");
	world_call_refused(w, &other, ALICE, "sip:bob@atlanta.test", 100);
	w->more = NULL;
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 101"));
	world_learn(w, &other);
	world_ack(w, &other);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	assert_true(slice_equal(slice_str(a.call_id), w->heard[ALICE].msg->call_id));
	world_answer(w, ALICE, 200, NULL);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(slice_equal(slice_str(b.call_id), w->heard[BOB].msg->call_id));
	world_reply(w, BOB, 200, "", sdp_of(BOB, NULL, NULL));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_pass(w, 0);
	assert_int_equal(1, calls_now(w));
	assert_int_equal(1, fake_media()->exchange_count);
	hang_up(w, &other, BOB);
}

/* RF-3: RFC 3891 section 3, and who may not. The call goes on. */
static void replaces_is_refused(void **state)
{
	struct world *w = *state;
	struct talk a, b, other;
	char tag[64];

	join(w, &a, &b);
	snprintf(tag, sizeof(tag), "%s", tag_of(&a));
	w->more = replaces_of(&a, tag, ";early-only");
	world_call_refused(w, &other, ALICE, "sip:bob@atlanta.test", 486);
	w->more = replaces_of(&a, "another", "");
	world_call_refused(w, &other, ALICE, "sip:bob@atlanta.test", 481);
	w->more = "Replaces: x\r\n";
	world_call_refused(w, &other, ALICE, "sip:bob@atlanta.test", 400);
	/* Bob knows alice's dialog well enough, and it is not his. */
	w->more = replaces_of(&a, tag, "");
	world_call_refused(w, &other, BOB, "sip:bob@atlanta.test", 403);
	/* A stranger is nobody, a peer not this end. */
	world_invite(w, &other, STRANGER, "sip:bob@atlanta.test");
	world_hear_code(w, STRANGER, 403);
	world_invite(w, &other, TRUNK, "sip:bob@atlanta.test");
	world_hear_code(w, TRUNK, 403);
	w->more = NULL;
	world_hear_nothing(w, BOB);
	assert_int_equal(1, calls_now(w));
	assert_int_equal(0, fake_media()->exchange_count);
	world_forget(w);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	/* over, but not forgotten yet */
	w->more = replaces_of(&a, tag, "");
	world_call_refused(w, &other, ALICE, "sip:bob@atlanta.test", 603);
	w->more = NULL;
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

/* The new device and the other end have no codec in common: nothing is taken over. */
static void another_device_without_the_codec(void **state)
{
	struct world *w = *state;
	struct talk a, b, other;

	join(w, &a, &b);
	w->sdp[ALICE] = sdp_of(
		ALICE, "SAVPF 0 101\r\na=rtpmap:0 PCMU", "SAVPF 9 101\r\na=rtpmap:9 G722");
	w->more = replaces_of(&a, tag_of(&a), "");
	world_call_refused(w, &other, ALICE, "sip:bob@atlanta.test", 100);
	w->more = NULL;
	world_hear_code(w, ALICE, 488);
	world_hear_nothing(w, BOB);
	world_pass(w, SECONDS(40));
	assert_int_equal(1, calls_now(w));
	world_forget(w);
	hang_up(w, &a, BOB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(attended),
		SCENARIO(attended_across),
		SCENARIO(not_somebody_elses_call),
		SCENARIO(the_other_call_is_gone),
		SCENARIO(sections_that_only_one_has),
		SCENARIO(another_device),
		SCENARIO(replaces_is_refused),
		SCENARIO(another_device_without_the_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
