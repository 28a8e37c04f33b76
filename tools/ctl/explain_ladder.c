/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between caller, countersip and callee, with what was decided between them. Pure. */

#include <stdio.h>

#include "tools/ctl/ctl_clean.h"
#include "tools/ctl/explain.h"

#define TIME_WIDTH 11 /* columns: "   12.345  " */
#define LANE_MAX   44
#define LABEL_MAX  256 /* bytes */

static size_t lane_width(const struct page *page)
{
	size_t width = (page->width - TIME_WIDTH - 3) / 2;

	return width < LANE_MAX ? width : LANE_MAX;
}

static void put_time(struct page *page, const struct explain *explain, uint64_t time_us)
{
	uint64_t begin = explain->count ? explain->entries[0].time_us : time_us;
	uint64_t past = time_us > begin ? time_us - begin : 0;

	buf_printf(page->out, "%5llu.%03u  ", (unsigned long long)(past / 1000000),
		(unsigned)(past % 1000000 / 1000));
}

/* "INVITE, signed, SDP" */
static void put_label(struct buf *out, const struct explain_entry *entry)
{
	struct slice rest = entry->text, first = slice_trim(slice_cut(&rest, '\n'));

	if (explain_status(entry))
		ctl_clean_put_all(out, slice_head(slice_from(first, strlen("SIP/2.0 ")), 60));
	else
		ctl_clean_put_all(out, explain_method(entry));
	while (rest.len) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		if (!line.len)
			break;
		if (slice_starts_nocase(line, SLICE("Identity:")) ||
			slice_starts_nocase(line, SLICE("y:")))
			buf_put_str(out, ", signed");
	}
	if (explain_sdp(entry).len)
		buf_put_str(out, ", SDP");
	if (entry->is_again)
		buf_put_str(out, ", again");
}

/* "--INVITE, SDP------->" in width columns. */
static void put_arrow(
	struct page *page, const struct explain_entry *entry, bool goes_right, size_t width)
{
	struct buf label;
	struct slice rest, text;
	size_t used;

	buf_init(&label, LABEL_MAX);
	put_label(&label, entry);
	rest = buf_slice(&label);
	text = page_take(&rest, width - 4, false);
	used = ctl_clean_width(text) + 3;
	buf_put_str(page->out, goes_right ? "-" : "<-");
	buf_put_slice(page->out, text);
	for (; used < width; used++)
		buf_put_char(page->out, '-');
	buf_put_str(page->out, goes_right ? "->" : "-");
	buf_fini(&label);
}

static void put_message(
	struct page *page, const struct explain *explain, const struct explain_entry *entry)
{
	bool is_left = entry->leg != 'b', goes_right = is_left == entry->is_incoming;
	size_t width = lane_width(page);
	unsigned status = explain_status(entry);
	/* A challenge is no refusal. */
	enum page_style style = status == 401 || status == 407 || status < 200 ? PAGE_PLAIN
				: status >= 400                                ? PAGE_BAD
				: status < 300                                 ? PAGE_GOOD
									       : PAGE_PLAIN;

	put_time(page, explain, entry->time_us);
	buf_put_char(page->out, '|');
	if (!is_left) {
		page_put_padded(page, SLICE(""), width);
		buf_put_char(page->out, '|');
	}
	page_begin(page, style);
	put_arrow(page, entry, goes_right, width);
	page_end(page, style);
	buf_put_char(page->out, '|');
	if (is_left) {
		page_put_padded(page, SLICE(""), width);
		buf_put_char(page->out, '|');
	}
	buf_put_char(page->out, '\n');
}

/* The line without its level and room, and without what stands beside it anyway. */
static void put_event_text(struct buf *out, const struct explain_entry *entry)
{
	struct slice rest = entry->text, word;

	slice_cut(&rest, ' ');
	slice_cut(&rest, ' ');
	buf_put_slice(out, slice_cut(&rest, ' '));
	if (slice_starts(rest, SLICE("call=")))
		slice_cut(&rest, ' ');
	if (slice_starts(rest, SLICE("leg="))) {
		word = slice_cut(&rest, ' ');
		buf_printf(out, ", leg %.*s", SLICE_ARG(slice_from(word, 4)));
	}
	if (rest.len)
		buf_put_str(out, ": ");
	buf_put_slice(out, rest);
}

static void put_event(
	struct page *page, const struct explain *explain, const struct explain_entry *entry)
{
	enum page_style style = slice_starts(entry->text, SLICE("warn")) ||
						slice_starts(entry->text, SLICE("error"))
					? PAGE_WAIT
					: PAGE_DIM;
	char lead[48];
	struct buf text;
	struct page time = *page;
	struct buf head;

	buf_init(&head, sizeof(lead));
	time.out = &head;
	put_time(&time, explain, entry->time_us);
	snprintf(lead, sizeof(lead), "%s  * ", head.data ? head.data : "");
	buf_fini(&head);
	buf_init(&text, 16384);
	put_event_text(&text, entry);
	page_text(page, style, lead, buf_slice(&text));
	buf_fini(&text);
}

static bool is_shown(const struct explain_entry *entry, bool is_verbose)
{
	return entry->kind == EXPLAIN_MESSAGE ||
	       (entry->kind == EXPLAIN_EVENT &&
		       (is_verbose || !slice_starts(entry->text, SLICE("debug "))));
}

/* The caller above the left line, countersip around the middle one, the callee up to the right
 * one. */
static void put_ends(struct page *page, const struct explain *explain)
{
	static const char own[] = "countersip";
	size_t width = lane_width(page), half = sizeof(own) / 2;
	struct slice names[2];
	struct buf clean[2];

	for (int side = 0; side < 2; side++) {
		buf_init(&clean[side], LABEL_MAX);
		ctl_clean_put_all(&clean[side], slice_head(explain_who(explain, side), 60));
		names[side] = buf_slice(&clean[side]);
		names[side] = page_take(&names[side], width - 12, false);
	}
	page_begin(page, PAGE_DIM);
	page_put_padded(page, SLICE("  seconds"), TIME_WIDTH);
	page_put_padded(page, names[0], width + 1 - half);
	page_put_padded(page, SLICE(own), width + 2 + half - ctl_clean_width(names[1]));
	buf_put_slice(page->out, names[1]);
	page_end(page, PAGE_DIM);
	buf_put_char(page->out, '\n');
	for (int side = 0; side < 2; side++)
		buf_fini(&clean[side]);
}

void explain_print_ladder(struct page *page, const struct explain *explain, bool is_verbose)
{
	page_title(page, "Messages and decisions");
	if (explain->is_begin_lost)
		page_text(page, PAGE_WAIT, "", SLICE("The beginning was overwritten already."));
	put_ends(page, explain);
	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_entry *entry = &explain->entries[i];
		if (!is_shown(entry, is_verbose))
			continue;
		if (entry->kind == EXPLAIN_MESSAGE)
			put_message(page, explain, entry);
		else
			put_event(page, explain, entry);
	}
}

void explain_print_timers(struct page *page, const struct explain *explain)
{
	bool is_any = false;

	page_title(page, "Timers that fired");
	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_entry *entry = &explain->entries[i];
		if (!slice_equal(explain_event_name(entry), SLICE("call.timer")))
			continue;
		is_any = true;
		put_event(page, explain, entry);
	}
	if (!is_any)
		page_text(page, PAGE_DIM, "", SLICE("none"));
}
