/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of sessions: a dead one never fits again. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/names.h"

static void names_live_and_die(void **state)
{
	struct media_id ids[3], more = {.slot = 77};
	struct names names;

	(void)state;
	assert_int_equal(0, names_init(&names, 3));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(0, names_take(&names, &ids[i]));
		assert_int_equal(i, ids[i].slot);
		assert_int_not_equal(0, ids[i].generation);
		assert_non_null(names_find(&names, ids[i]));
	}
	assert_int_equal(SBC_ELIMIT, names_take(&names, &more));
	assert_int_equal(77, more.slot);
	assert_null(names_find(&names, more));
	names_give(&names, ids[1]);
	assert_null(names_find(&names, ids[1]));
	assert_int_equal(2, names.live_count);
	assert_int_equal(0, names_take(&names, &more));
	assert_int_equal(1, more.slot);
	assert_int_not_equal(ids[1].generation, more.generation);
	assert_null(names_find(&names, ids[1]));
	names_fini(&names);
}

static void generation_is_never_zero(void **state)
{
	struct names names;
	struct media_id id;

	(void)state;
	assert_int_equal(0, names_init(&names, 1));
	names.slots[0].generation = UINT32_MAX;
	assert_int_equal(0, names_take(&names, &id));
	assert_int_equal(1, id.generation);
	names_fini(&names);
	for (int i = 0; i < 2; i++) {
		mem_fail_after(i);
		assert_int_equal(SBC_ENOMEM, names_init(&names, 5));
	}
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_live_and_die),
		cmocka_unit_test(generation_is_never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
