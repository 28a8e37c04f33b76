/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The location service, RFC 3261 section 10.3; virtual time. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/registrar.h"
#include "tests/unit/sbc/message.h"

#define ALICE SLICE("alice@atlanta.test")

static void fill(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 7, len);
}

struct fixture {
	struct registrar *registrar;
	struct transport_source source;
	struct registrar_answer answer;
	usec_t now;
};

static int begin(void **state)
{
	static struct fixture f;
	const struct registrar_limits limits = {.registration_max = 6,
		.expires_min_s = 60,
		.expires_max_s = 3600,
		.expires_default_s = 600};
	const struct random_source random = {.fill = fill};

	f = (struct fixture){.now = 1000};
	assert_int_equal(0, registrar_new(&f.registrar, &limits, &random));
	f.source.kind = TRANSPORT_TLS;
	f.source.flow = (struct flow_id){3, 9};
	assert_int_equal(0, netaddr_parse(&f.source.peer, SLICE("192.0.2.1"), 40000));
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	registrar_free(f->registrar);
	return 0;
}

static void ask(struct fixture *f, struct slice aor, const struct sip_msg *msg)
{
	const struct registrar_request request = {
		.aor = aor, .msg = msg, .source = &f->source, .now = f->now};

	registrar_register(f->registrar, &request, &f->answer);
}

/* One REGISTER with these lines; the answer's code. */
static int say(struct fixture *f, struct slice aor, const char *call_id, unsigned cseq,
	const char *lines)
{
	char text[2048];
	struct parsed p;

	snprintf(text, sizeof(text),
		"REGISTER sip:atlanta.test SIP/2.0\r\n" MESSAGE_VIA MESSAGE_FROM MESSAGE_TO
		"Call-ID: %s\r\nCSeq: %u REGISTER\r\n%s\r\n",
		call_id, cseq, lines);
	parse_text(&p, text);
	if (p.err)
		fail_msg("%s: %s", lines, p.fault.why);
	ask(f, aor, p.msg);
	parsed_fini(&p); /* what the registrar keeps is its own */
	return f->answer.code;
}

static int64_t seconds_left(const struct fixture *f, size_t i)
{
	return (f->answer.bindings[i]->expires_at - f->now) / USEC_PER_SEC;
}

static void binds_and_finds(void **state)
{
	struct fixture *f = *state;
	const struct registrar_binding *binding;

	assert_null(registrar_find(f->registrar, ALICE, f->now, 0));
	assert_int_equal(
		200, say(f, ALICE, "c", 1, "Contact: <sip:a@192.0.2.1:1;transport=tls>;x\r\n"));
	assert_int_equal(1, f->answer.binding_count);
	assert_int_equal(600, seconds_left(f, 0));
	binding = registrar_find(f->registrar, ALICE, f->now, 0);
	assert_string_equal("sip:a@192.0.2.1:1;transport=tls", binding->contact);
	/* The connection is the way back, not what the contact says. */
	assert_int_equal(TRANSPORT_TLS, binding->hop.kind);
	assert_int_equal(9, binding->hop.flow.generation);
	f->source.kind = TRANSPORT_UDP;
	say(f, SLICE("u@a"), "c", 1, "Contact: <sip:a@10.0.0.1>\r\n");
	binding = registrar_find(f->registrar, SLICE("u@a"), f->now, 0);
	assert_true(netaddr_equal(&f->source.peer, &binding->hop.addr));
	assert_null(registrar_find(f->registrar, SLICE("bob@atlanta.test"), f->now, 0));
}

/* Section 10.2.1.1 and 10.3 step 7: the contact's own word, the header's, the default; cut
 * to what we allow. */
