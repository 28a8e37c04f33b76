/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published certificates on disk. Blocking; before the loops run. */

#include "sbc/cert_archive.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"

#define PATH_SIZE  600
#define FILES_MAX  1024 /* more are not looked at */
#define ID_LEN     16
#define SUFFIX_LEN 4 /* ".pem", ".old" */

struct archive {
	const struct provision *provision;
	struct http_certs *certs;
	int64_t now_s;
	char directory[PATH_SIZE - 64];
	int err;
};

/* What a file's name says. */
struct entry {
	struct slice id;
	bool is_rsa, is_old;
};

/* False: not one of ours; it is left alone. */
static bool read_name(const char *name, struct entry *out)
{
	struct slice text = slice_str(name), suffix = slice_from(text, ID_LEN);

	out->id = slice_head(text, ID_LEN);
	for (size_t i = 0; i < out->id.len; i++)
		if (!out->id.ptr[i] || !strchr("0123456789abcdef", out->id.ptr[i]))
			return false;
	out->is_rsa = slice_starts(suffix, SLICE(".rsa"));
	if (!out->is_rsa && !slice_starts(suffix, SLICE(".pem")))
		return false;
	suffix = slice_from(suffix, SUFFIX_LEN);
	out->is_old = slice_equal(suffix, SLICE(".old"));
	return out->is_old || !suffix.len;
}

struct question {
	struct slice id;
	bool is_served;
};

static void look_for(const struct http_cert_kept *kept, void *arg)
{
	struct question *question = arg;

	if (!kept->replaced_s && slice_equal(slice_str(kept->id), question->id))
		question->is_served = true;
}

static bool is_served(const struct http_certs *certs, struct slice id)
{
	struct question question = {.id = id};

	http_certs_visit(certs, look_for, &question);
	return question.is_served;
}

/* Served until we were stopped: from now on it is old. */
static void make_old(struct archive *a, const char *path)
{
	const struct timespec times[2] = {{.tv_sec = a->now_s}, {.tv_sec = a->now_s}};
	char old[PATH_SIZE + SUFFIX_LEN];

	snprintf(old, sizeof(old), "%s.old", path);
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) || rename(path, old))
		a->err = SBC_EIO;
}

static void take_old(
	struct archive *a, const char *path, const struct entry *entry, int64_t replaced_s)
{
	struct buf pem;

	buf_init(&pem, PROVISION_FILE_MAX);
	/* One that somebody damaged is worth a line, not the start. */
	if (provision_read(a->provision, path, false, &pem))
		a->err = SBC_EIO;
	else
		http_certs_add_old(
			a->certs, buf_slice(&pem), entry->is_rsa, replaced_s, a->now_s);
	buf_fini(&pem);
}

static void take_file(struct archive *a, const char *name)
{
	char path[PATH_SIZE];
	struct entry entry;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%.40s", a->directory, name);
	if (!read_name(name, &entry) || lstat(path, &st) || !S_ISREG(st.st_mode))
		return;
	if (is_served(a->certs, entry.id)) {
		if (entry.is_old)
			unlink(path);
	} else if (!entry.is_old) {
		take_old(a, path, &entry, a->now_s);
		make_old(a, path);
	} else if (a->now_s - st.st_mtim.tv_sec >= HTTP_CERT_KEPT_S) {
		unlink(path);
	} else {
		take_old(a, path, &entry, st.st_mtim.tv_sec);
	}
}

static void write_served(const struct http_cert_kept *kept, void *arg)
{
	struct archive *a = arg;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s.%s", a->directory, kept->id,
		kept->is_rsa ? "rsa" : "pem");
	if (!kept->replaced_s && access(path, F_OK) &&
		provision_write(a->provision, path, 0644, kept->pem))
		a->err = SBC_EIO;
}

/* Where they are. */
static int open_archive(
	struct archive *a, const struct provision *p, struct http_certs *certs, int64_t now_s)
{
	int n;

	*a = (struct archive){.provision = p, .certs = certs, .now_s = now_s};
	n = snprintf(a->directory, sizeof(a->directory), "%s/certificates", p->state_dir);
	if (n < 0 || (size_t)n >= sizeof(a->directory))
		return SBC_ELIMIT;
	return mkdir(a->directory, 0755) && errno != EEXIST ? SBC_EIO : 0;
}

int cert_archive_sync(const struct provision *p, struct http_certs *certs, int64_t now_s)
{
	const struct dirent *entry;
	struct archive a;
	DIR *directory;
	int err = open_archive(&a, p, certs, now_s);

	if (err)
		return err;
	directory = opendir(a.directory);
	if (!directory)
		return SBC_EIO;
	for (int i = 0; i < FILES_MAX && (entry = readdir(directory)); i++)
		take_file(&a, entry->d_name);
	closedir(directory);
	http_certs_visit(certs, write_served, &a);
	return a.err;
}

void cert_archive_write(const struct provision *p, const struct http_cert_set *set)
{
	struct archive a;

	if (!open_archive(&a, p, NULL, 0))
		http_cert_set_visit(set, write_served, &a);
}
