/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The replay caches (ID4474-42, ID8224-31, DEC-15; LESSONS: I5). */

#include "tests/unit/policy/fixture.h"

#include "policy/replay.h"

static const uint8_t seed[16];

static struct replay_use use_8224(
	uint8_t first, const char *call_id, const char *tag, const char *method, uint32_t cseq)
{
	uint8_t signature[CRYPTO_ES256_LEN] = {first};
	struct replay_use use;

	assert_int_equal(0, replay_use_8224(&use, slice_of(signature, 64), slice_str(call_id),
				    slice_str(tag), slice_str(method), cseq));
	return use;
}

static void signatures(void **state)
{
	static const struct {
		uint8_t signature;
		const char *call_id, *tag, *method;
		uint32_t cseq;
		bool is_seen;
		const char *why;
	} table[] = {
		{1, "c", "t", "INVITE", 5, true, "itself"},
		{1, "c", "t", "INVITE", 4, true, "an older CSeq"},
		{1, "c", "t", "INVITE", 6, false, "a digest retry"},
		{1, "c", "t", "ACK", 5, false, "its ACK"},
		{1, "c", "t", "ACK", 6, true, "the ACK of nothing"},
		{1, "c", "t", "BYE", 6, true, "DEC-15: another method"},
		{1, "d", "t", "INVITE", 6, true, "another call"},
		{1, "c", "u", "INVITE", 6, true, "another dialog"},
		{1, "ct", "", "INVITE", 6, true, "letters moved over"},
		{2, "c", "t", "INVITE", 5, false, "another signature"},
	};
	struct replay_cache cache;
	struct replay_use use = use_8224(1, "c", "t", "INVITE", 5);

	(void)state;
	assert_int_equal(0, replay_init(&cache, 10, 121, seed));
	assert_false(replay_is_seen(&cache, &use, NOW));
	assert_false(replay_is_seen(&cache, &use, NOW)); /* looking is not remembering */
	assert_int_equal(0, replay_remember(&cache, &use, NOW));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct replay_use other = use_8224(table[i].signature, table[i].call_id,
			table[i].tag, table[i].method, table[i].cseq);
		if (replay_is_seen(&cache, &other, NOW) != table[i].is_seen)
			fail_msg("%s", table[i].why);
	}
	assert_true(replay_is_seen(&cache, &use, NOW + 120));
	assert_false(replay_is_seen(&cache, &use, NOW + 121));
	assert_int_equal(SBC_ECRYPTO, replay_use_8224(&use, SLICE("short"), SLICE("c"),
					      SLICE("t"), SLICE("INVITE"), 1));
	replay_fini(&cache);
}

static void calls(void **state)
{
	struct replay_cache cache;
	struct replay_use use, other;

	(void)state;
	assert_int_equal(0, replay_init(&cache, 10, 7201, seed));
	replay_use_4474(&use, SLICE("c"), SLICE("a"), SLICE("b"), SLICE("INVITE"), 5);
	assert_int_equal(0, replay_remember(&cache, &use, NOW));
	replay_use_4474(&other, SLICE("c"), SLICE("b"), SLICE("a"), SLICE("BYE"), 1);
	assert_false(replay_is_seen(&cache, &other, NOW)); /* from the other side */
	replay_use_4474(&other, SLICE("c"), SLICE("a"), SLICE("b"), SLICE("ACK"), 5);
	assert_false(replay_is_seen(&cache, &other, NOW));
	replay_use_4474(&other, SLICE("c"), SLICE("a"), SLICE("b"), SLICE("BYE"), 6);
	assert_false(replay_is_seen(&cache, &other, NOW));
	assert_int_equal(0, replay_remember(&cache, &other, NOW + 7200));
	assert_true(replay_is_seen(&cache, &use, NOW + 7200));
	/* The update began a new life. */
	assert_true(replay_is_seen(&cache, &use, NOW + 14400));
	assert_false(replay_is_seen(&cache, &use, NOW + 14401));
	assert_int_equal(0, cache._table.count);
	replay_fini(&cache);
}

/* Never evicts: full is full, until time makes room. */
static void ceiling(void **state)
{
	struct replay_cache cache;
	struct replay_use use;

	(void)state;
	assert_int_equal(0, replay_init(&cache, 3, 100, seed));
	for (uint8_t i = 1; i <= 3; i++) {
		use = use_8224(i, "c", "t", "INVITE", 1);
		assert_int_equal(0, replay_remember(&cache, &use, NOW + i));
	}
	use = use_8224(4, "c", "t", "INVITE", 1);
	assert_int_equal(SBC_ELIMIT, replay_remember(&cache, &use, NOW + 100));
	assert_int_equal(0, replay_remember(&cache, &use, NOW + 101));
	use = use_8224(1, "c", "t", "INVITE", 1);
	assert_false(replay_is_seen(&cache, &use, NOW + 101));
	use = use_8224(2, "c", "t", "INVITE", 1);
	assert_true(replay_is_seen(&cache, &use, NOW + 101));
	use = use_8224(2, "c", "t", "INVITE", 2);
	mem_fail_after(0);
	assert_int_equal(0, replay_remember(&cache, &use, NOW + 101)); /* no memory needed */
	replay_fini(&cache);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, replay_init(&cache, 3, 100, seed));
	mem_fail_after(-1);
	replay_fini(&(struct replay_cache){0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(calls),
		cmocka_unit_test(ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
