/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was offered and answered (RFC 3264), and what the other leg was told instead: lines
 * beside each other, those that differ marked. Pure.
 */

#include <stdio.h>

#include "base/mem.h"
#include "tools/ctl/explain.h"

#define LINE_MAX_COUNT 256 /* lines of one description that are compared; more are left out */
#define BESIDE_WIDTH   72  /* columns: on narrower lines below each other */

/* ---- which message has what ---- */

static int side_of(const struct explain_entry *entry)
{
	return entry->leg == 'b';
}

/* What is under way on one leg. */
struct negotiation {
	bool is_open; /* an offer waits for its answer */
	bool is_offer_incoming;
	bool is_answer[2];    /* by direction: what its last description was */
	struct slice last[2]; /* and its text */
};

static bool is_refusal(const struct explain_entry *entry)
{
	struct slice method = explain_method(entry);

	return explain_status(entry) >= 300 &&
	       (slice_equal(method, SLICE("INVITE")) || slice_equal(method, SLICE("UPDATE")));
}

/* False: it was said before. *is_answer else. */
static bool note(struct negotiation *leg, const struct explain_entry *entry, struct slice sdp,
	bool *is_answer)
{
	bool is_known = slice_equal(leg->last[entry->is_incoming], sdp);

	if (is_known && (!leg->is_open || leg->is_offer_incoming == entry->is_incoming))
		*is_answer = leg->is_answer[entry->is_incoming];
	else
		*is_answer = leg->is_open && leg->is_offer_incoming != entry->is_incoming;
	if (*is_answer) {
		leg->is_open = false;
	} else {
		leg->is_open = true;
		leg->is_offer_incoming = entry->is_incoming;
	}
	leg->last[entry->is_incoming] = sdp;
	leg->is_answer[entry->is_incoming] = *is_answer;
	return !is_known;
}

/* What goes out on a leg is what came last from the other end, told anew. */
static void pair(struct explain_exchange *list, size_t count, const struct explain_entry *sent)
{
	while (count-- > 0) {
		struct explain_exchange *exchange = &list[count];
		if (exchange->from == side_of(sent))
			continue;
		if (!exchange->sent)
			exchange->sent = sent;
		return;
	}
}

size_t explain_exchanges(
	const struct explain *explain, struct explain_exchange out[EXPLAIN_EXCHANGE_MAX])
{
	struct negotiation legs[2] = {0};
	size_t count = 0;

	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_entry *entry = &explain->entries[i];
		struct negotiation *leg = &legs[side_of(entry)];
		struct slice sdp = explain_sdp(entry);
		bool is_answer;

		if (is_refusal(entry))
			leg->is_open = false;
		if (!sdp.len || !note(leg, entry, sdp, &is_answer))
			continue;
		if (!entry->is_incoming)
			pair(out, count, entry);
		else if (count < EXPLAIN_EXCHANGE_MAX)
			out[count++] = (struct explain_exchange){.from = side_of(entry),
				.is_answer = is_answer,
				.received = entry};
	}
	return count;
}

/* ---- lines beside each other ---- */

struct lines {
	struct slice items[LINE_MAX_COUNT];
	size_t count;
};

static void split(struct lines *out, struct slice text)
{
	out->count = 0;
	while (text.len && out->count < LINE_MAX_COUNT) {
		struct slice line = slice_trim(slice_cut(&text, '\n'));
		if (line.len)
			out->items[out->count++] = line;
	}
}

/* What a line is about: "m=", "a=rtpmap:". */
static struct slice topic(struct slice line)
{
	size_t end = slice_find(line, '=') + 1;

	if (slice_starts(line, SLICE("a=")))
		end = slice_find(line, ':') + 1;
	return slice_head(line, end);
}

struct comparison {
	struct page *page;
	struct lines a, b;
	/* Length of the longest common sequence of what begins at i in a and j in b. */
	uint16_t common[LINE_MAX_COUNT + 1][LINE_MAX_COUNT + 1];
	size_t changed, removed, added;
};

static void measure(struct comparison *c)
{
	for (size_t i = c->a.count; i-- > 0;)
		for (size_t j = c->b.count; j-- > 0;) {
			uint16_t skip_a = c->common[i + 1][j], skip_b = c->common[i][j + 1];
			c->common[i][j] = slice_equal(c->a.items[i], c->b.items[j])
						  ? (uint16_t)(c->common[i + 1][j + 1] + 1)
					  : skip_a > skip_b ? skip_a
							    : skip_b;
		}
}

