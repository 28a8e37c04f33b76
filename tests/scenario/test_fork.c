/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several callees for one caller: a fork on the far side (RFC 3261 sections 12.1.2 and
 * 13.2.2.4; rows SIP-4, SIP-34, SIP-35, OA-2, SDP-27), early media by policy (RFC 3960), and
 * the next target when one fails (users' #14). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/branches.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define CAROL      "sip:carol@biloxi.test"

/* SPARE serves carol's domain too, over UDP. */
static struct config_target targets[2] = {
	{.peer = "biloxi", .priority = 1, .weight = 1},
	{.peer = "spare", .peer_index = 2, .priority = 2, .weight = 1},
};
static struct config_route routes[] = {
	{.domain = "biloxi.test", .peer = "", .targets = targets, .target_count = 2},
};

static int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	w->peers[2].sign_8224 = true;
	return 0;
}

static void two_targets(struct world *w)
{
	w->config.routes = routes;
	w->config.route_count = 1;
}

static bool is_key_of(enum actor who, const struct fingerprint_set *set)
{
	struct fingerprint own;

	assert_int_equal(0, fingerprint_parse(&own, slice_str(world_fingerprint[who])));
	return set->count == 1 && fingerprint_set_has(set, &own);
}

/* SIP-34: Two phones ring; the second answers; the first answers too, too late. */
static void first_answer_wins(void **state)
{
	struct world *w = *state;
	struct kept invite;
	struct slice tag;
	char first[64];
	struct talk a;

	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	keep(w, BILOXI, &invite);
	branch_says(w, &invite, "one", 180, "");
	world_hear_code(w, ALICE, 180);
	slice_copy(w->heard[ALICE].msg->to.tag, first, sizeof(first));
	branch_says(w, &invite, "two", 180, "");
	tag = world_hear_code(w, ALICE, 180)->to.tag;
	assert_true(slice_equal(tag, slice_str(first))); /* one dialog for the caller */
	branch_says(w, &invite, "two", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	assert_true(world_heard_line(w, BILOXI, "ACK sip:two@"));
	world_hear_code(w, ALICE, 200);
	/* SIP-4: acknowledged, then ended; its 2xx again gets the ACK alone. */
	branch_says(w, &invite, "one", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	assert_true(world_heard_line(w, BILOXI, "ACK sip:one@"));
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, BILOXI, "answered elsewhere"));
	world_answer(w, BILOXI, 200, NULL);
	branch_says(w, &invite, "one", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_nothing(w, BILOXI);
	world_hear_nothing(w, ALICE);
	/* A late ring of the loser changes nothing. */
	branch_says(w, &invite, "three", 180, "");
	world_hear_nothing(w, ALICE);
	world_learn(w, &a);
	world_ack(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, BILOXI, "BYE sip:two@"));
	world_answer(w, BILOXI, 200, NULL);
	arena_fini(&invite.arena);
	world_all_over(w);
}

/* Dozens of branches: only so many are told apart, the answer still counts. */
static void many_branches(void **state)
{
	struct world *w = *state;
	struct kept invite;
	char tag[16];
	struct talk a;

	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	keep(w, BILOXI, &invite);
	for (int i = 0; i < 50; i++) {
		snprintf(tag, sizeof(tag), "t%d", i);
		branch_says(w, &invite, tag, 180, "");
		world_hear_code(w, ALICE, 180);
	}
	branch_says(w, &invite, "t49", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	branch_says(w, &invite, "t48", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	arena_fini(&invite.arena);
}

/* ---- early media ---- */

static void early_media_is_blocked(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 183, "active");
	world_hear_code(w, ALICE, 183);
	assert_int_equal(0, w->heard[ALICE].msg->body.len);
	assert_false(fake_media()->has_remote[MEDIA_SIDE_B]);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
}

static void early_media_rings(void **state)
{
	struct world *w = *state;
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_RING;
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 183, "active");
	world_hear_code(w, ALICE, 180);
	assert_int_equal(0, w->heard[ALICE].msg->body.len);
}

/* OA-2, SIP-35, SDP-27: the answer of the 183 is that of the 200, whoever answers; with SDP-15
 * we are active towards the caller. Another callee's key gets a new association. */