static void grants_time(void **state)
{
	static const struct {
		const char *lines;
		int code;
		int64_t seconds;
	} table[] = {
		{"Contact: <sip:a@b>;expires=120\r\nExpires: 300\r\n", 200, 120},
		{"Contact: <sip:a@b>\r\nExpires: 300\r\n", 200, 300},
		{"Contact: <sip:a@b>\r\n", 200, 600},
		{"Contact: <sip:a@b>;expires=soon\r\nExpires: 300\r\n", 200, 600},
		{"Contact: <sip:a@b>\r\nExpires: soon\r\n", 200, 600},
		{"Contact: <sip:a@b>;expires=4294967295\r\n", 200, 3600},
		{"Contact: <sip:a@b>;expires=280297596632815\r\n", 200, 600},
		{"Contact: <sip:a@b>\r\nExpires: 99999999999999999999\r\n", 200, 3600},
		{"Contact: <sip:a@b>;expires=60\r\n", 200, 60},
		{"Contact: <sip:a@b>;expires=59\r\n", 423, 0},
		{"Contact: <sip:a@b>\r\nExpires: 1\r\n", 423, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int code = say(f, ALICE, "c", (unsigned)i + 1, table[i].lines);
		if (code != table[i].code)
			fail_msg("row %zu: %d", i, code);
		if (code == 200 && seconds_left(f, 0) != table[i].seconds)
			fail_msg("row %zu: %d s", i, (int)seconds_left(f, 0));
	}
}

static void lists_newest_first(void **state)
{
	struct fixture *f = *state;

	say(f, ALICE, "c", 1, "Contact: <sip:1@b>, <sip:2@b>\r\n");
	say(f, ALICE, "d", 1, "m: sip:3@b\r\n");
	assert_int_equal(200, say(f, ALICE, "c", 2, "")); /* a query */
	assert_int_equal(3, f->answer.binding_count);
	assert_string_equal("sip:3@b", f->answer.bindings[0]->contact);
	assert_string_equal("sip:2@b", f->answer.bindings[1]->contact);
	say(f, ALICE, "c", 3, "Contact: <sip:1@b>\r\n"); /* refreshed: newest again */
	assert_int_equal(3, f->answer.binding_count);
	assert_string_equal("sip:1@b", f->answer.bindings[0]->contact);
	assert_string_equal("sip:1@b", registrar_find(f->registrar, ALICE, f->now, 0)->contact);
	/* More than its share: the oldest gives way. */
	say(f, ALICE, "e", 1, "Contact: <sip:4@b>\r\n");
	say(f, ALICE, "e", 2, "Contact: <sip:5@b>\r\n");
	assert_int_equal(REGISTRAR_CONTACT_MAX, f->answer.binding_count);
	assert_string_equal("sip:3@b", f->answer.bindings[3]->contact);
}

static void removes(void **state)
{
	struct fixture *f = *state;

	say(f, ALICE, "c", 1, "Contact: <sip:1@b>, <sip:2@b>\r\n");
	assert_int_equal(200, say(f, ALICE, "c", 2, "Contact: <sip:1@b>;expires=0\r\n"));
	assert_int_equal(1, f->answer.binding_count);
	assert_string_equal("sip:2@b", f->answer.bindings[0]->contact);
	/* Section 10.2.2: '*' needs Expires 0. */
	assert_int_equal(400, say(f, ALICE, "c", 3, "Contact: *\r\n"));
	assert_int_equal(400, say(f, ALICE, "c", 3, "Contact: *\r\nExpires: 60\r\n"));
	assert_int_equal(
		400, say(f, ALICE, "c", 3, "Contact: *\r\nm: <sip:9@b>\r\nExpires: 0\r\n"));
	assert_int_equal(200, say(f, ALICE, "c", 3, "Contact: *\r\nExpires: 0\r\n"));
	assert_int_equal(0, f->answer.binding_count);
	assert_null(registrar_find(f->registrar, ALICE, f->now, 0));
	assert_int_equal(0, registrar_expire(f->registrar, f->now));
	/* Nothing there: the same again is well. */
	assert_int_equal(200, say(f, ALICE, "c", 4, "Contact: <sip:1@b>;expires=0\r\n"));
}

/* Step 7: an older request of the same client must not undo a newer one. */
static void keeps_the_order(void **state)
{
	struct fixture *f = *state;

	say(f, ALICE, "c", 5, "Contact: <sip:1@b>\r\n");
	assert_int_equal(500, say(f, ALICE, "c", 5, "Contact: <sip:1@b>;expires=0\r\n"));
	assert_int_equal(500, say(f, ALICE, "c", 4, "Contact: <sip:1@b>;expires=0\r\n"));
	assert_int_equal(500, say(f, ALICE, "c", 4, "Contact: *\r\nExpires: 0\r\n"));
	assert_non_null(registrar_find(f->registrar, ALICE, f->now, 0));
	/* Another Call-ID: a phone that started anew. */
	assert_int_equal(200, say(f, ALICE, "d", 1, "Contact: <sip:1@b>;expires=0\r\n"));
	assert_null(registrar_find(f->registrar, ALICE, f->now, 0));
}

/* Step 7 again: all of it or nothing. */
static void takes_all_or_none(void **state)
{
	struct fixture *f = *state;
	char lines[1024];

	say(f, ALICE, "c", 1, "Contact: <sip:1@b>\r\n");
	assert_int_equal(423,
		say(f, ALICE, "c", 2, "Contact: <sip:1@b>;expires=0, <sip:2@b>;expires=5\r\n"));
	assert_int_equal(500, say(f, ALICE, "c", 1, "Contact: <sip:2@b>, <sip:1@b>\r\n"));
	assert_int_equal(400, say(f, ALICE, "c", 3,
				      "m: <sip:1@b>;expires=0,<sip:2@b>,<sip:3@b>\r\n"
				      "m: <sip:4@b>,<sip:5@b>\r\n"));
	snprintf(lines, sizeof(lines), "m: <sip:1@b>;expires=0, <sip:2@b;x=%0800d>\r\n", 1);
	assert_int_equal(400, say(f, ALICE, "c", 3, lines)); /* too long to keep */
	say(f, ALICE, "c", 3, "");
	assert_int_equal(1, f->answer.binding_count);
	assert_string_equal("sip:1@b", f->answer.bindings[0]->contact);
	assert_int_equal(1, registrar_expire(f->registrar, f->now));
}

static void expires(void **state)
{
	struct fixture *f = *state;

	say(f, ALICE, "c", 1, "m: <sip:1@b>;expires=60, <sip:2@b>;expires=120\r\n");
	f->now += 60 * USEC_PER_SEC - 1;
	assert_int_equal(2, registrar_expire(f->registrar, f->now));
	assert_string_equal("sip:2@b", registrar_find(f->registrar, ALICE, f->now, 0)->contact);
	f->now += 1;
	say(f, ALICE, "c", 2, "");
	assert_int_equal(1, f->answer.binding_count);
	f->now += 60 * USEC_PER_SEC;
	assert_null(registrar_find(f->registrar, ALICE, f->now, 0)); /* before any sweep */
	assert_int_equal(0, registrar_expire(f->registrar, f->now));
}

/* The ceiling is 6 here, over all users. */
static void has_a_ceiling(void **state)
{
	struct fixture *f = *state;
	char aor[32];

	for (int i = 0; i < 6; i++) {
		snprintf(aor, sizeof(aor), "user%d@a", i);
		assert_int_equal(200, say(f, slice_str(aor), "c", 1, "m: <sip:1@b>\r\n"));
	}
	assert_int_equal(503, say(f, ALICE, "c", 1, "m: <sip:1@b>\r\n"));
	assert_int_equal(503, say(f, SLICE("user0@a"), "c", 2, "m: <sip:2@b>\r\n"));
	/* To refresh and to leave is always possible. */
	assert_int_equal(200, say(f, SLICE("user0@a"), "c", 3, "m: <sip:1@b>\r\n"));
	assert_int_equal(200, say(f, SLICE("user1@a"), "c", 2, "m: <sip:1@b>;expires=0\r\n"));
	assert_int_equal(200, say(f, ALICE, "c", 1, "m: <sip:1@b>\r\n"));
	assert_int_equal(6, registrar_expire(f->registrar, f->now));
}

static void without_memory(void **state)
{
	struct fixture *f = *state;
	struct registrar *registrar = NULL;
	const struct registrar_limits limits = {.registration_max = 6};
	const struct random_source random = {.fill = fill};
	const char text[] = "REGISTER sip:a SIP/2.0\r\n" MESSAGE_HEAD
			    "CSeq: 1 REGISTER\r\nm: <sip:1@b>\r\n\r\n";
	struct parsed p;

	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(SBC_ENOMEM, registrar_new(&registrar, &limits, &random));
		mem_fail_after(-1);
		assert_null(registrar);
	}
	parse_text(&p, text);
	mem_fail_after(0);
	ask(f, ALICE, p.msg);
	mem_fail_after(-1);
	parsed_fini(&p);
	assert_int_equal(503, f->answer.code);
	assert_int_equal(0, registrar_expire(f->registrar, f->now));
	registrar_free(NULL);
}

