/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An established call as one value: out of one core, into another one that takes its place, and
 * on it goes there (RFC 3261 section 12.2, RFC 4028 section 10, RFC 3264 section 8). Virtual
 * time.
 */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

/* What an export said. */
struct told {
	struct world *w;
	unsigned count;
	int err;
	uint64_t call;
	struct buf value;
};

static void on_exported(uint64_t call, int err, struct slice value, void *arg)
{
	struct told *told = arg;

	told->count++;
	told->err = err;
	told->call = call;
	buf_reset(&told->value);
	assert_int_equal(0, buf_put_slice(&told->value, value));
}

static void told_init(struct told *told, struct world *w)
{
	*told = (struct told){.w = w};
	buf_init(&told->value, SBC_CALL_STATE_MAX);
}

/* The call of that number, as a value. */
static void export(struct told *told, uint64_t number)
{
	struct world *w = told->w;

	told->count = 0;
	assert_int_equal(0, sbc_export_call(w->sbc, number, on_exported, told, w->now));
	assert_int_equal(0, told->count); /* never from within */
	world_pass(w, 0);
	assert_int_equal(1, told->count);
	assert_int_equal(0, told->err);
	assert_int_equal(number, told->call);
}

/* Another core in the place of the first, which forgot the call without a word. */
static uint64_t move(struct told *told)
{
	struct world *w = told->w;
	uint64_t number = 0;

	world_remake(w);
	world_forget(w);
	fake_media()->close_count++; /* its session went with it */
	assert_int_equal(0, sbc_import_call(w->sbc, buf_slice(&told->value), w->now, &number));
	assert_int_equal(1, number);
	world_hear_nothing(w, ALICE);
	world_hear_nothing(w, BOB);
	return number;
}

/* Out, in, and out again: nothing was lost on the way. */
static void move_whole(struct told *told)
{
	struct told again;

	export(told, 1);
	move(told);
	told_init(&again, told->w);
	export(&again, 1);
	assert_int_equal(told->value.len, again.value.len);
	assert_memory_equal(told->value.data, again.value.data, again.value.len);
	buf_fini(&again.value);
}

static unsigned version_of(const struct world *w, enum actor who)
{
	struct slice body = w->heard[who].msg->body;
	const char *at = memmem(body.ptr, body.len, "o=- ", 4);
	unsigned long long session;
	unsigned version;

	assert_non_null(at);
	assert_int_equal(2, sscanf(at, "o=- %llu %u ", &session, &version));
	return version;
}

/* One side puts the other on hold, or takes it back. The version of what the other is told. */
static unsigned change(struct world *w, struct talk *from, enum actor to, const char *word)
{
	unsigned version;

	world_request(w, from, "INVITE", "", world_offer(from->who, "a=sendrecv", word));
	world_hear_code(w, from->who, 100);
	world_hear_method(w, to, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, to, word));
	version = version_of(w, to);
	world_reply(w, to, 200, "", world_offer(to, NULL, NULL));
	world_hear_method(w, to, SIP_METHOD_ACK);
	world_hear_code(w, from->who, 200);
	world_ack(w, from);
	return version;
}

static void changes_both_ways_and_ends(void **state)
{
	struct world *w = *state;
	struct told told;
	struct talk a, b;
	uint32_t cseq;

	world_connected(w, &a);
	world_callee(w, &b, BOB);
	assert_int_equal(2, change(w, &a, BOB, "a=sendonly"));
	cseq = w->heard[BOB].msg->cseq;
	told_init(&told, w);
	move_whole(&told);
	/* The room got the session back on the ports that both ends know. */
	assert_int_equal(1, fake_media()->restored_count);
	assert_int_equal(20000, fake_media()->restored[0].port[MEDIA_SIDE_A]);
	assert_int_equal(20002, fake_media()->restored[0].port[MEDIA_SIDE_B]);
	assert_true(fake_media()->restored[0].sides[MEDIA_SIDE_B].is_gate_open);
	/* Numbers and versions count on; what the ends are told is what they were told. */
	assert_int_equal(3, change(w, &a, BOB, "a=inactive"));
	assert_int_equal(cseq + 1, w->heard[BOB].msg->cseq); /* of the ACK: the INVITE's */
	assert_int_equal(2, change(w, &b, ALICE, "a=sendonly"));
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
	buf_fini(&told.value);
}

static void the_caller_ends_it(void **state)
{
	struct world *w = *state;
	struct told told;
	struct talk a;

	world_connected(w, &a);
	told_init(&told, w);
	move_whole(&told);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
	buf_fini(&told.value);
}

/* A peer's call with its verdict: what proved the first key guards the next one. */
static void a_verdict_goes_with_it(void **state)
{
	struct world *w = *state;
	struct told told;
	struct talk t;
	char sdp[2048];

	world_connected_peer(w, &t);
	told_init(&told, w);
	move_whole(&told);
	world_request(w, &t, "UPDATE", "", world_sdp(BILOXI, "actpass", 0, sdp, sizeof(sdp)));
	world_hear_code(w, BILOXI, 200);
	world_request(w, &t, "UPDATE", "", world_sdp(BILOXI, "actpass", 1, sdp, sizeof(sdp)));
	world_hear_code(w, BILOXI, 428);
	buf_fini(&told.value);
}

