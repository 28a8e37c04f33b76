/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making a FIFO or a unix socket where others will look for it (rows MI-2 to MI-9). The order
 * of things:
 *
 *   directory made if it is not there, checked, locked: two instances cannot do this at once
 *   what stands there: nothing; or our own kind, our own owner, and nobody behind it
 *   made with mode 0600, opened, owner, then mode, then access list: never open too far
 */

#include "sbc/rpc_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/slice.h"
#include "sbc/account.h"

/* Where the sentence goes. */
struct fault {
	char *text;
	size_t size;
};

static int say(const struct fault *fault, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int say(const struct fault *fault, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, fault->size, format, args);
	va_end(args);
	return err;
}

/* ---- words ---- */

static bool has_blank(const char *text)
{
	return text[strcspn(text, " \t\r\n")] != '\0';
}

int rpc_place_init(struct rpc_place *out, enum rpc_place_kind kind,
	const struct rpc_place_words *words, char *fault, size_t fault_size)
{
	const struct fault to = {fault, fault_size};
	bool is_absolute = words->name[0] == '/';
	int len;

	*out = (struct rpc_place){.kind = kind, .acl = words->acl, .mode = words->mode};
	if (!out->mode)
		out->mode = 0600;
	len = snprintf(out->path, sizeof(out->path), "%s%s%s",
		is_absolute ? "" : words->run_dir, is_absolute ? "" : "/", words->name);
	if (len < 0 || (size_t)len >= sizeof(out->path))
		return say(&to, SBC_EINVAL, "the path \"%s/%s\" is longer than %zu bytes",
			is_absolute ? "" : words->run_dir, words->name, sizeof(out->path) - 1);
	if (has_blank(out->path))
		return say(&to, SBC_EINVAL, "the path \"%s\" has a blank in it", out->path);
	if (account_user(words->user, &out->uid, NULL))
		return say(&to, SBC_EINVAL, "there is no user \"%s\" for %s", words->user,
			out->path);
	if (account_group(words->group, &out->gid))
		return say(&to, SBC_EINVAL, "there is no group \"%s\" for %s", words->group,
			out->path);
	return 0;
}

/* ---- directory ---- */

struct spot {
	int directory; /* owned: open and locked */
	char folder[RPC_PATH_MAX];
	const char *name; /* borrowed from the place's path */
};

static int check_directory(const struct spot *spot, const struct fault *fault)
{
	struct stat st;

	if (fstat(spot->directory, &st))
		return say(fault, SBC_EIO, "cannot look at %s: %s", spot->folder,
			strerrordesc_np(errno));
	if (st.st_mode & S_IWOTH)
		return say(fault, SBC_EINVAL,
			"%s is writable by everybody%s: take a directory of countersip's own, "
			"such as /run/countersip",
			spot->folder,
			st.st_mode & S_ISVTX ? ", and with fs.protected_fifos there even root "
					       "is refused"
					     : "");
	return 0;
}

static int open_spot(
	struct spot *spot, const struct rpc_place *place, const struct fault *fault)
{
	const char *slash = strrchr(place->path, '/');
	int err;

	spot->name = slash + 1;
	snprintf(spot->folder, sizeof(spot->folder), "%.*s", (int)(slash - place->path),
		place->path);
	if (!spot->folder[0])
		snprintf(spot->folder, sizeof(spot->folder), "/");
	if (mkdir(spot->folder, 0755) && errno != EEXIST)
		return say(fault, SBC_EIO, "cannot make the directory %s: %s", spot->folder,
			strerrordesc_np(errno));
	spot->directory = open(spot->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spot->directory < 0)
		return say(fault, SBC_EIO, "cannot open the directory %s: %s", spot->folder,
			strerrordesc_np(errno));
	err = check_directory(spot, fault);
	if (!err && flock(spot->directory, LOCK_EX | LOCK_NB))
		err = say(fault, SBC_EEXIST, "another program is starting in %s", spot->folder);
	if (err)
		close(spot->directory);
	return err;
}

/* ---- what is there ---- */

static int connect_to(const struct rpc_place *place)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int type = place->kind == RPC_PLACE_STREAM ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return errno;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", place->path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err = errno;
	close(fd);
	return err;
}

