/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passwd(5) and group(5). Shell: reads through its source. */

#include "tools/ctl/doctor_users.h"

#define LOGIN_GROUPS_MAX 1024
#define PASSWD           "/etc/passwd"
#define GROUP            "/etc/group"

/* A line of either file: name:password:number:rest. */
struct row {
	struct slice name;
	uint64_t id;
	struct slice rest;
};

static bool next_row(struct slice *text, struct row *out)
{
	while (text->len) {
		struct slice line = slice_cut(text, '\n');
		out->name = slice_cut(&line, ':');
		slice_cut(&line, ':');
		if (slice_to_u64(slice_cut(&line, ':'), UINT32_MAX, &out->id))
			continue;
		out->rest = line;
		return true;
	}
	return false;
}

static bool find_name(struct slice text, const char *name, struct row *out)
{
	while (next_row(&text, out)) {
		if (slice_equal(out->name, slice_str(name)))
			return true;
	}
	return false;
}

static const char *name_of(struct source *s, struct arena *arena, const char *file, uint32_t id)
{
	struct slice text = slice_str(source_text(s, arena, file));
	struct row row;

	while (next_row(&text, &row)) {
		if (row.id == id)
			return fact_copy(arena, row.name);
	}
	return fact_printf(arena, "%u", id);
}

bool user_find(
	struct source *s, struct arena *arena, const char *name, uint32_t *uid, uint32_t *gid)
{
	struct row row;
	uint64_t group;

	if (!find_name(slice_str(source_text(s, arena, PASSWD)), name, &row) ||
		slice_to_u64(slice_cut(&row.rest, ':'), UINT32_MAX, &group))
		return false;
	*uid = (uint32_t)row.id;
	*gid = (uint32_t)group;
	return true;
}

bool group_find(struct source *s, struct arena *arena, const char *name, uint32_t *gid)
{
	struct row row;

	if (!find_name(slice_str(source_text(s, arena, GROUP)), name, &row))
		return false;
	*gid = (uint32_t)row.id;
	return true;
}

const char *user_name(struct source *s, struct arena *arena, uint32_t uid)
{
	return name_of(s, arena, PASSWD, uid);
}

const char *group_name(struct source *s, struct arena *arena, uint32_t gid)
{
	return name_of(s, arena, GROUP, gid);
}

static bool is_listed(struct slice members, const char *name)
{
	while (members.len) {
		if (slice_equal(slice_trim(slice_cut(&members, ',')), slice_str(name)))
			return true;
	}
	return false;
}

size_t user_login_groups(
	struct source *s, struct arena *arena, const char *name, const uint32_t **out)
{
	struct slice text = slice_str(source_text(s, arena, GROUP));
	uint32_t *groups = arena_array(arena, LOGIN_GROUPS_MAX, sizeof(*groups));
	uint32_t uid, gid;
	size_t count = 0;
	struct row row;

	if (!groups || !user_find(s, arena, name, &uid, &gid))
		return 0;
	groups[count++] = gid;
	while (count < LOGIN_GROUPS_MAX && next_row(&text, &row)) {
		if (row.id != gid && is_listed(row.rest, name))
			groups[count++] = (uint32_t)row.id;
	}
	*out = groups;
	return count;
}
