/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialog state, RFC 3261 section 12: rows SIP-4, SIP-12, SIP-13, SIP-33; KAM-4. */

#include "tests/cmocka_first.h"

#include "base/mem.h"
#include "sbc/dialog.h"
#include "tests/unit/sbc/message.h"

#define INVITE(to, lines)                                                                      \
	"INVITE sip:bob@biloxi.test SIP/2.0\r\n" MESSAGE_VIA MESSAGE_FROM MESSAGE_CALL_ID to   \
	"CSeq: 7 INVITE\r\nContact: <sip:alice@192.0.2.1:5062;transport=tcp>\r\n" lines "\r\n"
#define RESPONSE(to, lines)                                                                    \
	"SIP/2.0 200 OK\r\n" MESSAGE_VIA MESSAGE_FROM MESSAGE_CALL_ID to                       \
	"CSeq: 7 INVITE\r\n" lines "\r\n"
/* Three proxies, two lines: values as they are, whatever their parameters. */
#define RECORD_ROUTE                                                                           \
	"Record-Route: <sip:p1.test;lr;x=a>;y=z\r\n"                                           \
	"record-route: \"P, two\" <sip:p2.test;lr>, <sip:p3.test;lr=on>\r\n"

static void init_uas(struct dialog *dialog, struct arena *arena, const char *text)
{
	struct parsed p;

	parse_text(&p, text);
	if (p.err)
		fail_msg("%s", p.fault.why);
	assert_int_equal(0, dialog_init_uas(dialog, arena, p.msg, SLICE("local")));
	parsed_fini(&p); /* what the dialog keeps is its own */
}

static void init_uac(struct dialog *dialog, struct arena *arena)
{
	const struct dialog_uac init = {.call_id = SLICE("c1@192.0.2.1"),
		.local_tag = SLICE("f1"),
		.local_uri = SLICE("sip:alice@atlanta.test"),
		.remote_uri = SLICE("sip:bob@biloxi.test"),
		.request_uri = SLICE("sip:bob@192.0.2.7"),
		.cseq = 6};

	assert_int_equal(0, dialog_init_uac(dialog, arena, &init));
}

/* SIP-33, KAM-4: Section 12.1.1 */
static void answers(void **state)
{
	struct arena arena;
	struct dialog d;

	(void)state;
	arena_init(&arena, 65536);
	init_uas(&d, &arena, INVITE(MESSAGE_TO, RECORD_ROUTE));
	assert_slice("c1@192.0.2.1", d.call_id);
	assert_slice("local", d.local_tag);
	assert_slice("f1", d.remote_tag);
	assert_slice("sip:bob@biloxi.test", d.local_uri);
	assert_slice("sip:alice@atlanta.test", d.remote_uri);
	assert_slice("sip:alice@192.0.2.1:5062;transport=tcp", d.remote_target);
	assert_int_equal(7, d.remote_cseq);
	assert_int_equal(0, d.local_cseq);
	assert_slice("Route: <sip:p1.test;lr;x=a>;y=z\r\n"
		     "Route: \"P, two\" <sip:p2.test;lr>\r\nRoute: <sip:p3.test;lr=on>\r\n",
		d.routes);
	arena_fini(&arena);
}

/* Section 12.1.2: the route set is turned round. */
static void calls(void **state)
{
	struct arena arena;
	struct parsed p;
	struct dialog d;

	(void)state;
	arena_init(&arena, 65536);
	init_uac(&d, &arena);
	assert_slice("", d.remote_tag);
	parse_text(&p, RESPONSE("To: <sip:bob@biloxi.test>;tag=t9\r\n",
			       RECORD_ROUTE "Contact: <sip:bob@192.0.2.8>\r\n"));
	assert_int_equal(0, dialog_learn(&d, &arena, p.msg));
	parsed_fini(&p);
	assert_slice("t9", d.remote_tag);
	assert_slice("sip:bob@192.0.2.8", d.remote_target);
	assert_slice("Route: <sip:p3.test;lr=on>\r\nRoute: \"P, two\" <sip:p2.test;lr>\r\n"
		     "Route: <sip:p1.test;lr;x=a>;y=z\r\n",
		d.routes);

	/* A response without Contact keeps the target that there is. */
	parse_text(&p, RESPONSE("To: <sip:bob@biloxi.test>;tag=u\r\n", ""));
	assert_int_equal(0, dialog_learn(&d, &arena, p.msg));
	parsed_fini(&p);
	assert_slice("u", d.remote_tag);
	assert_slice("sip:bob@192.0.2.8", d.remote_target);
	assert_slice("", d.routes);

	/* No tag, no dialog: nothing changes. */
	parse_text(&p, RESPONSE(MESSAGE_TO, ""));
	assert_int_equal(SBC_EPROTO, dialog_learn(&d, &arena, p.msg));
	parsed_fini(&p);
	assert_slice("u", d.remote_tag);
	arena_fini(&arena);
}

