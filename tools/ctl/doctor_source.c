/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is common to both sources of facts: text and links into the arena. */

#include "tools/ctl/doctor_source.h"

#include <stdarg.h>

#include "base/err.h"

void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}

static const char *read_text(
	struct source *s, struct arena *arena, const char *path, bool want_tail)
{
	struct slice text = {0};
	struct buf bytes;

	buf_init(&bytes, FACT_FILE_MAX);
	if (!s->ops->read(s, path, want_tail, &bytes) && !bytes.err)
		text = arena_copy(arena, bytes.data ? buf_slice(&bytes) : SLICE(""));
	buf_fini(&bytes);
	return text.ptr;
}

const char *source_text(struct source *s, struct arena *arena, const char *path)
{
	return read_text(s, arena, path, false);
}

const char *source_tail(struct source *s, struct arena *arena, const char *path)
{
	return read_text(s, arena, path, true);
}

const char *source_link(struct source *s, struct arena *arena, const char *path)
{
	char target[FACT_PATH_MAX];

	if (s->ops->link(s, path, target, sizeof(target)))
		return NULL;
	return arena_copy(arena, slice_str(target)).ptr;
}

const char *fact_copy(struct arena *arena, struct slice text)
{
	const char *copy = arena_copy(arena, text.ptr ? text : SLICE("")).ptr;

	return copy ? copy : "";
}

const char *fact_printf(struct arena *arena, const char *format, ...)
{
	struct slice text = {0};
	struct buf bytes;
	va_list args;

	buf_init(&bytes, 65536);
	va_start(args, format);
	if (!buf_vprintf(&bytes, format, args))
		text = arena_copy(arena, buf_slice(&bytes));
	va_end(args);
	buf_fini(&bytes);
	return text.ptr ? text.ptr : "";
}
