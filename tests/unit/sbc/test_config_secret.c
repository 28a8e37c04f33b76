/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords from files, registrars, peers that are users: what keys say together. */

#include "tests/cmocka_first.h"

#include <string.h>
#include <sys/stat.h>

#include "tests/unit/sbc/config_text.h"

#define USER                                                                                   \
	"users: [{name: bob, domain: atlanta.test, ha1_md5: "                                  \
	"00112233445566778899aabbccddeeff}]\n"

static void write_secret(char path[40], const char *text, mode_t mode)
{
	int fd;

	snprintf(path, 40, "/tmp/countersip-secret-XXXXXX");
	fd = mkstemp(path);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	assert_int_equal(0, fchmod(fd, mode));
	close(fd);
}

static void peer_with(char *out, size_t size, const char *path)
{
	snprintf(out, size,
		CONFIG_ENOUGH "peers: [{name: t, domain: t.test, address: 10.0.0.1, "
			      "transport: udp, profile: lab, auth_user: me, "
			      "auth_password_file: %s}]\n",
		path);
}

/* The first line, whatever ends it. */
static void reads_the_first_line(void **state)
{
	static const char *const texts[] = {
		"open sesame", "open sesame\n", "open sesame\r\n", "open sesame\nnot this\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char path[40], text[1024];
		struct config *config;
		write_secret(path, texts[i], 0600);
		peer_with(text, sizeof(text), path);
		config = config_text_load(text, NULL);
		assert_string_equal("open sesame", config->peers[0].auth_password);
		assert_string_equal("me", config->peers[0].auth_user);
		config_unref(config);
		unlink(path);
	}
}

static void refuses_files(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *expected;
	} rows[] = {
		{"secret\n", 0640, "others may read or change it: chmod 600"},
		{"secret\n", 0602, "others may read or change it"},
		{"", 0600, "its first line is empty"},
		{"\nsecret\n", 0600, "its first line is empty"},
	};
	char path[40], text[1024], large[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_secret(path, rows[i].text, rows[i].mode);
		peer_with(text, sizeof(text), path);
		assert_true(config_text_refused(text, rows[i].expected));
		unlink(path);
	}
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	write_secret(path, large, 0600);
	peer_with(text, sizeof(text), path);
	assert_true(config_text_refused(text, "256 bytes at most"));
	unlink(path);
	peer_with(text, sizeof(text), "/nowhere/at/all");
	assert_true(config_text_refused(text, "/nowhere/at/all: No such file"));
	peer_with(text, sizeof(text), "/tmp");
	assert_true(config_text_refused(text, "/tmp: not a regular file"));
}

static void checks_keys(void **state)
{
#define TRUNK                                                                                  \
	"peers: [{name: t, domain: t.test, address: 10.0.0.1, transport: udp, profile: lab, "
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{CONFIG_ENOUGH TRUNK "auth_user: me}]\n", "go together"},
		{CONFIG_ENOUGH TRUNK "auth_password_file: /tmp/x}]\n", "go together"},
		{CONFIG_ENOUGH TRUNK "register: nobody}]\n", "name@domain is wanted here"},
		{CONFIG_ENOUGH TRUNK "register: 'a@b;x=1'}]\n", "name@domain is wanted here"},
		{CONFIG_ENOUGH USER "peers: [{name: t, domain: t.test, transport: udp, "
				    "profile: lab, address: bill@atlanta.test}]\n",
			"bill@atlanta.test is none of users"},
		{"domains: [{name: atlanta.test, registrar: cora}]\n"
		 "listeners: [{transport: udp, address: 127.0.0.1}]\n"
		 "media: {interfaces: [{address: 127.0.0.1}]}\n"
		 "peers: [{name: core, domain: core.test, address: 10.0.0.1, transport: udp, "
		 "profile: lab}]\n",
			"there is no peer \"cora\"; did you mean \"core\"?"},
		{CONFIG_ENOUGH "users: [{name: bob, domain: atlanta.test}]\n",
			"the user has no password"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(config_text_refused(rows[i].text, rows[i].expected));
}

/* With a registrar the passwords are there. */
static void users_of_a_registrar(void **state)
{
	struct config *config = config_text_load(
		"domains: [{name: atlanta.test, registrar: core}]\n"
		"listeners: [{transport: udp, address: 127.0.0.1}]\n"
		"media: {interfaces: [{address: 127.0.0.1}]}\n"
		"peers: [{name: other, domain: o.test, address: 10.0.0.2, transport: udp, "
		"profile: lab}, {name: core, domain: core.test, address: 10.0.0.1, "
		"transport: udp, profile: lab}]\nusers: [{name: bob, domain: atlanta.test}]\n",
		NULL);

	(void)state;
	assert_true(config->domains[0].has_registrar);
	assert_int_equal(1, config->domains[0].registrar_index);
	config_unref(config);
	config = config_text_load(CONFIG_ENOUGH USER
		"peers: [{name: t, domain: t.test, transport: udp, profile: lab, "
		"address: bob@atlanta.test}]\n",
		NULL);
	assert_string_equal("bob@atlanta.test", config->peers[0].user);
	assert_string_equal("", config->peers[0].host);
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_first_line),
		cmocka_unit_test(refuses_files),
		cmocka_unit_test(checks_keys),
		cmocka_unit_test(users_of_a_registrar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
