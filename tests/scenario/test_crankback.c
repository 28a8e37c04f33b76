/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The next target when one does not take the call: on which answers, after which time, with
 * keys of its own each time; and how many branches may be at once (RFC 3261 sections 16.7 and
 * 21.5.4, RFC 5393; users' #14). Virtual time.
 */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "tests/scenario/world.h"

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
#define SECONDS(n)     ((n)*USEC_PER_SEC)
#define DAVE           "sip:dave@x.test"

static struct config_target targets[2] = {
	{.peer = "trunk", .peer_index = 1, .priority = 1, .weight = 1},
	{.peer = "spare", .peer_index = 2, .priority = 2, .weight = 1},
};
static struct config_route routes[] = {{.domain = "x.test",
	.prefix = "",
	.from = "",
	.peer = "",
	.targets = targets,
	.target_count = 2}};

static int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	w->config.routes = routes;
	w->config.route_count = 1;
	w->peers[1].media = w->peers[2].media = MEDIA_MODE_SDES;
	w->peers[1].media_rules.sdes_without_tls = true;
	w->peers[2].media_rules.sdes_without_tls = true;
	return 0;
}

/* The line of our description to who that begins so. */
static void line_of(
	const struct world *w, enum actor who, const char *begin, char *out, size_t size)
{
	struct slice body = w->heard[who].msg->body;
	const char *at = memmem(body.ptr, body.len, begin, strlen(begin));

	if (!at)
		fail_msg("no %s in:\n%.*s", begin, SLICE_ARG(body));
	slice_copy(slice_head(slice_of(at, (size_t)(body.ptr + body.len - at)),
			   slice_find(slice_of(at, (size_t)(body.ptr + body.len - at)), '\r')),
		out, size);
}

/* Alice hears nothing of it but the last word, and gives up then. */
static void forget_call(struct world *w, struct talk *a)
{
	world_forget(w);
	world_cancel(w, a);
	world_forget(w);
	world_pass(w, SECONDS(100));
	world_forget(w);
	world_all_over(w);
}

/* What each answer of the first target means. */
static void which_answers(void **state)
{
	static const struct {
		uint16_t code;
		const char *lines;
		bool goes_on;
		uint16_t heard; /* by alice, when it does not */
	} table[] = {
		{408, "", true, 0},
		{430, "", true, 0},
		{500, "", true, 0},
		{502, "", true, 0},
		{503, "", true, 0},
		{503, "Retry-After: 10\r\n", true, 0},
		{504, "", true, 0},
		{513, "", true, 0},
		/* about the call, not about the target */
		{302, "", false, 480},
		{401, "", false, 403},
		{403, "", false, 403},
		{404, "", false, 404},
		{480, "", false, 480},
		{486, "", false, 486},
		{487, "", false, 487},
		{488, "", false, 488},
		{600, "", false, 600},
		{603, "", false, 603},
	};
	struct world *w = *state;
	struct talk a;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_call(w, &a, ALICE, DAVE);
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
		world_reply(w, TRUNK, table[i].code, table[i].lines, "");
		world_hear_method(w, TRUNK, SIP_METHOD_ACK);
		if (table[i].goes_on) {
			world_hear_method(w, SPARE, SIP_METHOD_INVITE);
			world_hear_nothing(w, ALICE);
		} else {
			world_hear_nothing(w, SPARE);
			world_hear_code(w, ALICE, table[i].heard);
		}
		forget_call(w, &a);
	}
}

/* Users' #14: neither a key nor the name of an association is used for two. */
static void fresh_keys(void **state)
{
	char first[2][200], second[2][200];
	struct world *w = *state;
	unsigned opened;
	struct talk a;

	for (int is_dtls = 0; is_dtls < 2; is_dtls++) {
		const char *begin = is_dtls ? "a=tls-id:" : "a=crypto:1 ";

		w->peers[1].media = w->peers[2].media =
			is_dtls ? MEDIA_MODE_DTLS : MEDIA_MODE_SDES;
		opened = fake_media()->open_count;
		world_call(w, &a, ALICE, DAVE);
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
		line_of(w, TRUNK, begin, first[is_dtls], sizeof(first[0]));
		world_answer(w, TRUNK, 503, NULL);
		world_hear_method(w, TRUNK, SIP_METHOD_ACK);
		world_hear_method(w, SPARE, SIP_METHOD_INVITE);
		line_of(w, SPARE, begin, second[is_dtls], sizeof(second[0]));
		assert_string_not_equal(first[is_dtls], second[is_dtls]);
		assert_int_equal(opened + 2, fake_media()->open_count); /* other ports, too */
		assert_true(fake_media()->sessions[opened].is_closing);
		forget_call(w, &a);
	}
}

/* A target that says nothing has as long as the configuration says; a ringing one has all the
 * time that ringing has. */
static void silence(void **state)
{
	static const unsigned seconds[] = {1, 3, 8, 30};
	struct world *w = *state;
	struct talk a;

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		w->config.limits.target_timeout_s = seconds[i];
		world_call(w, &a, ALICE, DAVE);
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
		world_pass(w, SECONDS(seconds[i]) - 1000);
		world_hear_nothing(w, SPARE);
		world_pass(w, 2000);
		world_hear_method(w, SPARE, SIP_METHOD_INVITE);
		forget_call(w, &a);
	}
	world_call(w, &a, ALICE, DAVE);
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	world_answer(w, TRUNK, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_pass(w, SECONDS(40));
	world_hear_nothing(w, SPARE);
	forget_call(w, &a);
}

