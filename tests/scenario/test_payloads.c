/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Payload types that the two legs of a call do not share (RFC 3264 sections 6.1 and 8.3.2, RFC
 * 4733, row MB-7): when a leg could not be told at once what the other end says, the media room
 * renumbers what it sends. Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/branches.h"

#define CAROL "sip:carol@biloxi.test"
#define A     MEDIA_SIDE_A
#define B     MEDIA_SIDE_B

static const struct fake_session *session(void)
{
	return &fake_media()->sessions[fake_media()->id.slot];
}

/* A description with DTMF events, and opus, by these numbers. */
static const char *numbered(enum actor who, const char *setup_word, unsigned events,
	unsigned opus, char *out, size_t size)
{
	char changed[256];

	world_sdp(who, setup_word, 0, out, size);
	snprintf(changed, sizeof(changed),
		"SAVPF 0 %u %u\r\na=rtpmap:%u opus/48000/2\r\na=fmtp:%u useinbandfec=1\r\n",
		opus, events, opus, opus);
	world_edit(out, size, "SAVPF 0 101\r\n", changed);
	snprintf(changed, sizeof(changed), "rtpmap:%u telephone-event", events);
	world_edit(out, size, "rtpmap:101 telephone-event", changed);
	snprintf(changed, sizeof(changed), "fmtp:%u 0-15", events);
	world_edit(out, size, "fmtp:101 0-15", changed);
	return out;
}

/* The map has these, and nothing else is another number. */
static void assert_map(
	enum media_side side, unsigned events, unsigned to, unsigned opus, unsigned opus_to)
{
	assert_true(session()->has_map[side]);
	for (unsigned i = 0; i < MEDIA_PAYLOAD_TYPES; i++) {
		unsigned wanted = i == events ? to : i == opus ? opus_to : i;

		assert_int_equal(wanted, session()->map[side].to[i]);
	}
}

struct forked {
	struct kept invite;
	struct talk a, carol;
	char offer[2048], one[2048], two[2048], answer[2048];
};

/* alice: events 101, opus 96; one branch's early answer: 97 and 98; the other one's: 110 and
 * 98. She goes by the first one, and it is the other one that she talks to. */
static void answered_by_another(struct world *w, struct forked *f)
{
	w->peers[0].early_media = EARLY_MEDIA_PASS;
	w->sdp[ALICE] = numbered(ALICE, "actpass", 101, 96, f->offer, sizeof(f->offer));
	world_call(w, &f->a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BILOXI, "SAVPF 0 96 101\r\n"));
	world_callee(w, &f->carol, BILOXI);
	world_edit(f->carol.from, sizeof(f->carol.from), "tag=callee", "tag=two");
	keep(w, BILOXI, &f->invite);
	numbered(BILOXI, "active", 97, 98, f->one, sizeof(f->one));
	numbered(BILOXI, "active", 110, 98, f->two, sizeof(f->two));
	branch_says(w, &f->invite, "one", 183, f->one);
	world_hear_code(w, ALICE, 183);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 98 97\r\n"));
	assert_int_equal(0, session()->map_count);
	branch_says(w, &f->invite, "two", 200, f->two);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 98 97\r\n"));
	assert_map(A, 97, 110, 98, 98);
	/* carol has what alice offered. */
	assert_false(session()->has_map[B]);
	world_learn(w, &f->a);
	world_ack(w, &f->a);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 98 110\r\n"));
	w->sdp[ALICE] = f->answer;
}

static void over(struct world *w, struct forked *f)
{
	world_bye(w, &f->a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	world_answer(w, BILOXI, 200, NULL);
	arena_fini(&f->invite.arena);
	world_all_over(w);
}

/* Told, she uses the new numbers, for what she hears too; carol knows nothing of that. */
static void another_branch_answers(void **state)
{
	struct world *w = *state;
	struct forked f;

	answered_by_another(w, &f);
	numbered(ALICE, "passive", 110, 98, f.answer, sizeof(f.answer));
	world_reply(w, ALICE, 200, "", f.answer);
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	assert_false(session()->has_map[A]);
	assert_map(B, 101, 110, 96, 98);
	over(w, &f);
}

/* She refuses the new ones: what she was told before is in force (RFC 3264 section 8). */
static void and_the_caller_refuses_to_change(void **state)
{
	struct world *w = *state;
	struct forked f;

	answered_by_another(w, &f);
	world_answer(w, ALICE, 488, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	assert_map(A, 97, 110, 98, 98);
	/* Nor does it change that carol says the same again, from another port. */
	world_edit(f.two, sizeof(f.two), "m=audio 30004", "m=audio 30094");
	w->sdp[BILOXI] = f.two;
	world_reinvite(w, &f.carol);
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 200);
	world_ack(w, &f.carol);
	world_hear_nothing(w, ALICE);
	assert_map(A, 97, 110, 98, 98);
	over(w, &f);
}

/* Another offer crosses whole: both know the same numbers again, and nothing is renumbered. */
static void until_an_offer_crosses(void **state)
{
	struct world *w = *state;
	struct forked f;

	answered_by_another(w, &f);
	world_answer(w, ALICE, 488, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	numbered(ALICE, "actpass", 99, 96, f.answer, sizeof(f.answer));
	world_reinvite(w, &f.a);
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BILOXI, "SAVPF 0 96 99\r\n"));
	world_reply(w, BILOXI, 200, "", f.two);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 98 110\r\n"));
	world_ack(w, &f.a);
	assert_false(session()->has_map[A]);
	assert_false(session()->has_map[B]);
	over(w, &f);
}

/* What one end says is what the other is told: nothing is ever renumbered in a usual call,
 * also one whose ends use different numbers (RFC 3264 section 5.1). */
static void usual_calls_are_left_alone(void **state)
{
	struct world *w = *state;
	char offer[2048], answer[2048];
	struct talk a;

	w->sdp[ALICE] = numbered(ALICE, "actpass", 101, 96, offer, sizeof(offer));
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_reply(w, BILOXI, 200, "Contact: <sip:carol@127.0.0.12:5061;transport=tls>\r\n",
		numbered(BILOXI, "active", 110, 98, answer, sizeof(answer)));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 98 110\r\n"));
	world_learn(w, &a);
	world_ack(w, &a);
	assert_int_equal(0, session()->map_count);
	/* From another port: answered here, with all that both have, by carol's numbers. */
	world_edit(offer, sizeof(offer), "m=audio 30000", "m=audio 30090");
	world_reinvite(w, &a);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 98 110\r\n"));
	world_ack(w, &a);
	world_hear_nothing(w, BILOXI);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	world_answer(w, BILOXI, 200, NULL);
	world_all_over(w);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(another_branch_answers),
		SCENARIO(and_the_caller_refuses_to_change),
		SCENARIO(until_an_offer_crosses),
		SCENARIO(usual_calls_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
