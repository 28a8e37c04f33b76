/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-24, FIFO-25: which lines of a log are about this client and this FIFO. */

#include "tests/cmocka_first.h"

#include "tools/ctl/doctor_lsm.h"

static void tells_denials(void **state)
{
	static const struct {
		const char *line;
		bool is_denial;
	} table[] = {
		{"avc:  denied  { write } for pid=8 comm=\"httpd\" name=\"f\" tclass=fifo_file",
			true},
		{"avc:  denied  { search } for pid=8 comm=\"httpd\" name=\"opensips_fifo\" "
		 "tclass=dir",
			true},
		{"avc:  denied  { search } for pid=8 comm=\"httpd\" name=\"other\" tclass=dir",
			false},
		{"avc:  denied  { write } for pid=8 comm=\"sshd\" tclass=fifo_file", false},
		{"avc:  granted  { write } for pid=8 comm=\"httpd\" tclass=fifo_file", false},
		{"apparmor=\"DENIED\" name=\"/run/o/opensips_fifo\" comm=\"httpd\"", true},
		{"apparmor=\"DENIED\" name=\"/run/o/else\" comm=\"httpd\"", false},
		{"apparmor=\"ALLOWED\" name=\"/run/o/opensips_fifo\" comm=\"httpd\"", false},
		{"", false},
	};
	static char long_line[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(table[i].is_denial, lsm_is_denial(slice_str(table[i].line),
							     "httpd", "/run/o/opensips_fifo"));
	memset(long_line, 'x', sizeof(long_line) - 1);
	assert_false(lsm_is_denial(slice_str(long_line), "httpd", "/x"));
}

static void reads_types(void **state)
{
	(void)state;
	assert_true(slice_equal(
		SLICE("httpd_t"), lsm_type("system_u:system_r:httpd_t:s0-s0:c0.c1023")));
	assert_int_equal(0, lsm_type("unconfined").len);
	assert_int_equal(0, lsm_type(NULL).len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_denials),
		cmocka_unit_test(reads_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