static void early_media_passes(void **state)
{
	struct world *w = *state;
	struct kept invite;
	struct slice body;
	char first[2048], other[2048];
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	keep(w, BILOXI, &invite);
	branch_says(w, &invite, "one", 183, world_words(BILOXI, "active", 0));
	body = world_hear_code(w, ALICE, 183)->body;
	assert_true(world_heard_body(w, ALICE, "a=setup:active"));
	slice_copy(body, first, sizeof(first));
	assert_true(fake_media()->gate[MEDIA_SIDE_A]);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	assert_int_equal(0xC1, fake_media()->remote[1].fingerprints.items[0].digest[0]);
	branch_says(w, &invite, "two", 183, world_words(BILOXI, "active", 1));
	body = world_hear_code(w, ALICE, 183)->body;
	assert_true(slice_equal(body, slice_str(first)));
	/* Two answers, with another codec. */
	world_sdp(BILOXI, "active", 1, other, sizeof(other));
	world_edit(other, sizeof(other), "SAVPF 0 101", "SAVPF 0");
	branch_says(w, &invite, "two", 200, other);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	body = world_hear_code(w, ALICE, 200)->body;
	assert_true(slice_equal(body, slice_str(first)));
	fingerprint_print(&fake_media()->remote[1].fingerprints.items[0], first);
	assert_non_null(strstr(other, first));
	/* Now she may learn of it. */
	world_learn(w, &a);
	world_ack(w, &a);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0\r\n"));
	world_answer(w, ALICE, 200, "passive");
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	arena_fini(&invite.arena);
}

/* SDP-27: branches whose phones share a certificate are told apart by their names (RFC 8842):
 * the one that answers gets an association of its own, under the name that was offered. */
static void branches_have_names(void **state)
{
	struct world *w = *state;
	struct kept invite;
	char one[2048], two[2048];
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	snprintf(one, sizeof(one), "%sa=tls-id:one-one-one-one-one-one-1\r\n",
		world_words(BILOXI, "active", 0));
	snprintf(two, sizeof(two), "%sa=tls-id:two-two-two-two-two-two-2\r\n",
		world_words(BILOXI, "active", 0));
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BILOXI, "a=tls-id:"));
	keep(w, BILOXI, &invite);
	branch_says(w, &invite, "one", 183, one);
	assert_int_equal(0, fake_media()->remote[MEDIA_SIDE_B].association);
	branch_says(w, &invite, "two", 183, two); /* the first one's media stays */
	assert_int_equal(0, fake_media()->remote[MEDIA_SIDE_B].association);
	branch_says(w, &invite, "two", 200, two);
	assert_int_equal(1, fake_media()->remote[MEDIA_SIDE_B].association);
	assert_int_equal(0, fake_media()->remote[MEDIA_SIDE_A].association);
	arena_fini(&invite.arena);
}

/* An early answer that cannot be used is as good as none; the call goes on. */
static void unusable_early_answer(void **state)
{
	struct world *w = *state;
	struct kept invite;
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	keep(w, BILOXI, &invite);
	branch_says(w, &invite, "one", 183, "v=0\r\n");
	world_hear_code(w, ALICE, 183);
	assert_int_equal(0, w->heard[ALICE].msg->body.len);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
	branch_says(w, &invite, "one", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	arena_fini(&invite.arena);
}

/* ---- the next target ---- */

static void next_target(void **state)
{
	static const uint16_t codes[] = {503, 500, 408};
	struct world *w = *state;
	const struct sip_msg *invite;
	unsigned opened;
	char call_id[64];
	struct talk a;

	two_targets(w);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		opened = fake_media()->open_count;
		world_call(w, &a, ALICE, CAROL);
		invite = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
		slice_copy(invite->call_id, call_id, sizeof(call_id));
		world_answer(w, BILOXI, codes[i], NULL);
		world_hear_method(w, BILOXI, SIP_METHOD_ACK);
		/* A new dialog, new ports, signed again for this one. */
		invite = world_hear_method(w, SPARE, SIP_METHOD_INVITE);
		assert_false(slice_equal(invite->call_id, slice_str(call_id)));
		assert_true(sip_msg_header(invite, "Identity", 0).len);
		assert_int_equal(opened + 2, fake_media()->open_count);
		assert_int_equal(opened + 1, fake_media()->close_count);
		world_hear_nothing(w, ALICE);
		world_answer(w, SPARE, 200, "active");
		world_hear_method(w, SPARE, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, 200);
		assert_true(is_key_of(SPARE, &fake_media()->remote[1].fingerprints));
		world_learn(w, &a);
		world_ack(w, &a);
		world_bye(w, &a);
		world_hear_code(w, ALICE, 200);
		world_hear_method(w, SPARE, SIP_METHOD_BYE);
		world_answer(w, SPARE, 200, NULL);
		world_all_over(w);
	}
	assert_int_equal(3, w->record_count);
	assert_non_null(strstr(w->records.data, "\"peer\":\"spare\""));
}

