/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Profiles: one word gives a peer its settings, its own keys override them. */

#include "tests/cmocka_first.h"

#include "sbc/peer_profile.h"
#include "tests/unit/sbc/config_text.h"

#define PEER(keys)                                                                             \
	CONFIG_ENOUGH "peers: [{name: p, domain: c.test, address: 10.0.0.1" keys "}]\n"

static void gives_settings(void **state)
{
	static const struct {
		const char *text;
		bool sign, accept, required, mky, http, trusted;
		const char *why;
	} cases[] = {
		{PEER(""), true, true, true, true, false, false, "domain-dtls is usual"},
		{PEER(", profile: domain-dtls"), true, true, true, true, false, false, "said"},
		{PEER(", profile: lab"), false, true, false, false, true, true, "a lab"},
		{PEER(", profile: lab, sign: [rfc8224], trusted: no"), true, true, false, false,
			true, false, "keys override"},
		{PEER(", identity_required: no"), true, true, false, true, false, false,
			"one key alone"},
		{PEER(", profile: trunk-rtp, media: dtls"), false, true, false, false, false,
			true, "a profile whose media is replaced by one that is there"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = config_text_load(cases[i].text, NULL);
		const struct config_peer *p = &config->peers[0];
		if (p->sign_8224 != cases[i].sign || p->accept_8224 != cases[i].accept ||
			p->identity_required != cases[i].required ||
			p->require_mky != cases[i].mky || p->allow_http != cases[i].http ||
			p->is_trusted != cases[i].trusted || p->media != MEDIA_MODE_DTLS)
			fail_msg("%s", cases[i].why);
		config_unref(config);
	}
}

/* BR-1: RFC 8862 sections 4 and 5 in one word; each part can still be said otherwise. */
static void sipbrandy(void **state)
{
	struct config *config = config_text_load(PEER(", profile: sipbrandy"), NULL);
	const struct config_peer *p = &config->peers[0];

	(void)state;
	assert_true(p->sign_8224 && p->accept_8224 && p->identity_required && p->require_mky);
	assert_false(p->sign_4474 || p->accept_4474 || p->allow_http || p->is_trusted);
	assert_false(p->media_rules.allow_downgrade);
	assert_int_equal(MEDIA_MODE_DTLS, p->media);
	assert_int_equal(ANSWER_IDENTITY_REQUIRE, p->answer_identity);
	config_unref(config);
	config = config_text_load(PEER(", profile: sipbrandy, answer_identity: prefer"), NULL);
	assert_int_equal(ANSWER_IDENTITY_PREFER, config->peers[0].answer_identity);
	config_unref(config);
	config = config_text_load(PEER(""), NULL);
	assert_int_equal(ANSWER_IDENTITY_OFF, config->peers[0].answer_identity);
	config_unref(config);
}

/* Whom a peer may make us call: nobody, unless it is our own neighbour or the file says so. */
static void refer_by_profile(void **state)
{
	static const struct {
		const char *text;
		enum config_refer refer;
	} table[] = {{PEER(""), REFER_REFUSE}, {PEER(", profile: sipbrandy"), REFER_REFUSE},
		{PEER(", profile: trunk-sdes"), REFER_REFUSE},
		{PEER(", profile: trunk-rtp"), REFER_REFUSE},
		{PEER(", profile: lab"), REFER_CARRY_OUT},
		{PEER(", profile: lab, refer: refuse"), REFER_REFUSE},
		{PEER(", refer: pass"), REFER_PASS}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config *config = config_text_load(table[i].text, NULL);

		assert_int_equal(table[i].refer, config->peers[0].refer);
		config_unref(config);
	}
	assert_true(config_text_refused(PEER(", refer: maybe"), "refuse, pass, carry_out"));
}

static void each_profile_will_do(void **state)
{
	(void)state;
	for (size_t i = 0; peer_profile_at(i); i++) {
		const struct peer_profile *profile = peer_profile_at(i);
		char text[512];
		snprintf(text, sizeof(text), "%s%s%s%s", CONFIG_ENOUGH,
			"peers: [{name: p, domain: c.test, address: 10.0.0.1, profile: ",
			profile->name, "}]\n");
		config_unref(config_text_load(text, NULL));
	}
}

/* RFC 4568 section 6. */
static void keys_need_tls(void **state)
{
	(void)state;
	assert_true(config_text_refused(
		PEER(", transport: udp, profile: trunk-sdes"), "would show its keys"));
	config_unref(config_text_load(PEER(", profile: trunk-sdes"), NULL));
	config_unref(config_text_load(
		PEER(", transport: udp, profile: trunk-sdes, sdes_without_tls: yes"), NULL));
}

/* MB-4: only a trunk that is known to be in the clear may be beside a protected leg. */
static void downgrade_by_profile(void **state)
{
	static const struct {
		const char *text;
		bool is_allowed;
	} table[] = {{PEER(""), false}, {PEER(", media: rtp"), false},
		{PEER(", profile: trunk-rtp"), true}, {PEER(", profile: lab"), false},
		{PEER(", profile: trunk-rtp, allow_downgrade: no"), false}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config *config = config_text_load(table[i].text, NULL);

		assert_int_equal(
			table[i].is_allowed, config->peers[0].media_rules.allow_downgrade);
		config_unref(config);
	}
}

static void names_an_interface(void **state)
{
	struct config *config = config_text_load(
		"domains: [{name: atlanta.test}]\nhttp: {}\n"
		"listeners: [{transport: tls, address: 127.0.0.1}]\n"
		"media: {interfaces: [{address: 127.0.0.1}, {name: out, address: 10.0.0.9}]}\n"
		"peers: [{name: p, domain: c.test, address: 10.0.0.1, interface: out}]\n",
		NULL);

	(void)state;
	assert_int_equal(1, config->peers[0].media_rules.interface_index);
	assert_int_equal(46, config->peers[0].media_rules.dscp);
	config_unref(config);
	assert_true(config_text_refused(
		PEER(", interface: out"), "no media interface has the name \"out\""));
}

static void refuses_other_words(void **state)
{
	(void)state;
	assert_true(config_text_refused(
		PEER(", profile: domain-dtsl"), "did you mean \"domain-dtls\"?"));
	assert_true(config_text_refused(
		PEER(", media: zrtp"), "is not one of dtls, sdes, rtp, opportunistic, bypass"));
	assert_true(config_text_refused(
		PEER(", media: bypass, answer_identity: require"), "no gate that could wait"));
	assert_true(config_text_refused(
		PEER(", media: bypass, codecs: PCMA"), "descriptions cross as they are"));
}

/* The table names each key of enum peer_key, and each of them is a key of the file. */
static void keys_have_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PEER_KEY_COUNT; i++)
		assert_non_null(peer_key_name((enum peer_key)i));
	assert_null(peer_key_name(PEER_KEY_COUNT));
	assert_null(peer_profile_find(SLICE("webrtc")));
	assert_string_equal("lab", peer_profile_find(SLICE("lab"))->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_settings),
		cmocka_unit_test(sipbrandy),
		cmocka_unit_test(refer_by_profile),
		cmocka_unit_test(each_profile_will_do),
		cmocka_unit_test(refuses_other_words),
		cmocka_unit_test(names_an_interface),
		cmocka_unit_test(keys_need_tls),
		cmocka_unit_test(downgrade_by_profile),
		cmocka_unit_test(keys_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
