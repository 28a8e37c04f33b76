/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sections that come and go in the middle of a call, both ways, each with a session, keys and a
 * gate of its own (RFC 3264 section 8; rows OA-5, OA-7, SDP-28). Virtual time.
 */

#include "tests/cmocka_first.h"

#include "tests/scenario/world.h"

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
#define SECONDS(n)     ((n)*USEC_PER_SEC)

/* who's sound, and a section with pictures; alter: with another certificate's fingerprint.
 * port 0: it is there no more. */
static const char *with_video(enum actor who, const char *setup, int alter, unsigned port)
{
	static char text[4096];
	char fingerprint[200];
	size_t len;

	world_sdp(who, setup, 0, text, sizeof(text));
	len = strlen(text);
	snprintf(fingerprint, sizeof(fingerprint), "%s", world_fingerprint[who]);
	if (alter)
		fingerprint[9] = fingerprint[9] == '7' ? '8' : '7';
	if (port)
		snprintf(text + len, sizeof(text) - len,
			"m=video %u UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"
			"a=rtcp-mux\r\na=setup:%s\r\na=fingerprint:%s\r\n",
			port, setup, fingerprint);
	else
		snprintf(text + len, sizeof(text) - len, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n");
	return text;
}

/* One end offers a change and the other answers it; by re-INVITE. */
static void change(struct world *w, struct talk *t, enum actor other, const char *offer)
{
	world_request(w, t, "INVITE", "", offer);
	world_hear_code(w, t->who, 100);
	world_hear_method(w, other, SIP_METHOD_INVITE);
}

static void agree(struct world *w, struct talk *t, enum actor other, const char *answer)
{
	world_reply(w, other, 200, "", answer);
	world_hear_method(w, other, SIP_METHOD_ACK);
	world_hear_code(w, t->who, 200);
	world_ack(w, t);
}

static void add(struct world *w, struct talk *t, enum actor other)
{
	change(w, t, other, with_video(t->who, "actpass", 0, 40000));
	assert_true(world_heard_body(w, other, "m=video 20"));
	/* the roles of the sound stay: alice is who waits */
	agree(w, t, other, with_video(other, other == ALICE ? "passive" : "active", 0, 40002));
}

static unsigned live_sessions(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < fake_media()->session_count; i++)
		count += fake_media()->sessions[i].is_open &&
			 !fake_media()->sessions[i].is_closing;
	return count;
}

static const struct fake_session *newest(void)
{
	return &fake_media()->sessions[fake_media()->session_count - 1];
}

static bool has_fingerprint(const struct fake_session *session, int side, enum actor whose)
{
	struct fingerprint wanted;

	fingerprint_parse(&wanted, slice_str(world_fingerprint[whose]));
	return session->remote[side].fingerprints.count == 1 &&
	       fingerprint_set_has(&session->remote[side].fingerprints, &wanted);
}

static void still_calling(struct world *w)
{
	struct sbc_counters counters;

	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_now);
}

static void hang_up(struct world *w, struct talk *t, enum actor other)
{
	world_bye(w, t);
	world_hear_code(w, t->who, 200);
	world_hear_method(w, other, SIP_METHOD_BYE);
	world_answer(w, other, 200, NULL);
	world_all_over(w);
}

/* A call with sound gets pictures, loses them, and gets them again in the same place. */
static void pictures_come_and_go(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	assert_int_equal(1, live_sessions());
	add(w, &a, BOB);
	assert_true(world_heard_body(w, ALICE, "m=video 20"));
	assert_true(world_heard_body(w, ALICE, "a=rtpmap:96 H264/90000"));
	assert_int_equal(2, live_sessions());
	/* its own session, each side with its own end's key alone, the gates open */
	assert_true(has_fingerprint(newest(), MEDIA_SIDE_A, ALICE));
	assert_true(has_fingerprint(newest(), MEDIA_SIDE_B, BOB));
	assert_int_equal(40000, netaddr_port(&newest()->remote[MEDIA_SIDE_A].rtp));
	assert_int_equal(40002, netaddr_port(&newest()->remote[MEDIA_SIDE_B].rtp));
	assert_true(newest()->gate[MEDIA_SIDE_A] && newest()->gate[MEDIA_SIDE_B]);
	change(w, &a, BOB, with_video(ALICE, "actpass", 0, 0));
	assert_true(world_heard_body(w, BOB, "m=video 0 "));
	agree(w, &a, BOB, with_video(BOB, "active", 0, 0));
	assert_true(world_heard_body(w, ALICE, "m=video 0 "));
	assert_int_equal(1, live_sessions());
	add(w, &a, BOB);
	assert_int_equal(2, live_sessions());
	assert_int_equal(3, fake_media()->session_count);
	hang_up(w, &a, BOB);
}

