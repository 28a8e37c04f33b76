/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a caller inside the trust domain, and taken off from outside of it. */

#include "tests/cmocka_first.h"

#include "sbc/verstat.h"

/* ID8224-47: for each policy and verdict, what those we trust read. */
static void words(void **state)
{
	static const struct {
		enum identity_failure policy;
		enum identity_outcome outcome;
		bool is_trusted;
		const char *verstat, *reason;
	} table[] = {
		{IDENTITY_FAILURE_REJECT, IDENTITY_VERIFIED, true,
			";verstat=TN-Validation-Passed", ""},
		{IDENTITY_FAILURE_MARK, IDENTITY_VERIFIED, true,
			";verstat=TN-Validation-Passed", ""},
		{IDENTITY_FAILURE_MARK, IDENTITY_FAILED, true, ";verstat=TN-Validation-Failed",
			"Reason: STIR;cause=436;text=\"Bad Identity Info\"\r\n"},
		{IDENTITY_FAILURE_MARK, IDENTITY_FAILED, false, ";verstat=TN-Validation-Failed",
			""},
		{IDENTITY_FAILURE_MARK, IDENTITY_ABSENT, true, ";verstat=No-TN-Validation", ""},
		{IDENTITY_FAILURE_PASS, IDENTITY_FAILED, true, ";verstat=No-TN-Validation", ""},
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct config_peer peer = {
			.on_failure = table[i].policy, .is_trusted = table[i].is_trusted};
		const struct identity_verdict verdict = {.outcome = table[i].outcome,
			.code = 436,
			.phrase = "Bad Identity Info"};
		buf_init(&out, 256);
		assert_string_equal(table[i].verstat, verstat_of(&peer, &verdict));
		assert_int_equal(0, verstat_put_reason(&out, &peer, &verdict));
		assert_string_equal(table[i].reason, out.data ? out.data : "");
		buf_fini(&out);
	}
	assert_string_equal("", verstat_of(NULL, &(struct identity_verdict){0}));
}

static void is_taken_off(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{"alice", "alice"},
		{"", ""},
		{"+12155551212;verstat=TN-Validation-Passed", "+12155551212"},
		{"+12155551212;npdi;VERSTAT = x;rn=1", "+12155551212;npdi;rn=1"},
		{"+1;verstat", "+1"},
		{"+1;xverstat=1", "+1;xverstat=1"},
		{"tel:+1;verstat=a;phone-context=+1", "tel:+1;phone-context=+1"},
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buf_init(&out, 256);
		assert_int_equal(0, verstat_strip(&out, slice_str(table[i].in)));
		assert_string_equal(table[i].out, out.data ? out.data : "");
		buf_fini(&out);
	}
	assert_true(verstat_is_reason(SLICE("STIR;cause=438")));
	assert_true(verstat_is_reason(SLICE("stir ; cause=438")));
	assert_false(verstat_is_reason(SLICE("SIP;cause=200")));
	assert_false(verstat_is_reason(SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(is_taken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
