/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of headers and its rules (section 17 of the requirements), one message each. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/header_rules.h"
#include "sbc/header_trial.h"
#include "tests/unit/sbc/config_text.h"

#define REQUEST(lines)                                                                         \
	"INVITE sip:b@c.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"         \
	"Max-Forwards: 70\r\nFrom: <sip:a@a.test>;tag=1\r\nTo: <sip:b@c.test>\r\n"             \
	"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.1>\r\n" lines                  \
	"Content-Length: 0\r\n\r\n"
#define RESPONSE(lines)                                                                        \
	"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"                 \
	"From: <sip:a@a.test>;tag=1\r\nTo: <sip:b@c.test>;tag=2\r\n"                           \
	"Call-ID: 1\r\nCSeq: 1 INVITE\r\n" lines "Content-Length: 0\r\n\r\n"

/* open has no rules and no trust; near and far are in the trust domain; the last two only
 * have rules. */
#define PEERS                                                                                  \
	CONFIG_ENOUGH                                                                          \
	"peers:\n"                                                                             \
	"- {name: open, domain: b.test, address: 10.0.0.1}\n"                                  \
	"- {name: near, domain: c.test, address: 10.0.0.2, profile: lab}\n"                    \
	"- {name: far, domain: d.test, address: 10.0.0.3, profile: lab}\n"                     \
	"- name: left\n  domain: e.test\n  address: 10.0.0.4\n  headers:\n"                    \
	"  - {direction: in, action: allow, name: X-*}\n"                                      \
	"  - {direction: in, action: remove, name: X-Never}\n"                                 \
	"  - {direction: in, action: rename, name: X-Old, value: X-New}\n"                     \
	"  - {direction: in, action: replace, name: Subject, pattern: '^(a+)b', value: "       \
	"'<\\1>'}\n"                                                                           \
	"  - {direction: out, action: allow, name: X-Back}\n"                                  \
	"- name: right\n  domain: f.test\n  address: 10.0.0.5\n  headers:\n"                   \
	"  - {direction: out, action: allow, name: X-New}\n"                                   \
	"  - {direction: out, action: allow, name: X-Never}\n"                                 \
	"  - {direction: out, action: add, name: X-Trunk, value: '7'}\n"                       \
	"  - {direction: out, action: remove, name: Organization}\n"                           \
	"  - {direction: in, action: allow, name: X-Back}\n"

struct rule_case {
	const char *from, *to, *message, *expected, *why;
};

static const struct rule_case cases[] = {
	{"", "open", REQUEST("Subject: s\r\nPriority: urgent\r\nX-A: 1\r\n"),
		"Subject: s\r\nPriority: urgent\r\n", "copied by the table, else left behind"},
	{"", "open", REQUEST("s: lunch\r\n"), "Subject: lunch\r\n", "the compact form"},
	{"", "open", REQUEST("sUbJeCt: lunch\r\n"), "Subject: lunch\r\n", "any case"},
	{"", "open",
		REQUEST("User-Agent: x\r\nServer: y\r\nRoute: <sip:r.test;lr>\r\nRecord-Route: "
			"<sip:r.test;lr>\r\n"
			"Identity: i\r\nDate: Tue, 25 Nov 2025 08:00:00 GMT\r\nSupported: "
			"100rel\r\nAllow: INVITE\r\n"
			"Authorization: Digest username=\"a\", realm=\"r\", nonce=\"n\", "
			"uri=\"sip:b\", "
			"response=\"0\"\r\nProxy-Authorization: Digest username=\"a\", "
			"realm=\"r\", nonce=\"n\", uri=\"sip:b\", "
			"response=\"0\"\r\n"
			"Session-Expires: 90\r\nReason: SIP;cause=1\r\n"),
		"", "ours: written anew or not at all (AU-2)"},
	{"", "open", RESPONSE("Retry-After: 5\r\nSubject: s\r\n"), "Retry-After: 5\r\n",
		"a response is another kind"},
	{"", "open", REQUEST("Retry-After: 5\r\n"), "", "and so is a request"},
	{"near", "far",
		REQUEST("P-Asserted-Identity: <sip:a@b>\r\nHistory-Info: <sip:h>;index=1\r\n"
			"Diversion: <sip:d>\r\nCall-Info: <http://x>\r\n"
			"P-Preferred-Identity: <sip:p>\r\n"),
		"P-Asserted-Identity: <sip:a@b>\r\nHistory-Info: <sip:h>;index=1\r\n"
		"Diversion: <sip:d>\r\nCall-Info: <http://x>\r\n",
		"within the trust domain (ID-1); never the preferred one (ID-2)"},
	{"near", "open", REQUEST("P-Asserted-Identity: <sip:a@b>\r\nPrivacy: id\r\n"),
		"Privacy: id\r\n", "out of it"},
	{"open", "near", REQUEST("P-Asserted-Identity: <sip:a@b>\r\n"), "", "into it"},
	{"", "near", REQUEST("P-Asserted-Identity: <sip:a@b>\r\n"), "", "users are outside"},
	{"left", "right", REQUEST("X-New: 1\r\nX-Foo: 2\r\n"), "X-New: 1\r\nX-Trunk: 7\r\n",
		"both must allow it"},
	{"left", "open", REQUEST("X-New: 1\r\n"), "", "the receiver has no rule"},
	{"", "right", REQUEST("X-New: 1\r\n"), "X-New: 1\r\nX-Trunk: 7\r\n",
		"a user has no rules to ask"},
	{"left", "right", REQUEST("X-Old: 1\r\n"), "X-New: 1\r\nX-Trunk: 7\r\n",
		"renamed first, then looked at by the other's rules"},
	{"left", "right", REQUEST("X-Never: 1\r\n"), "X-Trunk: 7\r\n", "removed is removed"},
	{"left", "open", REQUEST("Subject: aaab c\r\n"), "Subject: <aaa> c\r\n", "replaced"},
	{"left", "open", REQUEST("Subject: ccc\r\n"), "Subject: ccc\r\n", "no match"},
	{"open", "right", REQUEST("Organization: o\r\n"), "X-Trunk: 7\r\n",
		"rules take away what the table copies"},
	{"right", "left", RESPONSE("X-Back: 1\r\nX-New: 2\r\n"), "X-Back: 1\r\n",
		"a response goes the other way, through the other rules"},
	{"", "right", REQUEST("X-New: a\r\n b\r\n"), "X-New: a b\r\nX-Trunk: 7\r\n",
		"a folded value is one line"},
};