/* The other way round; the callee takes them away again. */
static void the_callee_adds(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	add(w, &b, ALICE);
	assert_true(has_fingerprint(newest(), MEDIA_SIDE_A, ALICE));
	assert_true(has_fingerprint(newest(), MEDIA_SIDE_B, BOB));
	assert_true(newest()->gate[MEDIA_SIDE_A] && newest()->gate[MEDIA_SIDE_B]);
	change(w, &b, ALICE, with_video(BOB, "actpass", 0, 0));
	agree(w, &b, ALICE, with_video(ALICE, "passive", 0, 0));
	assert_int_equal(1, live_sessions());
	hang_up(w, &b, ALICE);
}

/* By UPDATE, where the other end knows it. */
static void by_update(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "UPDATE", "Allow: UPDATE\r\n", "");
	world_hear_code(w, ALICE, 200);
	world_request(w, &b, "UPDATE", "", with_video(BOB, "actpass", 0, 40000));
	world_hear_method(w, ALICE, SIP_METHOD_UPDATE);
	assert_true(world_heard_body(w, ALICE, "m=video 20"));
	world_reply(w, ALICE, 200, "", with_video(ALICE, "passive", 0, 40002));
	world_hear_code(w, BOB, 200);
	assert_true(world_heard_body(w, BOB, "m=video 20"));
	assert_int_equal(2, live_sessions());
	hang_up(w, &a, BOB);
}

/* Not wanted: the session goes, the sound stays as it was. */
static void the_section_is_refused(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	change(w, &a, BOB, with_video(ALICE, "actpass", 0, 40000));
	agree(w, &a, BOB, with_video(BOB, "active", 0, 0));
	assert_true(world_heard_body(w, ALICE, "m=video 0 "));
	assert_int_equal(1, live_sessions());
	assert_true(fake_media()->sessions[0].gate[MEDIA_SIDE_A]);
	hang_up(w, &a, BOB);
}

/* OA-7: the whole offer refused, or nobody there to hear it: all as before. */
static void the_offer_is_refused(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	change(w, &a, BOB, with_video(ALICE, "actpass", 0, 40000));
	assert_int_equal(2, live_sessions());
	world_answer(w, BOB, 488, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 488);
	world_ack_refusal(w, &a);
	assert_int_equal(1, live_sessions());
	/* and once more, for real */
	add(w, &a, BOB);
	assert_int_equal(2, live_sessions());
	hang_up(w, &a, BOB);
}

/* 491 of the other end is tried again with the same session. */
static void glare(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	change(w, &a, BOB, with_video(ALICE, "actpass", 0, 40000));
	world_answer(w, BOB, 491, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	while (!world_hears(w, BOB))
		world_pass(w, SECONDS(1) / 10);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "m=video 20"));
	agree(w, &a, BOB, with_video(BOB, "active", 0, 40002));
	assert_int_equal(2, fake_media()->session_count);
	hang_up(w, &a, BOB);
}

/* Who adds gives up, too late: bob has agreed, and learns that it is not so. */
static void cancelled_too_late(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	change(w, &a, BOB, with_video(ALICE, "actpass", 0, 40000));
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_ack_refusal(w, &a);
	world_reply(w, BOB, 200, "", with_video(BOB, "active", 0, 40002));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "m=video 0 ")); /* two sections, and never fewer */
	world_reply(w, BOB, 200, "", with_video(BOB, "active", 0, 0));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_int_equal(1, live_sessions());
	world_hear_nothing(w, ALICE);
	hang_up(w, &a, BOB);
}

/* With another certificate than the sound has: that must be proved, as a changed one must. */
static void another_key_is_proved(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", with_video(ALICE, "actpass", 1, 40000));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 407);
	world_hear_nothing(w, BOB);
	assert_int_equal(1, live_sessions());
	world_ack_refusal(w, &a);
	world_invite_again(w, &a, "", with_video(ALICE, "actpass", 1, 40000));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	agree(w, &a, BOB, with_video(BOB, "active", 0, 40002));
	assert_int_equal(2, live_sessions());
	hang_up(w, &a, BOB);
}

