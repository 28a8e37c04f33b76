/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Other keys and CAs while the room is in use: what is judged from then on, and what is still
 * remembered. */

#include "tests/unit/policy/scene.h"

struct other {
	const char *certificate, *key, *ca;
};

static struct policy *open_other(const struct other *other)
{
	struct buf pem = file_bytes(other->certificate), key = file_bytes(other->key);
	struct buf ca = file_bytes(other->ca);
	struct policy_domain domain = {.name = SLICE("atlanta.test"),
		.certificate_pem = buf_slice(&pem),
		.key_pem = buf_slice(&key),
		.info_url = SLICE("https://atlanta.test/new")};
	struct policy_config config;
	struct policy *policy = NULL;
	char fault[256] = "";

	policy_config_init(&config);
	config.domains = &domain;
	config.domain_count = 1;
	config.anchors_pem = buf_slice(&ca);
	if (policy_new(&policy, &config, fault, sizeof(fault)))
		fail_msg("%s", fault);
	buf_fini(&pem);
	buf_fini(&key);
	buf_fini(&ca);
	return policy;
}

static void signs_with_the_new_key(void **state)
{
	struct scene *s = *state;

	policy_renew(s->policy, open_other(&(struct other){
					CERTS "leaf.pem", CERTS "leaf.key", CERTS "ca.pem"}));
	assert_int_equal(0, scene_sign(s, true, false));
	assert_non_null(memmem(s->facts.identity[0].ptr, s->facts.identity[0].len,
		"https://atlanta.test/new", 24));
	assert_int_equal(SBC_ENOENT, scene_sign(s, false, true)); /* no RSA key any more */
}

/* RFC 8224 section 12.1: a reload opens no door to what was heard before. */
static void replays_are_remembered(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	policy_renew(s->policy, open_other(&(struct other){
					CERTS "leaf.pem", CERTS "leaf.key", CERTS "ca.pem"}));
	assert_int_not_equal(0, scene_verify(s));
	assert_int_equal(IDENTITY_STAGE_REPLAY, s->verdict.stage);
}

static void another_ca_judges_anew(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->fetches);
	policy_renew(s->policy, open_other(&(struct other){CERTS "leaf.pem", CERTS "leaf.key",
					CERTS "other-ca.pem"}));
	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(437, scene_verify(s));
	assert_int_equal(2, s->fetches);
}

static void the_same_ca_keeps_what_was_fetched(void **state)
{
	struct scene *s = *state;
	const struct other same = {CERTS "leaf.pem", CERTS "leaf.key", CERTS "ca.pem"};

	policy_renew(s->policy, open_other(&same)); /* the scene trusts another one, too */
	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->fetches);
	policy_renew(s->policy, open_other(&same));
	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->fetches);
}

/* A nonce that was given out before is as good afterwards (RFC 7616 section 3.3). */
static void nonces_are_remembered(void **state)
{
	struct scene *s = *state;
	const struct digest_user user = {.username = SLICE("alice"),
		.realm = SLICE("atlanta.test"),
		.ha1 = {[DIGEST_MD5] = SLICE("8ccb7fe6211c7b87df30c68bb414ca65")}};
	struct digest_challenges challenges;
	struct server_challenge challenge;
	struct digest_login login = {.username = SLICE("alice"), .password = SLICE("x")};
	struct digest_use use = {
		.method = SLICE("REGISTER"), .uri = SLICE("sip:a"), .cnonce = "c", .count = 1};
	struct buf answer;

	policy_challenge(s->policy, user.realm, &user, false, NOW, &challenges);
	assert_int_equal(
		0, policy_server_challenge_parse(&challenge, slice_str(challenges.values[0])));
	buf_init(&answer, 4096);
	assert_int_equal(0, policy_digest_answer(&login, &challenge, &use, &answer));
	policy_renew(s->policy, open_other(&(struct other){
					CERTS "leaf.pem", CERTS "leaf.key", CERTS "ca.pem"}));
	assert_int_equal(DIGEST_OK, policy_authenticate(s->policy, &user, use.method, use.uri,
					    buf_slice(&answer), NOW));
	buf_fini(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(signs_with_the_new_key),
		SCENE(replays_are_remembered),
		SCENE(another_ca_judges_anew),
		SCENE(the_same_ca_keeps_what_was_fetched),
		SCENE(nonces_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
