/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts of the live system. Every open is O_RDONLY or, for a FIFO, O_WRONLY|O_NONBLOCK; all
 * are O_CLOEXEC and O_NONBLOCK, and O_NOFOLLOW where the path is the administrator's and not
 * one of /proc's own links. Nothing is created, truncated or written (DX-2).
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "tools/ctl/doctor_acl.h"
#include "tools/ctl/doctor_probe.h"
#include "tools/ctl/doctor_source.h"

#define NAMES_MAX 65536 /* of one directory: the default of pid_max is 32768 */
#define XATTR_MAX 8192  /* bytes: more entries than ACL_ENTRIES_MAX */

static int live_read(struct source *s, const char *path, bool want_tail, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char chunk[8192];
	struct stat st;
	ssize_t got;
	int err = 0;

	(void)s;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		err = SBC_EINVAL; /* a configuration file that is a FIFO would lose its bytes */
	if (!err && want_tail && st.st_size > FACT_FILE_MAX)
		lseek(fd, st.st_size - FACT_FILE_MAX, SEEK_SET);
	while (!err && (got = read(fd, chunk, sizeof(chunk))) != 0) {
		size_t room = FACT_FILE_MAX - out->len;
		if (got < 0)
			err = -errno;
		else if (!room || buf_put(out, chunk, (size_t)got < room ? (size_t)got : room))
			break;
	}
	close(fd);
	return err;
}

static enum inode_kind kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return KIND_FILE;
	case S_IFDIR:
		return KIND_DIR;
	case S_IFIFO:
		return KIND_FIFO;
	case S_IFLNK:
		return KIND_LINK;
	case S_IFSOCK:
		return KIND_SOCKET;
	default:
		return KIND_OTHER;
	}
}

static int live_stat(struct source *s, const char *path, bool want_follow, struct inode *out)
{
	struct stat st;

	(void)s;
	if (fstatat(AT_FDCWD, path, &st, want_follow ? 0 : AT_SYMLINK_NOFOLLOW))
		return -errno;
	*out = (struct inode){.kind = kind_of(st.st_mode),
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.nlink = (unsigned)st.st_nlink};
	return 0;
}

static int live_link(struct source *s, const char *path, char *out, size_t size)
{
	ssize_t got = readlink(path, out, size);

	(void)s;
	if (got < 0)
		return -errno;
	if ((size_t)got >= size)
		return -ENAMETOOLONG;
	out[got] = '\0';
	return 0;
}

static int live_list(struct source *s, const char *path, source_name_h *handler, void *arg)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	(void)s;
	if (!dir) {
		int err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (size_t i = 0; i < NAMES_MAX && (entry = readdir(dir)); i++) {
		if (entry->d_name[0] != '.')
			handler(entry->d_name, arg);
	}
	closedir(dir);
	return 0;
}

static int live_acl(struct source *s, const char *path, struct acl *out)
{
	unsigned char bytes[XATTR_MAX];
	ssize_t got = lgetxattr(path, "system.posix_acl_access", bytes, sizeof(bytes));

	(void)s;
	if (got < 0)
		return errno == EOPNOTSUPP ? -ENODATA : -errno;
	return acl_parse_xattr(bytes, (size_t)got, out);
}

static int live_label(struct source *s, const char *path, char *out, size_t size)
{
	ssize_t got = lgetxattr(path, "security.selinux", out, size - 1);

	(void)s;
	if (got < 0)
		return -errno;
	out[got] = '\0';
	return 0;
}

static int live_filesystem(struct source *s, const char *path, struct filesystem *out)
{
	struct statfs st;

	(void)s;
	if (statfs(path, &st))
		return -errno;
	*out = (struct filesystem){.magic = (uint32_t)st.f_type,
		.free_inodes = st.f_files ? st.f_ffree : UINT64_MAX,
		.free_blocks = st.f_bavail};
	return 0;
}

static int live_fifo(struct source *s, const char *path, struct fifo_probe *out)
{
	struct fifo_probe probe = {.queued = -1, .size = -1};
	int queued, fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	struct stat st;

	(void)s;
	if (fd < 0) {
		probe.err = -errno;
		*out = probe;
		return 0;
	}
	if (!fstat(fd, &st) && S_ISFIFO(st.st_mode)) {
		if (!ioctl(fd, FIONREAD, &queued))
			probe.queued = queued;
		probe.size = fcntl(fd, F_GETPIPE_SZ);
	}
	close(fd);
	*out = probe;
	return 0;
}

static int live_open_as(struct source *s, const struct process *process, const char *path,
	bool is_open_unsafe, int *result)
{
	(void)s;
	return probe_open_as(process, path, is_open_unsafe, result);
}

static int live_own_pid(struct source *s)
{
	(void)s;
	return (int)getpid();
}

static void live_close(struct source *s)
{
	mem_free(s);
}

static const struct source_ops live_ops = {
	.read = live_read,
	.stat = live_stat,
	.link = live_link,
	.list = live_list,
	.acl = live_acl,
	.label = live_label,
	.filesystem = live_filesystem,
	.fifo = live_fifo,
	.open_as = live_open_as,
	.own_pid = live_own_pid,
	.close = live_close,
};

int source_open_live(struct source **out)
{
	struct source *s = mem_alloc(sizeof(*s));

	if (!s)
		return SBC_ENOMEM;
	s->ops = &live_ops;
	*out = s;
	return 0;
}
