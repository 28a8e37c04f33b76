/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ring that remembers calls: what is found in it, and what happens when it is full. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sbc/history.h"

static struct history *history;
static int64_t now_us;

static void fill(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 0x5a, len);
}

static int setup(void **state)
{
	const struct random_source random = {.fill = fill};

	(void)state;
	now_us = 0;
	return history_new(&history, HISTORY_SIZE_MIN, &random);
}

static int teardown(void **state)
{
	(void)state;
	history_free(history);
	history = NULL;
	return 0;
}

static void between(const char *method, const char *from, const char *to, const char *call_id,
	const char *rest)
{
	char text[1024];
	struct history_entry entry = {.time_us = ++now_us,
		.is_incoming = true,
		.transport = TRANSPORT_TCP,
		.local = SLICE("192.0.2.1:5060")};

	snprintf(text, sizeof(text),
		"%s sip:bob@b SIP/2.0\r\nFrom: %s;tag=1\r\nTo: %s\r\n"
		"Call-ID: %s\r\nCSeq: 1 %s\r\n%s\r\n",
		method, from, to, call_id, method, rest);
	entry.text = slice_str(text);
	assert_int_equal(0, netaddr_parse(&entry.peer, SLICE("198.51.100.7"), 5060));
	history_message(history, &entry);
}

static void message(const char *method, const char *call_id, const char *rest)
{
	between(method, "<sip:alice@a>", "<sip:bob@b>", call_id, rest);
}

static void note(enum history_kind kind, uint64_t call, char leg, const char *text)
{
	const struct history_entry entry = {.kind = kind,
		.time_us = ++now_us,
		.call = call,
		.leg = leg,
		.text = slice_str(text)};

	history_note(history, &entry);
}

/* "a<INVITE b>INVITE ! call.answer" of a call. */
static const char *story(const char *name)
{
	static char out[4096];
	struct history_walk walk;
	struct history_entry entry;
	int64_t last = 0;
	size_t len = 0;

	out[0] = '\0';
	if (!history_find(history, slice_str(name), &walk))
		return "unknown";
	while (history_next(history, &walk, &entry)) {
		struct slice word = slice_head(entry.text, slice_find(entry.text, ' '));
		assert_true(entry.time_us > last);
		last = entry.time_us;
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%c%.*s",
			len ? " " : "",
			entry.kind == HISTORY_EVENT    ? '!'
			: entry.kind == HISTORY_RECORD ? '='
						       : entry.leg,
			SLICE_ARG(word));
	}
	return out;
}

static void tells_one_call(void **state)
{
	(void)state;
	message("INVITE", "id-a@x", "");
	note(HISTORY_LEG, 17, 'a', "id-a@x");
	message("INVITE", "other", "");
	note(HISTORY_LEG, 18, 'a', "other");
	note(HISTORY_EVENT, 17, 0, "call.start by=alice");
	note(HISTORY_LEG, 17, 'b', "id-b");
	message("INVITE", "id-b", "");
	note(HISTORY_EVENT, 18, 0, "call.start by=eve");
	message("BYE", "id-a@x", "");
	note(HISTORY_RECORD, 17, 0, "{}");
	assert_string_equal("aINVITE aid-a@x !call.start bid-b bINVITE aBYE ={}", story("c17"));
	assert_string_equal(
		"aINVITE aid-a@x !call.start bid-b bINVITE aBYE ={}", story("id-b"));
	assert_string_equal("aINVITE aother !call.start", story("other"));
	assert_string_equal("unknown", story("c19"));
	assert_string_equal("unknown", story("c"));
	assert_string_equal("unknown", story(""));
	assert_string_equal("unknown", story("c99999999999999999999"));
}

