/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is calling: digest for our own users, Identity for the neighbour's, and what each
 * doubt is answered with (STANDARDS section 8). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "tests/scenario/world.h"

#define TO_BOB "sip:bob@atlanta.test"

/* The phrase is part of the answer (STANDARDS section 8). */
static void hear_refusal(struct world *w, uint16_t code, const char *phrase)
{
	const struct sip_msg *msg = world_hear_code(w, BILOXI, code);

	if (!slice_equal(msg->reason, slice_str(phrase)))
		fail_msg("%u %.*s", code, SLICE_ARG(msg->reason));
}

static void give_certificate(struct world *w)
{
	struct http_get_result result = {.url = slice_str(w->fetch_url),
		.body = buf_slice(&w->biloxi_certificate),
		.max_age_s = 3600};

	sbc_fetched(w->sbc, &result, w->now);
	world_pass(w, 0);
}

/* Verified after one fetch; the next call needs none. */
static void signed_caller_gets_through(void **state)
{
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	world_hear_nothing(w, BOB); /* nobody rings before the proof */
	assert_int_equal(1, w->fetch_count);
	assert_string_equal("https://biloxi.test/cert", w->fetch_url);
	give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_int_equal(1, w->fetch_count);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(2, counters.identity_verified);
}

/* ID8224-43, RSP-438, NEG-4: the fingerprint was changed after signing. */
static void changed_fingerprint(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 1);
	world_hear_code(w, BILOXI, 100);
	if (w->fetch_count)
		give_certificate(w);
	hear_refusal(w, 438, "Invalid Identity Header");
	world_hear_nothing(w, BOB);
	assert_int_equal(0, fake_media()->open_count);
	assert_non_null(strstr(w->records.data, "\"outcome\":\"refused\""));
}

#define ISUP                                                                                   \
	"Content-Type: application/isup;version=itu-t92+\r\n"                                  \
	"Content-Disposition: signal;handling=optional\r\n\r\n\x01\x02\x03"

/* MKY-7: the description is one part of several; mky is held against its fingerprints. The
 * answer comes in parts as well, and the other parts stay behind. */
static void body_of_several_parts(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	w->part = ISUP;
	world_invite_signed(w, &t, TO_BOB, 1);
	world_hear_code(w, BILOXI, 100);
	if (w->fetch_count)
		give_certificate(w);
	world_hear_code(w, BILOXI, 438);
	world_hear_nothing(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(slice_equal(w->heard[BOB].msg->content_type, SLICE("application/sdp")));
	assert_true(slice_starts(w->heard[BOB].msg->message_body, SLICE("v=0\r\n")));
	world_answer(w, BOB, 200, "active");
	world_hear_code(w, BILOXI, 200);
	assert_true(slice_starts(w->heard[BILOXI].msg->message_body, SLICE("v=0\r\n")));
}

/* MKY-7: a part that must be understood, and is not. */
static void part_that_must_be_understood(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	w->part = "Content-Type: application/isup\r\n\r\n\x01";
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 415);
	assert_true(sip_msg_lists_token(w->heard[BILOXI].msg, "Accept", "multipart/mixed"));
	world_hear_nothing(w, BOB);
}

/* ID4474-30, RSP-428, I1: nothing signed at all. */
static void missing_identity(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_invite(w, &t, BILOXI, TO_BOB);
	world_hear_code(w, BILOXI, 100);
	hear_refusal(w, 428, "Use Identity Header");
	world_hear_nothing(w, BOB);
}

/* RSP-436. */
static void certificate_cannot_be_had(void **state)
{
	struct world *w = *state;
	struct http_get_result result = {.err = SBC_EPEER, .why = "connection refused"};
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	result.url = slice_str(w->fetch_url);
	sbc_fetched(w->sbc, &result, w->now);
	hear_refusal(w, 436, "Bad Identity Info");
	world_hear_nothing(w, BOB);
}

static void url_is_not_fetched_from(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->is_fetch_refused = true;
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 436);
}

/* RSP-437, ID8224-39: it is a certificate, but not of who is calling. */
static void anothers_certificate(void **state)
{
	struct world *w = *state;
	struct http_get_result result = {
		.body = buf_slice(&w->own_certificate), .max_age_s = 3600};
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	result.url = slice_str(w->fetch_url);
	sbc_fetched(w->sbc, &result, w->now);
	hear_refusal(w, 437, "Unsupported Credential");
	world_hear_nothing(w, BOB);
}

/* Media is by DTLS here: a description whose key cannot be checked is 488, whoever sends it,
 * and nobody rings. */