/* Who declines has spoken for all; and after the last one the caller hears its word. */
static void no_next_target(void **state)
{
	struct world *w = *state;
	struct talk a;

	two_targets(w);
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 486, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 486);
	world_hear_nothing(w, SPARE);
	world_all_over(w);
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 503, NULL);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_answer(w, SPARE, 504, NULL);
	world_hear_code(w, ALICE, 504);
	world_all_over(w);
}

/* Silence: the next one after 8 s; what the first one says later is ended properly. */
static void silent_target(void **state)
{
	struct world *w = *state;
	struct kept invite;
	struct talk a;

	two_targets(w);
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	keep(w, BILOXI, &invite);
	world_pass(w, SECONDS(7));
	world_hear_nothing(w, SPARE);
	world_pass(w, SECONDS(2));
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_forget(w);
	branch_says(w, &invite, "one", 180, "");
	world_hear_method(w, BILOXI, SIP_METHOD_CANCEL);
	world_answer(w, BILOXI, 200, NULL);
	world_hear_nothing(w, ALICE);
	branch_says(w, &invite, "one", 200, world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	world_answer(w, BILOXI, 200, NULL);
	world_hear_nothing(w, ALICE);
	world_answer(w, SPARE, 200, "active");
	world_hear_method(w, SPARE, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &a);
	world_ack(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, SPARE, SIP_METHOD_BYE);
	world_answer(w, SPARE, 200, NULL);
	arena_fini(&invite.arena);
	world_all_over(w);
}

/* Users' #14: who has heard a callee's early media has its keys: no other callee. */
static void no_next_after_early_media(void **state)
{
	struct world *w = *state;
	struct kept invite;
	struct talk a;

	two_targets(w);
	w->peers[0].early_media = EARLY_MEDIA_PASS;
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	keep(w, BILOXI, &invite);
	branch_says(w, &invite, "one", 183, world_words(BILOXI, "active", 0));
	world_hear_code(w, ALICE, 183);
	branch_says(w, &invite, "one", 503, "");
	world_hear_code(w, ALICE, 500);
	world_hear_nothing(w, SPARE);
	arena_fini(&invite.arena);
	world_forget(w);
	world_all_over(w);
}

/* What the media room says of the first one's session is not about the second one's. */
static void late_word_of_the_first_session(void **state)
{
	struct world *w = *state;
	struct media_event ev = {.type = MEDIA_EVENT_CLOSED};
	struct talk a;

	two_targets(w);
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	ev.id = fake_media()->id;
	ev.cookie = fake_media()->cookie;
	world_answer(w, BILOXI, 503, NULL);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	assert_int_not_equal(ev.id.generation, fake_media()->id.generation);
	sbc_media_event(w->sbc, &ev, w->now);
	ev.type = MEDIA_EVENT_FAILED;
	sbc_media_event(w->sbc, &ev, w->now);
	world_answer(w, SPARE, 200, "active");
	world_hear_method(w, SPARE, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_hear_nothing(w, SPARE);
}

/* CANCEL while the second one is called. */
static void cancel_after_the_first(void **state)
{
	struct world *w = *state;
	struct kept invite;
	struct talk a;

	two_targets(w);
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 503, NULL);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	keep(w, SPARE, &invite);
	w->heard[SPARE].msg = invite.msg;
	world_answer(w, SPARE, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_hear_method(w, SPARE, SIP_METHOD_CANCEL);
	world_answer(w, SPARE, 200, NULL);
	w->heard[SPARE].msg = invite.msg;
	world_answer(w, SPARE, 487, NULL);
	arena_fini(&invite.arena);
	world_all_over(w);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(first_answer_wins),
		SCENARIO(many_branches),
		SCENARIO(early_media_is_blocked),
		SCENARIO(early_media_rings),
		SCENARIO(early_media_passes),
		SCENARIO(branches_have_names),
		SCENARIO(unusable_early_answer),
		SCENARIO(next_target),
		SCENARIO(no_next_target),
		SCENARIO(silent_target),
		SCENARIO(no_next_after_early_media),
		SCENARIO(late_word_of_the_first_session),
		SCENARIO(cancel_after_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
