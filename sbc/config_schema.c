/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks a file's tree by the table of configuration keys (config_rows.h). Pure. */

#include <stdio.h>

#include "sbc/config_rows.h"

#define PATH_MAX_LEN 64 /* bytes of "section[].key" */

/* In the order of docs/configuration.md. */
static const struct config_rows *const tables[] = {&config_rows_domains, &config_rows_peers,
	&config_rows_media, &config_rows_services, &config_rows_limits};

const struct config_row *config_row_at(size_t index)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (index < tables[i]->count)
			return &tables[i]->rows[index];
		index -= tables[i]->count;
	}
	return NULL;
}

/* The last part of a row's path when it lies right under prefix; else empty. */
static struct slice key_under(const struct config_row *row, struct slice prefix)
{
	struct slice path = slice_str(row->path), key;

	if (!slice_starts(path, prefix))
		return (struct slice){0};
	key = slice_from(path, prefix.len);
	return slice_find(key, '.') < key.len ? (struct slice){0} : key;
}

static const struct config_row *find_row(struct slice prefix, struct slice key)
{
	const struct config_row *row;

	for (size_t i = 0; (row = config_row_at(i)); i++) {
		struct slice name = key_under(row, prefix);
		if (key.len && name.len &&
			(slice_equal(name, key) || slice_equal(slice_str(row->alias), key)))
			return row;
	}
	return NULL;
}

static const char *nearest_key(struct slice prefix, struct slice written)
{
	const struct config_row *row;
	const char *nearest = NULL;
	int best = 100;

	for (size_t i = 0; (row = config_row_at(i)); i++) {
		struct slice key = key_under(row, prefix);
		int far = key.len ? config_word_distance(written, key) : -1;
		if (far >= 0 && far < best) {
			best = far;
			nearest = key.ptr;
		}
	}
	return nearest;
}

/* A key that exists, but in another section. */
static const char *elsewhere(struct slice written)
{
	const struct config_row *row;

	for (size_t i = 0; (row = config_row_at(i)); i++) {
		struct slice path = slice_str(row->path);
		if (path.len > written.len + 1 && path.ptr[path.len - written.len - 1] == '.' &&
			slice_equal(slice_from(path, path.len - written.len), written))
			return row->path;
	}
	return NULL;
}

static void unknown_key(
	struct config_reading *r, struct slice prefix, const struct config_node *key)
{
	struct slice written = slice_head(key->text, 60);
	const char *nearest = nearest_key(prefix, key->text);
	const char *other = nearest || !key->text.len ? NULL : elsewhere(key->text);

	if (nearest)
		config_fault(r->faults, key, "unknown key \"%.*s\"; did you mean \"%s\"?",
			SLICE_ARG(written), nearest);
	else if (other)
		config_fault(r->faults, key, "unknown key \"%.*s\" here; did you mean %s?",
			SLICE_ARG(written), other);
	else
		config_fault(r->faults, key, "unknown key \"%.*s\"", SLICE_ARG(written));
}

static void check_keys(
	struct config_reading *r, struct slice prefix, const struct config_node *node)
{
	for (const struct config_entry *e = node->first; e; e = e->next) {
		const struct config_entry *same = node->first;
		while (!slice_equal(same->key->text, e->key->text))
			same = same->next;
		if (same != e)
			config_fault(r->faults, e->key,
				"\"%.*s\" stands twice; first in line %u",
				SLICE_ARG(slice_head(e->key->text, 60)), same->key->line);
		else if (!find_row(prefix, e->key->text))
			unknown_key(r, prefix, e->key);
	}
}

static void fill(struct config_reading *r, struct slice prefix, const struct config_node *node,
	char *base);

/* A section that is not written, and a file without a word. */
static const struct config_node nothing = {
	.kind = CONFIG_MAPPING, .line = 1, .column = 1, .width = 1};

static bool is_group(const struct config_row *row)
{
	return row->type == &config_type_section || row->type == &config_type_list;
}

static void fill_section(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	char prefix[PATH_MAX_LEN];

	snprintf(prefix, sizeof(prefix), "%s.", row->path);
	fill(r, slice_str(prefix), node, base + row->offset);
}

/* A default as it would be written. Lists of words are written with blanks. */
static void read_default(struct config_reading *r, const struct config_row *row, char *base)
{
	struct config_node items[4], list = {.kind = CONFIG_SEQUENCE, .line = 1, .column = 1};
	struct config_entry entries[4] = {{0}};
	struct slice rest = slice_str(row->fallback);
	bool is_list = row->type == &config_type_mechanisms ||
		       row->type == &config_type_profiles || row->type == &config_type_blocks;

	while (rest.len && list.count < 4) {
		struct slice word = is_list ? slice_cut(&rest, ' ') : rest;
		struct config_entry *e = &entries[list.count];
		items[list.count] = (struct config_node){.kind = CONFIG_SCALAR, .text = word};
		e->value = &items[list.count];
		e->next = is_list && rest.len ? e + 1 : NULL;
		list.count++;
		if (!is_list)
			break;
	}
	list.first = entries;
	row->type->read(r, row, is_list ? &list : &items[0], base);
}

