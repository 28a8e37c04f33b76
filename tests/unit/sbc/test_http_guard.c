/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may use the management pages: tokens, sessions and their ends, whose page asks. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/err.h"
#include "sbc/http_guard.h"

#define TOKEN    "0123456789abcdef-token"
#define MINUTE   (60 * USEC_PER_SEC)
#define OUR_HOST "127.0.0.1:8480"
#define OURS     "http://127.0.0.1:8480"

static int setup(void **state)
{
	const struct http_guard_config config = {.token = SLICE(TOKEN),
		.names = "sbc.test  other.test",
		.random = random_system()};
	struct http_guard *guard;

	assert_int_equal(0, http_guard_new(&guard, &config));
	*state = guard;
	return 0;
}

static int teardown(void **state)
{
	http_guard_free(*state);
	return 0;
}

static void tokens(void **state)
{
	struct http_guard_config config = {.names = "", .random = random_system()};
	struct http_guard *guard;

	(void)state;
	config.token = SLICE("fifteen-letters");
	assert_int_equal(SBC_EINVAL, http_guard_new(&guard, &config));
	config.token = SLICE("");
	assert_int_equal(SBC_EINVAL, http_guard_new(&guard, &config));
}

static void hosts(void **state)
{
	static const struct {
		const char *host, *origin;
		unsigned status;
	} table[] = {
		{OUR_HOST, "", 0},
		{OUR_HOST, OURS, 0},
		{OUR_HOST, "https://127.0.0.1:8480", 0},
		{"localhost", "http://localhost", 0},
		{"LOCALHOST:1", "", 0},
		{"[::1]:8480", "http://[::1]:8480", 0},
		{"sbc.test", "", 0},
		{"other.test:99", "http://other.test:99", 0},
		{"", "", 421},
		{"evil.test", "", 421},
		{"sbc.test.evil.test", "", 421},
		{"xsbc.test", "", 421},
		{"127.0.0.1.evil.test", "", 421},
		{"2130706433", "", 421},
		{":80", "", 421},
		{OUR_HOST, "null", 403},
		{OUR_HOST, "http://127.0.0.1:8481", 403},
		{OUR_HOST, "http://127.0.0.1", 403},
		{OUR_HOST, "http://evil.test", 403},
		{OUR_HOST, "file://127.0.0.1:8480", 403},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct http_request request = {
			.host = slice_str(table[i].host), .origin = slice_str(table[i].origin)};
		unsigned status = http_guard_check(*state, &request);
		if (status != table[i].status)
			fail_msg("%s %s: %u", table[i].host, table[i].origin, status);
	}
}

static void bearers(void **state)
{
	static const struct {
		const char *authorization;
		enum http_right right;
	} table[] = {
		{"Bearer " TOKEN, HTTP_RIGHT_TOKEN},
		{"bearer  " TOKEN " ", HTTP_RIGHT_TOKEN},
		{"Bearer " TOKEN "x", HTTP_RIGHT_NONE},
		{"Bearer 0123456789abcdef-tokeN", HTTP_RIGHT_NONE},
		{"Bearer", HTTP_RIGHT_NONE},
		{TOKEN, HTTP_RIGHT_NONE},
		{"", HTTP_RIGHT_NONE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct http_request request = {
			.authorization = slice_str(table[i].authorization)};
		assert_int_equal(table[i].right, http_guard_right(*state, &request, 0));
	}
}

static void log_in(struct http_guard *guard, usec_t now, char cookie[HTTP_COOKIE_SIZE])
{
	const struct http_request request = {.method = HTTP_POST};

	assert_int_equal(204, http_guard_login(guard, &request, SLICE(TOKEN), now, cookie));
	assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Strict; Max-Age=43200"));
	assert_null(strstr(cookie, "Secure"));
	cookie[strcspn(cookie, ";")] = '\0';
}

static enum http_right use(struct http_guard *guard, const char *cookie, usec_t now)
{
	const struct http_request request = {
		.method = HTTP_POST, .cookie = slice_str(cookie), .origin = SLICE(OURS)};

	return http_guard_right(guard, &request, now);
}

static void sessions(void **state)
{
	char one[HTTP_COOKIE_SIZE], other[HTTP_COOKIE_SIZE], gone[HTTP_COOKIE_SIZE];
	struct http_request request = {.method = HTTP_POST, .is_tls = true};
	const usec_t late = 900 * MINUTE;

	log_in(*state, MINUTE, one);
	log_in(*state, MINUTE, other);
	assert_string_not_equal(one, other);
	assert_int_equal(HTTP_RIGHT_SESSION, use(*state, one, 30 * MINUTE));
	assert_int_equal(HTTP_RIGHT_SESSION, use(*state, one, 59 * MINUTE));
	/* Nobody used it for half an hour; and used ones end too. */
	assert_int_equal(HTTP_RIGHT_NONE, use(*state, other, 32 * MINUTE));
	for (usec_t at = 60 * MINUTE; at <= 720 * MINUTE; at += 20 * MINUTE)
		assert_int_equal(HTTP_RIGHT_SESSION, use(*state, one, at));
	assert_int_equal(HTTP_RIGHT_NONE, use(*state, one, 722 * MINUTE));
	/* A browser's POST says whose page sent it; its GET may not. */
	log_in(*state, late, one);
	request.cookie = slice_str(one);
	assert_int_equal(HTTP_RIGHT_NONE, http_guard_right(*state, &request, late));
	request.method = HTTP_GET;
	assert_int_equal(HTTP_RIGHT_SESSION, http_guard_right(*state, &request, late));
	http_guard_logout(*state, &request, gone);
	assert_string_equal(
		"countersip_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; "
		"Secure",
		gone);
	assert_int_equal(HTTP_RIGHT_NONE, use(*state, one, late));
	/* A place that is free has no name. */
	assert_int_equal(HTTP_RIGHT_NONE, use(*state, "countersip_session=", late));
}

static void guesses(void **state)
{
	const struct http_request request = {.method = HTTP_POST};
	char cookie[HTTP_COOKIE_SIZE];

	for (int i = 0; i < 5; i++)
		assert_int_equal(401,
			http_guard_login(*state, &request, SLICE("wrong"), MINUTE, cookie));
	assert_int_equal(429, http_guard_login(*state, &request, SLICE(TOKEN), MINUTE, cookie));
	assert_int_equal(204, http_guard_login(*state, &request, SLICE(TOKEN),
				      MINUTE + 3 * USEC_PER_SEC, cookie));
	assert_int_equal(401, http_guard_login(*state, &request, SLICE("wrong"),
				      MINUTE + 3 * USEC_PER_SEC, cookie));
	assert_int_equal(429, http_guard_login(*state, &request, SLICE("wrong"),
				      MINUTE + 3 * USEC_PER_SEC, cookie));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens),
		cmocka_unit_test_setup_teardown(hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(bearers, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions, setup, teardown),
		cmocka_unit_test_setup_teardown(guesses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
