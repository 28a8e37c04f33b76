/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates by URL: how long, how many, and what an outage does (CERT-7). */

#include "tests/unit/policy/fixture.h"

#include "policy/cert_cache.h"

static const uint8_t seed[16];

static struct cert *some_cert(void)
{
	struct buf body = file_bytes(CERTS "leaf.pem");
	struct cert *cert = NULL;

	assert_int_equal(0, cert_new(&cert, buf_slice(&body), NULL));
	buf_fini(&body);
	return cert;
}

static void lifetimes(void **state)
{
	static const struct {
		int64_t max_age_s, lives_s;
	} table[] = {
		{-5, CERT_TTL_MIN_S},
		{0, CERT_TTL_MIN_S},
		{3600, 3600},
		{INT64_MAX, CERT_TTL_MAX_S},
	};
	struct cert_cache_result result;
	struct cert_cache cache;

	(void)state;
	assert_int_equal(0, cert_cache_init(&cache, 8, seed));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct cert *cert = some_cert();
		int64_t end = NOW + table[i].lives_s;
		assert_int_equal(0, cert_cache_store(&cache, SLICE("https://a/"), cert, NULL,
					    table[i].max_age_s, NOW));
		assert_int_equal(CERT_CACHE_FOUND,
			cert_cache_find(&cache, SLICE("https://a/"), NOW, &result));
		assert_ptr_equal(cert, result.cert);
		assert_false(result.may_refresh);
		assert_int_equal(CERT_CACHE_FOUND,
			cert_cache_find(&cache, SLICE("https://a/"), end - 1, &result));
		assert_int_equal(end - 1 >= NOW + CERT_TTL_MIN_S, result.may_refresh);
		assert_int_equal(CERT_CACHE_UNKNOWN,
			cert_cache_find(&cache, SLICE("https://a/"), end, &result));
		assert_null(result.cert);
	}
	assert_int_equal(CERT_CACHE_UNKNOWN,
		cert_cache_find(&cache, SLICE("https://a/x"), NOW, &result));
	/* The clock was set back by more than we forgive. */
	assert_int_equal(CERT_CACHE_UNKNOWN, cert_cache_find(&cache, SLICE("https://a/"),
						     NOW - CERT_TTL_MIN_S - 1, &result));
	cert_cache_fini(&cache);
}

static void failures(void **state)
{
	struct cert_cache_result result;
	struct cert_cache cache;
	struct slice url = SLICE("https://a/");
	int64_t expired = NOW + 3600, too_old = expired + CERT_STALE_MAX_S;

	(void)state;
	assert_int_equal(0, cert_cache_init(&cache, 8, seed));
	cert_cache_store_failure(&cache, url,
		"a reason that is much longer than there is room for in the entry of the cache",
		NOW);
	assert_int_equal(CERT_CACHE_FAILED, cert_cache_find(&cache, url, NOW, &result));
	assert_int_equal(CERT_FAILURE_WHY - 1, strlen(result.why));
	assert_int_equal(CERT_CACHE_FAILED,
		cert_cache_find(&cache, url, NOW + CERT_TTL_FAILED_S - 1, &result));
	assert_int_equal(CERT_CACHE_UNKNOWN,
		cert_cache_find(&cache, url, NOW + CERT_TTL_FAILED_S, &result));
	/* It works again, and then no more: the old one serves, for a day. */
	assert_int_equal(0, cert_cache_store(&cache, url, some_cert(), NULL, 3600, NOW));
	assert_int_equal(CERT_CACHE_UNKNOWN, cert_cache_find(&cache, url, expired, &result));
	cert_cache_store_failure(&cache, url, "timeout", expired);
	assert_int_equal(CERT_CACHE_FOUND, cert_cache_find(&cache, url, expired, &result));
	assert_false(result.may_refresh); /* not while we wait */
	assert_int_equal(CERT_CACHE_UNKNOWN,
		cert_cache_find(&cache, url, expired + CERT_TTL_FAILED_S, &result));
	cert_cache_store_failure(&cache, url, "timeout", too_old - 1);
	assert_int_equal(CERT_CACHE_FOUND, cert_cache_find(&cache, url, too_old - 1, &result));
	assert_int_equal(CERT_CACHE_FAILED, cert_cache_find(&cache, url, too_old, &result));
	assert_string_equal("timeout", result.why);
	/* Nothing usable was served: a failure too. */
	assert_int_equal(
		0, cert_cache_store(&cache, SLICE("https://b/"), NULL, "html", 60, NOW));
	assert_int_equal(
		CERT_CACHE_FAILED, cert_cache_find(&cache, SLICE("https://b/"), NOW, &result));
	assert_string_equal("html", result.why);
	cert_cache_fini(&cache);
}

/* Strangers' URLs that fail do not push out what is in use. */
static void ceiling(void **state)
{
	struct cert_cache_result result;
	struct cert_cache cache;
	char url[32];

	(void)state;
	assert_int_equal(0, cert_cache_init(&cache, 3, seed));
	cert_cache_store(&cache, SLICE("https://a/"), some_cert(), NULL, 3600, NOW);
	cert_cache_store(&cache, SLICE("https://b/"), some_cert(), NULL, 3600, NOW);
	for (int i = 0; i < 100; i++) {
		snprintf(url, sizeof(url), "https://x/%d", i);
		cert_cache_store_failure(&cache, slice_str(url), "no", NOW);
		assert_true(cache._table.count <= 3);
	}
	assert_int_equal(
		CERT_CACHE_FOUND, cert_cache_find(&cache, SLICE("https://b/"), NOW, &result));
	assert_int_equal(
		CERT_CACHE_FOUND, cert_cache_find(&cache, SLICE("https://a/"), NOW, &result));
	/* Then the one that was not used for the longest time goes. */
	cert_cache_store(&cache, SLICE("https://c/"), some_cert(), NULL, 3600, NOW);
	cert_cache_store(&cache, SLICE("https://d/"), some_cert(), NULL, 3600, NOW);
	assert_int_equal(
		CERT_CACHE_UNKNOWN, cert_cache_find(&cache, SLICE("https://b/"), NOW, &result));
	assert_int_equal(
		CERT_CACHE_FOUND, cert_cache_find(&cache, SLICE("https://a/"), NOW, &result));
	/* 99 failures for failures, the last of them and b for c and d. */
	assert_int_equal(101, cache.evicted_count);
	cert_cache_fini(&cache);
	assert_int_equal(0, cert_cache_init(&cache, 0, seed));
	for (long i = 0; i < 2; i++) {
		struct cert *cert = some_cert();
		mem_fail_after(i);
		assert_int_equal(SBC_ENOMEM,
			cert_cache_store(&cache, SLICE("https://a/"), cert, NULL, 60, NOW));
	}
	mem_fail_after(-1);
	cert_cache_fini(&cache);
	cert_cache_fini(&(struct cert_cache){0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(failures),
		cmocka_unit_test(ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
