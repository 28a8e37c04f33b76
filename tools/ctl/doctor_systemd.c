/* SPDX-License-Identifier: GPL-3.0-or-later */
/* systemd.exec(5) settings of a unit, and tmpfiles.d(5), from their files. Shell. */

#include <stddef.h>

#include "tools/ctl/doctor_path.h"
#include "tools/ctl/doctor_settings.h"

static const char *const unit_dirs[] = {"/usr/lib/systemd/system", "/lib/systemd/system",
	"/run/systemd/system", "/etc/systemd/system"};
static const char *const tmpfiles_dirs[] = {
	"/usr/lib/tmpfiles.d", "/run/tmpfiles.d", "/etc/tmpfiles.d"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *key;
	size_t offset;
} unit_keys[] = {
	{"User", offsetof(struct unit, user)},
	{"Group", offsetof(struct unit, group)},
	{"SupplementaryGroups", offsetof(struct unit, supplementary_groups)},
	{"PrivateTmp", offsetof(struct unit, private_tmp)},
	{"ProtectSystem", offsetof(struct unit, protect_system)},
	{"ProtectHome", offsetof(struct unit, protect_home)},
	{"ReadWritePaths", offsetof(struct unit, read_write_paths)},
	{"ReadOnlyPaths", offsetof(struct unit, read_only_paths)},
	{"InaccessiblePaths", offsetof(struct unit, inaccessible_paths)},
	{"RuntimeDirectory", offsetof(struct unit, runtime_directory)},
	{"RuntimeDirectoryMode", offsetof(struct unit, runtime_directory_mode)},
	{"RuntimeDirectoryPreserve", offsetof(struct unit, runtime_directory_preserve)},
	{"UMask", offsetof(struct unit, umask)},
	{"SystemCallFilter", offsetof(struct unit, system_call_filter)},
};

struct reading {
	struct arena *arena;
	struct unit *unit;
	bool is_found;
};

static void set_key(struct reading *reading, struct slice key, struct slice value)
{
	for (size_t i = 0; i < COUNT(unit_keys); i++) {
		if (slice_equal(key, slice_str(unit_keys[i].key)))
			*(const char **)(void *)((char *)reading->unit + unit_keys[i].offset) =
				fact_copy(reading->arena, value);
	}
}

static void read_file(const char *path, const char *text, void *arg)
{
	struct reading *reading = arg;
	struct slice rest = slice_str(text), key, value;

	reading->is_found = true;
	reading->unit->file = path;
	while (rest.len) {
		if (settings_key(slice_cut(&rest, '\n'), &key, &value))
			set_key(reading, key, value);
	}
}

bool unit_read(struct source *s, struct arena *arena, const char *name, struct unit *out)
{
	struct reading reading = {.arena = arena, .unit = out};

	*out = (struct unit){.name = name};
	for (size_t i = 0; i < COUNT(unit_dirs); i++) {
		const char *path = fact_printf(arena, "%s/%s", unit_dirs[i], name);
		const char *text = source_text(s, arena, path);
		if (text)
			read_file(path, text, &reading);
	}
	for (size_t i = 0; reading.is_found && i < COUNT(unit_dirs); i++)
		settings_each_file(s, arena, fact_printf(arena, "%s/%s.d", unit_dirs[i], name),
			".conf", read_file, &reading);
	return reading.is_found;
}

struct tmpfiles {
	struct arena *arena;
	const char *path;
	const char *rule;
	const char *file;
};

static struct slice next_word(struct slice *line)
{
	*line = slice_trim(*line);
	for (size_t i = 0; i < line->len; i++) {
		if (line->ptr[i] == ' ' || line->ptr[i] == '\t') {
			struct slice word = slice_head(*line, i);
			*line = slice_from(*line, i);
			return word;
		}
	}
	return slice_cut(line, '\n');
}

/* Type Path Mode User Group Age Argument */
static void read_rules(const char *path, const char *text, void *arg)
{
	struct tmpfiles *found = arg;
	struct slice rest = slice_str(text);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n'), left = line, words[6];
		for (size_t i = 0; i < COUNT(words); i++)
			words[i] = next_word(&left);
		if (!words[5].len || words[0].ptr[0] == '#' ||
			slice_equal(words[5], SLICE("-")))
			continue;
		if (!path_is_below(found->path, fact_copy(found->arena, words[1])))
			continue;
		found->rule = fact_copy(found->arena, slice_trim(line));
		found->file = path;
	}
}

bool tmpfiles_find(struct source *s, struct arena *arena, const char *path, const char **rule,
	const char **file)
{
	struct tmpfiles found = {.arena = arena, .path = path};

	for (size_t i = 0; i < COUNT(tmpfiles_dirs); i++)
		settings_each_file(s, arena, tmpfiles_dirs[i], ".conf", read_rules, &found);
	if (!found.rule)
		return false;
	*rule = found.rule;
	*file = found.file;
	return true;
}
