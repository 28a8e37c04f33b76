/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The house of PCRE2. Pure; any thread. */

#include "sbc/pattern.h"

#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/err.h"
#include "base/mem.h"

/* A header line is matched in some hundred steps; an expression that takes more against
 * what somebody sends is one that they can make us hang on. */
#define MATCH_STEPS     20000
#define MATCH_DEPTH     1000
#define MATCH_HEAP_KIB  256
#define COMPILE_OPTIONS (PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY)

struct pattern {
	pcre2_code *code; /* in the arena */
	uint32_t group_count;
};

static void *from_arena(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void to_arena(void *block, void *arena)
{
	(void)block;
	(void)arena; /* freed with all the rest */
}

static void *from_heap(size_t size, void *arg)
{
	(void)arg;
	return mem_alloc(size);
}

static void to_heap(void *block, void *arg)
{
	(void)arg;
	mem_free(block);
}

static int compile(struct pattern *pattern, pcre2_compile_context *context, struct slice text,
	char *why, size_t why_size)
{
	char words[128] = "";
	size_t offset;
	int code;

	pcre2_set_max_pattern_length(context, PATTERN_TEXT_MAX);
	pattern->code = pcre2_compile(
		(PCRE2_SPTR)text.ptr, text.len, COMPILE_OPTIONS, &code, &offset, context);
	if (!pattern->code) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		snprintf(why, why_size, "%s, at character %zu", words, offset + 1);
		return SBC_EPARSE;
	}
	pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &pattern->group_count);
	return 0;
}

int pattern_new(struct pattern **out, struct arena *arena, struct slice text, char *why,
	size_t why_size)
{
	struct pattern *pattern = arena_alloc(arena, sizeof(*pattern));
	pcre2_general_context *general =
		pcre2_general_context_create(from_arena, to_arena, arena);
	pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
	int err;

	if (!pattern || !context)
		return SBC_ENOMEM;
	err = compile(pattern, context, text, why, why_size);
	if (!err)
		*out = pattern;
	return err;
}

bool pattern_takes(const struct pattern *pattern, struct slice replacement)
{
	for (size_t i = 0; i < replacement.len; i++) {
		if (replacement.ptr[i] != '\\')
			continue;
		if (++i == replacement.len)
			return false;
		if (replacement.ptr[i] != '\\' &&
			(replacement.ptr[i] < '0' || replacement.ptr[i] > '9' ||
				(uint32_t)(replacement.ptr[i] - '0') > pattern->group_count))
			return false;
	}
	return true;
}

static int put_replaced(struct buf *out, struct slice subject, struct slice replacement,
	const PCRE2_SIZE *at, uint32_t count)
{
	buf_put_slice(out, slice_head(subject, at[0]));
	for (size_t i = 0; i < replacement.len; i++) {
		char c = replacement.ptr[i];
		uint32_t group;
		if (c != '\\' || ++i == replacement.len) {
			buf_put_char(out, c);
			continue;
		}
		c = replacement.ptr[i];
		group = (uint32_t)(c - '0');
		if (c == '\\')
			buf_put_char(out, c);
		else if (group < count && at[2 * group] != PCRE2_UNSET)
			buf_put(out, subject.ptr + at[2 * group],
				at[2 * group + 1] - at[2 * group]);
	}
	return buf_put_slice(out, slice_from(subject, at[1]));
}

static int run(const struct pattern *pattern, struct slice subject, pcre2_match_data *data,
	pcre2_match_context *context)
{
	int found;

	pcre2_set_match_limit(context, MATCH_STEPS);
	pcre2_set_depth_limit(context, MATCH_DEPTH);
	pcre2_set_heap_limit(context, MATCH_HEAP_KIB);
	found = pcre2_match(pattern->code, (PCRE2_SPTR)(subject.ptr ? subject.ptr : ""),
		subject.len, 0, 0, data, context);
	if (found == PCRE2_ERROR_NOMATCH)
		return SBC_ENOENT;
	if (found == PCRE2_ERROR_NOMEMORY)
		return SBC_ENOMEM;
	/* \K in a lookahead may put the start behind the end. */
	if (found <= 0 ||
		pcre2_get_ovector_pointer(data)[0] > pcre2_get_ovector_pointer(data)[1])
		return SBC_ELIMIT;
	return found;
}

int pattern_replace(const struct pattern *pattern, struct slice subject,
	struct slice replacement, struct buf *out)
{
	pcre2_general_context *general = NULL;
	pcre2_match_context *context = NULL;
	pcre2_match_data *data = NULL;
	int found = SBC_ENOMEM;

	if (subject.len > PATTERN_SUBJECT_MAX)
		return SBC_ELIMIT;
	general = pcre2_general_context_create(from_heap, to_heap, NULL);
	if (general) {
		context = pcre2_match_context_create(general);
		data = pcre2_match_data_create_from_pattern(pattern->code, general);
	}
	if (context && data)
		found = run(pattern, subject, data, context);
	if (found > 0)
		found = put_replaced(out, subject, replacement, pcre2_get_ovector_pointer(data),
			(uint32_t)found);
	pcre2_match_data_free(data);
	pcre2_match_context_free(context);
	pcre2_general_context_free(general);
	return found;
}
