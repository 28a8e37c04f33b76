/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and certificates on disk: made once, kept private, read with care. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "sbc/credentials.h"
#include "sbc/provision.h"

struct stage {
	char directory[64];
	char state_dir[96];
	struct provision p;
	unsigned made_count, fault_count;
	char said[768];
};

static void on_made(const char *sentence, void *arg)
{
	struct stage *s = arg;

	s->made_count++;
	snprintf(s->said, sizeof(s->said), "%s", sentence);
}

static void on_fault(const char *sentence, void *arg)
{
	struct stage *s = arg;

	s->fault_count++;
	snprintf(s->said, sizeof(s->said), "%s", sentence);
}

static int setup(void **state)
{
	static struct stage s;

	memset(&s, 0, sizeof(s));
	snprintf(s.directory, sizeof(s.directory), "/tmp/countersip-test-provision-XXXXXX");
	if (!mkdtemp(s.directory))
		return -1;
	snprintf(s.state_dir, sizeof(s.state_dir), "%s/a/state", s.directory);
	s.p = (struct provision){.state_dir = s.state_dir,
		.now_s = clock_wall_s(),
		.made = on_made,
		.fault = on_fault,
		.arg = &s};
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"a/state/demo-ca.key", "a/state/demo-ca.pem",
		"a/state/a.test.key", "a/state/a.test.pem", "a/state/file", "a/state", "a"};
	struct stage *s = *state;
	char path[192];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->directory, names[i]);
		if (unlink(path))
			rmdir(path);
	}
	return rmdir(s->directory);
}

static unsigned mode_of(const struct stage *s, const char *name)
{
	char path[192];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->state_dir, name);
	assert_int_equal(0, stat(path, &st));
	return st.st_mode & 0777;
}

static void makes_once(void **state)
{
	struct stage *s = *state;
	struct buf key, certificate, again;

	buf_init(&key, PROVISION_FILE_MAX);
	buf_init(&certificate, PROVISION_FILE_MAX);
	buf_init(&again, PROVISION_FILE_MAX);
	assert_int_equal(0, provision_directory(&s->p));
	assert_int_equal(0, provision_directory(&s->p));
	assert_int_equal(0700, mode_of(s, "."));
	assert_int_equal(0, provision_domain(&s->p, SLICE("a.test"), SLICE("127.0.0.1"), &key,
				    &certificate));
	assert_int_equal(2, s->made_count); /* the CA, too */
	assert_non_null(strstr(s->said, "made a certificate for a.test: "));
	assert_int_equal(0600, mode_of(s, "a.test.key"));
	assert_int_equal(0600, mode_of(s, "demo-ca.key"));
	assert_true(
		slice_starts(buf_slice(&certificate), SLICE("-----BEGIN CERTIFICATE-----")));
	assert_null(strstr(certificate.data, "PRIVATE"));
	buf_reset(&key);
	assert_int_equal(
		0, provision_domain(&s->p, SLICE("a.test"), (struct slice){0}, &key, &again));
	assert_int_equal(2, s->made_count);
	assert_true(slice_equal(buf_slice(&certificate), buf_slice(&again)));
	assert_int_equal(0, s->fault_count);
	buf_fini_secret(&key);
	buf_fini(&certificate);
	buf_fini(&again);
}

static void put(const struct stage *s, mode_t mode, size_t len, char path[192])
{
	int fd;

	snprintf(path, 192, "%s/file", s->state_dir);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(0, fchmod(fd, mode));
	assert_int_equal(0, ftruncate(fd, (off_t)len));
	close(fd);
}

/* CERT-9: nobody else reads or changes a key. */
static void reads_with_care(void **state)
{
	static const struct {
		mode_t mode;
		size_t len;
		bool is_secret;
		int err;
		const char *said;
	} cases[] = {
		{0600, 10, true, 0, NULL},
		{0400, 10, true, 0, NULL},
		{0644, 10, false, 0, NULL},
		{0640, 10, true, SBC_EPROTO, "others may read or change (mode 640)"},
		{0602, 10, true, SBC_EPROTO, "chmod 600"},
		{0600, PROVISION_FILE_MAX, false, 0, NULL},
		{0600, PROVISION_FILE_MAX + 1, false, SBC_ELIMIT, "is larger than"},
	};
	struct stage *s = *state;
	struct buf out;
	char path[192];

	assert_int_equal(0, provision_directory(&s->p));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(s, cases[i].mode, cases[i].len, path);
		buf_init(&out, PROVISION_FILE_MAX);
		assert_int_equal(
			cases[i].err, provision_read(&s->p, path, cases[i].is_secret, &out));
		if (cases[i].err)
			assert_non_null(strstr(s->said, cases[i].said));
		else
			assert_int_equal(cases[i].len, out.len);
		buf_fini(&out);
	}
	buf_init(&out, PROVISION_FILE_MAX);
	assert_int_equal(SBC_EIO, provision_read(&s->p, "/nowhere/x", false, &out));
	assert_non_null(strstr(s->said, "No such file or directory"));
	assert_int_equal(SBC_EIO, provision_read(&s->p, s->state_dir, false, &out));
	assert_non_null(strstr(s->said, "is not a regular file"));
	buf_fini(&out);
}

static void bad_directories(void **state)
{
	struct stage *s = *state;
	char path[192];

	s->p.state_dir = "";
	assert_int_equal(SBC_EIO, provision_directory(&s->p));
	s->p.state_dir = "/proc/nothing/here";
	assert_int_equal(SBC_EIO, provision_directory(&s->p));
	s->p.state_dir = s->state_dir;
	assert_int_equal(0, provision_directory(&s->p));
	put(s, 0600, 1, path);
	s->p.state_dir = path;
	assert_int_equal(SBC_EIO, provision_directory(&s->p));
}

/* Everything of a configuration that names nothing. */
static void loads_credentials(void **state)
{
	struct stage *s = *state;
	struct config_domain domain = {.name = "a.test",
		.certificate = "",
		.key = "",
		.rsa_certificate = "",
		.rsa_key = ""};
	struct config_listener listener = {.transport = TRANSPORT_TLS,
		.advertised = "",
		.certificate = "",
		.key = "",
		.ca = ""};
	struct config config = {.ca = "",
		.crl = "",
		.domains = &domain,
		.domain_count = 1,
		.listeners = &listener,
		.listener_count = 1,
		.fetch = {.ca = ""},
		.http = {.certificate = "", .key = ""}};
	struct credentials c;

	assert_int_equal(0, credentials_load(&c, &config, &s->p));
	assert_ptr_equal(&c.domains[0], credentials_listener(&c, 0));
	assert_ptr_equal(&c.domains[0], credentials_http(&c));
	assert_true(slice_equal(buf_slice(&c.ca), credentials_listener_ca(&c, 0)));
	assert_int_equal(0, c.fetch_ca.len); /* the system's */
	assert_int_equal(0, c.rsa[0].certificate.len);
	credentials_fini(&c);
	credentials_fini(&c);
	config.ca = "/nowhere/ca.pem";
	assert_int_equal(SBC_EIO, credentials_load(&c, &config, &s->p));
	credentials_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_once, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_with_care, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(loads_credentials, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
