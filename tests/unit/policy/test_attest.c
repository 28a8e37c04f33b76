/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attestation and origin identifier, RFC 8588 sections 4 and 5. */

#include "tests/unit/policy/fixture.h"

/* EXT-2: the matrix; nothing comes out stronger than it came in. */
static void levels(void **state)
{
	static const struct {
		enum caller_proof proof;
		bool may_use;
		char received, result;
	} table[] = {
		{PROOF_NONE, true, 'A', 0}, {PROOF_USER, true, 0, 'A'},
		{PROOF_USER, false, 0, 'B'}, {PROOF_PEER, true, 0, 'A'},
		{PROOF_PEER, false, 0, 'B'}, {PROOF_VERIFIED, false, 'A', 'A'},
		{PROOF_VERIFIED, false, 'B', 'B'}, {PROOF_VERIFIED, false, 'C', 'C'},
		{PROOF_VERIFIED, false, 0, 'C'},
		{PROOF_VERIFIED, true, 'C', 'A'}, /* by our own authorisation */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		assert_int_equal(table[i].result,
			policy_attest(table[i].proof, table[i].may_use, table[i].received));
}

/* EXT-1: a UUID, the same for the same origin. */
static void origin(void **state)
{
	char one[POLICY_ORIGID_SIZE], again[POLICY_ORIGID_SIZE], other[POLICY_ORIGID_SIZE];

	(void)state;
	assert_int_equal(0, policy_origid(SLICE("s"), SLICE("alice@atlanta.test"), one));
	assert_int_equal(0, policy_origid(SLICE("s"), SLICE("alice@atlanta.test"), again));
	assert_int_equal(0, policy_origid(SLICE("s"), SLICE("bob@atlanta.test"), other));
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
	assert_int_equal(36, strlen(one));
	for (int i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal('-', one[i]);
		else
			assert_non_null(strchr("0123456789abcdef", one[i]));
	}
	assert_int_equal('8', one[14]);
	assert_non_null(strchr("89ab", one[19]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels),
		cmocka_unit_test(origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
