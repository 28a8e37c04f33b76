/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A timer that ends a call, or sends it elsewhere, leaves a line that names the timer, the leg
 * and what did not come: the answer to "why" afterwards. Virtual time. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

struct fired {
	struct world *w;
	struct log *log;
	int fd;
	char text[512]; /* "b ring_timeout_s", one after the other */
};

static void on_line(enum log_level level, struct slice line, void *arg)
{
	struct fired *f = arg;
	char text[400], leg[4], timer[40];

	(void)level;
	slice_copy(slice_head(line, sizeof(text) - 1), text, sizeof(text));
	if (sscanf(text, "info sbc call.timer call=c%*u leg=%3s timer=%39s why=\"", leg,
		    timer) == 2)
		snprintf(f->text + strlen(f->text), sizeof(f->text) - strlen(f->text),
			"%s%s %s", f->text[0] ? ", " : "", leg, timer);
}

static int setup(void **state)
{
	struct fired *f = mem_alloc(sizeof(*f));
	void *world;

	assert_non_null(f);
	assert_int_equal(0, world_setup(&world));
	f->w = world;
	f->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(0, log_open(&f->log, f->fd, LOG_ERROR));
	log_set_tap(f->log, on_line, f);
	f->w->log = f->log;
	f->w->config.limits.session_expires_s = 1800;
	f->w->config.limits.session_min_s = 120;
	world_remake(f->w);
	world_register(f->w, BOB);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fired *f = *state;
	void *world = f->w;

	world_teardown(&world);
	log_set_tap(f->log, NULL, NULL);
	log_close(f->log);
	close(f->fd);
	mem_free(f);
	return 0;
}

/* Alice's INVITE is with bob; it has no answer yet. */
static void call_bob(struct fired *f, struct talk *t)
{
	world_call(f->w, t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(f->w, BOB, SIP_METHOD_INVITE);
}

static void answer(struct fired *f, struct talk *t, bool is_acknowledged)
{
	world_answer(f->w, BOB, 200, "active");
	world_hear_method(f->w, BOB, SIP_METHOD_ACK);
	world_hear_code(f->w, ALICE, 200);
	world_learn(f->w, t);
	if (is_acknowledged)
		world_ack(f->w, t);
}

static void nobody_answers(void **state)
{
	struct fired *f = *state;
	struct talk t;

	call_bob(f, &t);
	world_answer(f->w, BOB, 180, NULL);
	world_pass(f->w, SECONDS(61));
	assert_string_equal("b ring_timeout_s", f->text);
	world_pass(f->w, SECONDS(64)); /* nor anything to the CANCEL */
	assert_string_equal("b ring_timeout_s, b 64*T1", f->text);
}

/* RFC 3261 section 17.1.1.2. */
static void nothing_is_heard(void **state)
{
	struct fired *f = *state;
	struct talk t;

	call_bob(f, &t);
	world_pass(f->w, SECONDS(31));
	assert_string_equal("", f->text);
	world_pass(f->w, SECONDS(2));
	assert_string_equal("b B", f->text);
}

/* Section 13.3.1.4. */
static void no_ack(void **state)
{
	struct fired *f = *state;
	struct talk t;

	call_bob(f, &t);
	answer(f, &t, false);
	world_pass(f->w, SECONDS(33));
	assert_string_equal("a 64*T1", f->text);
	world_forget(f->w);
	world_pass(f->w, SECONDS(33)); /* nobody answers our BYEs */
	assert_non_null(strstr(f->text, "b F"));
	assert_non_null(strstr(f->text, "a F"));
}

/* RFC 4028 section 10: who promised to refresh did not. */
static void nobody_refreshes(void **state)
{
	struct fired *f = *state;
	struct sbc_counters counters;
	struct talk t;
	char sdp[2048];

	call_bob(f, &t);
	world_reply(f->w, BOB, 200, "Require: timer\r\nSession-Expires: 300;refresher=uas\r\n",
		world_sdp(BOB, "active", 0, sdp, sizeof(sdp)));
	world_hear_method(f->w, BOB, SIP_METHOD_ACK);
	world_hear_code(f->w, ALICE, 200);
	world_learn(f->w, &t);
	world_ack(f->w, &t);
	world_pass(f->w, SECONDS(267));
	assert_string_equal("", f->text);
	world_pass(f->w, SECONDS(2));
	assert_string_equal("b Session-Expires", f->text);
	sbc_counters(f->w->sbc, &counters); /* dialog:expired_dialogs */
	assert_int_equal(1, counters.sessions_expired);
}

/* RFC 3262 section 3. */
static void no_prack(void **state)
{
	struct fired *f = *state;
	struct talk t;
	char sdp[2048];

	world_invite(f->w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_code(f->w, ALICE, 407);
	world_ack_refusal(f->w, &t);
	world_invite_again(f->w, &t, "Require: 100rel\r\n",
		world_sdp(ALICE, "actpass", 0, sdp, sizeof(sdp)));
	world_hear_code(f->w, ALICE, 100);
	world_hear_method(f->w, BOB, SIP_METHOD_INVITE);
	world_answer(f->w, BOB, 180, NULL);
	world_pass(f->w, SECONDS(33));
	assert_non_null(strstr(f->text, "a 64*T1"));
}

/* A change of alice's that bob leaves unanswered: cancelled, then given up. */
static void no_answer_to_a_change(void **state)
{
	struct fired *f = *state;
	struct talk t;
	char sdp[2048];

	call_bob(f, &t);
	answer(f, &t, true);
	world_sdp(ALICE, "actpass", 0, sdp, sizeof(sdp));
	world_edit(sdp, sizeof(sdp), "a=sendrecv", "a=sendonly");
	world_request(f->w, &t, "INVITE", "", sdp);
	world_hear_code(f->w, ALICE, 100);
	world_hear_method(f->w, BOB, SIP_METHOD_INVITE);
	world_answer(f->w, BOB, 180, NULL);
	world_pass(f->w, SECONDS(33));
	assert_string_equal("b 64*T1", f->text);
	world_pass(f->w, SECONDS(33));
	assert_string_equal("b 64*T1, b 64*T1", f->text);
}

static void no_media(void **state)
{
	struct fired *f = *state;
	struct media_event ev = {.type = MEDIA_EVENT_TIMEOUT, .side = MEDIA_SIDE_A};
	struct talk t;

	call_bob(f, &t);
	answer(f, &t, true);
	ev.id = fake_media()->id;
	ev.cookie = fake_media()->cookie;
	sbc_media_event(f->w->sbc, &ev, f->w->now);
	assert_string_equal("a media_timeout_s", f->text);
}

/* A call without trouble leaves none. */
static void none_fires(void **state)
{
	struct fired *f = *state;
	struct talk t;

	call_bob(f, &t);
	answer(f, &t, true);
	world_pass(f->w, SECONDS(100));
	world_bye(f->w, &t);
	world_hear_code(f->w, ALICE, 200);
	world_hear_method(f->w, BOB, SIP_METHOD_BYE);
	world_answer(f->w, BOB, 200, NULL);
	world_pass(f->w, SECONDS(100));
	world_all_over(f->w);
	assert_string_equal("", f->text);
}

#define FIRED(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIRED(nobody_answers),
		FIRED(nothing_is_heard),
		FIRED(no_ack),
		FIRED(nobody_refreshes),
		FIRED(no_prack),
		FIRED(no_answer_to_a_change),
		FIRED(no_media),
		FIRED(none_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
