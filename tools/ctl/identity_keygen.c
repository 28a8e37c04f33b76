/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl identity keygen: a key, the request for its certificate, and for a lab the
 * certificate itself. Nothing that is there is overwritten: a lost key cannot be made again.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "policy/keygen.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/identity_message.h"

#define NUMBERS_MAX 256 /* entries of a TNAuthList */
#define DAYS        365
#define DAYS_MAX    3650
#define PEM_MAX     65536

static const char keygen_usage[] =
	"usage: countersipctl identity keygen [options] [DOMAIN]\n"
	"\n"
	"makes a P-256 key (OUT.key, mode 0600) and a request for its certificate (OUT.csr)\n"
	"\n"
	"  --out OUT       names of the files; else DOMAIN\n"
	"  --key FILE      a key that is there already: to renew its certificate\n"
	"  --tn NUMBERS    numbers that it shall vouch for (RFC 8226), with commas: "
	"+12155551212,\n"
	"                  12155551200-12155551299, spc:709J; DOMAIN may then be left out\n"
	"  --self-signed   for a lab: also OUT.pem, a certificate that is its own CA\n"
	"  --days N        how long that one is valid; 365\n"
	"\n"
	"exit status: 0 made, 1 not: no file is ever overwritten, 64 wrong options.\n";

struct arguments {
	const char *domain, *out, *key;
	struct slice numbers[NUMBERS_MAX];
	size_t number_count;
	bool is_self_signed, want_help;
	int days;
};

static bool add_numbers(struct arguments *out, struct slice list)
{
	while (list.len) {
		if (out->number_count == NUMBERS_MAX)
			return false;
		out->numbers[out->number_count++] = slice_trim(slice_cut(&list, ','));
	}
	return true;
}

static bool set_option(struct arguments *out, int code)
{
	uint64_t days;

	switch (code) {
	case 'o':
		out->out = optarg;
		return true;
	case 'k':
		out->key = optarg;
		return true;
	case 't':
		return add_numbers(out, slice_str(optarg));
	case 's':
		out->is_self_signed = true;
		return true;
	case 'h':
		out->want_help = true;
		return true;
	case 'd':
		if (slice_to_u64(slice_str(optarg), DAYS_MAX, &days) || !days)
			return false;
		out->days = (int)days;
		return true;
	default:
		return false;
	}
}

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"out", required_argument, NULL, 'o'},
		{"key", required_argument, NULL, 'k'}, {"tn", required_argument, NULL, 't'},
		{"self-signed", no_argument, NULL, 's'}, {"days", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code;

	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	if (out->want_help)
		return true;
	if (argc - optind > 1 || (argc == optind && !out->number_count))
		return false;
	out->domain = argc > optind ? argv[optind] : "";
	if (!out->out)
		out->out = out->domain;
	return out->out[0] != '\0';
}

/* ---- files ---- */

struct file {
	char path[PATH_MAX];
	const char *what;
	mode_t mode;
	struct buf bytes;
	bool is_wanted;
};

static void file_init(
	struct file *file, const char *out, const char *ending, const char *what, mode_t mode)
{
	snprintf(file->path, sizeof(file->path), "%s.%s", out, ending);
	file->what = what;
	file->mode = mode;
	file->is_wanted = true;
	buf_init(&file->bytes, PEM_MAX);
}

static int write_bytes(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t done = write(fd, bytes.ptr, bytes.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		bytes = slice_from(bytes, (size_t)done);
	}
	return fsync(fd);
}

/* The mode holds from the first byte on, whatever the umask is. */
static int file_write(struct file *file)
{
	int fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = fd < 0;

	if (!err)
		err = fchmod(fd, file->mode) || write_bytes(fd, buf_slice(&file->bytes));
	if (err)
		ctl_complain(file->path, strerror(errno));
	if (fd >= 0 && (close(fd) || err)) {
		unlink(file->path);
		err = 1;
	}
	if (!err)
		printf("%-12s %s\n", file->what, file->path);
	return err ? CTL_FAILED : CTL_OK;
}

/* ---- keys ---- */

enum { FILE_KEY, FILE_REQUEST, FILE_CERTIFICATE, FILE_COUNT };

/* Asked before anything is written, so that no half of a set is left. */
static int refuse_existing(const struct file *files)
{
	struct stat st;

	for (int i = 0; i < FILE_COUNT; i++) {
		if (files[i].is_wanted && !lstat(files[i].path, &st))
			return ctl_complain(files[i].path,
				"is there already and is not overwritten (--out names others, "
				"--key renews a certificate)");
	}
	return CTL_OK;
}

static int explain(int err)
{
	if (err == SBC_EINVAL)
		return ctl_complain("countersipctl",
			"no domain name, or no numbers: +12155551212, "
			"12155551200-12155551299, spc:709J");
	return ctl_complain("countersipctl",
		err == SBC_ECRYPTO ? "no P-256 private key (PEM, not encrypted)"
				   : err_name(err));
}

static int make(const struct arguments *a, struct file *files)
{
	const struct keygen_subject subject = {.domain = slice_str(a->domain),
		.numbers = a->numbers,
		.number_count = a->number_count};
	struct buf *key = &files[FILE_KEY].bytes;
	int err;

	if (a->key && identity_read_file(a->key, key))
		return ctl_complain(a->key, "it cannot be read");
	err = a->key ? 0 : keygen_key(key);
	err = err ? err : keygen_request(buf_slice(key), &subject, &files[FILE_REQUEST].bytes);
	if (!err && a->is_self_signed)
		err = keygen_self_signed(buf_slice(key), &subject, clock_wall_s(), a->days,
			&files[FILE_CERTIFICATE].bytes);
	return err ? explain(err) : CTL_OK;
}

static void tell_next(const struct arguments *a, const struct file *files)
{
	if (a->is_self_signed)
		printf("\nFor a lab only: whoever shall believe it takes %s as a CA.\n",
			files[FILE_CERTIFICATE].path);
	else
		printf("\nHave %s certified by a CA that your peers trust, look at what comes\n"
		       "back with: countersipctl identity cert --key %s CERTIFICATE\n",
			files[FILE_REQUEST].path, a->key ? a->key : files[FILE_KEY].path);
}

int ctl_identity_keygen(int argc, char **argv)
{
	struct arguments arguments = {.days = DAYS};
	struct file files[FILE_COUNT];
	int status;

	if (!read_options(argc, argv, &arguments)) {
		fputs(keygen_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(keygen_usage, stdout);
		return CTL_OK;
	}
	file_init(&files[FILE_KEY], arguments.out, "key", "key", 0600);
	file_init(&files[FILE_REQUEST], arguments.out, "csr", "request", 0644);
	file_init(&files[FILE_CERTIFICATE], arguments.out, "pem", "certificate", 0644);
	files[FILE_KEY].is_wanted = !arguments.key;
	files[FILE_CERTIFICATE].is_wanted = arguments.is_self_signed;
	status = refuse_existing(files);
	if (status == CTL_OK)
		status = make(&arguments, files);
	for (int i = 0; i < FILE_COUNT && status == CTL_OK; i++) {
		if (files[i].is_wanted)
			status = file_write(&files[i]);
	}
	if (status == CTL_OK)
		tell_next(&arguments, files);
	for (int i = 0; i < FILE_COUNT; i++)
		buf_fini_secret(&files[i].bytes);
	return fflush(stdout) ? CTL_FAILED : status;
}
