/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults of a configuration file as an operator wants to read them: file:line:column, what
 * is wrong, and the line with a caret under the place. Pure. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "sbc/config_tree.h"

#define WHAT_MAX     512  /* bytes of one sentence */
#define TOLD_MAX     2048 /* bytes of a sentence with its quoted line */
#define QUOTE_MAX    100  /* characters of a quoted line */
#define QUOTE_BEFORE 60   /* of them before the caret, when the line is longer */
#define WORD_MAX     48   /* longer words are not compared */
#define DISTANCE_MAX 3    /* slips that still look like the same word */

bool config_node_is_null(const struct config_node *node)
{
	return !node || (node->kind == CONFIG_SCALAR && node->is_plain &&
				(node->text.len == 0 || slice_equal(node->text, SLICE("~")) ||
					slice_equal(node->text, SLICE("null"))));
}

const struct config_node *config_node_get(const struct config_node *node, const char *key)
{
	if (!node || node->kind != CONFIG_MAPPING)
		return NULL;
	for (const struct config_entry *e = node->first; e; e = e->next)
		if (slice_equal(e->key->text, slice_str(key)))
			return e->value;
	return NULL;
}

const struct config_node *config_node_item(const struct config_node *node, size_t index)
{
	const struct config_entry *e =
		node && node->kind == CONFIG_SEQUENCE ? node->first : NULL;

	while (e && index--)
		e = e->next;
	return e ? e->value : NULL;
}

static void add(struct config_faults *faults, const struct config_fault_item *item)
{
	struct slice what;

	if (faults->count == CONFIG_FAULT_MAX) {
		faults->untold++;
		return;
	}
	what = arena_copy(faults->arena, slice_str(item->what));
	if (!what.ptr) {
		faults->is_out_of_memory = true;
		return;
	}
	faults->items[faults->count] = *item;
	faults->items[faults->count++].what = what.ptr;
}

void config_fault(
	struct config_faults *faults, const struct config_node *at, const char *format, ...)
{
	char what[WHAT_MAX];
	struct config_fault_item item = {.line = at && at->line ? at->line : 1,
		.column = at && at->line ? at->column : 1,
		.width = at ? at->width : 1,
		.what = what};
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	add(faults, &item);
}

void config_fault_at(
	struct config_faults *faults, unsigned line, unsigned column, const char *what)
{
	struct config_fault_item item = {
		.line = line, .column = column, .width = 1, .what = what};

	add(faults, &item);
}

static struct slice line_of(struct slice text, unsigned number)
{
	struct slice line = {0};

	for (unsigned i = 0; i < number; i++)
		line = slice_cut(&text, '\n');
	return line;
}

/* Bytes of the first count characters of UTF-8. */
static size_t skip_characters(struct slice line, unsigned count)
{
	size_t at = 0;

	while (at < line.len && count) {
		at++;
		while (at < line.len && ((unsigned char)line.ptr[at] & 0xc0) == 0x80)
			at++;
		count--;
	}
	return at;
}

/* A password's hash lets everybody try passwords: it is not repeated on a terminal. */
static size_t secret_from(struct slice line)
{
	static const char *const words[] = {"ha1", "password", "secret"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at =
			line.len ? memmem(line.ptr, line.len, words[i], strlen(words[i]))
				 : NULL;
		const char *colon =
			at ? memchr(at, ':', line.len - (size_t)(at - line.ptr)) : NULL;
		if (colon)
			return (size_t)(colon - line.ptr) + 1;
	}
	return line.len;
}

static void put_quoted(struct buf *out, struct slice line, size_t from)
{
	size_t secret = secret_from(line);
	size_t end = from + skip_characters(slice_from(line, from), QUOTE_MAX);

	for (size_t i = from; i < end; i++) {
		unsigned char c = (unsigned char)line.ptr[i];
		if (c == '\t' || c == '\r')
			c = ' ';
		else if (c < 0x20 || c == 0x7f)
			c = '?';
		else if (i >= secret && c != ' ')
			c = '*';
		buf_put_char(out, (char)c);
	}
	if (end < line.len)
		buf_put_str(out, "...");
}

/* "   12 |   adress: ...", and below it the caret. */
static void put_quote(struct buf *out, struct slice text, const struct config_fault_item *item)
{
	struct slice line = line_of(text, item->line);
	unsigned before = item->column > 0 ? item->column - 1 : 0;
	unsigned skipped = before > QUOTE_MAX - 20 ? before - QUOTE_BEFORE : 0;
	unsigned width = item->width > 1 ? item->width : 1;

	buf_printf(out, "\n%6u | %s", item->line, skipped ? "..." : "");
	put_quoted(out, line, skip_characters(line, skipped));
	before -= skipped;
	buf_printf(out, "\n       | %*s^", (int)before + (skipped ? 3 : 0), "");
	for (unsigned i = 1; i < width && i < QUOTE_MAX - before; i++)
		buf_put_char(out, '~');
}

static int in_file_order(const void *a, const void *b)
{
	const struct config_fault_item *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->what, y->what);
}

void config_faults_tell(struct config_faults *faults, config_fault_h *fault, void *arg)
{
	struct buf text;

	qsort(faults->items, faults->count, sizeof(faults->items[0]), in_file_order);
	buf_init(&text, TOLD_MAX);
	for (size_t i = 0; i < faults->count; i++) {
		const struct config_fault_item *item = &faults->items[i];
		/* What an alias brings twice is wrong once. */
		if (i && in_file_order(item, item - 1) == 0)
			continue;
		buf_reset(&text);
		buf_printf(&text, "%s:%u:%u: %s", faults->path, item->line, item->column,
			item->what);
		put_quote(&text, faults->text, item);
		fault(text.data ? text.data : item->what, arg);
	}
	if (faults->untold) {
		buf_reset(&text);
		buf_printf(&text, "%s: and %zu more faults", faults->path, faults->untold);
		if (text.data)
			fault(text.data, arg);
	}
	buf_fini(&text);
}

static int least(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment: insertions, deletions, changes and swapped neighbours. */
static int distance(struct slice a, struct slice b)
{
	int rows[3][WORD_MAX + 1];
	int *before = rows[0], *last = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= b.len; j++)
		last[j] = (int)j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = (int)i;
		for (size_t j = 1; j <= b.len; j++) {
			int cost = a.ptr[i - 1] != b.ptr[j - 1];
			now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
				a.ptr[i - 2] == b.ptr[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.len];
}

int config_word_distance(struct slice written, struct slice candidate)
{
	int far;
	size_t shorter = written.len < candidate.len ? written.len : candidate.len;

	if (written.len > WORD_MAX || candidate.len > WORD_MAX || shorter == 0)
		return -1;
	if (slice_equal_nocase(written, candidate))
		return 0;
	/* "timeout" for "timeout_ms": a forgotten unit. */
	if (shorter >= 4 &&
		(slice_starts(candidate, written) || slice_starts(written, candidate)))
		return 1;
	far = distance(written, candidate);
	return far <= DISTANCE_MAX && (size_t)far * 2 <= shorter ? far : -1;
}