static void matches(void **state)
{
	static const struct {
		const char *call_id, *local_tag, *remote_tag;
		bool early, whole; /* before and after the remote tag is known */
	} table[] = {
		{"c1@192.0.2.1", "f1", "t9", true, true},
		{"c1@192.0.2.1", "f1", "other", true, false}, /* another branch of a fork */
		{"c1@192.0.2.1", "f1", "", true, false},
		{"c1@192.0.2.1", "F1", "t9", false, false}, /* tags are compared by byte */
		{"C1@192.0.2.1", "f1", "t9", false, false},
		{"c1@192.0.2.1", "", "t9", false, false},
	};
	struct arena arena;
	struct dialog d;

	(void)state;
	arena_init(&arena, 65536);
	init_uac(&d, &arena);
	for (int whole = 0; whole < 2; whole++) {
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			assert_int_equal(whole ? table[i].whole : table[i].early,
				dialog_matches(&d, slice_str(table[i].call_id),
					slice_str(table[i].local_tag),
					slice_str(table[i].remote_tag)));
		d.remote_tag = SLICE("t9");
	}
	arena_fini(&arena);
}

/* SIP-13: gaps are allowed, going back is not. */
static void numbers_requests(void **state)
{
	struct dialog d = {.remote_cseq = 7};

	(void)state;
	assert_int_equal(SBC_EPROTO, dialog_take_cseq(&d, 6));
	assert_int_equal(7, d.remote_cseq);
	assert_int_equal(0, dialog_take_cseq(&d, 7));
	assert_int_equal(0, dialog_take_cseq(&d, 100));
	assert_int_equal(100, d.remote_cseq);
	assert_int_equal(SBC_EPROTO, dialog_take_cseq(&d, 99));
}

/* KAM-5, section 12.2.1.1: the first proxy is of the old kind. */
static void a_strict_first_proxy(void **state)
{
	struct sip_request_spec spec = {0};
	struct arena arena;
	struct dialog d;

	(void)state;
	arena_init(&arena, 65536);
	init_uas(&d, &arena,
		INVITE(MESSAGE_TO, "Record-Route: <sip:old.test:5070;x=lr>;lr\r\n"
				   "Record-Route: <sip:new.test;LR>, <sip:third.test>\r\n"));
	assert_int_equal(0, dialog_request(&d, &arena, SIP_METHOD_BYE, 0, &spec));
	assert_slice("sip:old.test:5070;x=lr", spec.request_uri);
	assert_slice("Route: <sip:new.test;LR>\r\nRoute: <sip:third.test>\r\n"
		     "Route: <sip:alice@192.0.2.1:5062;transport=tcp>\r\n",
		spec.routes);
	/* What the dialog knows stays as it was learnt. */
	assert_slice("sip:alice@192.0.2.1:5062;transport=tcp", d.remote_target);
	init_uas(&d, &arena, INVITE(MESSAGE_TO, "Record-Route: <sip:new.test;lr>\r\n"));
	assert_int_equal(0, dialog_request(&d, &arena, SIP_METHOD_BYE, 0, &spec));
	assert_slice("sip:alice@192.0.2.1:5062;transport=tcp", spec.request_uri);
	assert_slice("Route: <sip:new.test;lr>\r\n", spec.routes);
	arena_fini(&arena);
}

/* Section 12.2.1.1; an ACK has the INVITE's number (section 13.2.2.4). */
static void makes_requests(void **state)
{
	struct sip_request_spec spec = {0};
	struct arena arena;
	struct dialog d;

	(void)state;
	arena_init(&arena, 65536);
	init_uac(&d, &arena);
	assert_int_equal(0, dialog_request(&d, &arena, SIP_METHOD_INVITE, 0, &spec));
	assert_slice("INVITE", spec.method);
	assert_slice("sip:bob@192.0.2.7", spec.request_uri);
	assert_slice("<sip:alice@atlanta.test>;tag=f1", spec.from);
	assert_slice("<sip:bob@biloxi.test>", spec.to);
	assert_slice("c1@192.0.2.1", spec.call_id);
	assert_int_equal(7, spec.cseq);
	d.remote_tag = SLICE("t9");
	d.routes = SLICE("Route: <sip:p;lr>\r\n");
	assert_int_equal(0, dialog_request(&d, &arena, SIP_METHOD_ACK, 7, &spec));
	assert_int_equal(7, spec.cseq);
	assert_int_equal(7, d.local_cseq);
	assert_slice("<sip:bob@biloxi.test>;tag=t9", spec.to);
	assert_slice("Route: <sip:p;lr>\r\n", spec.routes);
	assert_int_equal(0, dialog_request(&d, &arena, SIP_METHOD_BYE, 0, &spec));
	assert_slice("BYE", spec.method);
	assert_int_equal(8, spec.cseq);
	arena_fini(&arena);
}

