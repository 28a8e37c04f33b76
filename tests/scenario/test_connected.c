/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connected identity: the answerer's key, signed in the reverse direction (RFC 4916; rows
 * CI-1 to CI-9, DEC-6). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sbc/sdp.h"
#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define CAROL      "sip:carol@biloxi.test"

static int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	w->peers[0].answer_identity = ANSWER_IDENTITY_REQUIRE;
	return 0;
}

/* Alice calls carol, who has answered; c is carol's side. */
static void answered(struct world *w, struct talk *a, struct talk *c)
{
	world_call(w, a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_callee(w, c, BILOXI);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, a);
	world_ack(w, a);
}

/* Carol's UPDATE with what she signed, and with what she says. */
static void update(
	struct world *w, struct talk *c, const char *signed_body, const char *said_body)
{
	char lines[4096] = "";

	if (signed_body)
		world_sign(w, c, "UPDATE", signed_body, lines, sizeof(lines));
	world_request(w, c, "UPDATE", lines, said_body);
	if (w->fetch_count == 1 && signed_body) {
		w->fetch_count = 100; /* only once */
		world_give_certificate(w);
	}
}

static void is_ended(struct world *w)
{
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, BILOXI, "connected identity not verified"));
	world_answer(w, BILOXI, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* CI-1, CI-7: the gate of that side stays shut until the signed UPDATE was verified. */
static void required_and_given(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, BILOXI, "from-change"));
	world_callee(w, &c, BILOXI);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &a);
	world_ack(w, &a);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
	assert_true(fake_media()->gate[MEDIA_SIDE_A]);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
	world_pass(w, SECONDS(6)); /* limits.answer_identity_s is 7 */
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	assert_true(world_heard_body(w, BILOXI, "a=setup:passive"));
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	assert_int_equal(MEDIA_DTLS_SERVER, fake_media()->remote[MEDIA_SIDE_B].role);
	world_hear_nothing(w, ALICE);
	world_pass(w, SECONDS(60)); /* nobody waits any more */
	world_hear_nothing(w, BILOXI);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	world_answer(w, BILOXI, 200, NULL);
	world_all_over(w);
	assert_non_null(strstr(w->records.data, "\"outcome\":\"verified\""));
	assert_non_null(strstr(w->records.data, "\"domain\":\"biloxi.test\""));
}

static void required_and_missing(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	answered(w, &a, &c);
	world_pass(w, SECONDS(6));
	world_hear_nothing(w, BILOXI);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
	world_pass(w, SECONDS(2));
	is_ended(w);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
}

/* An UPDATE without Identity proves nothing, and one that signs another key is the end. */
static void required_and_wrong(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	answered(w, &a, &c);
	update(w, &c, NULL, world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
	update(w, &c, world_words(BILOXI, "active", 1), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 438);
	is_ended(w);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
}

/* The man in the middle changed the answer's key: carol's own signature gives him away. */
static void answer_was_tampered_with(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_callee(w, &c, BILOXI);
	world_reply(w, BILOXI, 200, "", world_words(BILOXI, "active", 1)); /* not her key */
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &a);
	world_ack(w, &a);
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	/* Her key is in force now, and his handshake would not match it. */
	assert_int_equal(0x22, fake_media()->remote[1].fingerprints.items[0].digest[1]);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
}

/* CI-7: somebody else of that domain, properly signed. */
static void somebody_else_answers(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	answered(w, &a, &c);
	snprintf(c.from, sizeof(c.from), "<sip:dave@biloxi.test>;tag=callee");
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 403);
	is_ended(w);
}

/* CI-4: preferred only: dave it is, and the BYE names him. */
static void somebody_else_is_preferred(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	w->peers[0].answer_identity = ANSWER_IDENTITY_PREFER;
	answered(w, &a, &c);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	snprintf(c.from, sizeof(c.from), "<sip:dave@biloxi.test>;tag=callee");
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, BILOXI, "To: <sip:dave@biloxi.test>;tag=callee"));
}

/* Preferred: a bad one is refused and the call goes on as before. */
static void preferred_and_wrong(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	w->peers[0].answer_identity = ANSWER_IDENTITY_PREFER;
	answered(w, &a, &c);
	update(w, &c, world_words(BILOXI, "active", 1), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 438);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	world_pass(w, SECONDS(60));
	world_hear_nothing(w, ALICE);
}

