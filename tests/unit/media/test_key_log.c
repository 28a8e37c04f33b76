/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line of NSS's key log. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "media/key_log.h"

static void prints(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, KEY_LOG_LINE_MAX);
	assert_int_equal(0,
		key_log_print(&out, "CLIENT_RANDOM", SLICE("\x00\x1f\xff"), SLICE("\x80\x0a")));
	assert_string_equal("CLIENT_RANDOM 001fff 800a", out.data);
	buf_fini(&out);
}

/* The longest there is: SHA-512's, with the longest label. */
static void has_room(void **state)
{
	static const char bytes[64];
	struct buf out;

	(void)state;
	buf_init(&out, KEY_LOG_LINE_MAX);
	assert_int_equal(0, key_log_print(&out, "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
				    slice_of(bytes, 32), slice_of(bytes, 64)));
	buf_reset(&out);
	assert_int_equal(
		SBC_ELIMIT, key_log_print(&out, "X", slice_of(bytes, 64), slice_of(bytes, 64)));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints),
		cmocka_unit_test(has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
