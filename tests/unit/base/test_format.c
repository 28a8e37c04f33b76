/* SPDX-License-Identifier: GPL-3.0-or-later */
/* format_print() says what vsnprintf() says, with room and without. */

#include "tests/cmocka_first.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"

__attribute__((format(printf, 1, 2))) static void same(const char *format, ...)
{
	char wanted[200], got[200];
	va_list args, again;

	for (size_t size = 0; size < sizeof(wanted); size += size < 40 ? 1 : 37) {
		memset(wanted, 'x', sizeof(wanted));
		memset(got, 'x', sizeof(got));
		va_start(args, format);
		va_copy(again, args);
		assert_int_equal(vsnprintf(wanted, size, format, args),
			format_print(got, size, format, again));
		va_end(again);
		va_end(args);
		assert_memory_equal(wanted, got, sizeof(wanted));
	}
}

static void says_what_printf_says(void **state)
{
	const char *volatile nothing = NULL;

	(void)state;
	same("plain");
	same("%s", "");
	same("call=%s leg=%c", "c17", 'a');
	same("<%.*s> <%.*s> <%.*s>", 3, "abcdef", 0, "abc", -1, "all of it");
	same("%.*s", 9, "short");
	same("100%% %d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	same("%u %u %zu", 0u, UINT_MAX, SIZE_MAX);
	same("%ld %ld %lu", LONG_MIN, LONG_MAX, ULONG_MAX);
	same("%lld %llu", LLONG_MIN, ULLONG_MAX);
	same("%" PRIu64 " %" PRId64 " %" PRIu32, UINT64_MAX, INT64_MIN, UINT32_MAX);
	same("%s", nothing);
}

/* What it has no way of its own for. */
static void leaves_the_rest_to_printf(void **state)
{
	(void)state;
	same("%02x %5d %-8s| %.3s %04o %016" PRIx64, 7, 42, "ab", "abcdef", 0644, UINT64_MAX);
	same("%hhu %p %g", 300 & 0xff, (void *)0, 0.5);
	same("%.*d|%*d", 4, 7, 6, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_printf_says),
		cmocka_unit_test(leaves_the_rest_to_printf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