/* Once proved, another key needs another proof, and an answer cannot bring one. */
static void proved_key_stays(void **state)
{
	struct world *w = *state;
	char hold[2048];
	struct talk a, c;

	answered(w, &a, &c);
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	world_request(w, &c, "UPDATE", "", world_words(BILOXI, "active", 1));
	world_hear_code(w, BILOXI, 428);
	world_sdp(ALICE, "actpass", 0, hold, sizeof(hold));
	world_edit(hold, sizeof(hold), "a=sendrecv", "a=inactive");
	world_request(w, &a, "INVITE", "", hold);
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_reply(w, BILOXI, 200, "", world_words(BILOXI, "active", 1));
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, BILOXI, SIP_METHOD_BYE);
}

/* CI-5: in the early dialog already, when the answer came reliably. */
static void update_in_the_early_dialog(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	struct arena keep = w->heard[BILOXI].arena;
	const struct sip_msg *invite = w->heard[BILOXI].msg;
	arena_init(&w->heard[BILOXI].arena, 1 << 20);
	world_callee(w, &c, BILOXI);
	world_reply(w, BILOXI, 183, "Require: 100rel\r\nRSeq: 1\r\n",
		world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_PRACK);
	world_reply(w, BILOXI, 200, "", "");
	world_hear_code(w, ALICE, 183);
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	w->heard[BILOXI].msg = invite;
	world_reply(w, BILOXI, 200, "", "");
	arena_fini(&keep);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	world_learn(w, &a);
	world_ack(w, &a);
	world_pass(w, SECONDS(60));
	world_hear_nothing(w, ALICE);
}

/* Another phone of the fork answers than the one that proved itself early. */
static void proof_is_of_one_branch(void **state)
{
	struct world *w = *state;
	struct talk a, c;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	world_call(w, &a, ALICE, CAROL);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	struct arena keep = w->heard[BILOXI].arena;
	const struct sip_msg *invite = w->heard[BILOXI].msg;
	arena_init(&w->heard[BILOXI].arena, 1 << 20);
	world_callee(w, &c, BILOXI);
	world_reply(w, BILOXI, 183, "Require: 100rel\r\nRSeq: 1\r\n",
		world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_PRACK);
	world_reply(w, BILOXI, 200, "", "");
	world_hear_code(w, ALICE, 183);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
	update(w, &c, world_words(BILOXI, "active", 0), world_words(BILOXI, "active", 0));
	world_hear_code(w, BILOXI, 200);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	w->heard[BILOXI].msg = invite;
	world_reply(w, BILOXI, 200, "", world_words(BILOXI, "active", 1));
	arena_fini(&keep);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
}

/* ---- our own answers ---- */

/* Biloxi's own verifier says what it thinks of what it heard. */
static enum identity_outcome verdict_on(struct world *w, const struct sip_msg *msg)
{
	struct identity_facts facts = {.method = msg->method_name,
		.from_uri = msg->from.uri.raw,
		.from_tag = msg->from.tag,
		.to_uri = msg->to.uri.raw,
		.call_id = msg->call_id,
		.cseq = msg->cseq,
		.contact_uri = msg->contact.uri.raw,
		.date = sip_msg_header(msg, "Date", 0),
		.body = msg->body,
		.identity_count = 1};
	struct identity_rules rules = {
		.accept_8224 = true, .is_required = true, .require_mky = true};
	int64_t now_s = w->wall_start_s + w->now / USEC_PER_SEC;
	struct identity_verdict verdict;
	struct fingerprint_set set;
	struct arena arena;
	const char *why;
	struct sdp *sdp;

	arena_init(&arena, 1 << 20);
	assert_int_equal(0, sdp_parse(&sdp, &arena, msg->body, &why));
	set = sdp->all_fingerprints;
	arena_fini(&arena);
	facts.identity[0] = sip_msg_header(msg, "Identity", 0);
	facts.fingerprints = &set;
	policy_verify(w->biloxi_policy, &facts, &rules, now_s, &verdict);
	if (verdict.outcome == IDENTITY_NEED_CERTIFICATE) {
		policy_store_certificate(w->biloxi_policy, slice_str(verdict.url),
			buf_slice(&w->own_certificate), 60, now_s);
		policy_verify(w->biloxi_policy, &facts, &rules, now_s, &verdict);
	}
	return verdict.outcome;
}