/* RFC 3327: kept in order; gone with the next REGISTER that has none; not without bounds. */
static void keeps_the_path(void **state)
{
	struct fixture *f = *state;
	char lines[1600];

	assert_int_equal(
		200, say(f, ALICE, "c", 1,
			     "Path: <sip:p1;lr>, <sip:p2;lr;ob>\r\nPath: <sip:p3;lr>\r\n"
			     "Contact: <sip:1@b>\r\n"));
	assert_slice("Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr;ob>\r\nRoute: <sip:p3;lr>\r\n",
		registrar_path(registrar_find(f->registrar, ALICE, f->now, 0)));
	snprintf(lines, sizeof(lines), "Contact: <sip:1@b>\r\nPath: <sip:%0900d;lr>\r\n", 1);
	assert_int_equal(400, say(f, ALICE, "c", 2, lines));
	assert_int_equal(
		400, say(f, ALICE, "c", 3, "Contact: <sip:1@b>\r\nPath: <sip:p1;lr\r\n"));
	assert_true(registrar_path(registrar_find(f->registrar, ALICE, f->now, 0)).len > 0);
	assert_int_equal(200, say(f, ALICE, "c", 4, "Contact: <sip:1@b>\r\n"));
	assert_int_equal(0, registrar_path(registrar_find(f->registrar, ALICE, f->now, 0)).len);
}

