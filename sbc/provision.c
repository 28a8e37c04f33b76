/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and certificates on disk. Blocking; runs before the loops do. */

#include "sbc/provision.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "policy/keygen.h"

#define PATH_MAX_LEN     512
#define CA_DAYS          3650 /* a lab's CA outlives the lab */
#define CERTIFICATE_DAYS 825  /* what TLS clients accept at most from a private CA */

static int fail(const struct provision *p, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct provision *p, int err, const char *format, ...)
{
	char text[PATH_MAX_LEN + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->fault(text, p->arg);
	return err;
}

int provision_directory(const struct provision *p)
{
	struct stat st;
	char path[PATH_MAX_LEN];
	size_t len = strlen(p->state_dir);

	if (len == 0 || len >= sizeof(path))
		return fail(p, SBC_EIO, "the state directory's path is empty or too long");
	/* Parents too: "build/state" on a fresh checkout. Only the last is made private. */
	for (size_t i = 1; i < len; i++) {
		if (p->state_dir[i] != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)i, p->state_dir);
		if (mkdir(path, 0755) && errno != EEXIST)
			return fail(p, SBC_EIO, "cannot make %s: %s", path, strerror(errno));
	}
	if (mkdir(p->state_dir, 0700) && errno != EEXIST)
		return fail(p, SBC_EIO, "cannot make the state directory %s: %s", p->state_dir,
			strerror(errno));
	if (stat(p->state_dir, &st) || !S_ISDIR(st.st_mode))
		return fail(p, SBC_EIO, "%s is not a directory", p->state_dir);
	return 0;
}

static int check_secret(const struct provision *p, const char *path, const struct stat *st)
{
	if (!(st->st_mode & 077))
		return 0;
	return fail(p, SBC_EPROTO,
		"%s is a private key that others may read or change (mode %03o): chmod 600 %s",
		path, (unsigned)(st->st_mode & 0777), path);
}

static int read_all(int fd, struct buf *out)
{
	char block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0 && !out->err)
		buf_put(out, block, (size_t)n);
	mem_wipe(block, sizeof(block));
	return n < 0 ? SBC_EIO : out->err;
}

int provision_read(const struct provision *p, const char *path, bool is_secret, struct buf *out)
{
	struct stat st;
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(p, SBC_EIO, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		err = fail(p, SBC_EIO, "%s is not a regular file", path);
	else if (is_secret && check_secret(p, path, &st))
		err = SBC_EPROTO;
	else if (st.st_size > PROVISION_FILE_MAX)
		err = fail(
			p, SBC_ELIMIT, "%s is larger than %d bytes", path, PROVISION_FILE_MAX);
	else if ((err = read_all(fd, out)))
		fail(p, err, "cannot read %s: %s", path, err_name(err));
	close(fd);
	return err;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return SBC_EIO;
		bytes = slice_from(bytes, (size_t)n);
	}
	return fsync(fd) ? SBC_EIO : 0;
}

int provision_write(
	const struct provision *p, const char *path, mode_t mode, struct slice bytes)
{
	struct random_source random = random_system();
	char beside[PATH_MAX_LEN + 16], token[9];
	int err, fd;

	random_token(&random, token, 8);
	snprintf(beside, sizeof(beside), "%s.%s", path, token);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail(p, SBC_EIO, "cannot write %s: %s", path, strerror(errno));
	err = write_all(fd, bytes);
	close(fd);
	if (!err && rename(beside, path))
		err = SBC_EIO;
	if (err) {
		fail(p, err, "cannot write %s: %s", path, strerror(errno));
		unlink(beside);
	}
	return err;
}

struct pair {
	char key[PATH_MAX_LEN];
	char certificate[PATH_MAX_LEN];
};