/* Nobody can be reached there. */
static void no_connection(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_invite(w, &a, ALICE, DAVE);
	world_hear_code(w, ALICE, 407);
	world_ack_refusal(w, &a);
	w->failing = TRUNK;
	w->send_error_to = SBC_EIO;
	world_invite_again(w, &a, "", world_sdp(ALICE, "actpass", 0, (char[2048]){0}, 2048));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_hear_nothing(w, TRUNK);
	w->send_error_to = 0;
	forget_call(w, &a);
}

/* The last one's word is the caller's. */
static void after_the_last(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_call(w, &a, ALICE, DAVE);
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	world_answer(w, TRUNK, 500, NULL);
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_answer(w, SPARE, 504, NULL);
	world_hear_method(w, SPARE, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 504);
	world_ack_refusal(w, &a);
	world_all_over(w);
}

/* 503 with Retry-After: others come first for so long, a minute at most; when there is nobody
 * else it is asked all the same, since nobody proves that it was the peer that said so. */
static void who_asks_for_rest(void **state)
{
	static const struct {
		const char *lines;
		unsigned seconds; /* that it rests */
	} table[] = {{"Retry-After: 10\r\n", 10}, {"Retry-After: 20 (too much)\r\n", 20},
		{"Retry-After: 7;duration=3600\r\n", 7}, {"Retry-After: 86400\r\n", 60},
		{"Retry-After: soon\r\n", 0}, {"", 0}};
	struct world *w = *state;
	struct talk a;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_call(w, &a, ALICE, DAVE);
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
		world_reply(w, TRUNK, 503, table[i].lines, "");
		world_hear_method(w, TRUNK, SIP_METHOD_ACK);
		world_hear_method(w, SPARE, SIP_METHOD_INVITE);
		world_answer(w, SPARE, 486, NULL);
		world_hear_method(w, SPARE, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, 486);
		world_ack_refusal(w, &a);
		if (table[i].seconds) {
			world_pass(w, SECONDS(table[i].seconds) - 1000);
			world_call(w, &a, ALICE, DAVE);
			world_hear_method(w, SPARE, SIP_METHOD_INVITE);
			world_hear_nothing(w, TRUNK);
			world_answer(w, SPARE, 500, NULL);
			world_hear_method(w, SPARE, SIP_METHOD_ACK);
			world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
			world_answer(w, TRUNK, 486, NULL);
			world_hear_method(w, TRUNK, SIP_METHOD_ACK);
			world_hear_code(w, ALICE, 486);
			world_ack_refusal(w, &a);
			world_pass(w, 2000);
		}
		world_forget(w);
	}
}

/* ---- Max-Breadth ---- */

/* SIP-19: RFC 5393 section 5.3: how many branches at once a request may still become. */
static void breadth(void **state)
{
	static const struct {
		const char *said;
		const char *first;  /* what the first target is given; NULL: none */
		const char *second; /* the second one after the first one's silence; NULL: it is
				     * not called */
	} table[] = {
		{"", "Max-Breadth", "Max-Breadth"}, /* neither has one */
		{"Max-Breadth: 60\r\n", "Max-Breadth: 59\r\n", "Max-Breadth: 1\r\n"},
		{"Max-Breadth: 2\r\n", "Max-Breadth: 1\r\n", "Max-Breadth: 1\r\n"},
		{"Max-Breadth: 1\r\n", "Max-Breadth: 1\r\n", NULL},
	};
	struct world *w = *state;
	struct talk a;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		w->more = table[i].said;
		world_call(w, &a, ALICE, DAVE);
		w->more = NULL;
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
		assert_int_equal(i != 0, world_heard_line(w, TRUNK, table[i].first));
		world_pass(w, SECONDS(9));
		if (table[i].second) {
			world_hear_method(w, SPARE, SIP_METHOD_INVITE);
			assert_int_equal(i != 0, world_heard_line(w, SPARE, table[i].second));
		} else {
			world_hear_nothing(w, SPARE);
			world_hear_nothing(w, ALICE); /* the first one may still answer */
		}
		forget_call(w, &a);
	}
}

/* One after the other is no breadth: the second has all of it, the first being over. */
static void breadth_in_turn(void **state)
{
	struct world *w = *state;
	struct talk a;

	w->more = "Max-Breadth: 1\r\n";
	world_call(w, &a, ALICE, DAVE);
	w->more = NULL;
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	world_answer(w, TRUNK, 503, NULL);
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, SPARE, "Max-Breadth: 1\r\n"));
	forget_call(w, &a);
}

static void breadth_is_refused(void **state)
{
	static const struct {
		const char *lines;
		uint16_t code;
	} table[] = {{"Max-Breadth: 0\r\n", 440}, {"Max-Breadth: -1\r\n", 400},
		{"Max-Breadth: x\r\n", 400}, {"Max-Breadth: 99999999999\r\n", 400},
		{"Max-Breadth: 1\r\nMax-Breadth: 2\r\n", 400}};
	struct world *w = *state;
	struct talk a;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		w->more = table[i].lines;
		world_invite(w, &a, ALICE, DAVE);
		world_hear_code(w, ALICE, table[i].code);
	}
	world_hear_nothing(w, TRUNK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(which_answers),
		SCENARIO(fresh_keys),
		SCENARIO(silence),
		SCENARIO(no_connection),
		SCENARIO(after_the_last),
		SCENARIO(who_asks_for_rest),
		SCENARIO(breadth),
		SCENARIO(breadth_in_turn),
		SCENARIO(breadth_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