static bool is_text_like(const struct config_row *row)
{
	return row->type == &config_type_text || row->type == &config_type_url ||
	       row->type == &config_type_hex || row->type == &config_type_sent_by ||
	       row->type == &config_type_name || row->type == &config_type_domain ||
	       row->type == &config_type_user || row->type == &config_type_path ||
	       row->type == &config_type_header_name;
}

/* What is not written: its default, or a fault when it must be there. */
static void fill_absent(struct config_reading *r, const struct config_row *row,
	struct slice key, const struct config_node *node, char *base)
{
	bool is_in_list = strstr(row->path, "[].") != NULL;

	if (is_text_like(row))
		*(const char **)(void *)(base + row->offset) = "";
	if (row->type == &config_type_section)
		fill_section(r, row, node ? &nothing : NULL, base);
	else if (!row->fallback && node)
		config_fault(r->faults, node, "\"%s\" is missing here: %s",
			is_in_list ? key.ptr : row->path, row->help);
	else if (row->fallback && row->fallback[0])
		read_default(r, row, base);
}

static void fill_list(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	char prefix[PATH_MAX_LEN];
	char *items;
	size_t i = 0;

	if (node->kind != CONFIG_SEQUENCE || node->count > row->max) {
		if (node->kind != CONFIG_SEQUENCE)
			config_fault(r->faults, node,
				"a list is wanted here: each item begins with \"- \"");
		else
			config_fault(r->faults, node, "%zu items: at most %u are possible",
				node->count, row->max);
		return;
	}
	items = arena_array(r->arena, node->count, row->item_size);
	if (!items) {
		r->faults->is_out_of_memory = true;
		return;
	}
	snprintf(prefix, sizeof(prefix), "%s[].", row->path);
	for (const struct config_entry *e = node->first; e; e = e->next, i++)
		fill(r, slice_str(prefix), e->value, items + i * row->item_size);
	*(char **)(void *)(base + row->offset) = items;
	*(size_t *)(void *)(base + row->second) = node->count;
}

static void fill_row(struct config_reading *r, const struct config_row *row,
	const struct config_node *value, char *base)
{
	if (is_text_like(row))
		*(const char **)(void *)(base + row->offset) = "";
	if (row->type == &config_type_section)
		fill_section(r, row, value, base);
	else if (row->type == &config_type_list)
		fill_list(r, row, value, base);
	else
		row->type->read(r, row, value, base);
}

/* Under its own name or the other one, not both. */
static const struct config_node *find_value(struct config_reading *r,
	const struct config_row *row, struct slice key, const struct config_node *node)
{
	const struct config_node *value = config_node_get(node, key.ptr);
	const struct config_node *other = row->alias ? config_node_get(node, row->alias) : NULL;

	if (value && other)
		config_fault(r->faults, other, "\"%s\" is the same key as \"%s\"", row->alias,
			key.ptr);
	return value ? value : other;
}

/* One mapping: all rows right under prefix. base: the struct they fill. node NULL: broken
 * further up, so that only defaults are filled in. */
static void fill(struct config_reading *r, struct slice prefix, const struct config_node *node,
	char *base)
{
	const struct config_row *row;

	if (node && node->kind == CONFIG_MAPPING) {
		check_keys(r, prefix, node);
	} else if (node) {
		config_fault(r->faults, node, "\"key: value\" lines are wanted here");
		node = NULL;
	}
	for (size_t i = 0; (row = config_row_at(i)); i++) {
		struct slice key = key_under(row, prefix);
		const struct config_node *value;
		if (!key.len)
			continue;
		value = find_value(r, row, key, node);
		/* "users:" with every line below commented out is no fault. */
		if (value && !(is_group(row) && config_node_is_null(value)))
			fill_row(r, row, value, base);
		else
			fill_absent(r, row, key, node, base);
	}
}

void config_schema_fill(struct config_reading *r)
{
	if (config_node_is_null(r->root))
		r->root = &nothing;
	fill(r, (struct slice){0}, r->root, (char *)r->config);
}

void config_print_keys(void (*line)(const char *text, void *arg), void *arg)
{
	const struct config_row *row;
	char text[512];

	for (size_t i = 0; (row = config_row_at(i)); i++) {
		const char *fallback = row->fallback;
		bool has_range = row->type == &config_type_number;
		char range[48] = "";
		if (has_range)
			snprintf(range, sizeof(range), " %u to %u", row->min, row->max);
		snprintf(text, sizeof(text), "%-40s %s%s; %s%s\n%-40s %s%s", row->path,
			row->type->name, range,
			!fallback            ? "required"
			: row->is_by_profile ? "default by profile"
			: fallback[0]        ? "default "
					     : "optional",
			fallback ? fallback : "", "", row->help,
			row->is_fixed ? " (restart)" : "");
		line(text, arg);
	}
}

const struct config_type config_type_section = {"section", NULL};
const struct config_type config_type_list = {"list", NULL};