static int name_pair(const struct provision *p, struct slice name, struct pair *out)
{
	int n = snprintf(
		out->key, sizeof(out->key), "%s/%.*s.key", p->state_dir, SLICE_ARG(name));
	int m = snprintf(out->certificate, sizeof(out->certificate), "%s/%.*s.pem",
		p->state_dir, SLICE_ARG(name));

	if (n < 0 || m < 0 || (size_t)n >= sizeof(out->key) ||
		(size_t)m >= sizeof(out->certificate))
		return fail(p, SBC_ELIMIT, "the state directory's path is too long");
	return 0;
}

static bool pair_exists(const struct pair *pair)
{
	return access(pair->key, F_OK) == 0 && access(pair->certificate, F_OK) == 0;
}

static int read_pair(const struct provision *p, const struct pair *pair, struct buf *key,
	struct buf *certificate)
{
	int err = key ? provision_read(p, pair->key, true, key) : 0;

	return err ? err : provision_read(p, pair->certificate, false, certificate);
}

static int write_pair(const struct provision *p, const struct pair *pair, const struct buf *key,
	const struct buf *certificate)
{
	int err = provision_write(p, pair->key, 0600, buf_slice(key));

	return err ? err : provision_write(p, pair->certificate, 0644, buf_slice(certificate));
}

static void say_made(
	const struct provision *p, const char *what, const struct pair *pair, int days)
{
	char text[2 * PATH_MAX_LEN + 256];

	snprintf(text, sizeof(text), "made %s: %s (valid %d days), key in %s", what,
		pair->certificate, days, pair->key);
	p->made(text, p->arg);
}

int provision_ca(const struct provision *p, struct buf *key, struct buf *certificate)
{
	struct buf made_key, made_certificate;
	struct pair pair;
	int err = name_pair(p, SLICE("demo-ca"), &pair);

	if (err)
		return err;
	if (!pair_exists(&pair)) {
		buf_init(&made_key, PROVISION_FILE_MAX);
		buf_init(&made_certificate, PROVISION_FILE_MAX);
		err = keygen_ca(SLICE("countersip demo CA"), p->now_s, CA_DAYS, &made_key,
			&made_certificate);
		if (err)
			fail(p, err, "cannot make a demo CA: %s", err_name(err));
		err = err ? err : write_pair(p, &pair, &made_key, &made_certificate);
		buf_fini_secret(&made_key);
		buf_fini(&made_certificate);
		if (err)
			return err;
		say_made(p, "a demo CA", &pair, CA_DAYS);
	}
	return read_pair(p, &pair, key, certificate);
}

static int make_domain(const struct provision *p, const struct pair *pair, struct slice domain,
	struct slice ip)
{
	struct buf ca_key, ca, key, certificate;
	char what[192];
	int err;

	buf_init(&ca_key, PROVISION_FILE_MAX);
	buf_init(&ca, PROVISION_FILE_MAX);
	buf_init(&key, PROVISION_FILE_MAX);
	buf_init(&certificate, PROVISION_FILE_MAX);
	err = provision_ca(p, &ca_key, &ca);
	if (!err) {
		err = keygen_domain(buf_slice(&ca_key), buf_slice(&ca), domain, ip, p->now_s,
			CERTIFICATE_DAYS, &key, &certificate);
		if (err)
			fail(p, err, "cannot make a certificate for %.*s: %s",
				SLICE_ARG(domain), err_name(err));
	}
	err = err ? err : write_pair(p, pair, &key, &certificate);
	buf_fini_secret(&ca_key);
	buf_fini(&ca);
	buf_fini_secret(&key);
	buf_fini(&certificate);
	if (err)
		return err;
	snprintf(what, sizeof(what), "a certificate for %.*s", SLICE_ARG(domain));
	say_made(p, what, pair, CERTIFICATE_DAYS);
	return 0;
}

int provision_domain(const struct provision *p, struct slice domain, struct slice ip,
	struct buf *key, struct buf *certificate)
{
	struct pair pair;
	int err = name_pair(p, domain, &pair);

	if (!err && !pair_exists(&pair))
		err = make_domain(p, &pair, domain, ip);
	return err ? err : read_pair(p, &pair, key, certificate);
}
