/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TNAuthorizationList ::= SEQUENCE SIZE (1..MAX) OF TNEntry
 * TNEntry ::= CHOICE { spc [0] IA5String, range [1] TelephoneNumberRange, one [2] IA5String }
 * with explicit tags (RFC 8226 section 9). Pure.
 */

#include "policy/tn_auth.h"

#include "base/err.h"
#include "base/mem.h"
#include "policy/der.h"

static bool is_number(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!(c >= '0' && c <= '9') && c != '*' && c != '#')
			return false;
	}
	return s.len > 0 && s.len < NAME_TN_MAX;
}

static bool is_digits(struct slice s, uint64_t *value)
{
	return s.len && s.len <= 15 && !slice_to_u64(s, UINT64_MAX, value);
}

static bool is_code(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	}
	return s.len > 0 && s.len < TN_SPC_MAX;
}

static int read_string(
	struct slice content, bool (*is_valid)(struct slice), struct tn_auth_entry *out)
{
	struct slice text;

	if (der_next_tag(&content, DER_IA5_STRING, &text) || content.len || !is_valid(text))
		return SBC_EPARSE;
	return slice_copy(text, out->text, sizeof(out->text)) ? SBC_EPARSE : 0;
}

/* TelephoneNumberRange ::= SEQUENCE { start IA5String, count INTEGER (2..MAX) } */
static int read_range(struct slice content, struct tn_auth_entry *out)
{
	struct slice sequence, start, count;
	uint64_t first;

	if (der_next_tag(&content, DER_SEQUENCE, &sequence) || content.len ||
		der_next_tag(&sequence, DER_IA5_STRING, &start) ||
		der_next_tag(&sequence, DER_INTEGER, &count) || sequence.len ||
		!is_digits(start, &first) || der_integer(count, &out->size) || out->size < 2)
		return SBC_EPARSE;
	return slice_copy(start, out->text, sizeof(out->text)) ? SBC_EPARSE : 0;
}

static int read_entry(struct slice *list, struct tn_auth_entry *out)
{
	struct der item;
	int err = der_next(list, &item);

	if (err)
		return SBC_EPARSE;
	switch (item.tag) {
	case DER_CONTEXT(0):
		out->kind = TN_AUTH_SPC;
		return read_string(item.content, is_code, out);
	case DER_CONTEXT(1):
		out->kind = TN_AUTH_RANGE;
		return read_range(item.content, out);
	case DER_CONTEXT(2):
		out->kind = TN_AUTH_ONE;
		return read_string(item.content, is_number, out);
	default:
		return SBC_EPARSE;
	}
}

static int count_entries(struct slice list, size_t *out)
{
	struct der item;

	*out = 0;
	while (list.len) {
		if (der_next(&list, &item))
			return SBC_EPARSE;
		if (++*out > TN_AUTH_MAX)
			return SBC_ELIMIT;
	}
	return *out ? 0 : SBC_EPARSE;
}

int tn_auth_new(struct tn_auth **out, struct slice value)
{
	struct tn_auth *list;
	struct slice entries;
	size_t count;
	int err = der_next_tag(&value, DER_SEQUENCE, &entries);

	if (err || value.len)
		return SBC_EPARSE;
	err = count_entries(entries, &count);
	if (err)
		return err;
	list = mem_alloc(sizeof(*list) + count * sizeof(list->entries[0]));
	if (!list)
		return SBC_ENOMEM;
	while (list->count < count && !err)
		err = read_entry(&entries, &list->entries[list->count++]);
	if (err) {
		mem_free(list);
		return err;
	}
	*out = list;
	return 0;
}

/* Numbers of one length that follow each other. */
static bool is_in_range(const struct tn_auth_entry *range, struct slice number)
{
	uint64_t first, value;

	return number.len == slice_str(range->text).len &&
	       is_digits(slice_str(range->text), &first) && is_digits(number, &value) &&
	       value >= first && value - first < range->size;
}

static bool has_word(struct slice words, struct slice wanted)
{
	while (words.len) {
		if (slice_equal(slice_cut(&words, ' '), wanted))
			return true;
	}
	return false;
}

const struct tn_auth_entry *tn_auth_covers(
	const struct tn_auth *list, struct slice number, struct slice codes)
{
	for (size_t i = 0; list && number.len && i < list->count; i++) {
		const struct tn_auth_entry *entry = &list->entries[i];
		bool is_covered = false;
		switch (entry->kind) {
		case TN_AUTH_SPC:
			is_covered = has_word(codes, slice_str(entry->text));
			break;
		case TN_AUTH_RANGE:
			is_covered = is_in_range(entry, number);
			break;
		case TN_AUTH_ONE:
			is_covered = slice_equal(slice_str(entry->text), number);
			break;
		}
		if (is_covered)
			return entry;
	}
	return NULL;
}

bool tn_auth_has_code(const struct tn_auth *list)
{
	for (size_t i = 0; list && i < list->count; i++) {
		if (list->entries[i].kind == TN_AUTH_SPC)
			return true;
	}
	return false;
}
