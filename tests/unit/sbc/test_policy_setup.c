/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy room as the configuration wants it, and trunks that could not be signed for. */

#include <stdio.h>

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/random.h"
#include "sbc/policy_link.h"

#define NOW INT64_C(1798761600) /* 2027-01-01: within the vectors' validity */

static struct buf file_bytes(const char *path)
{
	char bytes[65536];
	struct buf out;
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	buf_init(&out, sizeof(bytes));
	buf_put(&out, bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
	return out;
}

static struct config_domain domain = {
	.name = "atlanta.test", .info_url = "", .rsa_info_url = ""};
static struct config_user users[] = {
	{.name = "alice", .domain = "atlanta.test", .also = "", .tls_name = ""},
	{.name = "12155551212", .domain = "atlanta.test", .also = "", .tls_name = ""}};
static struct config_peer peer = {.name = "trunk", .sign_8224 = true};
static struct config_key key = {.name = "numbers", .domain = "", .info_url = ""};
static struct config config = {.domains = &domain,
	.domain_count = 1,
	.users = users,
	.user_count = 2,
	.peers = &peer,
	.peer_count = 1,
	.keys = &key,
	.key_count = 1,
	.http = {.is_enabled = true}};

static struct policy *open_policy(const char *certificate)
{
	struct credential own = {.certificate = file_bytes("tests/vectors/certs/leaf.pem"),
		.key = file_bytes("tests/vectors/certs/leaf.key")};
	struct credential rsa = {0}, numbers = {.certificate = file_bytes(certificate),
					     .key = file_bytes("tests/vectors/certs/leaf.key")};
	struct credentials credentials = {.ca = file_bytes("tests/vectors/certs/ca.pem"),
		.domains = &own,
		.rsa = &rsa,
		.keys = &numbers,
		.domain_count = 1,
		.key_count = 1};
	struct random_source random = random_system();
	const struct policy_setup setup = {
		.config = &config, .credentials = &credentials, .random = &random};
	struct policy *policy = NULL;
	char fault[256] = "";

	netaddr_parse(&config.http.address, SLICE("127.0.0.1"), 8443);
	if (policy_link_new(&policy, &setup, fault, sizeof(fault)))
		fail_msg("%s", fault);
	buf_fini(&own.certificate);
	buf_fini(&own.key);
	buf_fini(&numbers.certificate);
	buf_fini(&numbers.key);
	buf_fini(&credentials.ca);
	return policy;
}

/* NEG-15, DEC-4: what a trunk will carry in From must be covered, or the start is refused. */
static void trunks(void **state)
{
	static const struct {
		bool shaken, rfc4474;
		const char *user, *also, *fault;
	} table[] = {
		{false, false, "12155551212", "sales +12155550000", ""},
		{true, false, "12155551212", "", ""},
		{true, false, "12155551213", "",
			"peer trunk: calls of 12155551213@atlanta.test could not be signed: no "
			"certificate's TNAuthList covers it"},
		{true, false, "12155551212", "sales +12155550000",
			"peer trunk: calls of +12155550000@atlanta.test could not be signed: "
			"no "
			"certificate's TNAuthList covers it"},
		{false, true, "12155551212", "",
			"peer trunk: calls of alice@atlanta.test could not be signed: no RSA "
			"certificate covers it"},
	};
	struct policy *policy = open_policy("tests/vectors/numbers/one.pem");
	char fault[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int err;
		peer.shaken = table[i].shaken;
		peer.sign_4474 = table[i].rfc4474;
		users[1].name = table[i].user;
		users[1].also = table[i].also;
		fault[0] = '\0';
		err = policy_link_check_trunks(policy, &config, NOW, fault, sizeof(fault));
		assert_string_equal(table[i].fault, fault);
		assert_int_equal(table[i].fault[0] ? SBC_ECRYPTO : 0, err);
	}
	/* Nothing is signed for it: nothing has to be covered. */
	peer.sign_8224 = peer.sign_4474 = false;
	assert_int_equal(
		0, policy_link_check_trunks(policy, &config, NOW, fault, sizeof(fault)));
	peer.sign_8224 = true;
	policy_link_free(policy);
}

/* ID8224-14: each key has a URL of its own. */
static void urls(void **state)
{
	char out[POLICY_LINK_URL_MAX];

	(void)state;
	assert_string_equal("https://atlanta.test:8443/cert/keys/numbers",
		policy_link_key_url(&config, 0, out));
	key.domain = "b.test";
	assert_string_equal(
		"https://b.test:8443/cert/keys/numbers", policy_link_key_url(&config, 0, out));
	key.info_url = "https://c.test/x";
	assert_string_equal("https://c.test/x", policy_link_key_url(&config, 0, out));
	key.domain = key.info_url = "";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trunks),
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
