/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts of a fixture tree, so that every rule can be tried without being root. The tree's
 * files stand for files of / (proc/, sys/, etc/), owned by root. What files cannot show is
 * told, a line each, by its file "facts":
 *
 *   lower DIR                        what this tree lacks is looked for in DIR, beside it
 *   self PID                         the doctor's own process
 *   PATH TYPE MODE UID GID [KEY=VALUE ...]    TYPE: d f p s (directory file FIFO socket)
 *   PATH l TARGET                    a symbolic link
 *   PATH -                           there is no such thing
 *
 * Keys: ino dev nlink target (what readlink says, of /proc/PID/fd) text (a file's bytes)
 * acl label fs (tmpfs nfs cifs fuse overlay ext4) inodes (free ones) reader=none queued size
 * open (error of opening it) as (what opening as the client gives, 0 or an error). Blanks and
 * line ends in values are written \040 and \n. A path below /proc/PID/root of which nothing
 * is said is the same path of / when that link leads to /.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "tools/ctl/doctor_acl.h"
#include "tools/ctl/doctor_source.h"

#define LAYERS_MAX  4
#define FIELDS_MAX  16
#define ENTRIES_MAX 4096
#define NAMES_MAX   1024
#define LINKS_MAX   8
#define TREE_MEMORY 8388608 /* bytes: two small trees */

struct entry {
	const char *path;
	char type;
	struct inode inode;
	const char *target;
	const char *fields[FIELDS_MAX]; /* KEY=VALUE, unescaped */
	size_t field_count;
};

struct tree {
	struct source source; /* first: a tree is its source */
	struct source *live;  /* owned; reads the tree's own files */
	struct arena arena;
	const char *dirs[LAYERS_MAX];
	size_t dir_count;
	struct entry *entries; /* owned, upper layers first */
	size_t entry_count;
	int self;
};

static struct tree *tree_of(struct source *s)
{
	return (struct tree *)(void *)s;
}

/* \n and \ooo become bytes. */
static const char *unescape(struct arena *arena, struct slice text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	if (!out)
		return "";
	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.ptr + i;
		if (*at != '\\' || i + 1 == text.len) {
			out[len++] = *at;
		} else if (at[1] == 'n') {
			out[len++] = '\n';
			i++;
		} else if (i + 3 < text.len) {
			out[len++] =
				(char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			i += 3;
		}
	}
	return out;
}

static const char *field(const struct entry *entry, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < entry->field_count; i++) {
		if (!strncmp(entry->fields[i], key, len) && entry->fields[i][len] == '=')
			return entry->fields[i] + len + 1;
	}
	return NULL;
}

static uint64_t number(const char *text, int base, uint64_t otherwise)
{
	return text ? strtoull(text, NULL, base) : otherwise;
}

/* Paths that are said to be the same give the same number (FNV-1a). */
static uint64_t default_ino(const char *path)
{
	uint64_t hash = 14695981039346656037u;

	while (*path)
		hash = (hash ^ (unsigned char)*path++) * 1099511628211u;
	return hash & 0xffffff;
}

static enum inode_kind kind_of(char type)
{
	switch (type) {
	case 'f':
		return KIND_FILE;
	case 'd':
		return KIND_DIR;
	case 'p':
		return KIND_FIFO;
	case 's':
		return KIND_SOCKET;
	case 'l':
		return KIND_LINK;
	default:
		return KIND_OTHER;
	}
}

static void finish_entry(struct entry *e)
{
	e->target = e->type == 'l' ? e->fields[0] : field(e, "target");
	e->inode.kind = kind_of(e->type);
	e->inode.ino = number(field(e, "ino"), 10, default_ino(e->path));
	e->inode.dev = number(field(e, "dev"), 10, 1);
	e->inode.nlink = (unsigned)number(field(e, "nlink"), 10, 1);
	e->inode.mode = 0777;
	if (e->type == 'l' || e->type == '-' || e->field_count < 3)
		return;
	e->inode.mode = (unsigned)number(e->fields[0], 8, 0);
	e->inode.uid = (uint32_t)number(e->fields[1], 10, 0);
	e->inode.gid = (uint32_t)number(e->fields[2], 10, 0);
}

static int load_line(struct tree *tree, const char *dir, struct slice line, const char **lower)
{
	struct slice first = slice_cut(&line, ' ');
	struct entry *e;

	if (!first.len || first.ptr[0] == '#')
		return 0;
	if (slice_equal(first, SLICE("lower"))) {
		*lower = fact_printf(&tree->arena, "%s/%.*s", dir, SLICE_ARG(line));
		return 0;
	}
	if (slice_equal(first, SLICE("self"))) {
		tree->self = (int)number(unescape(&tree->arena, line), 10, 1);
		return 0;
	}
	if (tree->entry_count == ENTRIES_MAX)
		return SBC_ELIMIT;
	e = &tree->entries[tree->entry_count++];
	e->path = unescape(&tree->arena, first);
	e->type = line.len ? line.ptr[0] : '-';
	slice_cut(&line, ' ');
	while (line.len && e->field_count < FIELDS_MAX) {
		struct slice word = slice_cut(&line, ' ');
		if (word.len)
			e->fields[e->field_count++] = unescape(&tree->arena, word);
	}
	finish_entry(e);
	return 0;
}