/* Keys out of descriptions: said again, they go on; others are refused (RFC 4568 7.1.4). */
static void keys_go_with_it(void **state)
{
#define SDES                                                                                   \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"            \
	"m=audio 4000 RTP/SAVP 0\r\na=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:"
	static const char same[] = SDES "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n";
	static const char other[] = SDES "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n";
	struct world *w = *state;
	const struct media_remote *remote;
	struct told told;
	struct talk a;

	w->users[0].media = MEDIA_MODE_SDES;
	w->sdp[ALICE] = same;
	world_connected(w, &a);
	told_init(&told, w);
	move_whole(&told);
	remote = &fake_media()->restored[0].sides[MEDIA_SIDE_A].remote;
	assert_int_equal(MEDIA_KEYING_SDES, remote->keying);
	assert_int_equal(1, remote->peers.key[1]);
	world_request(w, &a, "INVITE", "", other);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 488);
	world_ack_refusal(w, &a);
	world_request(w, &a, "INVITE", "", same);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	buf_fini(&told.value);
}

/* RFC 4028: the interval is the dialog's, whoever has it. */
static void a_session_ends_in_its_time(void **state)
{
	struct world *w = *state;
	struct told told;
	struct talk a;

	w->config.limits.session_expires_s = 1800;
	w->config.limits.session_min_s = 120;
	w->more = "Supported: timer\r\n";
	world_connected(w, &a);
	w->more = NULL;
	told_init(&told, w);
	world_pass(w, SECONDS(800));
	move_whole(&told);
	/* Each leg is refreshed by us where its end is not to, half-way at 900 s. */
	world_pass(w, SECONDS(99));
	world_hear_nothing(w, BOB);
	world_pass(w, SECONDS(2));
	assert_true(world_hears(w, BOB));
	/* Nobody answers: it is over when it would have been over there. */
	world_forget(w);
	world_pass(w, SECONDS(1800 - 901));
	assert_true(world_hears(w, BOB));
	buf_fini(&told.value);
}

static void what_is_under_way_waits(void **state)
{
	struct world *w = *state;
	struct told told;
	struct talk a;

	told_init(&told, w);
	assert_int_equal(SBC_ENOENT, sbc_export_call(w->sbc, 1, on_exported, &told, w->now));
	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	assert_int_equal(SBC_ESTATE, sbc_export_call(w->sbc, 1, on_exported, &told, w->now));
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &a);
	assert_int_equal(SBC_EAGAIN, sbc_export_call(w->sbc, 1, on_exported, &told, w->now));
	world_ack(w, &a);
	assert_int_equal(0, sbc_export_call(w->sbc, 1, on_exported, &told, w->now));
	assert_int_equal(SBC_EAGAIN, sbc_export_call(w->sbc, 1, on_exported, &told, w->now));
	/* It ends before the room has answered. */
	assert_int_equal(0, told.count);
	world_bye(w, &a);
	assert_int_equal(1, told.count);
	assert_int_equal(SBC_ESTATE, told.err);
	assert_int_equal(0, told.value.len);
	buf_fini(&told.value);
}

static int import(struct world *w, struct slice value)
{
	uint64_t number = 0;
	struct sbc_counters before, after;
	int err;

	sbc_counters(w->sbc, &before);
	err = sbc_import_call(w->sbc, value, w->now, &number);
	sbc_counters(w->sbc, &after);
	assert_int_equal(before.calls_now + !err, after.calls_now);
	assert_int_equal(!err, number != 0);
	return err;
}

static void what_does_not_fit_is_refused(void **state)
{
	struct world *w = *state;
	struct told told;
	struct slice value;
	struct talk a;

	world_connected(w, &a);
	told_init(&told, w);
	export(&told, 1);
	value = buf_slice(&told.value);
	assert_int_equal(SBC_ESTATE, import(w, value)); /* it is here */
	world_remake(w);
	for (size_t len = 0; len < value.len; len += 1 + len / 64)
		assert_int_equal(SBC_EPARSE, import(w, slice_head(value, len)));
	told.value.data[3]++;
	assert_int_equal(SBC_EPARSE, import(w, value)); /* another version */
	told.value.data[3]--;
	w->config.user_count = 1;
	world_remake(w);
	assert_int_equal(SBC_ENOENT, import(w, value)); /* nobody knows bob */
	w->config.user_count = 2;
	w->config.listener_count = 1;
	world_remake(w);
	assert_int_equal(SBC_ENOENT, import(w, value)); /* nor is there a way to him */
	w->config.listener_count = 2;
	world_remake(w);
	fake_media()->open_error = SBC_ELIMIT;
	assert_int_equal(SBC_ELIMIT, import(w, value)); /* somebody has the ports */
	fake_media()->open_error = 0;
	fake_media()->restore_error = SBC_EAGAIN;
	assert_int_equal(SBC_EAGAIN, import(w, value));
	fake_media()->restore_error = 0;
	world_pass(w, 0);
	assert_int_equal(0, import(w, value));
	assert_int_equal(SBC_ESTATE, import(w, value));
	buf_fini(&told.value);
}

static void without_memory_nothing_stays(void **state)
{
	struct world *w = *state;
	struct told told;
	struct talk a;
	int err = SBC_ENOMEM;

	world_connected(w, &a);
	told_init(&told, w);
	export(&told, 1);
	world_remake(w);
	for (long n = 0; err; n++) {
		mem_fail_after(n);
		err = import(w, buf_slice(&told.value));
		mem_fail_after(-1);
		assert_true(n < 500 && (!err || err == SBC_ENOMEM));
		world_pass(w, 0);
	}
	buf_fini(&told.value);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(changes_both_ways_and_ends),
		WORLD(the_caller_ends_it),
		WORLD(a_verdict_goes_with_it),
		WORLD(keys_go_with_it),
		WORLD(a_session_ends_in_its_time),
		WORLD(what_is_under_way_waits),
		WORLD(what_does_not_fit_is_refused),
		WORLD(without_memory_nothing_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
