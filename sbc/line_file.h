/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LINE_FILE_H
#define SBC_LINE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>
#include <sys/uio.h>

/*
 * A file that whole lines are appended to, whatever the disk does meanwhile: half a line
 * that did not fit is cut off again, one that a crash left is ended at the next start, and a
 * file that was moved or removed is made anew. Blocks as the disk does: for a thread of its
 * own. Private to the sbc room.
 */
#define LINE_FILE_BATCH 64 /* lines of one writing */

struct line_file {
	int _fd;
	char *_path; /* owned */
	unsigned _mode;
	bool is_synced; /* what was appended is on the disk before line_file_append() returns */
	bool _is_torn;  /* half a line is at its end */
};

/* Appends to path, which is copied; made with this mode when absent. SBC_EIO, SBC_ENOMEM. */
int line_file_open(struct line_file *file, const char *path, unsigned mode, bool is_synced);
void line_file_close(struct line_file *file);

/*
 * Lines with their ends, LINE_FILE_BATCH at most. How many of them are in the file, from the
 * first on; when that is not count, *why is the errno. The others are to be given again: the
 * next call begins with the first of them. When syncing failed none counts, although some may
 * be there: they will be there twice rather than not at all.
 */
int line_file_append(struct line_file *file, const struct iovec *lines, int count, int *why);

#endif
