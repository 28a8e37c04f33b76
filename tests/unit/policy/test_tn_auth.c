/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TNAuthList, RFC 8226 section 9 (CERT-3). */

#include "tests/unit/policy/fixture.h"

#include "policy/tn_auth.h"

#define ONE                                                                                    \
	"\xa2\x05\x16\x03"                                                                     \
	"123"
#define RANGE                                                                                  \
	"\xa1\x0a\x30\x08\x16\x03"                                                             \
	"100"                                                                                  \
	"\x02\x01\x14" /* 20 from 100 */
#define SPC                                                                                    \
	"\xa0\x06\x16\x04"                                                                     \
	"709J"

/* CERT-3: everything must be understood. */
static void reads(void **state)
{
	static const struct {
		struct slice in;
		int err;
		size_t count;
		const char *why;
	} table[] = {
		{SLICE("\x30\x07" ONE), 0, 1, "one number"},
		{SLICE("\x30\x1b" ONE RANGE SPC), 0, 3, "all three kinds"},
		{SLICE("\x30\x00"), SBC_EPARSE, 0, "SIZE (1..MAX)"},
		{SLICE("\x30\x07" ONE "\x05\x00"), SBC_EPARSE, 0, "something behind it"},
		{SLICE("\x30\x05\x82\x03"
		       "123"),
			SBC_EPARSE, 0, "implicit tag"},
		{SLICE("\x30\x07\xa3\x05\x16\x03"
		       "123"),
			SBC_EPARSE, 0, "a fourth kind"},
		{SLICE("\x30\x07\xa2\x05\x0c\x03"
		       "123"),
			SBC_EPARSE, 0, "UTF8String"},
		{SLICE("\x30\x07\xa2\x05\x16\x03"
		       "12A"),
			SBC_EPARSE, 0, "a letter"},
		{SLICE("\x30\x07\xa2\x05\x16\x03"
		       "*1#"),
			0, 1, "tn-char"},
		{SLICE("\x30\x04\xa2\x02\x16\x00"), SBC_EPARSE, 0, "empty number"},
		{SLICE("\x30\x07\xa0\x05\x16\x03"
		       "7 J"),
			SBC_EPARSE, 0, "blank in a code"},
		{SLICE("\x30\x0c\xa1\x0a\x30\x08\x16\x03"
		       "100"
		       "\x02\x01\x01"),
			SBC_EPARSE, 0, "INTEGER (2..MAX)"},
		{SLICE("\x30\x0c\xa1\x0a\x30\x08\x16\x03"
		       "100"
		       "\x02\x01\xff"),
			SBC_EPARSE, 0, "negative"},
		{SLICE("\x30\x0c\xa1\x0a\x30\x08\x16\x03"
		       "1*0"
		       "\x02\x01\x05"),
			SBC_EPARSE, 0, "no range without digits"},
		{SLICE("\x31\x07" ONE), SBC_EPARSE, 0, "SET"},
		{SLICE(""), SBC_EPARSE, 0, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct tn_auth *list = NULL;
		if (tn_auth_new(&list, table[i].in) != table[i].err)
			fail_msg("%s", table[i].why);
		if (list)
			assert_int_equal(table[i].count, list->count);
		mem_free(list);
	}
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, tn_auth_new(&(struct tn_auth *){0}, table[0].in));
	mem_fail_after(-1);
}

/* CERT-3: numbers of the same length, both ends, codes only by configuration. */
static void covers(void **state)
{
	static const struct {
		const char *number, *codes;
		bool is_covered;
		enum tn_auth_kind kind;
	} table[] = {
		{"123", "", true, TN_AUTH_ONE},
		{"1234", "", false, 0},
		{"099", "", false, 0},
		{"100", "", true, TN_AUTH_RANGE},
		{"119", "", true, TN_AUTH_RANGE},
		{"120", "", false, 0},
		{"0110", "", false, 0}, /* another length is another number */
		{"1*5", "", false, 0},
		{"", "709J", false, 0},
		{"999", "709J", true, TN_AUTH_SPC},
		{"999", "123X 709J", true, TN_AUTH_SPC},
		{"999", "709", false, 0},
		{"999", "709J1", false, 0},
	};
	struct tn_auth *list = NULL;

	(void)state;
	assert_int_equal(0, tn_auth_new(&list, SLICE("\x30\x1b" ONE RANGE SPC)));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const struct tn_auth_entry *entry = tn_auth_covers(
			list, slice_str(table[i].number), slice_str(table[i].codes));
		if (!entry != !table[i].is_covered)
			fail_msg("%s, %s", table[i].number, table[i].codes);
		if (entry)
			assert_int_equal(table[i].kind, entry->kind);
	}
	assert_true(tn_auth_has_code(list));
	assert_null(tn_auth_covers(NULL, SLICE("123"), SLICE("709J")));
	assert_false(tn_auth_has_code(NULL));
	mem_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
