/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCENARIO_TRANSFER_H
#define SCENARIO_TRANSFER_H

/* What scenarios of transfers have in common. After tests/cmocka_first.h. */

#include "tests/scenario/world.h"

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
#define SECONDS(n)     ((n)*USEC_PER_SEC)
#define CAROL          "<sip:carol@biloxi.test>"

/* Both of our users may ask for transfers. */
static inline int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	w->users[0].refer = w->users[1].refer = REFER_CARRY_OUT;
	return 0;
}

static inline const char *sdp_of(enum actor who, const char *from, const char *to)
{
	static char text[2048];

	world_sdp(who, "actpass", 0, text, sizeof(text));
	if (from)
		world_edit(text, sizeof(text), from, to);
	return text;
}

/* Alice and bob talk; b is bob's side of it. */
static inline void join(struct world *w, struct talk *a, struct talk *b)
{
	world_connected(w, a);
	world_callee(w, b, BOB);
}

/* t's side asks, with its password: code is what it hears; 0: nothing yet. */
static inline void ask(struct world *w, struct talk *t, const char *lines, uint16_t code)
{
	w->more = lines;
	world_request(w, t, "REFER", "", "");
	world_hear_code(w, t->who, 407);
	world_request_again(w, t, "REFER", "");
	w->more = NULL;
	if (code)
		world_hear_code(w, t->who, code);
}

/* The next thing that who hears is a NOTIFY about the transfer. */
static inline void hear_notify(
	struct world *w, enum actor who, const char *status, const char *state)
{
	const struct sip_msg *msg = world_hear_method(w, who, SIP_METHOD_NOTIFY);
	char wanted[80];

	assert_true(slice_equal(SLICE("message/sipfrag"), msg->content_type));
	assert_true(world_heard_line(w, who, "Event: refer;id="));
	snprintf(wanted, sizeof(wanted), "Subscription-State: %s", state);
	if (!world_heard_line(w, who, wanted) || !world_heard_body(w, who, status))
		fail_msg("wanted %s, %s:\n%.*s", status, state, SLICE_ARG(w->heard[who].bytes));
	world_reply(w, who, 200, "", "");
}

static inline unsigned calls_now(struct world *w)
{
	struct sbc_counters counters;

	sbc_counters(w->sbc, &counters);
	return (unsigned)counters.calls_now;
}

/* Who hangs up, and the other one hears it. */
static inline void hang_up(struct world *w, struct talk *t, enum actor other)
{
	world_bye(w, t);
	world_hear_code(w, t->who, 200);
	world_hear_method(w, other, SIP_METHOD_BYE);
	world_answer(w, other, 200, NULL);
	world_all_over(w);
}

/* Bob calls carol and both talk; t is his side of it. Its Replaces goes to line. */
static inline void consult(
	struct world *w, struct talk *t, struct talk *c, char *line, size_t size)
{
	world_call(w, t, BOB, "sip:carol@biloxi.test");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_callee(w, c, BILOXI);
	world_hear_code(w, BOB, 200);
	snprintf(line, size,
		"Refer-To: <sip:carol@biloxi.test?Replaces=%s%%3Bto-tag%%3D%.*s%%3Bfrom-tag%%3D"
		"%.*s>\r\n",
		t->call_id, SLICE_ARG(w->heard[BOB].msg->to.tag),
		SLICE_ARG(w->heard[BOB].msg->from.tag));
	world_edit(line, size, "@1%3B", "%401%3B");
	world_learn(w, t);
	world_ack(w, t);
}

#endif
