/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of listeners: kept over reloads, whatever the order of the configuration. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "sbc/listeners.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

struct plan {
	struct config config;
	struct config_listener listeners[LISTENER_MAX];
};

/* "udp 127.0.0.1:5060" beside each other, with blanks between, ends the list. */
static void write_plan(struct plan *plan, const char *text)
{
	struct slice rest = slice_str(text);

	*plan = (struct plan){.config.listeners = plan->listeners};
	while (rest.len) {
		struct config_listener *l = &plan->listeners[plan->config.listener_count++];
		assert_int_equal(0, transport_kind_parse(&l->transport, slice_cut(&rest, ' ')));
		assert_int_equal(
			0, netaddr_parse_hostport(&l->address, slice_cut(&rest, ' '), 5060));
		l->advertised = "";
	}
}

static int plan_next(struct listener_slots *slots, const char *text, usec_t now, char why[128])
{
	static struct plan plan;
	struct listener_slots next;
	int err;

	why[0] = '\0';
	write_plan(&plan, text);
	err = listener_slots_plan(slots, &plan.config, now, &next, why, 128);
	if (!err)
		*slots = next;
	return err;
}

static void expect(const struct listener_slots *slots, unsigned i, enum listener_state state,
	const char *sent)
{
	assert_true(i < slots->count);
	assert_int_equal(state, slots->items[i].state);
	assert_string_equal(sent, slots->items[i].sent_by);
}

#define A "udp 127.0.0.1:5060"
#define B "tcp 127.0.0.1:5060"
#define C "udp 127.0.0.2:5060"

static void numbers_stay(void **state)
{
	struct listener_slots slots = {0};
	char why[128];

	(void)state;
	assert_int_equal(0, plan_next(&slots, A " " B, 0, why));
	expect(&slots, 0, LISTENER_OPEN, "127.0.0.1:5060");
	assert_int_equal(TRANSPORT_TCP, slots.items[1].kind);
	assert_int_equal(1, slots.of[1]);
	/* Another order, one more, one less. */
	assert_int_equal(0, plan_next(&slots, C " " B, SECONDS(5), why));
	expect(&slots, 0, LISTENER_LEAVING, "127.0.0.1:5060");
	assert_int_equal(SECONDS(5), slots.items[0].left_at);
	expect(&slots, 1, LISTENER_OPEN, "127.0.0.1:5060");
	expect(&slots, 2, LISTENER_OPEN, "127.0.0.2:5060");
	assert_int_equal(2, slots.of[0]);
	assert_int_equal(1, slots.of[1]);
	/* It has left for as long as it has. */
	assert_int_equal(0, plan_next(&slots, C " " B, SECONDS(9), why));
	assert_int_equal(SECONDS(5), slots.items[0].left_at);
	/* And comes back. */
	assert_int_equal(0, plan_next(&slots, A " " B, SECONDS(10), why));
	expect(&slots, 0, LISTENER_OPEN, "127.0.0.1:5060");
	expect(&slots, 2, LISTENER_LEAVING, "127.0.0.2:5060");
}

static void free_numbers_are_the_last_resort(void **state)
{
	struct listener_slots slots = {0};
	char text[64], why[128];

	(void)state;
	for (unsigned i = 0; i < LISTENER_MAX; i++) {
		snprintf(text, sizeof(text), "udp 127.0.0.1:%u", 6000 + i);
		assert_int_equal(0, plan_next(&slots, text, 0, why));
		assert_int_equal(i, slots.of[0]);
	}
	assert_int_equal(SBC_ELIMIT, plan_next(&slots, A, 0, why));
	assert_non_null(strstr(why, "more than 16 listeners"));
	expect(&slots, LISTENER_MAX - 1, LISTENER_OPEN, "127.0.0.1:6015");
	slots.items[7].state = LISTENER_NONE; /* nobody used it any more */
	assert_int_equal(0, plan_next(&slots, A, 0, why));
	assert_int_equal(7, slots.of[0]);
	expect(&slots, 7, LISTENER_OPEN, "127.0.0.1:5060");
}

static void another_name_needs_a_restart(void **state)
{
	struct listener_slots slots = {0}, next;
	struct plan plan;
	char why[128];

	(void)state;
	assert_int_equal(0, plan_next(&slots, A, 0, why));
	write_plan(&plan, A);
	plan.listeners[0].advertised = "sbc.example.com";
	assert_int_equal(SBC_EINVAL,
		listener_slots_plan(&slots, &plan.config, 0, &next, why, sizeof(why)));
	assert_string_equal("needs a restart: listeners[].advertised", why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(free_numbers_are_the_last_resort),
		cmocka_unit_test(another_name_needs_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