static void call_from_peer(struct world *w, struct talk *t, const char *lines)
{
	char text[4096];
	char body[2048];

	world_register(w, BOB);
	world_invite_late(w, t, "sip:bob@atlanta.test"); /* for the certificate only */
	world_hear_code(w, BILOXI, 100);
	world_give_certificate(w);
	world_cancel(w, t);
	world_forget(w);
	world_pass(w, SECONDS(64));
	world_forget(w);
	world_sdp(BILOXI, "actpass", 0, body, sizeof(body));
	snprintf(t->to, sizeof(t->to), "<sip:bob@atlanta.test>");
	snprintf(t->call_id, sizeof(t->call_id), "real-call");
	world_sign(w, t, "INVITE", body, text, sizeof(text));
	strncat(text, lines, sizeof(text) - strlen(text) - 1);
	world_request(w, t, "INVITE", text, body);
	world_hear_code(w, BILOXI, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_false(world_heard_line(w, BOB, "from-change"));
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, BILOXI, 200);
}

/* CI-2, CI-3, CI-6, CI-8: the answer again as an offer, signed as bob, right after the ACK. */
static void we_sign_our_answer(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	char answer[2048];
	struct talk t;

	call_from_peer(w, &t, "Supported: from-change\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n");
	slice_copy(w->heard[BILOXI].msg->body, answer, sizeof(answer));
	world_hear_nothing(w, BILOXI);
	world_learn(w, &t);
	world_ack(w, &t);
	msg = world_hear_method(w, BILOXI, SIP_METHOD_UPDATE);
	assert_true(slice_equal(msg->body, slice_str(answer)));
	assert_true(slice_equal(msg->from.uri.raw, SLICE("sip:bob@atlanta.test")));
	assert_int_equal(IDENTITY_VERIFIED, verdict_on(w, msg));
	/* CI-9 */
	world_reply(w, BILOXI, 491, "", "");
	world_pass(w, SECONDS(2));
	msg = world_hear_method(w, BILOXI, SIP_METHOD_UPDATE);
	assert_int_equal(IDENTITY_VERIFIED, verdict_on(w, msg));
	world_reply(w, BILOXI, 200, "", world_words(BILOXI, "passive", 0));
	world_hear_nothing(w, BILOXI);
	world_hear_nothing(w, BOB);
	assert_int_equal(MEDIA_DTLS_CLIENT, fake_media()->remote[MEDIA_SIDE_A].role);
}

/* CI-2: not asked for. */
static void nobody_wants_our_answer_signed(void **state)
{
	struct world *w = *state;
	struct talk t;

	call_from_peer(w, &t, "Allow: INVITE, ACK, BYE, UPDATE\r\n");
	world_learn(w, &t);
	world_ack(w, &t);
	world_hear_nothing(w, BILOXI);
}

/* A peer without UPDATE gets a re-INVITE (CI-5). */
static void we_sign_by_reinvite(void **state)
{
	struct world *w = *state;
	struct talk t;

	call_from_peer(w, &t, "Supported: from-change\r\nAllow: INVITE, ACK, BYE\r\n");
	world_learn(w, &t);
	world_ack(w, &t);
	assert_int_equal(IDENTITY_VERIFIED,
		verdict_on(w, world_hear_method(w, BILOXI, SIP_METHOD_INVITE)));
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(required_and_given),
		SCENARIO(required_and_missing),
		SCENARIO(required_and_wrong),
		SCENARIO(answer_was_tampered_with),
		SCENARIO(somebody_else_answers),
		SCENARIO(somebody_else_is_preferred),
		SCENARIO(preferred_and_wrong),
		SCENARIO(proved_key_stays),
		SCENARIO(update_in_the_early_dialog),
		SCENARIO(proof_is_of_one_branch),
		SCENARIO(we_sign_our_answer),
		SCENARIO(nobody_wants_our_answer_signed),
		SCENARIO(we_sign_by_reinvite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
