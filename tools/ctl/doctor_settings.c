/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading folders of settings files: what units, PHP and web servers have in common. */

#include "tools/ctl/doctor_settings.h"

#include <stdlib.h>

#define FILES_MAX 512
#define DEPTH_MAX 3

struct folder {
	struct arena *arena;
	const char *dir;
	const char **paths;
	size_t count;
};

static void add_path(const char *name, void *arg)
{
	struct folder *folder = arg;

	if (folder->count < FILES_MAX)
		folder->paths[folder->count++] =
			fact_printf(folder->arena, "%s/%s", folder->dir, name);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), end = strlen(suffix);

	return len >= end && !strcmp(text + len - end, suffix);
}

struct visit {
	struct source *source;
	struct arena *arena;
	const char *suffix;
	settings_file_h *handler;
	void *arg;
	size_t files;
};

static void visit_folder(struct visit *visit, const char *dir, int depth)
{
	struct folder folder = {.arena = visit->arena, .dir = dir};
	struct inode inode;

	folder.paths = arena_array(visit->arena, FILES_MAX, sizeof(*folder.paths));
	if (!folder.paths || visit->source->ops->list(visit->source, dir, add_path, &folder))
		return;
	qsort(folder.paths, folder.count, sizeof(*folder.paths), compare_paths);
	for (size_t i = 0; i < folder.count && visit->files < FILES_MAX; i++) {
		const char *path = folder.paths[i], *text;
		if (visit->source->ops->stat(visit->source, path, true, &inode))
			continue;
		if (inode.kind == KIND_DIR && depth < DEPTH_MAX)
			visit_folder(visit, path, depth + 1);
		if (inode.kind != KIND_FILE || !ends_with(path, visit->suffix))
			continue;
		text = source_text(visit->source, visit->arena, path);
		visit->files++;
		if (text)
			visit->handler(path, text, visit->arg);
	}
}

void settings_each_file(struct source *s, struct arena *arena, const char *dir,
	const char *suffix, settings_file_h *handler, void *arg)
{
	struct visit visit = {
		.source = s, .arena = arena, .suffix = suffix, .handler = handler, .arg = arg};

	visit_folder(&visit, dir, 0);
}

static struct slice unquote(struct slice s)
{
	if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') && s.ptr[s.len - 1] == s.ptr[0])
		return slice_of(s.ptr + 1, s.len - 2);
	return s;
}

bool settings_key(struct slice line, struct slice *key, struct slice *value)
{
	line = slice_trim(line);
	if (!line.len || line.ptr[0] == '#' || line.ptr[0] == ';' ||
		slice_find(line, '=') == line.len)
		return false;
	*key = slice_trim(slice_cut(&line, '='));
	*value = unquote(slice_trim(line));
	return true;
}
