/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filters of calls. Pure. */

#include "sbc/call_filter.h"

#include "base/err.h"
#include "sbc/sip_peek.h"

/* Where a word's value goes; NULL: no such word. */
static struct slice *place_of(struct call_filter *filter, struct slice key)
{
	if (slice_equal(key, SLICE("call")))
		return &filter->call;
	if (slice_equal(key, SLICE("from")))
		return &filter->from;
	if (slice_equal(key, SLICE("to")))
		return &filter->to;
	if (slice_equal(key, SLICE("peer")))
		return &filter->peer;
	return NULL;
}

static bool has_key(struct slice word)
{
	static const char *const keys[] = {"call=", "from=", "to=", "peer="};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (slice_starts(word, slice_str(keys[i])))
			return true;
	return false;
}

/* A Call-ID may have a '=' in it, as "from" may not. */
static int take_word(struct call_filter *filter, struct slice word)
{
	struct slice key = SLICE("call"), *place;

	if (has_key(word))
		key = slice_cut(&word, '=');
	place = place_of(filter, key);
	if (!place || place->len || !word.len)
		return SBC_EPARSE;
	*place = word;
	return 0;
}

int call_filter_parse(struct call_filter *out, struct slice text)
{
	struct call_filter filter = {0};
	bool has_others;
	int err = 0;

	text = slice_trim(text);
	while (!err && text.len) {
		err = take_word(&filter, slice_cut(&text, ' '));
		text = slice_trim(text);
	}
	has_others = filter.from.len || filter.to.len || filter.peer.len;
	if (err || (filter.call.len != 0) == has_others)
		return SBC_EPARSE;
	*out = filter;
	return 0;
}

static bool fits(struct slice pattern, struct slice text)
{
	if (!pattern.len)
		return true;
	if (pattern.ptr[pattern.len - 1] == '*')
		return slice_starts(text, slice_head(pattern, pattern.len - 1));
	return slice_equal(pattern, text);
}

static bool fits_uri(struct slice pattern, struct slice uri)
{
	return fits(pattern, sip_peek_user(uri)) || fits(pattern, uri);
}

bool call_filter_takes(const struct call_filter *filter, struct slice from, struct slice to,
	const struct slice peers[2])
{
	return fits_uri(filter->from, from) && fits_uri(filter->to, to) &&
	       (!filter->peer.len || (peers[0].len && fits(filter->peer, peers[0])) ||
		       (peers[1].len && fits(filter->peer, peers[1])));
}