/* What an operator has at hand is often a number alone. */
static void finds_the_last_of_somebody(void **state)
{
	static const struct {
		const char *name, *story;
	} table[] = {
		{"alice", "aINVITE aone !call.start"}, {"alice@a", "aINVITE aone !call.start"},
		{"sip:alice@A", "aINVITE aone !call.start"},
		{"alice@b", "unknown"}, /* another alice */
		{"Alice", "unknown"}, {"ali", "unknown"}, {"a", "unknown"}, {"@", "unknown"},
		{"+4930123", "aINVITE athree !call.start"},
		{"4930123", "aINVITE athree !call.start"},
		{"tel:+4930123", "aINVITE athree !call.start"}, {"49301234", "unknown"},
		{"+", "unknown"}, {"carol", "aINVITE athree !call.start"},
		{"bob", "bINVITE bfour"},   /* the newest, and only named in the Request-URI */
		{"c4711", "aINVITE afive"}, /* no call, but a name */
		{"one", "aINVITE aone !call.start"}, /* a Call-ID, whoever is called so */
	};

	(void)state;
	message("INVITE", "one", "");
	note(HISTORY_LEG, 1, 'a', "one");
	note(HISTORY_EVENT, 1, 0, "call.start");
	between("INVITE", "\"Carol\" <sip:carol@c>", "<sip:+4930123@gw;user=phone>", "two", "");
	note(HISTORY_LEG, 2, 'a', "two");
	between("INVITE", "<sip:carol@c>", "<sip:+4930123@gw>", "three", "");
	note(HISTORY_LEG, 3, 'a', "three");
	note(HISTORY_EVENT, 3, 0, "call.start");
	between("BYE", "<sip:carol@c>", "<sip:+4930123@gw>", "two", "");
	between("INVITE", "<sip:c4711@c>", "<sip:x@y>", "five", "");
	note(HISTORY_LEG, 5, 'a', "five");
	between("INVITE", "<sip:one@c>", "<sip:x@y>", "four", "");
	note(HISTORY_LEG, 4, 'b', "four");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("%s\n", table[i].name);
		assert_string_equal(table[i].story, story(table[i].name));
	}
}

/* One that was answered 403 before anything was made of it: there are its messages. */
static void finds_what_was_no_call(void **state)
{
	struct history_walk walk;

	(void)state;
	between("INVITE", "<sip:eve@e>", "<sip:bob@b>", "refused", "");
	message("INVITE", "other", "");
	between("ACK", "<sip:eve@e>", "<sip:bob@b>", "refused", "");
	note(HISTORY_EVENT, 0, 0, "nothing");
	assert_string_equal("aINVITE aACK", story("refused"));
	assert_string_equal("aINVITE aACK", story("eve"));
	assert_true(history_find(history, SLICE("eve"), &walk));
	assert_int_equal(0, walk.number);
	assert_true(walk.has_begin);
	assert_string_equal("unknown", story("c0"));
}

/* A registration a second of ten thousand phones is nobody's call. */
static void keeps_calls_only(void **state)
{
	(void)state;
	note(HISTORY_LEG, 1, 'a', "id");
	message("REGISTER", "id", "");
	message("OPTIONS", "id", "");
	message("PRACK", "id", "");
	message("INVITE", "", "");
	assert_string_equal("aid aPRACK", story("c1"));
}

static void keeps_what_a_message_was(void **state)
{
	struct history_walk walk;
	struct history_entry entry;
	char peer[NETADDR_TEXT_MAX];

	(void)state;
	message("INVITE", "id",
		"Authorization: Digest response=\"0123456789abcdef\"\r\n"
		"\r\na=crypto:1 AES inline:c2VjcmV0|2^20\r\n");
	note(HISTORY_LEG, 1, 'a', "id");
	assert_true(history_find(history, SLICE("c1"), &walk));
	assert_true(walk.has_begin);
	assert_true(history_next(history, &walk, &entry));
	assert_int_equal(HISTORY_MESSAGE, entry.kind);
	assert_int_equal(1, entry.call);
	assert_true(entry.is_incoming);
	assert_false(entry.is_cut);
	assert_int_equal(TRANSPORT_TCP, entry.transport);
	assert_string_equal("198.51.100.7:5060", netaddr_print(&entry.peer, peer));
	assert_true(slice_equal(entry.local, SLICE("192.0.2.1:5060")));
	assert_non_null(
		memmem(entry.text.ptr, entry.text.len, "response=\"****************\"", 27));
	assert_non_null(memmem(entry.text.ptr, entry.text.len, "inline:********|2^20", 20));
}