static void keys_that_cannot_be_checked(void **state)
{
	static const char *const lines[] = {"", "a=fingerprint:sha-3 00:11\r\n",
		"a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n",
		"a=fingerprint:sha-256 00:11\r\n"};
	struct world *w = *state;
	char sdp[1024];
	struct talk t;

	world_register(w, BOB);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(sdp, sizeof(sdp),
			"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
			"t=0 0\r\nm=audio 30000 UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\n"
			"a=setup:actpass\r\n%s",
			lines[i]);
		w->sdp[ALICE] = sdp;
		world_call_refused(w, &t, ALICE, TO_BOB, 488);
		world_ack(w, &t);
		world_hear_nothing(w, BOB);
	}
	assert_int_equal(0, fake_media()->open_count);
}

/* The wrong thing behind the URL is a credential that is not supported (ID8224-39). */
static void rubbish_certificate(void **state)
{
	struct world *w = *state;
	struct http_get_result result = {.body = SLICE("<html>no</html>"), .max_age_s = 60};
	const struct sip_msg *msg;
	struct talk t;

	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	result.url = slice_str(w->fetch_url);
	sbc_fetched(w->sbc, &result, w->now);
	msg = world_hear(w, BILOXI);
	assert_true(msg->status == 436 || msg->status == 437);
}

/* Two calls wait for the same certificate: both go on. */
static void two_wait_for_one_certificate(void **state)
{
	struct world *w = *state;
	struct talk one, two;

	world_register(w, BOB);
	world_invite_signed(w, &one, TO_BOB, 0);
	world_invite_signed(w, &two, TO_BOB, 0);
	world_forget(w);
	give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
}

/* CANCEL while the certificate is fetched: 487, and the result finds nobody. */
static void cancel_during_fetch(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	world_cancel(w, &t);
	world_hear_code(w, BILOXI, 200);
	world_hear_code(w, BILOXI, 487);
	give_certificate(w);
	world_hear_nothing(w, BOB);
}

/* Says the last message again with one piece of it changed (same length). */
static void say_again(struct world *w, enum actor who, const char *from, const char *to)
{
	char *at = memmem(w->said.data, w->said.len, from, strlen(from));

	assert_int_equal(strlen(from), strlen(to));
	while (at) {
		memcpy(at, to, strlen(to));
		at = memmem(at, w->said.len - (size_t)(at - w->said.data), from, strlen(from));
	}
	world_say_slice(w, who, buf_slice(&w->said));
}

/* I5, ID8224-31, RSP-403, NEG-3: a signature that was seen already, under another Call-ID. */
static void replayed(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_forget(w);
	w->said.data[w->said.len] = '\0';
	memcpy(strstr(w->said.data, "z9hG4bK-s"), "z9hG4bK-r", 9);
	say_again(w, BILOXI, "Call-ID: call", "Call-ID: CALL");
	world_hear_code(w, BILOXI, 100);
	hear_refusal(w, 403, "Replayed Identity");
	world_hear_nothing(w, BOB);
}

/* ID8224-41, RSP-403: it was fresh when it came, but the certificate took too long. */
static void stale_signature(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	w->wall_start_s += 61;
	give_certificate(w);
	hear_refusal(w, 403, "Stale Date");
	world_hear_nothing(w, BOB);
}

/* ---- our own users ---- */

static void stranger_is_refused(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_invite(w, &t, STRANGER, TO_BOB);
	world_hear_code(w, STRANGER, 403);
	world_hear_nothing(w, BOB);
}

/* ID4474-2, ID8224-11: From says alice, but nobody proved it: challenged, from whatever
 * place it comes. */
static void own_domain_is_always_challenged(void **state)
{
	struct world *w = *state;

	world_say(w, BILOXI,
		"INVITE sip:bob@atlanta.test SIP/2.0\r\n"
		"Via: SIP/2.0/TLS 127.0.0.12;branch=z9hG4bKown\r\nMax-Forwards: 70\r\n"
		"From: <sip:alice@atlanta.test>;tag=1\r\nTo: <sip:bob@atlanta.test>\r\n"
		"Call-ID: own\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.12>\r\n"
		"Content-Length: 0\r\n\r\n");
	world_hear_code(w, BILOXI, 407);
}

/* Right password, somebody else's From: 403. */
static void user_claims_another(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_invite(w, &t, ALICE, TO_BOB);
	world_hear_code(w, ALICE, 407);
	world_say(w, ALICE,
		"INVITE sip:bob@atlanta.test SIP/2.0\r\n"
		"Via: SIP/2.0/TLS 127.0.0.10;branch=z9hG4bKclaim\r\nMax-Forwards: 70\r\n"
		"From: <sip:bob@atlanta.test>;tag=1\r\nTo: <sip:bob@atlanta.test>\r\n"
		"Call-ID: claim\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.10>\r\n"
		"Proxy-Authorization: Digest username=\"alice\", realm=\"atlanta.test\", "
		"nonce=\"x\", uri=\"sip:bob@atlanta.test\", "
		"response=\"00000000000000000000000000000000\", "
		"algorithm=MD5, cnonce=\"1\", qop=auth, nc=00000001\r\n"
		"Content-Length: 0\r\n\r\n");
	world_hear_code(w, ALICE, 403);
}