/* A layer and then those below it: what is found first counts. */
static int load_layers(struct tree *tree, const char *dir)
{
	int err = 0;

	while (dir && !err) {
		const char *file = fact_printf(&tree->arena, "%s/facts", dir), *lower = NULL;
		struct slice rest = slice_str(source_text(tree->live, &tree->arena, file));
		if (tree->dir_count == LAYERS_MAX)
			return SBC_ELIMIT;
		tree->dirs[tree->dir_count++] = dir;
		while (rest.len && !err)
			err = load_line(tree, dir, slice_trim(slice_cut(&rest, '\n')), &lower);
		dir = lower;
	}
	return err;
}

/* Where PATH really lies: below /proc/PID/root of a process that has no other root. */
static const char *behind_root(struct tree *tree, const char *path);

static const struct entry *find(struct tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->entry_count; i++) {
		if (!strcmp(tree->entries[i].path, path))
			return &tree->entries[i];
	}
	return NULL;
}

static const char *behind_root(struct tree *tree, const char *path)
{
	const char *rest = strncmp(path, "/proc/", 6) ? NULL : strstr(path, "/root/");
	const struct entry *root;

	if (!rest)
		return NULL;
	root = find(tree, fact_printf(&tree->arena, "%.*s", (int)(rest - path) + 5, path));
	return root && root->target && !strcmp(root->target, "/") ? rest + 5 : NULL;
}

static const struct entry *look_up(struct tree *tree, const char *path)
{
	const struct entry *e = find(tree, path);
	const char *behind = e ? NULL : behind_root(tree, path);

	return behind ? find(tree, behind) : e;
}

/* The file of a layer that stands for path; NULL: none. */
static const char *real_file(struct tree *tree, const char *path, struct stat *st)
{
	const char *behind = behind_root(tree, path);

	for (size_t i = 0; i < tree->dir_count; i++) {
		const char *full = fact_printf(
			&tree->arena, "%s%s", tree->dirs[i], behind ? behind : path);
		if (!lstat(full, st))
			return full;
	}
	return NULL;
}

static int tree_stat(struct source *s, const char *path, bool want_follow, struct inode *out)
{
	struct tree *tree = tree_of(s);
	const struct entry *e = look_up(tree, path);
	struct stat st;

	for (int i = 0; want_follow && e && e->type == 'l'; i++) {
		if (i == LINKS_MAX)
			return -ELOOP;
		path = e->target;
		e = look_up(tree, path);
	}
	if (e && e->type == '-')
		return -ENOENT;
	if (e && field(e, "stat")) /* an error of looking at it */
		return -EACCES;
	if (e) {
		*out = e->inode;
		return 0;
	}
	if (!real_file(tree, path, &st))
		return -ENOENT;
	*out = (struct inode){.kind = S_ISDIR(st.st_mode) ? KIND_DIR : KIND_FILE,
		.mode = S_ISDIR(st.st_mode) ? 0755 : 0644,
		.dev = 1,
		.ino = default_ino(path),
		.nlink = 1};
	return 0;
}

static int tree_read(struct source *s, const char *path, bool want_tail, struct buf *out)
{
	struct tree *tree = tree_of(s);
	const struct entry *e = look_up(tree, path);
	const char *full;
	struct stat st;

	if (e && e->type == '-')
		return -ENOENT;
	if (e && field(e, "stat"))
		return -EACCES;
	if (e && field(e, "text"))
		return buf_put_str(out, field(e, "text"));
	full = real_file(tree, path, &st);
	return full ? tree->live->ops->read(tree->live, full, want_tail, out) : -ENOENT;
}

static int tree_link(struct source *s, const char *path, char *out, size_t size)
{
	const struct entry *e = look_up(tree_of(s), path);

	if (!e || e->type == '-')
		return -ENOENT;
	return e->target ? slice_copy(slice_str(e->target), out, size) : -EINVAL;
}

struct names {
	struct tree *tree;
	const char *names[NAMES_MAX];
	size_t count;
};

static void add_name(const char *name, void *arg)
{
	struct names *names = arg;

	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->names[i], name))
			return;
	}
	if (names->count < NAMES_MAX)
		names->names[names->count++] =
			arena_copy(&names->tree->arena, slice_str(name)).ptr;
}

