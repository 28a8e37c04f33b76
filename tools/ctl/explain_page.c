/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a page. Pure. */

#include "tools/ctl/explain_page.h"

#include "tools/ctl/ctl_clean.h"

#define TEXT_MAX 65536 /* bytes of one text */

void page_init(struct page *page, struct buf *out, size_t width, bool has_color)
{
	width = width < PAGE_WIDTH_MIN ? PAGE_WIDTH_MIN : width;
	*page = (struct page){.out = out,
		.width = width > PAGE_WIDTH_MAX ? PAGE_WIDTH_MAX : width,
		.has_color = has_color};
}

/* ECMA-48 section 8.3.117. */
void page_begin(struct page *page, enum page_style style)
{
	static const char *const codes[] = {
		"", "\x1b[1m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[1;31m", "\x1b[2m"};

	if (page->has_color)
		buf_put_str(page->out, codes[style]);
}

void page_end(struct page *page, enum page_style style)
{
	if (page->has_color && style != PAGE_PLAIN)
		buf_put_str(page->out, "\x1b[0m");
}

void page_title(struct page *page, const char *title)
{
	buf_put_char(page->out, '\n');
	page_begin(page, PAGE_TITLE);
	buf_put_str(page->out, title);
	page_end(page, PAGE_TITLE);
	buf_put_char(page->out, '\n');
}

static void put_blanks(struct page *page, size_t count)
{
	while (count--)
		buf_put_char(page->out, ' ');
}

/* Without blanks before it. */
static void end_line(struct page *page)
{
	while (page->out->len && page->out->data[page->out->len - 1] == ' ')
		page->out->len--;
	buf_put_char(page->out, '\n');
}

/* Bytes of the first width characters. */
static size_t head_len(struct slice text, size_t width)
{
	size_t len = 0;

	while (len < text.len && (width || ((unsigned char)text.ptr[len] & 0xc0) == 0x80)) {
		width -= ((unsigned char)text.ptr[len] & 0xc0) != 0x80;
		len++;
	}
	return len;
}

struct slice page_take(struct slice *rest, size_t width, bool is_words)
{
	size_t len = head_len(*rest, width ? width : 1), at = len;
	struct slice line;

	if (is_words && len < rest->len) {
		while (at && rest->ptr[at] != ' ')
			at--;
		len = at ? at : len;
	}
	line = slice_head(*rest, len);
	*rest = slice_from(*rest, len);
	if (is_words && rest->len && rest->ptr[0] == ' ')
		*rest = slice_from(*rest, 1);
	return line;
}

void page_put_padded(struct page *page, struct slice text, size_t width)
{
	size_t used = ctl_clean_width(text);

	buf_put_slice(page->out, text);
	put_blanks(page, used < width ? width - used : 0);
}

void page_text(struct page *page, enum page_style style, const char *lead, struct slice text)
{
	size_t indent = ctl_clean_width(slice_str(lead));
	struct slice rest;
	struct buf clean;

	buf_init(&clean, TEXT_MAX);
	ctl_clean_put_all(&clean, slice_head(text, TEXT_MAX / 4));
	rest = buf_slice(&clean);
	buf_put_str(page->out, lead);
	do {
		struct slice line = page_take(&rest, page->width - indent, true);
		page_begin(page, style);
		buf_put_slice(page->out, line);
		page_end(page, style);
		end_line(page);
		if (rest.len)
			put_blanks(page, indent);
	} while (rest.len && !page->out->err);
	buf_fini(&clean);
}

size_t page_cell_width(const struct page *page, size_t label_width, size_t between_width)
{
	size_t used = label_width + between_width;

	return used + 20 > page->width ? 10 : (page->width - used) / 2;
}

static void put_cell_line(
	struct page *page, const struct page_cells *row, struct slice rests[2], bool is_first)
{
	size_t gap = strlen(row->between);
	size_t width = page_cell_width(page, row->label_width, gap);
	struct slice left = page_take(&rests[0], width, false);
	struct slice right = page_take(&rests[1], width, false);

	page_put_padded(page, is_first ? slice_str(row->label) : SLICE(""), row->label_width);
	page_begin(page, row->styles[0]);
	page_put_padded(page, left, right.len || (is_first && gap) ? width : 0);
	page_end(page, row->styles[0]);
	if (is_first)
		buf_put_str(page->out, row->between);
	else if (right.len)
		put_blanks(page, gap);
	page_begin(page, row->styles[1]);
	buf_put_slice(page->out, right);
	page_end(page, row->styles[1]);
	end_line(page);
}

void page_cells(struct page *page, const struct page_cells *row)
{
	struct buf clean[2];
	struct slice rests[2];
	bool is_first = true;

	for (int i = 0; i < 2; i++) {
		buf_init(&clean[i], TEXT_MAX);
		ctl_clean_put_all(&clean[i], slice_head(row->cells[i], TEXT_MAX / 4));
		rests[i] = buf_slice(&clean[i]);
	}
	do {
		put_cell_line(page, row, rests, is_first);
		is_first = false;
	} while ((rests[0].len || rests[1].len) && !page->out->err);
	for (int i = 0; i < 2; i++)
		buf_fini(&clean[i]);
}
