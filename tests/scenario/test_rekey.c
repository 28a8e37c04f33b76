/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another key in the middle of a call (RFC 8842, RFC 8224; rows SDP-20, SDP-25, users' #9 of
 * what nobody has): proved as the first one was, or the call stays as it is. Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static void still_calling(struct world *w)
{
	struct sbc_counters counters;

	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_now);
}

/* SDP-25, users' #9: another key of a user's: digest again; with it the call goes on. */
static void user_changes_key(void **state)
{
	struct world *w = *state;
	char sdp[2048], print[FINGERPRINT_TEXT_MAX];
	struct talk a, b;

	world_joined(w, &a, &b);
	world_sdp(ALICE, "actpass", 1, sdp, sizeof(sdp));
	world_request(w, &a, "INVITE", "", sdp);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 407);
	fingerprint_print(&fake_media()->remote[0].fingerprints.items[0], print);
	assert_null(strstr(sdp, print)); /* not yet */
	world_ack(w, &a);
	world_request_again(w, &a, "INVITE", sdp);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	world_hear_nothing(w, BOB); /* his leg has its own keys */
	fingerprint_print(&fake_media()->remote[0].fingerprints.items[0], print);
	assert_non_null(strstr(sdp, print));
}

/* ID4474-49: a peer's new key without Identity, with one that does not cover it, and with a
 * good one; what is refused leaves the call as it was. */
static void peer_changes_key(void **state)
{
	struct world *w = *state;
	struct media_remote before;
	char sdp[2048], lines[4096];
	struct talk t;

	world_connected_peer(w, &t);
	before = fake_media()->remote[MEDIA_SIDE_A];
	world_sdp(BILOXI, "actpass", 1, sdp, sizeof(sdp));
	world_request(w, &t, "INVITE", "", sdp);
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 428);
	world_ack(w, &t);
	world_sign(w, &t, "INVITE", world_offer(BILOXI, NULL, NULL), lines, sizeof(lines));
	world_request(w, &t, "INVITE", lines, sdp);
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 438);
	world_ack(w, &t);
	assert_memory_equal(&before, &fake_media()->remote[MEDIA_SIDE_A], sizeof(before));
	still_calling(w);
	world_pass(w, SECONDS(1)); /* another iat: no replay */
	world_sign(w, &t, "INVITE", sdp, lines, sizeof(lines));
	world_request(w, &t, "INVITE", lines, sdp);
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 200);
	world_ack(w, &t);
	assert_memory_not_equal(&before, &fake_media()->remote[MEDIA_SIDE_A], sizeof(before));
	still_calling(w);
}

/* The same by UPDATE, while the certificate has to be fetched again. */
static void peer_moves_role(void **state)
{
	struct world *w = *state;
	char sdp[2048];
	struct talk t;

	world_connected_peer(w, &t);
	world_sdp(BILOXI, "active", 0, sdp, sizeof(sdp));
	world_request(w, &t, "UPDATE", "", sdp); /* a new association: proved or not at all */
	world_hear_code(w, BILOXI, 428);
	still_calling(w);
}

/* An answer proves nothing: a caller that was proved cannot change its key by one. */
static void answer_cannot_change_a_key(void **state)
{
	struct world *w = *state;
	char sdp[2048];
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &b, "INVITE", "", world_offer(BOB, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, BOB, 100);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_sdp(ALICE, "active", 1, sdp, sizeof(sdp));
	world_reply(w, ALICE, 200, "", sdp);
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, BOB, 487);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* What goes to a peer in a call is signed again: the fingerprint is in what is sent. */
static void change_to_a_peer_is_signed(void **state)
{
	struct world *w = *state;
	struct talk t, b;

	world_connected_peer(w, &t);
	world_callee(w, &b, BOB);
	world_request(w, &b, "INVITE", "", world_offer(BOB, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, BOB, 100);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(sip_msg_header(w->heard[BILOXI].msg, "Identity", 0).len);
	assert_true(sip_msg_header(w->heard[BILOXI].msg, "Date", 0).len);
}

/* Right password, somebody else's: bob cannot take over alice's side. */
static void another_user_proves_himself(void **state)
{
	struct world *w = *state;
	char sdp[2048];
	struct talk a, b;

	world_joined(w, &a, &b);
	world_sdp(ALICE, "actpass", 1, sdp, sizeof(sdp));
	world_edit(a.from, sizeof(a.from), "sip:alice@", "sip:bob@");
	world_request(w, &a, "INVITE", "", sdp);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 407);
	world_ack(w, &a);
	a.who = BOB; /* his password, by his way */
	w->heard[BOB].msg = w->heard[ALICE].msg;
	world_request_again(w, &a, "INVITE", sdp);
	world_hear_code(w, BOB, 100);
	world_hear_code(w, BOB, 403);
	still_calling(w);
}