/* No transit: a peer's users reach ours and nobody else's. */
static void no_transit(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_invite_signed(w, &t, "sip:dave@biloxi.test", 0);
	world_hear_code(w, BILOXI, 100);
	give_certificate(w);
	world_hear_code(w, BILOXI, 403);
}

/* Towards the peer: signed, with our own key in mky, From and To without ports. */
static void call_to_the_peer_is_signed(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	world_call(w, &t, ALICE, "sip:carol@biloxi.test");
	msg = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(sip_msg_header(msg, "Identity", 0).len > 0);
	assert_true(sip_msg_header(msg, "Date", 0).len > 0);
	assert_true(slice_equal(msg->from.uri.raw, SLICE("sip:alice@atlanta.test")));
	assert_true(slice_equal(msg->to.uri.raw, SLICE("sip:carol@biloxi.test")));
	assert_true(slice_equal(msg->request_uri.raw, SLICE("sip:carol@biloxi.test")));
	world_answer(w, BILOXI, 438, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 438);
}

/* ID4474-5, ID8224-12: the caller's Date is not ours to sign. ID8224-19: what came in does not
 * go on. ID4474-10, ID4474-3: what is signed has a length, and no name for display. */
static void only_what_is_ours_is_signed(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->more = "Date: Thu, 21 Feb 2002 13:02:03 GMT\r\n"
		  "Identity: \"AAAA\"\r\nIdentity-Info: <https://evil.test/>\r\n"
		  "Identity: a.b.c;info=<https://evil.test/>\r\n";
	world_call(w, &t, ALICE, "sip:carol@biloxi.test");
	msg = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(slice_starts(sip_msg_header(msg, "Identity", 0), SLICE("eyJ")));
	assert_int_equal(0, sip_msg_header(msg, "Identity", 1).len);
	assert_int_equal(0, sip_msg_header(msg, "Identity-Info", 0).len);
	assert_true(slice_starts(sip_msg_header(msg, "Date", 0), SLICE("Mon, 24 Nov 2025 ")));
	assert_int_equal(0, sip_msg_header(msg, "Date", 1).len);
	assert_true(sip_msg_header(msg, "Content-Length", 0).len > 1);
	assert_true(slice_starts(msg->from.raw, SLICE("<sip:alice@atlanta.test>")));
}

/* BR-3: what is told and signed to one side is our own key, not the other side's. ID8224-20: a
 * signature that is refused is not tried again; whoever called hears of it. */
static void refused_signature_is_final(void **state)
{
	static const uint16_t codes[] = {403, 428, 436, 437, 438};
	struct world *w = *state;
	struct talk t;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		world_call(w, &t, ALICE, "sip:carol@biloxi.test");
		world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
		assert_true(world_heard_body(w, BILOXI, "a=fingerprint:"));
		assert_false(world_heard_body(w, BILOXI, world_fingerprint[ALICE]));
		world_answer(w, BILOXI, codes[i], NULL);
		world_hear_method(w, BILOXI, SIP_METHOD_ACK);
		assert_true(world_hear(w, ALICE)->status >= 400);
		world_ack(w, &t);
		world_pass(w, 40 * USEC_PER_SEC);
		world_hear_nothing(w, BILOXI);
	}
}

/* ID4474-48: nobody answers an ACK. ID8224-46: nor is a response judged by what it brings. */
static void neither_ack_nor_response_is_judged(void **state)
{
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, TO_BOB);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	w->more = "Identity: garbage\r\n";
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_ack(w, &t);
	world_pass(w, 40 * USEC_PER_SEC);
	world_hear_nothing(w, ALICE);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_now);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(signed_caller_gets_through),
		SCENARIO(changed_fingerprint),
		SCENARIO(body_of_several_parts),
		SCENARIO(part_that_must_be_understood),
		SCENARIO(missing_identity),
		SCENARIO(certificate_cannot_be_had),
		SCENARIO(url_is_not_fetched_from),
		SCENARIO(anothers_certificate),
		SCENARIO(keys_that_cannot_be_checked),
		SCENARIO(rubbish_certificate),
		SCENARIO(two_wait_for_one_certificate),
		SCENARIO(cancel_during_fetch),
		SCENARIO(replayed),
		SCENARIO(stale_signature),
		SCENARIO(stranger_is_refused),
		SCENARIO(own_domain_is_always_challenged),
		SCENARIO(user_claims_another),
		SCENARIO(no_transit),
		SCENARIO(call_to_the_peer_is_signed),
		SCENARIO(only_what_is_ours_is_signed),
		SCENARIO(refused_signature_is_final),
		SCENARIO(neither_ack_nor_response_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