static int tree_list(struct source *s, const char *path, source_name_h *handler, void *arg)
{
	struct tree *tree = tree_of(s);
	struct names *names = arena_alloc(&tree->arena, sizeof(*names));
	size_t len = strlen(path);
	struct inode inode;
	int err = tree_stat(s, path, true, &inode);

	if (!names)
		return SBC_ENOMEM;
	names->tree = tree;
	for (size_t i = 0; i < tree->entry_count; i++) {
		const char *at = tree->entries[i].path;
		if (!strncmp(at, path, len) && at[len] == '/') {
			struct slice rest = slice_str(at + len + 1);
			add_name(fact_copy(&tree->arena, slice_cut(&rest, '/')), names);
		}
	}
	for (size_t i = 0; i < tree->dir_count; i++) {
		const char *full = fact_printf(&tree->arena, "%s%s", tree->dirs[i], path);
		tree->live->ops->list(tree->live, full, add_name, names);
	}
	if (err && (err != -ENOENT || !names->count))
		return err;
	for (size_t i = 0; i < names->count; i++) {
		const struct entry *e = look_up(
			tree, fact_printf(&tree->arena, "%s/%s", path, names->names[i]));
		if (!e || e->type != '-')
			handler(names->names[i], arg);
	}
	return 0;
}

static const char *key_of(struct source *s, const char *path, const char *key)
{
	const struct entry *e = look_up(tree_of(s), path);

	return e ? field(e, key) : NULL;
}

static int tree_acl(struct source *s, const char *path, struct acl *out)
{
	const char *text = key_of(s, path, "acl");

	return text ? acl_parse_text(slice_str(text), out) : -ENODATA;
}

static int tree_label(struct source *s, const char *path, char *out, size_t size)
{
	const char *text = key_of(s, path, "label");

	return text ? slice_copy(slice_str(text), out, size) : -ENODATA;
}

static int tree_filesystem(struct source *s, const char *path, struct filesystem *out)
{
	static const struct {
		const char *name;
		uint32_t magic;
	} types[] = {{"tmpfs", 0x01021994}, {"ext4", 0xef53}, {"nfs", 0x6969},
		{"cifs", 0xff534d42}, {"fuse", 0x65735546}, {"overlay", 0x794c7630}};
	const char *fs = key_of(s, path, "fs");

	*out = (struct filesystem){.magic = types[0].magic,
		.free_inodes = number(key_of(s, path, "inodes"), 10, 1000),
		.free_blocks = number(key_of(s, path, "blocks"), 10, 1000)};
	for (size_t i = 0; fs && i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(types[i].name, fs))
			out->magic = types[i].magic;
	}
	return 0;
}

static int error_of(const char *name)
{
	static const struct {
		const char *name;
		int err;
	} errors[] = {{"0", 0}, {"EACCES", -EACCES}, {"ENOENT", -ENOENT}, {"ENXIO", -ENXIO},
		{"EPERM", -EPERM}, {"ELOOP", -ELOOP}, {"EROFS", -EROFS}};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (!strcmp(errors[i].name, name))
			return errors[i].err;
	}
	return -EIO;
}

static int tree_fifo(struct source *s, const char *path, struct fifo_probe *out)
{
	const char *reader = key_of(s, path, "reader"), *error = key_of(s, path, "open");

	*out = (struct fifo_probe){.queued = (int64_t)number(key_of(s, path, "queued"), 10, 0),
		.size = (int64_t)number(key_of(s, path, "size"), 10, 65536)};
	if (error)
		out->err = error_of(error);
	else if (reader && !strcmp(reader, "none"))
		out->err = -ENXIO;
	return 0;
}

static int tree_open_as(struct source *s, const struct process *process, const char *path,
	bool is_open_unsafe, int *result)
{
	const char *as = key_of(s, path, "as");

	(void)process;
	(void)is_open_unsafe;
	if (!as)
		return -EPERM;
	*result = error_of(as);
	return 0;
}

static int tree_own_pid(struct source *s)
{
	return tree_of(s)->self;
}

static void tree_close(struct source *s)
{
	struct tree *tree = tree_of(s);

	source_close(tree->live);
	arena_fini(&tree->arena);
	mem_free(tree->entries);
	mem_free(tree);
}

static const struct source_ops tree_ops = {
	.read = tree_read,
	.stat = tree_stat,
	.link = tree_link,
	.list = tree_list,
	.acl = tree_acl,
	.label = tree_label,
	.filesystem = tree_filesystem,
	.fifo = tree_fifo,
	.open_as = tree_open_as,
	.own_pid = tree_own_pid,
	.close = tree_close,
};

int source_open_tree(struct source **out, const char *dir)
{
	struct tree *tree = mem_alloc(sizeof(*tree));
	struct stat st;
	int err;

	if (!tree)
		return SBC_ENOMEM;
	tree->source.ops = &tree_ops;
	tree->self = 1;
	arena_init(&tree->arena, TREE_MEMORY);
	tree->entries = mem_array(ENTRIES_MAX, sizeof(*tree->entries));
	err = tree->entries ? source_open_live(&tree->live) : SBC_ENOMEM;
	if (!err && (lstat(dir, &st) || !S_ISDIR(st.st_mode)))
		err = SBC_ENOENT;
	if (!err)
		err = load_layers(tree, dir);
	if (err) {
		tree_close(&tree->source);
		return err;
	}
	*out = &tree->source;
	return 0;
}
