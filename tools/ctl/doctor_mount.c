/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proc_pid_mountinfo(5): what is mounted where, as one process sees it. */

#include "tools/ctl/doctor_mount.h"

#include "tools/ctl/doctor_path.h"

#define FS_NFS     0x6969
#define FS_CIFS    0xff534d42
#define FS_SMB2    0xfe534d42
#define FS_FUSE    0x65735546
#define FS_OVERLAY 0x794c7630

/* mountinfo writes blanks, tabs, line ends and backslashes as \ooo. */
static const char *unescape(struct arena *arena, struct slice text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	if (!out)
		return "";
	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.ptr + i;
		if (*at == '\\' && i + 3 < text.len) {
			out[len++] =
				(char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			i += 3;
		} else {
			out[len++] = *at;
		}
	}
	return out;
}

static bool has_option(struct slice options, struct slice want)
{
	while (options.len) {
		if (slice_equal(slice_cut(&options, ','), want))
			return true;
	}
	return false;
}

/* ID PARENT DEV ROOT POINT OPTIONS [TAGS] - TYPE SOURCE SUPER */
static bool parse_line(struct arena *arena, struct slice line, struct mount *out)
{
	struct slice root, point, options;

	for (int i = 0; i < 3; i++)
		slice_cut(&line, ' ');
	root = slice_cut(&line, ' ');
	point = slice_cut(&line, ' ');
	options = slice_cut(&line, ' ');
	while (line.len && !slice_equal(slice_cut(&line, ' '), SLICE("-")))
		;
	if (!point.len)
		return false;
	out->root = unescape(arena, root);
	out->point = unescape(arena, point);
	out->options = fact_copy(arena, options);
	out->type = fact_copy(arena, slice_cut(&line, ' '));
	slice_cut(&line, ' ');
	out->is_read_only = has_option(options, SLICE("ro")) || has_option(line, SLICE("ro"));
	return true;
}

bool mount_parse(struct arena *arena, const char *text, const char *path, struct mount *out)
{
	struct slice rest = slice_str(text);
	bool is_found = false;
	struct mount mount;

	while (rest.len) {
		if (!parse_line(arena, slice_cut(&rest, '\n'), &mount) ||
			!path_is_below(path, mount.point))
			continue;
		/* Of two on the same point, the later one covers the earlier. */
		if (!is_found || strlen(mount.point) >= strlen(out->point))
			*out = mount;
		is_found = true;
	}
	return is_found;
}

bool mount_find(
	struct source *s, struct arena *arena, int pid, const char *path, struct mount *out)
{
	const char *file =
		fact_printf(arena, "/proc/%d/mountinfo", pid ? pid : s->ops->own_pid(s));
	const char *text = source_text(s, arena, file);

	return text && mount_parse(arena, text, path, out);
}

const char *filesystem_problem(uint32_t magic)
{
	switch (magic) {
	case FS_NFS:
		return "NFS";
	case FS_CIFS:
	case FS_SMB2:
		return "CIFS";
	case FS_FUSE:
		return "FUSE";
	case FS_OVERLAY:
		return "overlay";
	default:
		return NULL;
	}
}
