/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The room under load: four loops, many sessions, each made, changed and ended while the
 * others talk. The phones have a thread of their own, so that nothing waits for anything; it
 * is what the thread sanitizer is to look at. Every packet is accounted for: it came out at
 * the other phone, or a counter of the room says why not.
 */

#include "tests/cmocka_first.h"

#include "tests/unit/media/room.h"

#define LOOPS       4
#define SLOTS       32  /* sessions at a time */
#define LIVES       3   /* sessions of a slot, one after the other */
#define HALF        120 /* packets each way before something changes, and again after it */
#define WINDOW      6   /* packets under way in a direction: less than a socket's buffer */
#define RTCP_EVERY  16
#define LOSS_MAX    10 /* windows that a change may cost a direction */
#define GIVE_UP     (20 * USEC_PER_MS)
#define ALL_IN_TIME (50 * USEC_PER_SEC)

enum kind {
	STEADY,       /* asked for its counters and its state, no more */
	MOVE,         /* a phone goes to another address; STEADY where sockets are connected */
	REKEY,        /* SDES, other keys */
	GATE,         /* shut for a while */
	OTHER_KEYING, /* a handshake's keys, then keys of descriptions */
	ABRUPT,       /* ended while packets fly */
	KINDS,
};

enum stage { FREE, SECURING, TALKING, CHANGED, DRAINING, CLOSING, OVER };

/* One side's traffic. */
struct flow {
	unsigned sent;
	unsigned given_up; /* windows' packets that nobody waits for any more */
	unsigned losses;
	usec_t sent_at;
};

struct slot {
	uv_mutex_t lock; /* of all below, between the phones' thread and this one */
	enum stage stage;
	enum kind kind;
	unsigned lives;
	struct phone phones[2];
	int old_fd; /* where a phone was before it moved; -1: nowhere */
	struct flow flows[2];
	struct media_opened opened;
	unsigned mark[2]; /* received when it changed */
	bool is_reopened;
	struct heard heard;
};

static struct slot slots[SLOTS];
static struct {
	uv_mutex_t lock;
	bool is_over;
} traffic;

/* The first thing that was not so. A test that left at once would leave its thread behind. */
static const char *fault;

#define TEXT(number)   #number
#define LINE(number)   TEXT(number)
#define EXPECT(wanted) (fault = fault || (wanted) ? fault : LINE(__LINE__) ": " #wanted)

/* ---- the phones' thread ---- */

static unsigned arrived(const struct phone *phone)
{
	const struct phone_line *line = &phone->rtp;

	return line->rtp_received + line->rtcp_received + line->not_verified;
}

static void send_some(struct slot *s, enum media_side side)
{
	struct flow *flow = &s->flows[side];
	usec_t now = clock_monotonic_us();
	int under_way = (int)(flow->sent - arrived(&s->phones[!side]) - flow->given_up);

	if (under_way >= WINDOW && s->stage == CHANGED && flow->losses < LOSS_MAX &&
		now - flow->sent_at > GIVE_UP) {
		flow->given_up += (unsigned)under_way;
		flow->losses++;
		under_way = 0;
	}
	for (; under_way < WINDOW; under_way++) {
		if (flow->sent % RTCP_EVERY)
			phone_send_rtp(&s->phones[side]);
		else
			phone_send_rtcp(&s->phones[side]);
		flow->sent++;
		flow->sent_at = now;
	}
}

static void step(struct slot *s)
{
	if (s->stage == FREE || s->stage == OVER)
		return;
	if (s->old_fd >= 0) {
		int fd = s->phones[A].rtp.fd;

		s->phones[A].rtp.fd = s->old_fd;
		phone_step(&s->phones[A]);
		s->phones[A].rtp.fd = fd;
	}
	for (int side = 0; side < 2; side++)
		phone_step(&s->phones[side]);
	for (int side = 0; side < 2 && (s->stage == TALKING || s->stage == CHANGED); side++)
		send_some(s, (enum media_side)side);
}

static bool is_over(void)
{
	bool over;

	uv_mutex_lock(&traffic.lock);
	over = traffic.is_over;
	uv_mutex_unlock(&traffic.lock);
	return over;
}

static void run_phones(void *arg)
{
	(void)arg;
	while (!is_over()) {
		for (unsigned i = 0; i < SLOTS; i++) {
			uv_mutex_lock(&slots[i].lock);
			step(&slots[i]);
			uv_mutex_unlock(&slots[i].lock);
		}
		uv_sleep(0);
	}
}

/* ---- the signalling's ---- */

static void on_slot_event(const struct media_event *ev, void *arg)
{
	(void)arg;
	on_event(ev, &slots[ev->cookie].heard);
}

static void tell_remote(struct slot *s, enum media_side side)
{
	struct media_remote remote = remote_of(&s->phones[side]);

	EXPECT(0 == media_set_remote(w.media, s->opened.id, side, &remote));
}

