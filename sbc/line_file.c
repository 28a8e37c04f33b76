/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole lines at the end of a file. The thread of whoever owns it. */

#include "sbc/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"

static int open_path(const char *path, unsigned mode)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, (mode_t)mode);
}

/* The process that wrote last may have been killed in the middle of a line. */
static void end_half_line(int fd, const char *path)
{
	struct stat st;
	char last = '\n';
	int reader;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0)
		return;
	if (pread(reader, &last, 1, st.st_size - 1) == 1 && last != '\n' &&
		write(fd, "\n", 1) != 1)
		last = '\0'; /* a full disk: the first writing tells it */
	close(reader);
}

int line_file_open(struct line_file *file, const char *path, unsigned mode, bool is_synced)
{
	char *copy = mem_strdup(slice_str(path));
	int fd;

	if (!copy)
		return SBC_ENOMEM;
	fd = open_path(path, mode);
	if (fd < 0) {
		mem_free(copy);
		return SBC_EIO;
	}
	end_half_line(fd, path);
	*file = (struct line_file){
		._fd = fd, ._path = copy, ._mode = mode, .is_synced = is_synced};
	return 0;
}

void line_file_close(struct line_file *file)
{
	close(file->_fd);
	mem_free(file->_path);
}

/* Whoever rotates files moves ours away; whoever cleans up removes it. False: removed, and no
 * other can be made. */
static bool find_place(struct line_file *file)
{
	struct stat ours, there;
	int fd;

	if (fstat(file->_fd, &ours))
		return true; /* writing tells what is wrong */
	if (!stat(file->_path, &there) && there.st_dev == ours.st_dev &&
		there.st_ino == ours.st_ino)
		return true;
	fd = open_path(file->_path, file->_mode);
	if (fd < 0)
		return ours.st_nlink; /* moved, where we may make none: still somewhere */
	end_half_line(fd, file->_path);
	close(file->_fd);
	file->_fd = fd;
	file->_is_torn = false;
	return true;
}

/* len bytes of a line are at the end of the file, and the rest did not fit. Readers want
 * whole lines only: where it cannot be cut off, the next one shall not be glued to it. */
static void cut_line(struct line_file *file, size_t len)
{
	off_t end = lseek(file->_fd, 0, SEEK_CUR); /* behind what we wrote last */
	struct stat st;

	if (end < (off_t)len || fstat(file->_fd, &st) || !S_ISREG(st.st_mode) ||
		st.st_size != end || ftruncate(file->_fd, end - (off_t)len))
		file->_is_torn = true;
}

/* Bytes that the file took; less than all of them: *why. */
static size_t write_parts(int fd, struct iovec *parts, int count, int *why)
{
	size_t written = 0;

	while (count) {
		ssize_t n = writev(fd, parts, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*why = n ? errno : ENOSPC;
			break;
		}
		written += (size_t)n;
		while (count && (size_t)n >= parts->iov_len) {
			n -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
	return written;
}

/* Pipes and terminals cannot be synced, and need not. */
static bool sync_data(struct line_file *file, int *why)
{
	if (!file->is_synced || !fdatasync(file->_fd) || errno == EINVAL || errno == EROFS)
		return true;
	*why = errno;
	return false;
}

int line_file_append(struct line_file *file, const struct iovec *lines, int count, int *why)
{
	struct iovec parts[1 + LINE_FILE_BATCH] = {{.iov_base = "\n", .iov_len = 1}};
	size_t end, written;
	int whole = 0;

	if (!find_place(file)) {
		*why = errno;
		return 0;
	}
	memcpy(parts + 1, lines, (size_t)count * sizeof(*lines));
	end = file->_is_torn ? 1 : 0;
	written = write_parts(file->_fd, parts + 1 - end, count + (int)end, why);
	if (written < end)
		return 0;
	file->_is_torn = false;
	written -= end;
	while (whole < count && written >= lines[whole].iov_len)
		written -= lines[whole++].iov_len;
	if (written)
		cut_line(file, written);
	return !whole || sync_data(file, why) ? whole : 0;
}