static void put_line(struct comparison *c, struct slice a, struct slice b, char mark)
{
	const char between[] = {' ', mark, ' ', '\0'};
	enum page_style left = mark == ' ' ? PAGE_PLAIN : PAGE_BAD;
	enum page_style right = mark == ' ' ? PAGE_PLAIN : PAGE_GOOD;
	const struct page_cells row = {.label = "",
		.label_width = 2,
		.cells = {a, b},
		.between = between,
		.styles = {left, right}};

	c->changed += mark == '~';
	c->removed += mark == '-';
	c->added += mark == '+';
	if (c->page->width >= BESIDE_WIDTH) {
		page_cells(c->page, &row);
		return;
	}
	if (a.len)
		page_text(c->page, left, mark == ' ' ? "    " : "  - ", a);
	if (b.len && mark != ' ')
		page_text(c->page, right, "  + ", b);
}

/* Between two lines that both have: what is about the same thing stands beside each other. */
static void put_gap(struct comparison *c, size_t i, size_t i_end, size_t j, size_t j_end)
{
	for (; i < i_end; i++) {
		size_t k = j;
		while (k < j_end && !slice_equal(topic(c->a.items[i]), topic(c->b.items[k])))
			k++;
		if (k == j_end) {
			put_line(c, c->a.items[i], SLICE(""), '-');
			continue;
		}
		for (; j < k; j++)
			put_line(c, SLICE(""), c->b.items[j], '+');
		put_line(c, c->a.items[i], c->b.items[j++], '~');
	}
	for (; j < j_end; j++)
		put_line(c, SLICE(""), c->b.items[j], '+');
}

static void put_compared(struct comparison *c)
{
	size_t i = 0, j = 0;

	measure(c);
	while (i < c->a.count || j < c->b.count) {
		size_t i_end = i, j_end = j;
		while (i_end < c->a.count && j_end < c->b.count &&
			!slice_equal(c->a.items[i_end], c->b.items[j_end])) {
			if (c->common[i_end + 1][j_end] >= c->common[i_end][j_end + 1])
				i_end++;
			else
				j_end++;
		}
		if (i_end == c->a.count || j_end == c->b.count) {
			put_gap(c, i, c->a.count, j, c->b.count);
			return;
		}
		put_gap(c, i, i_end, j, j_end);
		put_line(c, c->a.items[i_end], c->b.items[j_end], ' ');
		i = i_end + 1;
		j = j_end + 1;
	}
}

/* ---- printed ---- */

static void put_heads(struct page *page, const struct explain *explain,
	const struct explain_exchange *exchange)
{
	struct buf heads[2];
	struct page_cells row = {.label = "",
		.label_width = 2,
		.between = "   ",
		.styles = {PAGE_DIM, PAGE_DIM}};

	for (int i = 0; i < 2; i++)
		buf_init(&heads[i], 512);
	buf_printf(&heads[0], "received from %.*s",
		SLICE_ARG(explain_who(explain, exchange->from)));
	buf_printf(&heads[1], exchange->sent ? "sent to %.*s" : "not sent on to %.*s",
		SLICE_ARG(explain_who(explain, 1 - exchange->from)));
	row.cells[0] = buf_slice(&heads[0]);
	row.cells[1] = buf_slice(&heads[1]);
	page_cells(page, &row);
	for (int i = 0; i < 2; i++)
		buf_fini(&heads[i]);
}

static struct slice title_of(const struct explain_entry *entry)
{
	struct slice rest = entry->text;

	return explain_status(entry)
		       ? slice_head(slice_trim(slice_from(slice_cut(&rest, '\n'), 8)), 40)
		       : explain_method(entry);
}

static void put_exchange(struct comparison *c, const struct explain *explain,
	const struct explain_exchange *exchange)
{
	char text[160];
	int len = snprintf(text, sizeof(text), "%s of the %s, in its %.*s",
		exchange->is_answer ? "Answer" : "Offer", exchange->from ? "callee" : "caller",
		SLICE_ARG(title_of(exchange->received)));

	if (len > 0)
		page_text(c->page, PAGE_PLAIN, "\n", slice_str(text));
	put_heads(c->page, explain, exchange);
	split(&c->a, explain_sdp(exchange->received));
	if (exchange->sent) {
		split(&c->b, explain_sdp(exchange->sent));
		put_compared(c);
		snprintf(text, sizeof(text), "%zu lines changed, %zu taken out, %zu put in",
			c->changed, c->removed, c->added);
		page_text(c->page, PAGE_DIM, "  ", slice_str(text));
		return;
	}
	for (size_t i = 0; i < c->a.count; i++)
		page_text(c->page, PAGE_PLAIN, "  ", c->a.items[i]);
}

void explain_print_sdp(struct page *page, const struct explain *explain)
{
	struct explain_exchange list[EXPLAIN_EXCHANGE_MAX];
	size_t count = explain_exchanges(explain, list);
	struct comparison *c = count ? mem_alloc(sizeof(*c)) : NULL;

	if (!c)
		return;
	page_title(page, "Session descriptions");
	for (size_t i = 0; i < count; i++) {
		mem_wipe(c, sizeof(*c));
		c->page = page;
		put_exchange(c, explain, &list[i]);
	}
	mem_free(c);
}