static void begin(struct slot *s)
{
	static const enum media_keying keying[KINDS][2] = {
		[STEADY] = {MEDIA_KEYING_DTLS, MEDIA_KEYING_DTLS},
		[MOVE] = {MEDIA_KEYING_SDES, MEDIA_KEYING_DTLS},
		[REKEY] = {MEDIA_KEYING_SDES, MEDIA_KEYING_SDES},
		[GATE] = {MEDIA_KEYING_DTLS, MEDIA_KEYING_NONE},
		[OTHER_KEYING] = {MEDIA_KEYING_DTLS, MEDIA_KEYING_SDES},
		[ABRUPT] = {MEDIA_KEYING_SDES, MEDIA_KEYING_NONE},
	};
	struct media_open_request request = {.cookie = (uint64_t)(s - slots)};
	int err;

	memset(&s->heard, 0, sizeof(s->heard));
	memset(s->flows, 0, sizeof(s->flows));
	s->is_reopened = false;
	s->kind = (enum kind)((unsigned)(s - slots) + s->lives) % KINDS;
	/* The system drops, uncounted, what comes from elsewhere to a connected socket. */
	if (s->kind == MOVE && w.config.want_connected)
		s->kind = STEADY;
	err = media_open(w.media, &request, &s->opened);
	if (err == SBC_ELIMIT || err == SBC_EIO) /* ports of another test: in the next turn */
		return;
	EXPECT(0 == err);
	for (int side = 0; side < 2; side++) {
		struct phone *phone = &s->phones[side];

		phone_init(phone, side ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT, true);
		phone_key(phone, keying[s->kind][side], PROFILE);
		EXPECT(0 == media_set_gate(w.media, s->opened.id, (enum media_side)side, true));
		tell_remote(s, (enum media_side)side);
		phone_start(phone, &s->opened.local[side]);
	}
	s->stage = SECURING;
}

static void ask(struct slot *s)
{
	s->heard.counters = 0;
	EXPECT(0 == media_ask_counters(w.media, s->opened.id));
}

static bool is_secured(const struct slot *s)
{
	for (int side = 0; side < 2; side++) {
		if (!s->heard.secured[side] || (s->phones[side].keying == MEDIA_KEYING_DTLS &&
						       !phone_is_done(&s->phones[side])))
			return false;
	}
	return true;
}

static bool has_heard(const struct slot *s, unsigned a, unsigned b)
{
	return s->phones[A].rtp.rtp_received >= a && s->phones[B].rtp.rtp_received >= b;
}

static void give_other_keys(struct slot *s, enum media_side side)
{
	struct phone *phone = &s->phones[side];

	if (phone->keying != MEDIA_KEYING_SDES)
		phone_key(phone, MEDIA_KEYING_SDES, PROFILE);
	memset(&phone->mine, 0x31 + side, sizeof(phone->mine));
	memset(&phone->ours, 0x41 + side, sizeof(phone->ours));
	crypto_context_rekey(phone->rtp.in, phone->profile, &phone->ours);
	crypto_context_rekey(phone->rtp.out, phone->profile, &phone->mine);
	tell_remote(s, side);
}

static void change(struct slot *s)
{
	for (int side = 0; side < 2; side++)
		s->mark[side] = s->phones[side].rtp.rtp_received;
	s->stage = CHANGED;
	switch (s->kind) {
	case STEADY:
		EXPECT(0 == media_ask_state(w.media, s->opened.id));
		break;
	case MOVE:
		s->old_fd = s->phones[A].rtp.fd;
		s->phones[A].rtp.fd = bind_local(&s->phones[A].rtp.local);
		EXPECT(s->phones[A].rtp.fd >= 0);
		tell_remote(s, A);
		break;
	case REKEY:
		give_other_keys(s, A);
		give_other_keys(s, B);
		break;
	case GATE:
		EXPECT(0 == media_set_gate(w.media, s->opened.id, B, false));
		break;
	case OTHER_KEYING:
		give_other_keys(s, A);
		break;
	case ABRUPT:
		media_close(w.media, s->opened.id);
		s->stage = CLOSING;
		return;
	case KINDS:
		break;
	}
	ask(s);
}

/* Only once it has cost something. */
static void reopen(struct slot *s)
{
	if (s->heard.count[A].dropped_gate + s->heard.count[B].dropped_gate) {
		EXPECT(0 == media_set_gate(w.media, s->opened.id, B, true));
		s->is_reopened = true;
	} else {
		ask(s);
	}
}

static void go_on(struct slot *s)
{
	if (!s->heard.counters)
		return;
	if (s->kind == GATE && !s->is_reopened)
		reopen(s);
	else if (has_heard(s, s->mark[A] + HALF, s->mark[B] + HALF)) {
		s->stage = DRAINING;
		ask(s);
	}
}

static uint64_t received(const struct media_counters *c)
{
	return c->rtp_received + c->rtcp_received;
}

static uint64_t relayed(const struct media_counters *c)
{
	return c->rtp_relayed + c->rtcp_relayed;
}

static uint64_t dropped(const struct media_counters *c)
{
	return c->dropped_gate + c->dropped_auth + c->dropped_replay + c->dropped_malformed +
	       c->dropped_source + c->dropped_send;
}