/* 0: somebody is behind it; ENXIO, ECONNREFUSED: nobody; else it cannot be known. */
static int probe(const struct rpc_place *place, const struct spot *spot)
{
	int fd;

	if (place->kind != RPC_PLACE_FIFO)
		return connect_to(place);
	fd = openat(
		spot->directory, spot->name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static const char *kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return "a regular file: somebody wrote to it before countersip was there";
	if (S_ISLNK(mode))
		return "a symbolic link";
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a FIFO";
	return S_ISSOCK(mode) ? "a socket" : "a device";
}

static int remove_dead(
	const struct rpc_place *place, const struct spot *spot, const struct fault *fault)
{
	bool is_fifo = place->kind == RPC_PLACE_FIFO;
	struct stat st;
	int err;

	if (fstatat(spot->directory, spot->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0
				       : say(fault, SBC_EIO, "cannot look at %s: %s",
						 place->path, strerrordesc_np(errno));
	if (is_fifo ? !S_ISFIFO(st.st_mode) : !S_ISSOCK(st.st_mode))
		return say(fault, SBC_EEXIST, "%s is %s; remove it", place->path,
			kind_of(st.st_mode));
	if (st.st_uid != geteuid() && st.st_uid != place->uid)
		return say(fault, SBC_EEXIST,
			"%s belongs to user %u, not to countersip; remove it", place->path,
			(unsigned)st.st_uid);
	err = probe(place, spot);
	if (!err || err == EAGAIN)
		return say(fault, SBC_EEXIST, "another instance uses %s", place->path);
	if (err != ENXIO && err != ECONNREFUSED)
		return say(fault, SBC_EEXIST, "cannot tell whether %s is in use: %s",
			place->path, strerrordesc_np(err));
	if (unlinkat(spot->directory, spot->name, 0))
		return say(fault, SBC_EIO, "cannot remove the old %s: %s", place->path,
			strerrordesc_np(errno));
	return 0;
}

/* ---- making it ---- */

static int make_fifo(const struct rpc_place *place, const struct spot *spot,
	struct rpc_placed *out, const struct fault *fault)
{
	const int flags = O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;

	if (mkfifoat(spot->directory, spot->name, 0600))
		return say(fault, SBC_EIO, "cannot make the FIFO %s: %s", place->path,
			strerrordesc_np(errno));
	out->fd = openat(spot->directory, spot->name, O_RDONLY | flags);
	if (out->fd >= 0)
		out->writer = openat(spot->directory, spot->name, O_WRONLY | flags);
	if (out->fd < 0 || out->writer < 0)
		return say(fault, SBC_EIO, "cannot open the FIFO %s: %s", place->path,
			strerrordesc_np(errno));
	return 0;
}

static int make_socket(
	const struct rpc_place *place, struct rpc_placed *out, const struct fault *fault)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int type = place->kind == RPC_PLACE_STREAM ? SOCK_STREAM : SOCK_DGRAM;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", place->path);
	out->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The kernel makes the file with this mode (and umask): closed to others at first. */
	if (out->fd < 0 || fchmod(out->fd, 0600) ||
		bind(out->fd, (struct sockaddr *)&at, sizeof(at)))
		return say(fault, SBC_EIO, "cannot make the socket %s: %s", place->path,
			strerrordesc_np(errno));
	return 0;
}

static int give_away(const struct rpc_place *place, const struct spot *spot,
	const struct rpc_placed *placed, const struct fault *fault)
{
	bool is_owned = place->uid != (uid_t)-1 || place->gid != (gid_t)-1;

	/* By name: a socket's descriptor is not its file. Nobody else writes in there. */
	if (is_owned && fchownat(spot->directory, spot->name, place->uid, place->gid,
				AT_SYMLINK_NOFOLLOW))
		return say(fault, SBC_EIO,
			"cannot give %s to user %d, group %d: %s (start as root, or be in the "
			"group)",
			place->path, (int)place->uid, (int)place->gid, strerrordesc_np(errno));
	if (fchmodat(spot->directory, spot->name, place->mode, 0))
		return say(fault, SBC_EIO, "cannot set mode %04o of %s: %s",
			(unsigned)place->mode, place->path, strerrordesc_np(errno));
	return place->acl[0] && place->kind == RPC_PLACE_FIFO
		       ? rpc_acl_apply(
				 placed->fd, place->mode, place->acl, fault->text, fault->size)
		       : 0;
}

int rpc_place_open(
	struct rpc_placed *out, const struct rpc_place *place, char *text, size_t size)
{
	struct rpc_placed placed = {.fd = -1, .writer = -1};
	const struct fault fault = {text, size};
	struct spot spot;
	struct stat st;
	int err = open_spot(&spot, place, &fault);

	if (err)
		return err;
	err = remove_dead(place, &spot, &fault);
	if (!err) {
		err = place->kind == RPC_PLACE_FIFO ? make_fifo(place, &spot, &placed, &fault)
						    : make_socket(place, &placed, &fault);
		err = err ? err : give_away(place, &spot, &placed, &fault);
		if (!err && fstatat(spot.directory, spot.name, &st, AT_SYMLINK_NOFOLLOW))
			err = say(&fault, SBC_EIO, "cannot look at %s", place->path);
		if (err && placed.fd >= 0)
			unlinkat(spot.directory, spot.name, 0);
	}
	close(spot.directory);
	if (err) {
		if (placed.fd >= 0)
			close(placed.fd);
		if (placed.writer >= 0)
			close(placed.writer);
		return err;
	}
	placed.device = st.st_dev;
	placed.inode = st.st_ino;
	*out = placed;
	return 0;
}

bool rpc_place_is_there(const struct rpc_place *place, const struct rpc_placed *placed)
{
	struct stat st;

	return !lstat(place->path, &st) && st.st_dev == placed->device &&
	       st.st_ino == placed->inode;
}

void rpc_place_close(const struct rpc_place *place, struct rpc_placed *placed)
{
	if (placed->fd < 0)
		return;
	if (rpc_place_is_there(place, placed))
		unlink(place->path);
	close(placed->fd);
	if (placed->writer >= 0)
		close(placed->writer);
	placed->fd = placed->writer = -1;
}