/* Entries of every length round the ring many times, against a plain memory of them. */
/* The same numbers in each run (Numerical Recipes' generator). */
static uint32_t roll(uint32_t *dice)
{
	*dice = *dice * 1664525 + 1013904223;
	return *dice >> 8;
}

static void the_oldest_make_room(void **state)
{
	enum { ROUNDS = 20000, CALLS = 7 };
	char text[3000];
	unsigned newest[CALLS] = {0};
	uint32_t dice = 7;

	(void)state;
	for (unsigned i = 1; i <= ROUNDS; i++) {
		unsigned call = roll(&dice) % CALLS;
		int len = snprintf(text, sizeof(text), "%u ", i);
		size_t size = (size_t)len + roll(&dice) % (sizeof(text) - 20);

		memset(text + len, 'x', size - (size_t)len);
		text[size] = '\0';
		note(HISTORY_EVENT, call + 1, 0, text);
		newest[call] = i;
		if (i % 97)
			continue;
		for (unsigned c = 0; c < CALLS; c++) {
			struct history_walk walk;
			struct history_entry entry;
			unsigned last = 0;
			char name[8];

			snprintf(name, sizeof(name), "c%u", c + 1);
			if (!history_find(history, slice_str(name), &walk))
				continue;
			while (history_next(history, &walk, &entry)) {
				unsigned value = (unsigned)atoll(entry.text.ptr);
				assert_true(value > last);
				assert_int_equal(c + 1, entry.call);
				last = value;
			}
			assert_int_equal(newest[c], last);
		}
	}
}

static void a_begin_that_is_gone(void **state)
{
	struct history_walk walk;

	(void)state;
	note(HISTORY_LEG, 1, 'a', "id");
	note(HISTORY_EVENT, 1, 0, "call.start");
	for (int i = 0; i < 2000; i++)
		note(HISTORY_EVENT, 2, 0, "call.other with some words of no meaning behind it");
	note(HISTORY_EVENT, 1, 0, "call.end");
	assert_true(history_find(history, SLICE("c1"), &walk));
	assert_false(walk.has_begin);
	assert_string_equal("!call.end", story("c1"));
}

/* A walk that pauses while others write: it goes on with what is left. */
static void a_walk_may_pause(void **state)
{
	struct history_walk walk;
	struct history_entry entry;
	unsigned seen = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		note(HISTORY_EVENT, 1, 0, "call.first");
	assert_true(history_find(history, SLICE("c1"), &walk));
	assert_true(history_next(history, &walk, &entry));
	for (int i = 0; i < 5000; i++)
		note(HISTORY_EVENT, 2, 0, "call.flood of another call");
	note(HISTORY_EVENT, 1, 0, "call.last");
	while (history_next(history, &walk, &entry)) {
		assert_true(slice_equal(entry.text, SLICE("call.last")));
		seen++;
	}
	assert_int_equal(1, seen);
}

static void long_texts_are_cut(void **state)
{
	static char text[HISTORY_ENTRY_MAX * 2];
	struct history_walk walk;
	struct history_entry entry;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 50; i++)
		note(HISTORY_EVENT, 1, 0, text);
	assert_true(history_find(history, SLICE("c1"), &walk));
	assert_true(history_next(history, &walk, &entry));
	assert_true(entry.is_cut);
	assert_int_equal(HISTORY_ENTRY_MAX, entry.text.len);
}

static void none_is_allowed(void **state)
{
	const struct history_entry entry = {.text = SLICE("x")};
	struct history_walk walk;

	(void)state;
	history_message(NULL, &entry);
	history_note(NULL, &entry);
	assert_false(history_find(NULL, SLICE("c1"), &walk));
	history_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_one_call, setup, teardown),
		cmocka_unit_test_setup_teardown(finds_the_last_of_somebody, setup, teardown),
		cmocka_unit_test_setup_teardown(finds_what_was_no_call, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_calls_only, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_what_a_message_was, setup, teardown),
		cmocka_unit_test_setup_teardown(the_oldest_make_room, setup, teardown),
		cmocka_unit_test_setup_teardown(a_begin_that_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_walk_may_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(long_texts_are_cut, setup, teardown),
		cmocka_unit_test(none_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
