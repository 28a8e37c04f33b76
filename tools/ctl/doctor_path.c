/* SPDX-License-Identifier: GPL-3.0-or-later */
/* path_resolution(7) in the view of another process. Shell: looks through its source. */

#include "tools/ctl/doctor_path.h"

#include <errno.h>

#include "base/err.h"

#define LINKS_MAX 40 /* the kernel's MAXSYMLINKS */

struct walker {
	struct source *source;
	struct arena *arena;
	int pid;
	struct walk *walk;
	const char *at; /* the directory reached so far, without links */
	const char *rest;
	int links;
};

const char *path_in_view(struct arena *arena, int pid, const char *path)
{
	return pid ? fact_printf(arena, "/proc/%d/root%s", pid, path) : path;
}

const char *path_directory(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return "/";
	return fact_printf(arena, "%.*s", (int)(slash - path), path);
}

bool path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (len == 1 && dir[0] == '/')
		return path[0] == '/';
	return !strncmp(path, dir, len) && (path[len] == '/' || path[len] == '\0');
}

static int end_walk(struct walker *w, int err, const char *where)
{
	w->walk->err = err;
	w->walk->where = where;
	return err;
}

static void read_acl(struct walker *w, const char *view, struct step *step)
{
	struct acl *acl = arena_alloc(w->arena, sizeof(*acl));
	int err = acl ? w->source->ops->acl(w->source, view, acl) : SBC_ENOMEM;

	if (!err)
		step->acl = acl;
	else if (err != -ENODATA)
		step->is_acl_unknown = true;
}

static int add_step(struct walker *w, const char *path, struct step **out)
{
	const char *view = path_in_view(w->arena, w->pid, path);
	struct step *step;
	char label[256];
	int err;

	if (w->walk->count == WALK_STEPS_MAX)
		return end_walk(w, -ELOOP, path);
	step = &w->walk->steps[w->walk->count];
	*step = (struct step){.path = path};
	err = w->source->ops->stat(w->source, view, false, &step->inode);
	if (err)
		return end_walk(w, err, path);
	if (step->inode.kind != KIND_LINK)
		read_acl(w, view, step);
	if (!w->source->ops->label(w->source, view, label, sizeof(label)))
		step->label = arena_copy(w->arena, slice_str(label)).ptr;
	w->walk->count++;
	*out = step;
	return 0;
}

static const char *join(struct walker *w, const char *dir, const char *name)
{
	if (!name[0])
		return dir;
	return fact_printf(w->arena, "%s%s%s", dir, strcmp(dir, "/") ? "/" : "", name);
}

static int follow_link(struct walker *w, const struct step *step)
{
	const char *target =
		source_link(w->source, w->arena, path_in_view(w->arena, w->pid, step->path));

	if (!target)
		return end_walk(w, -EACCES, step->path);
	if (++w->links > LINKS_MAX)
		return end_walk(w, -ELOOP, step->path);
	if (!w->rest[0])
		w->walk->final_link = step;
	w->rest = w->rest[0] ? join(w, target, w->rest) : target;
	if (target[0] == '/')
		w->at = "/";
	return 0;
}

/* One component of the rest. */
static int advance(struct walker *w)
{
	struct slice rest = slice_str(w->rest), name;
	struct step *step;
	const char *path;
	int err;

	name = slice_cut(&rest, '/');
	w->rest = rest.len ? rest.ptr : "";
	if (!name.len || slice_equal(name, SLICE(".")))
		return 0;
	if (slice_equal(name, SLICE(".."))) {
		w->at = path_directory(w->arena, w->at);
		return 0;
	}
	path = join(w, w->at, fact_copy(w->arena, name));
	err = add_step(w, path, &step);
	if (err)
		return err;
	if (step->inode.kind == KIND_LINK)
		return follow_link(w, step);
	if (step->inode.kind != KIND_DIR && w->rest[0])
		return end_walk(w, -ENOTDIR, path);
	w->at = path;
	return 0;
}

void path_walk(
	struct source *s, struct arena *arena, int pid, const char *path, struct walk *out)
{
	struct walker w = {
		.source = s, .arena = arena, .pid = pid, .walk = out, .at = "/", .rest = path};
	struct step *root;

	*out = (struct walk){.steps = arena_array(arena, WALK_STEPS_MAX, sizeof(*out->steps))};
	if (!out->steps || path[0] != '/' || strlen(path) >= FACT_PATH_MAX) {
		end_walk(&w, out->steps ? SBC_EINVAL : SBC_ENOMEM, path);
		return;
	}
	if (add_step(&w, "/", &root)) {
		/* Not even its root directory: this process is not ours to look into. */
		out->is_hidden = pid != 0;
		return;
	}
	while (w.rest[0]) {
		if (advance(&w))
			return;
	}
	out->final = w.at;
}

const struct step *walk_file(const struct walk *walk)
{
	return walk->err || !walk->count ? NULL : &walk->steps[walk->count - 1];
}

const struct step *walk_parent(const struct walk *walk)
{
	const char *path =
		walk->err || !walk->count ? walk->where : walk->steps[walk->count - 1].path;
	const char *slash = path ? strrchr(path, '/') : NULL;
	size_t len = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);

	for (size_t i = 0; len && i < walk->count; i++) {
		const struct step *step = &walk->steps[i];
		if (step->inode.kind == KIND_DIR && strlen(step->path) == len &&
			!memcmp(step->path, path, len))
			return step;
	}
	return NULL;
}
