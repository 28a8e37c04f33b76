/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_EXPLAIN_PAGE_H
#define CTL_EXPLAIN_PAGE_H

#include "base/buf.h"
#include "base/slice.h"

/* Lines of a page, of a given width. Everything that is put on it is cleaned. Pure. */

#define PAGE_WIDTH_MIN 40  /* what is narrower is written as if it were so wide */
#define PAGE_WIDTH_MAX 240 /* wider lines nobody reads */

enum page_style { PAGE_PLAIN, PAGE_TITLE, PAGE_GOOD, PAGE_WAIT, PAGE_BAD, PAGE_DIM };

struct page {
	struct buf *out; /* borrowed */
	size_t width;    /* columns */
	bool has_color;
};

void page_init(struct page *page, struct buf *out, size_t width, bool has_color);

/* A blank line and a title. */
void page_title(struct page *page, const char *title);
/* Text in as many lines as it needs, broken at blanks where there are any. lead: before the
 * first line; the others begin with as many blanks. */
void page_text(struct page *page, enum page_style style, const char *lead, struct slice text);

/* Texts side by side, each in as many lines as it needs. */
struct page_cells {
	const char *label;  /* before them; "" */
	size_t label_width; /* columns */
	struct slice cells[2];
	const char *between; /* as wide on every line, on the first as it is, then blanks */
	enum page_style styles[2];
};
/* Columns that each of the two has then. */
size_t page_cell_width(const struct page *page, size_t label_width, size_t between_width);
void page_cells(struct page *page, const struct page_cells *row);

/* Takes from *rest what fits into width columns; is_words: broken at a blank if there is one.
 */
struct slice page_take(struct slice *rest, size_t width, bool is_words);
/* A clean text that is at most as wide as that, and blanks up to it. */
void page_put_padded(struct page *page, struct slice text, size_t width);
void page_begin(struct page *page, enum page_style style);
void page_end(struct page *page, enum page_style style);

#endif