static int try_one(const struct config *config, const struct rule_case *c, struct buf *lines)
{
	struct header_trial trial = {.config = config,
		.from = slice_str(c->from),
		.to = slice_str(c->to),
		.message = slice_str(c->message)};
	char fault[200] = "";
	int err = header_rules_try(&trial, lines, fault, sizeof(fault));

	if (err)
		print_message("%s\n", fault);
	return err;
}

static void crosses_by_the_table(void **state)
{
	struct config *config = config_text_load(PEERS, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf lines;
		buf_init(&lines, 65536);
		if (try_one(config, &cases[i], &lines) ||
			!slice_equal(buf_slice(&lines), slice_str(cases[i].expected)))
			fail_msg("%s: %.*s", cases[i].why, SLICE_ARG(buf_slice(&lines)));
		buf_fini(&lines);
	}
	config_unref(config);
}

static void has_ceilings(void **state)
{
	struct config *config = config_text_load(PEERS, NULL);
	struct rule_case one = {"left", "open", REQUEST("Subject: aaab c\r\n"), "", ""};
	struct buf lines;

	(void)state;
	buf_init(&lines, 8);
	assert_int_equal(SBC_ELIMIT, try_one(config, &one, &lines));
	buf_fini(&lines);
	one.from = "nobody";
	buf_init(&lines, 80);
	assert_int_equal(SBC_ENOENT, try_one(config, &one, &lines));
	one.from = "";
	one.message = "hello";
	assert_int_equal(SBC_EPARSE, try_one(config, &one, &lines));
	buf_fini(&lines);
	config_unref(config);
}

#define RULE(text)                                                                             \
	CONFIG_ENOUGH                                                                          \
	"peers: [{name: p, domain: b.test, address: 10.0.0.1, headers: [{direction: in, " text \
	"}]}]\n"

static void checks_rules(void **state)
{
	static const struct {
		const char *text, *expected;
	} faults[] = {
		{RULE("action: allow, name: Via"), "Via is written anew on each leg"},
		{RULE("action: remove, name: i"), "i is written anew on each leg"},
		{RULE("action: rename, name: X-A, value: Identity"),
			"the new name of the header"},
		{RULE("action: rename, name: X-A"), "the new name of the header"},
		{RULE("action: add, name: X-A"), "add needs a value"},
		{RULE("action: add, name: X-*, value: a"), "* goes with allow and remove only"},
		{RULE("action: replace, name: X-A, value: a"), "replace needs a pattern"},
		{RULE("action: replace, name: X-A, pattern: '(a', value: b"),
			"missing closing parenthesis"},
		{RULE("action: replace, name: X-A, pattern: 'a', value: '\\1'"),
			"a backslash goes"},
		{RULE("action: allow, name: X-A, pattern: a"),
			"pattern goes with replace only"},
		{RULE("action: alow, name: X-A"), "did you mean \"allow\"?"},
		{RULE("action: allow, name: 'X A'"), "not the name of a header"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_true(config_text_refused(faults[i].text, faults[i].expected));
}

static void survives_no_memory(void **state)
{
	struct config *config = config_text_load(PEERS, NULL);
	struct rule_case one = {"left", "open", REQUEST("Subject: aaab c\r\n"), "", ""};

	(void)state;
	for (long n = 0; n < 12; n++) {
		struct buf lines;
		buf_init(&lines, 4096);
		mem_fail_after(n);
		try_one(config, &one, &lines);
		mem_fail_after(-1);
		buf_fini(&lines);
	}
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crosses_by_the_table),
		cmocka_unit_test(has_ceilings),
		cmocka_unit_test(checks_rules),
		cmocka_unit_test(survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