/* An answer proves nothing: alice's key was proved, and this one is not hers. */
static void another_key_in_an_answer(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	change(w, &b, ALICE, with_video(BOB, "actpass", 0, 40000));
	world_reply(w, ALICE, 200, "", with_video(ALICE, "passive", 1, 40002));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_hear_code(w, BOB, 487);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

/* A peer's section with the key that its signature covered needs no other signature; one with
 * another key does. */
static void a_peer_adds(void **state)
{
	struct world *w = *state;
	struct talk c;

	world_connected_peer(w, &c);
	world_request(w, &c, "INVITE", "", with_video(BILOXI, "actpass", 1, 40000));
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 428);
	world_ack_refusal(w, &c);
	world_hear_nothing(w, BOB);
	add(w, &c, BOB);
	assert_true(has_fingerprint(newest(), MEDIA_SIDE_A, BILOXI));
	hang_up(w, &c, BOB);
}

/* OA-4: asked without a description, bob offers pictures too; the answer comes in the ACK. */
static void added_by_who_was_asked(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", "");
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 200, "", with_video(BOB, "actpass", 0, 40002));
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "m=video 20"));
	world_ack_with(w, &a, with_video(ALICE, "active", 0, 40000));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_true(world_heard_body(w, BOB, "m=video 20"));
	assert_int_equal(2, live_sessions());
	assert_true(has_fingerprint(newest(), MEDIA_SIDE_B, BOB));
	hang_up(w, &a, BOB);
}

/* Without a port, or a key, a section is refused and the rest goes on. */
static void no_room(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	fake_media()->open_error = -1;
	change(w, &a, BOB, with_video(ALICE, "actpass", 0, 40000));
	assert_true(world_heard_body(w, BOB, "m=video 0 "));
	agree(w, &a, BOB, with_video(BOB, "active", 0, 0));
	assert_true(world_heard_body(w, ALICE, "m=video 0 "));
	assert_int_equal(1, live_sessions());
	still_calling(w);
	fake_media()->open_error = 0;
	hang_up(w, &a, BOB);
}

/* As often as they like: what a call keeps of it does not grow without end. */
static void many_times(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	for (int i = 0; i < 40; i++) {
		add(w, &a, BOB);
		assert_int_equal(2, live_sessions());
		change(w, &a, BOB, with_video(ALICE, "actpass", 0, 0));
		agree(w, &a, BOB, with_video(BOB, "active", 0, 0));
		world_pass(w, SECONDS(40)); /* ... and no faster */
		assert_int_equal(1, live_sessions());
	}
	hang_up(w, &a, BOB);
}

/* Four at once; a fifth is refused in its place. */
static void too_many(void **state)
{
	static char offer[8192];
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_sdp(ALICE, "actpass", 0, offer, sizeof(offer));
	for (int i = 0; i < 4; i++) {
		size_t len = strlen(offer);
		snprintf(offer + len, sizeof(offer) - len,
			"m=video %d UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"
			"a=rtcp-mux\r\na=setup:actpass\r\na=fingerprint:%s\r\n",
			40000 + 2 * i, world_fingerprint[ALICE]);
	}
	change(w, &a, BOB, offer);
	assert_true(world_heard_body(w, BOB, "m=video 0 "));
	assert_int_equal(4, live_sessions());
	world_answer(w, BOB, 488, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 488);
	world_ack_refusal(w, &a);
	assert_int_equal(1, live_sessions());
	hang_up(w, &a, BOB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(pictures_come_and_go),
		SCENARIO(the_callee_adds),
		SCENARIO(by_update),
		SCENARIO(the_section_is_refused),
		SCENARIO(the_offer_is_refused),
		SCENARIO(glare),
		SCENARIO(cancelled_too_late),
		SCENARIO(another_key_is_proved),
		SCENARIO(another_key_in_an_answer),
		SCENARIO(a_peer_adds),
		SCENARIO(added_by_who_was_asked),
		SCENARIO(no_room),
		SCENARIO(many_times),
		SCENARIO(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