/* Section 12.2, RFC 4916 section 4.4: any number of changes in the memory of one. */
static void changes(void **state)
{
	struct slice field = SLICE("sip:bob@192.0.2.7");
	char uri[DIALOG_URI_MAX + 2];
	struct buf text = {0};

	(void)state;
	assert_int_equal(0, dialog_change(&field, &text, SLICE("sip:bob@192.0.2.7")));
	assert_null(text.data); /* the same: nothing to do */
	for (int i = 0; i < 1000; i++) {
		snprintf(uri, sizeof(uri), "sip:bob@192.0.2.%d", i % 200);
		assert_int_equal(0, dialog_change(&field, &text, slice_str(uri)));
		assert_slice(uri, field);
	}
	memset(uri, 'a', sizeof(uri));
	assert_int_equal(SBC_ELIMIT, dialog_change(&field, &text, slice_of(uri, sizeof(uri))));
	assert_slice("sip:bob@192.0.2.199", field);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, dialog_change(&field, &text, SLICE("sip:x")));
	mem_fail_after(-1);
	assert_slice("sip:bob@192.0.2.199", field);
	buf_fini(&text);
}

/* What cannot be answered to makes no dialog, and the old one stays as it is. */
static void refuses(void **state)
{
	static const char *const table[] = {
		"REGISTER sip:a SIP/2.0\r\n" MESSAGE_HEAD
		"CSeq: 7 REGISTER\r\nContact: *\r\n\r\n",
		"SUBSCRIBE sip:a SIP/2.0\r\n" MESSAGE_HEAD "CSeq: 7 SUBSCRIBE\r\n\r\n",
		"SUBSCRIBE sip:a SIP/2.0\r\n" MESSAGE_HEAD
		"CSeq: 7 SUBSCRIBE\r\nContact: <sip:aa>, <sip:bb>\r\n\r\n",
	};
	struct arena arena;
	struct parsed p;
	struct dialog d = {.local_cseq = 42};
	char text[8192];
	size_t len;

	(void)state;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		parse_text(&p, table[i]);
		assert_int_equal(0, p.err);
		assert_int_equal(
			SBC_EPARSE, dialog_init_uas(&d, &arena, p.msg, SLICE("local")));
		parsed_fini(&p);
	}
	/* Too many proxies; too long a list of them. */
	for (int round = 0; round < 2; round++) {
		len = (size_t)snprintf(text, sizeof(text), "%s",
			"INVITE sip:a SIP/2.0\r\n" MESSAGE_HEAD
			"CSeq: 7 INVITE\r\nContact: <sip:a@b>\r\n");
		for (int i = 0; i < (round ? 5 : 33); i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				"Record-Route: <sip:pp;x=%0*d>\r\n", round ? 900 : 1, i);
		snprintf(text + len, sizeof(text) - len, "\r\n");
		parse_text(&p, text);
		assert_int_equal(0, p.err);
		assert_int_equal(
			SBC_ELIMIT, dialog_init_uas(&d, &arena, p.msg, SLICE("local")));
		parsed_fini(&p);
	}
	assert_int_equal(42, d.local_cseq);
	arena_fini(&arena);
}

static void without_memory(void **state)
{
	struct parsed p;
	int failures = 0;

	(void)state;
	parse_text(&p, INVITE(MESSAGE_TO, RECORD_ROUTE));
	for (size_t max = 16;; max += 16) {
		struct arena arena;
		struct dialog d = {.local_cseq = 42};
		int err;
		arena_init(&arena, max);
		err = dialog_init_uas(&d, &arena, p.msg, SLICE("local"));
		arena_fini(&arena);
		if (!err)
			break;
		failures++;
		assert_int_equal(SBC_ENOMEM, err);
		assert_int_equal(42, d.local_cseq);
	}
	assert_true(failures > 5);
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(calls),
		cmocka_unit_test(matches),
		cmocka_unit_test(numbers_requests),
		cmocka_unit_test(a_strict_first_proxy),
		cmocka_unit_test(makes_requests),
		cmocka_unit_test(changes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
