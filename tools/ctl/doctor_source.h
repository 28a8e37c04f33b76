/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_SOURCE_H
#define CTL_DOCTOR_SOURCE_H

#include "base/buf.h"
#include "tools/ctl/doctor_facts.h"

/*
 * Where facts come from: the live system or a fixture tree that stands for it. Reading
 * only: nothing here creates, truncates, writes or blocks (DX-2). Functions return 0 or a
 * negative errno; outputs are untouched on error.
 */
struct source;

typedef void(source_name_h)(const char *name, void *arg);

struct source_ops {
	/* At most FACT_FILE_MAX bytes; want_tail: the last ones. */
	int (*read)(struct source *s, const char *path, bool want_tail, struct buf *out);
	int (*stat)(struct source *s, const char *path, bool want_follow, struct inode *out);
	int (*link)(struct source *s, const char *path, char *out, size_t size);
	int (*list)(struct source *s, const char *path, source_name_h *handler, void *arg);
	/* -ENODATA: there is none. */
	int (*acl)(struct source *s, const char *path, struct acl *out);
	int (*label)(struct source *s, const char *path, char *out, size_t size);
	int (*filesystem)(struct source *s, const char *path, struct filesystem *out);
	int (*fifo)(struct source *s, const char *path, struct fifo_probe *out);
	/* Opens path (or only asks for the right to, when that would disturb a reader) as
	 * the process would; *result is 0 or -errno. */
	int (*open_as)(struct source *s, const struct process *process, const char *path,
		bool is_open_unsafe, int *result);
	int (*own_pid)(struct source *s);
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
};

int source_open_live(struct source **out);
/* dir is a tree with proc/, sys/, etc/ and a file "facts": see doctor_tree.c. */
int source_open_tree(struct source **out, const char *dir);
void source_close(struct source *source); /* NULL is allowed */

/* The file's text in the arena, terminated; NULL when it cannot be read. */
const char *source_text(struct source *s, struct arena *arena, const char *path);
const char *source_tail(struct source *s, struct arena *arena, const char *path);
/* NULL when it is no link or cannot be read. */
const char *source_link(struct source *s, struct arena *arena, const char *path);

/* Terminated, in the arena; an empty string when there is no room. */
const char *fact_copy(struct arena *arena, struct slice text);
/* printf into the arena; an empty string when there is no room. */
const char *fact_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
