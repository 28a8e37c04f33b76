/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session timers: RFC 4028 sections 5 to 10; rows ST-1 to ST-4. */

#include "tests/cmocka_first.h"

#include "sbc/session_timer.h"
#include "tests/unit/sbc/message.h"

static struct session_fields read(const char *lines, bool is_request)
{
	struct session_fields fields;
	struct parsed p;
	char text[4096];

	snprintf(text, sizeof(text), "%s" MESSAGE_HEAD "CSeq: 7 UPDATE\r\n%s\r\n",
		is_request ? "UPDATE sip:bob@biloxi.test SIP/2.0\r\n" : "SIP/2.0 200 OK\r\n",
		lines);
	parse_text(&p, text);
	if (p.err)
		fail_msg("%s: %s", lines, p.fault.why);
	session_fields_read(&fields, p.msg);
	parsed_fini(&p);
	return fields;
}

static void reads(void **state)
{
	static const struct {
		const char *lines, *why;
		uint32_t expires_s, min_se_s;
		enum session_refresher refresher;
		bool is_supported;
	} table[] = {
		{"", "nothing", 0, 90, SESSION_REFRESHER_OPEN, false},
		{"Session-Expires: 1800\r\n", "a number", 1800, 90, SESSION_REFRESHER_OPEN,
			false},
		{"x: 1800;refresher=UAS\r\nk: timer\r\n", "compact forms", 1800, 90,
			SESSION_REFRESHER_UAS, true},
		{"Session-Expires: 1800 ; refresher=uac\r\nMin-SE: 300;x=y\r\n", "blanks", 1800,
			300, SESSION_REFRESHER_UAC, false},
		{"Session-Expires: soon\r\nMin-SE: -5\r\n", "no numbers", 0, 90,
			SESSION_REFRESHER_OPEN, false},
		{"Session-Expires: 99999999999\r\n", "too many digits", 0, 90,
			SESSION_REFRESHER_OPEN, false},
		{"Session-Expires: 90;refresher=both\r\nRequire: timer\r\n", "an unknown word",
			90, 90, SESSION_REFRESHER_OPEN, true},
		{"Min-SE: 5\r\n", "never below 90", 0, 90, SESSION_REFRESHER_OPEN, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct session_fields fields = read(table[i].lines, true);
		if (fields.expires_s != table[i].expires_s ||
			fields.min_se_s != table[i].min_se_s ||
			fields.refresher != table[i].refresher ||
			fields.is_supported != table[i].is_supported)
			fail_msg("%s: %u %u %d %d", table[i].why, fields.expires_s,
				fields.min_se_s, fields.refresher, fields.is_supported);
	}
}

/* Table 2 of section 9, and whose wish it is. */
static void answers(void **state)
{
	static const struct {
		const char *request, *lines, *why;
		uint32_t wish;
		uint16_t code;
		bool is_refresher;
	} table[] = {
		{"", "", "nobody wants one", 0, 0, false},
		{"", "Session-Expires: 1800;refresher=uas\r\n", "we alone", 1800, 0, true},
		{"Supported: timer\r\n",
			"Session-Expires: 1800;refresher=uac\r\nRequire: timer\r\n",
			"it can, we want", 1800, 0, false},
		{"Supported: timer\r\nSession-Expires: 600\r\n",
			"Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n",
			"theirs is less", 1800, 0, false},
		{"Supported: timer\r\nSession-Expires: 3600\r\n",
			"Session-Expires: 1800;refresher=uac\r\nRequire: timer\r\n",
			"ours is less", 1800, 0, false},
		{"Supported: timer\r\nSession-Expires: 3600\r\nMin-SE: 2000\r\n",
			"Session-Expires: 2000;refresher=uac\r\nRequire: timer\r\n",
			"but not below their minimum", 1800, 0, false},
		{"Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n",
			"Session-Expires: 600;refresher=uas\r\n", "asked to", 1800, 0, true},
		{"Session-Expires: 600;refresher=uac\r\n",
			"Session-Expires: 600;refresher=uas\r\n",
			"a proxy asked for one that cannot", 0, 0, true},
		{"Supported: timer\r\nSession-Expires: 119\r\n", "Min-SE: 120\r\n", "too small",
			1800, 422, false},
		{"Supported: timer\r\nSession-Expires: 4000000000\r\n",
			"Session-Expires: 86400;refresher=uac\r\nRequire: timer\r\n",
			"a day is enough", 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct session_wish wish = {table[i].wish, 120};
		struct session_fields fields = read(table[i].request, true);
		struct session_timer timer = {0};
		struct buf lines;
		uint16_t code;
		buf_init(&lines, 1000);
		code = session_timer_answer(&timer, &wish, &fields, &lines);
		if (code != table[i].code || timer.is_refresher != table[i].is_refresher ||
			!slice_equal(buf_slice(&lines), slice_str(table[i].lines)))
			fail_msg("%s: %u %s", table[i].why, code, lines.data);
		buf_fini(&lines);
	}
}

static void asks(void **state)
{
	const struct session_wish wish = {1800, 90}, none = {0, 90};
	struct session_timer timer = {0};
	struct session_fields fields = {.min_se_s = 3600};
	struct buf lines;

	(void)state;
	buf_init(&lines, 1000);
	session_timer_ask(&timer, &none, false, &lines);
	assert_int_equal(0, lines.len);
	session_timer_ask(&timer, &wish, false, &lines);
	assert_slice("Session-Expires: 1800\r\n", buf_slice(&lines));
	/* ST-1: more, once; the same again makes no sense, nor does more than a day. */
	assert_true(session_timer_too_small(&timer, &fields));
	assert_false(session_timer_too_small(&timer, &fields));
	fields.min_se_s = 86401;
	assert_false(session_timer_too_small(&timer, &fields));
	buf_reset(&lines);
	session_timer_ask(&timer, &wish, false, &lines);
	assert_slice("Session-Expires: 3600\r\nMin-SE: 3600\r\n", buf_slice(&lines));
	/* ST-4: no timer in the 2xx: ours alone. */
	fields = read("", false);
	session_timer_agreed(&timer, &wish, &fields);
	assert_int_equal(1800, timer.interval_s);
	assert_true(timer.is_refresher);
	fields = read("Require: timer\r\nSession-Expires: 600;refresher=uas\r\n", false);
	session_timer_agreed(&timer, &wish, &fields);
	assert_int_equal(600, timer.interval_s);
	assert_false(timer.is_refresher);
	/* A second would make us send without end. */
	fields = read("Session-Expires: 1;refresher=uac\r\n", false);
	session_timer_agreed(&timer, &wish, &fields);
	assert_int_equal(90, timer.interval_s);
	assert_true(timer.is_refresher);
	buf_reset(&lines);
	timer.min_se_s = 0;
	session_timer_ask(&timer, &wish, true, &lines);
	assert_slice("Session-Expires: 90;refresher=uac\r\n", buf_slice(&lines));
	buf_fini(&lines);
}

/* Section 10: half the interval; the end less min(32 s, a third). */
static void deadlines(void **state)
{
	struct session_timer timer = {.interval_s = 1800};

	(void)state;
	assert_int_equal(7 + 900 * USEC_PER_SEC, session_timer_refresh_at(&timer, 7));
	assert_int_equal(7 + 1768 * USEC_PER_SEC, session_timer_expiry_at(&timer, 7));
	timer.interval_s = 90;
	assert_int_equal(60 * USEC_PER_SEC, session_timer_expiry_at(&timer, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(answers),
		cmocka_unit_test(asks),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
