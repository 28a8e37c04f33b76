/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords that are in files of their own, so that the configuration can be shown around.
 * Blocking; on the thread that reads the configuration. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/mem.h"
#include "sbc/config_tree.h"

#define SECRET_MAX 256 /* bytes of a password */

static const char *fault_of(int fd, struct stat *st)
{
	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, st) || !S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_mode & 077)
		return "others may read or change it: chmod 600";
	return NULL;
}

/* The first line. */
static size_t read_line(int fd, char *out, size_t size)
{
	ssize_t n = read(fd, out, size - 1);
	size_t len = 0;

	while (n > 0 && len < (size_t)n && out[len] != '\n' && out[len] != '\r' && out[len])
		len++;
	mem_wipe(out + len, size - len);
	return len;
}

const char *config_secret_read(
	struct config_reading *r, const struct config_node *at, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[SECRET_MAX + 2];
	const char *secret = NULL;
	struct stat st;
	const char *why = fault_of(fd, &st);
	size_t len = why ? 0 : read_line(fd, text, sizeof(text));

	if (!why && !len)
		why = "its first line is empty";
	else if (!why && len > SECRET_MAX)
		why = "a password has 256 bytes at most";
	if (why)
		config_fault(r->faults, at, "%s: %s", path, why);
	else
		secret = arena_copy(r->arena, slice_of(text, len + 1)).ptr;
	if (!why && !secret)
		r->faults->is_out_of_memory = true;
	mem_wipe(text, sizeof(text));
	if (fd >= 0)
		close(fd);
	return secret;
}

void config_secret_wipe(const char *secret)
{
	/* Nobody else holds the configuration any more. */
	if (secret)
		mem_wipe((char *)(uintptr_t)secret, strlen(secret));
}
