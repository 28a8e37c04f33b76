/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP-date, RFC 3261 section 25.1 (ID4474-4, DS-4). */

#include "tests/unit/policy/fixture.h"

#include "policy/date.h"

/* ID4474-4: RFC 1123, GMT. */
static void there_and_back(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} table[] = {
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{1014296523, "Thu, 21 Feb 2002 13:02:03 GMT"}, /* RFC 4474 section 10.1 */
		{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},  /* a leap year after all */
		{1798761599, "Thu, 31 Dec 2026 23:59:59 GMT"},
		{NOW, NOW_DATE},
		{4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"}, /* no leap year */
		{253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
	};
	char text[DATE_TEXT_SIZE];
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		assert_string_equal(table[i].text, date_print(table[i].seconds, text));
		assert_int_equal(0, date_parse(slice_str(table[i].text), &seconds));
		assert_int_equal(table[i].seconds, seconds);
	}
	assert_string_equal(table[0].text, date_print(-1, text));
	assert_string_equal(table[6].text, date_print(INT64_MAX, text));
	/* Every day of four centuries. */
	for (int64_t day = 0; day < 146097; day++) {
		date_print(day * 86400 + 86399, text);
		assert_int_equal(0, date_parse(slice_str(text), &seconds));
		assert_int_equal(day * 86400 + 86399, seconds);
	}
}

static void one_spelling_only(void **state)
{
	static const char *const table[] = {
		"",
		"Fri, 01 Jan 2027 00:00:00 gmt",
		"fri, 01 Jan 2027 00:00:00 GMT",
		"Fri, 01 jan 2027 00:00:00 GMT",
		"Sat, 01 Jan 2027 00:00:00 GMT", /* it is a Friday */
		"Fri, 1 Jan 2027 00:00:00 GMT",
		"Fri,  1 Jan 2027 00:00:00 GMT",
		"Fri, 01 Jan 2027 24:00:00 GMT",
		"Fri, 01 Jan 2027 00:60:00 GMT",
		"Fri, 01 Jan 2027 00:00:60 GMT",
		"Fri, 01 Jan 2027 00:00:00 UTC",
		"Fri, 01 Jan 2027 00:00:00 +0000",
		"Fri, 01 Jan 2027 00:00:00 GMT ",
		"Fri; 01 Jan 2027 00:00:00 GMT",
		"Fri, 01-Jan-2027 00:00:00 GMT",
		"Fri, +1 Jan 2027 00:00:00 GMT",
		"Fri, 00 Jan 2027 00:00:00 GMT",
		"Mon, 29 Feb 2027 00:00:00 GMT",
		"Thu, 01 Jan 1969 00:00:00 GMT",
		"Fri, 01 Foo 2027 00:00:00 GMT",
	};
	int64_t seconds = -7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		assert_int_equal(SBC_EPARSE, date_parse(slice_str(table[i]), &seconds));
	assert_int_equal(-7, seconds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(one_spelling_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
