/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON values as text for people. Pure. */

#include "tools/ctl/ctl_table.h"

#include <stdint.h>

#include "tools/ctl/ctl_json.h"

#define COLUMNS_MAX 24
#define CELL_MAX    65536 /* bytes of one value */
#define GAP         2

struct columns {
	struct slice names[COLUMNS_MAX]; /* quoted */
	size_t widths[COLUMNS_MAX];
	size_t count;
};

static bool is_group(struct slice value)
{
	enum ctl_json_kind kind = ctl_json_kind(value);

	return kind == CTL_JSON_OBJECT || kind == CTL_JSON_ARRAY;
}

/* Characters of UTF-8, not bytes. */
static size_t plain_width(struct slice value)
{
	size_t width = 0;
	struct buf text;

	buf_init(&text, CELL_MAX);
	ctl_json_put_plain(&text, value);
	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	buf_fini(&text);
	return width;
}

static void put_padded(struct buf *out, struct slice value, size_t width)
{
	size_t used = plain_width(value);

	ctl_json_put_plain(out, value);
	for (; used < width; used++)
		buf_put_char(out, ' ');
}

static void put_indent(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < 2 * depth; i++)
		buf_put_char(out, ' ');
}

static void print(struct buf *out, struct slice value, size_t depth);

static size_t name_width(struct slice object)
{
	struct slice rest, name, value;
	size_t width = 0;

	if (!ctl_json_begin(object, &rest))
		return 0;
	while (ctl_json_item(&rest, &name, &value)) {
		size_t own = plain_width(name);
		if (!is_group(value) && own > width)
			width = own;
	}
	return width;
}

static void print_member(
	struct buf *out, struct slice name, struct slice value, size_t depth, size_t width)
{
	put_indent(out, depth);
	if (!is_group(value)) {
		put_padded(out, name, width + GAP);
		ctl_json_put_plain(out, value);
		buf_put_char(out, '\n');
		return;
	}
	ctl_json_put_plain(out, name);
	buf_put_char(out, '\n');
	print(out, value, depth + 1);
}

static void print_group(struct buf *out, struct slice value, size_t depth)
{
	size_t width = ctl_json_kind(value) == CTL_JSON_OBJECT ? name_width(value) : 0;
	bool is_first = true;
	struct slice rest, name, item;

	if (!ctl_json_begin(value, &rest))
		return;
	while (ctl_json_item(&rest, &name, &item)) {
		if (name.len) {
			print_member(out, name, item, depth, width);
		} else {
			if (!is_first && is_group(item))
				buf_put_char(out, '\n');
			print(out, item, depth);
		}
		is_first = false;
	}
}

static void print(struct buf *out, struct slice value, size_t depth)
{
	if (depth > CTL_JSON_DEPTH_MAX)
		return;
	if (is_group(value)) {
		print_group(out, value, depth);
		return;
	}
	put_indent(out, depth);
	ctl_json_put_plain(out, value);
	buf_put_char(out, '\n');
}

static size_t find_column(const struct columns *columns, struct slice name)
{
	size_t i = 0;

	while (i < columns->count && !slice_equal(columns->names[i], name))
		i++;
	return i;
}

static void note_cell(struct columns *columns, struct slice name, struct slice value)
{
	size_t column = find_column(columns, name), width = plain_width(value);

	if (column == COLUMNS_MAX)
		return;
	if (column == columns->count) {
		columns->names[column] = name;
		columns->widths[column] = plain_width(name);
		columns->count++;
	}
	if (width > columns->widths[column])
		columns->widths[column] = width;
}

/* True: every item is a record of plain values, and a line of them is narrow enough. */
static bool measure(struct slice list, struct columns *columns, size_t width)
{
	struct slice rest, name, record, cells, value;
	size_t total = 0;

	if (ctl_json_kind(list) != CTL_JSON_ARRAY || !ctl_json_begin(list, &rest))
		return false;
	while (ctl_json_item(&rest, &name, &record)) {
		if (ctl_json_kind(record) != CTL_JSON_OBJECT || !ctl_json_begin(record, &cells))
			return false;
		while (ctl_json_item(&cells, &name, &value)) {
			if (is_group(value) || !name.len)
				return false;
			note_cell(columns, name, value);
		}
	}
	for (size_t i = 0; i < columns->count; i++)
		total += columns->widths[i] + GAP;
	return columns->count > 0 && columns->count < COLUMNS_MAX && total <= width + GAP;
}

static void print_row(struct buf *out, const struct columns *columns, struct slice record)
{
	char key[256];

	for (size_t i = 0; i < columns->count; i++) {
		struct slice name = columns->names[i], value = SLICE("");
		bool is_last = i + 1 == columns->count;
		if (record.len &&
			!slice_copy(slice_of(name.ptr + 1, name.len - 2), key, sizeof(key)))
			ctl_json_member(record, key, &value);
		put_padded(
			out, record.len ? value : name, is_last ? 0 : columns->widths[i] + GAP);
	}
	buf_put_char(out, '\n');
}

int ctl_table_print(struct buf *out, struct slice value, size_t width)
{
	struct columns columns = {.count = 0};
	struct slice rest, name, record;

	if (!measure(value, &columns, width) || !ctl_json_begin(value, &rest)) {
		print(out, value, 0);
		return out->err;
	}
	print_row(out, &columns, (struct slice){0});
	while (ctl_json_item(&rest, &name, &record))
		print_row(out, &columns, record);
	return out->err;
}