/* A peer that need not sign, but did: what was proved is not given up for less. */
static void proof_is_not_given_up(void **state)
{
	struct world *w = *state;
	char sdp[2048];
	struct talk t;

	w->peers[0].identity_required = w->peers[0].require_mky = false;
	w->peers[0].on_failure = IDENTITY_FAILURE_MARK;
	world_connected_peer(w, &t);
	world_sdp(BILOXI, "actpass", 1, sdp, sizeof(sdp));
	world_request(w, &t, "INVITE", "", sdp);
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 428);
	still_calling(w);
}

/* The certificate has to be fetched again; meanwhile the call goes on, then it is proved. */
static void proof_takes_time(void **state)
{
	struct world *w = *state;
	char sdp[2048], lines[4096];
	struct talk t;
	size_t fetches;

	world_connected_peer(w, &t);
	world_pass(w, SECONDS(4000)); /* its max-age was an hour */
	world_forget(w);
	fetches = w->fetch_count;
	world_sdp(BILOXI, "actpass", 1, sdp, sizeof(sdp));
	world_sign(w, &t, "INVITE", sdp, lines, sizeof(lines));
	world_request(w, &t, "INVITE", lines, sdp);
	world_hear_code(w, BILOXI, 100);
	world_hear_nothing(w, BILOXI);
	assert_int_equal(fetches + 1, w->fetch_count);
	world_request(w, &t, "UPDATE", "", sdp);
	world_hear_code(w, BILOXI, 500);
	world_give_certificate(w);
	world_hear_code(w, BILOXI, 200);
	t.cseq--;
	world_ack(w, &t);
	t.cseq++;
	/* Once more, and CANCEL while it is fetched: nothing has changed. */
	world_pass(w, SECONDS(4000));
	world_forget(w);
	world_sdp(BILOXI, "actpass", 0, sdp, sizeof(sdp));
	world_sign(w, &t, "INVITE", sdp, lines, sizeof(lines));
	world_request(w, &t, "INVITE", lines, sdp);
	world_hear_code(w, BILOXI, 100);
	world_cancel(w, &t);
	world_hear_code(w, BILOXI, 200);
	world_hear_code(w, BILOXI, 487);
	world_give_certificate(w);
	world_hear_nothing(w, BILOXI);
	still_calling(w);
	/* And BYE while it is fetched. */
	world_pass(w, SECONDS(4000));
	world_forget(w);
	world_sign(w, &t, "INVITE", sdp, lines, sizeof(lines));
	world_request(w, &t, "INVITE", lines, sdp);
	world_hear_code(w, BILOXI, 100);
	world_bye(w, &t);
	world_hear_code(w, BILOXI, 200);
	world_hear_code(w, BILOXI, 487);
	world_give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(user_changes_key),
		SCENARIO(peer_changes_key),
		SCENARIO(peer_moves_role),
		SCENARIO(answer_cannot_change_a_key),
		SCENARIO(change_to_a_peer_is_signed),
		SCENARIO(another_user_proves_himself),
		SCENARIO(proof_is_not_given_up),
		SCENARIO(proof_takes_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