static void drain(struct slot *s)
{
	if (!s->heard.counters)
		return;
	for (int side = 0; side < 2; side++) {
		if (received(&s->heard.count[side]) != s->flows[side].sent ||
			relayed(&s->heard.count[side]) != arrived(&s->phones[!side])) {
			ask(s);
			return;
		}
	}
	media_close(w.media, s->opened.id);
	s->stage = CLOSING;
}

static void check(const struct slot *s)
{
	EXPECT(0 == s->heard.failed[A] + s->heard.failed[B]);
	for (int side = 0; side < 2; side++) {
		const struct media_counters *c = &s->heard.count[side];

		EXPECT(received(c) == relayed(c) + dropped(c));
		EXPECT(c->rtp_relayed >= HALF);
		EXPECT(0 == c->dropped_replay + c->dropped_malformed + c->dropped_source +
				    c->dropped_send);
		if (s->kind != ABRUPT)
			EXPECT(s->flows[side].sent == received(c));
		if (s->kind == STEADY || s->kind == MOVE || s->kind == ABRUPT)
			EXPECT(0 == dropped(c));
		if (s->kind != GATE)
			EXPECT(0 == c->dropped_gate);
	}
	if (s->kind == STEADY)
		EXPECT(1 == s->heard.states);
}

static void finish(struct slot *s)
{
	check(s);
	for (int side = 0; side < 2; side++) {
		phone_fini(&s->phones[side]);
		s->phones[side].dtls = NULL;
	}
	if (s->old_fd >= 0)
		close(s->old_fd);
	s->old_fd = -1;
	s->lives++;
	s->stage = s->lives < LIVES ? FREE : OVER;
}

static void advance(struct slot *s)
{
	switch (s->stage) {
	case FREE:
		begin(s);
		break;
	case SECURING:
		if (is_secured(s))
			s->stage = TALKING;
		break;
	case TALKING:
		if (has_heard(s, HALF, HALF))
			change(s);
		break;
	case CHANGED:
		go_on(s);
		break;
	case DRAINING:
		drain(s);
		break;
	case CLOSING:
		if (s->heard.closed)
			finish(s);
		break;
	case OVER:
		break;
	}
}

/* Returns how many slots are over. */
static unsigned advance_all(unsigned *used)
{
	unsigned over = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[i];

		uv_mutex_lock(&s->lock);
		advance(s);
		over += s->stage == OVER;
		if (s->stage == TALKING)
			used[s->opened.id.loop]++;
		uv_mutex_unlock(&s->lock);
	}
	return over;
}

static void talk_all(void)
{
	usec_t end = clock_monotonic_us() + ALL_IN_TIME;
	unsigned used[LOOPS] = {0}, over;
	uv_thread_t thread;

	assert_int_equal(0, media_new(&w.media, &w.config, &w.loop, on_slot_event, NULL));
	assert_int_equal(0, uv_thread_create(&thread, run_phones, NULL));
	do {
		uv_run(&w.loop, UV_RUN_NOWAIT);
		over = advance_all(used);
	} while (!fault && over < SLOTS && clock_monotonic_us() < end);
	uv_mutex_lock(&traffic.lock);
	traffic.is_over = true;
	uv_mutex_unlock(&traffic.lock);
	uv_thread_join(&thread);
	if (fault)
		fail_msg("%s", fault);
	assert_int_equal(SLOTS, over);
	for (unsigned i = 0; i < LOOPS; i++)
		assert_true(used[i] > 0);
}

static void many_sessions_change_while_they_talk(void **state)
{
	(void)state;
	talk_all();
}

/* The plain path, which has no ring, and no connected sockets, so that phones may move. */
static void the_same_without_a_ring(void **state)
{
	(void)state;
	w.config.want_ring = w.config.want_connected = false;
	talk_all();
}

static int set_up_load(void **state)
{
	const unsigned ports = 4 * SLOTS * 2; /* and as many that rest */

	set_up(state);
	w.config.loop_count = LOOPS;
	w.config.session_max = SLOTS + LOOPS;
	w.config.interfaces[0].port_min = find_ports(ports);
	w.config.interfaces[0].port_max =
		(uint16_t)(w.config.interfaces[0].port_min + ports - 1);
	memset(slots, 0, sizeof(slots));
	for (unsigned i = 0; i < SLOTS; i++) {
		slots[i].old_fd = -1;
		uv_mutex_init(&slots[i].lock);
	}
	uv_mutex_init(&traffic.lock);
	traffic.is_over = false;
	fault = NULL;
	return 0;
}

static int tear_down_load(void **state)
{
	tear_down(state);
	for (unsigned i = 0; i < SLOTS; i++) {
		for (int side = 0; side < 2; side++) {
			if (slots[i].phones[side].dtls)
				phone_fini(&slots[i].phones[side]);
		}
		uv_mutex_destroy(&slots[i].lock);
	}
	uv_mutex_destroy(&traffic.lock);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			many_sessions_change_while_they_talk, set_up_load, tear_down_load),
		cmocka_unit_test_setup_teardown(
			the_same_without_a_ring, set_up_load, tear_down_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