static void count_contacts(
	const char *aor, const struct registrar_binding *bindings, size_t count, void *arg)
{
	size_t *seen = arg;

	assert_non_null(strchr(aor, '@'));
	assert_true(bindings[0].contact[0]);
	*seen += count;
}

/* For listings, and by command. */
static void walks_and_removes(void **state)
{
	struct fixture *f = *state;
	size_t place = 0, seen = 0;

	assert_int_equal(200, say(f, ALICE, "a", 1, "Contact: <sip:1@b>, <sip:2@b>\r\n"));
	assert_int_equal(200, say(f, SLICE("bob@a"), "b", 1, "Contact: <sip:3@b>\r\n"));
	while (registrar_walk(f->registrar, &place, 3, count_contacts, &seen))
		;
	assert_int_equal(3, seen);
	assert_int_equal(3, registrar_count_from(f->registrar, &f->source.peer));
	assert_int_equal(0, registrar_remove(f->registrar, ALICE));
	assert_int_equal(SBC_ENOENT, registrar_remove(f->registrar, ALICE));
	assert_int_equal(1, registrar_count(f->registrar));
	assert_int_equal(1, registrar_count_from(f->registrar, &f->source.peer));
	f->now += 700 * USEC_PER_SEC;
	registrar_expire(f->registrar, f->now);
	assert_int_equal(0, registrar_count_from(f->registrar, &f->source.peer));
}

/* All that live, newest first. */
static void finds_each(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(200, say(f, ALICE, "a", 1, "Contact: <sip:1@b>;expires=60\r\n"));
	assert_int_equal(200, say(f, ALICE, "b", 1, "Contact: <sip:2@b>;expires=600\r\n"));
	assert_string_equal("sip:2@b", registrar_find(f->registrar, ALICE, f->now, 0)->contact);
	assert_string_equal("sip:1@b", registrar_find(f->registrar, ALICE, f->now, 1)->contact);
	assert_null(registrar_find(f->registrar, ALICE, f->now, 2));
	f->now += 61 * USEC_PER_SEC;
	assert_null(registrar_find(f->registrar, ALICE, f->now, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(binds_and_finds, begin, end),
		cmocka_unit_test_setup_teardown(grants_time, begin, end),
		cmocka_unit_test_setup_teardown(lists_newest_first, begin, end),
		cmocka_unit_test_setup_teardown(removes, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_order, begin, end),
		cmocka_unit_test_setup_teardown(takes_all_or_none, begin, end),
		cmocka_unit_test_setup_teardown(expires, begin, end),
		cmocka_unit_test_setup_teardown(has_a_ceiling, begin, end),
		cmocka_unit_test_setup_teardown(without_memory, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_path, begin, end),
		cmocka_unit_test_setup_teardown(finds_each, begin, end),
		cmocka_unit_test_setup_teardown(walks_and_removes, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
