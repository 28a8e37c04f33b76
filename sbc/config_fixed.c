/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys that are read once: sockets, threads, ceilings of tables. A reload that changes one
 * of them is refused as a whole, by its name. They are compared as they are written. Pure.
 */

#include <stdio.h>

#include "base/err.h"
#include "sbc/config_tree.h"

/* A key as it was written. */
struct config_fixed {
	uint64_t hash;
	unsigned line;
};

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a: an operator's own two files are compared, nobody attacks that. */
static uint64_t add(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#define DEPTH_MAX 16 /* of a key that is read once; deeper ones are no right configuration */

static uint64_t add_node(uint64_t hash, const struct config_node *node, unsigned depth)
{
	char kind = node ? (char)('0' + node->kind) : '-';

	hash = add(hash, &kind, 1);
	if (config_node_is_null(node) || depth > DEPTH_MAX)
		return hash;
	hash = add(hash, node->text.ptr, node->text.len);
	for (const struct config_entry *e = node->first; e; e = e->next) {
		if (e->key)
			hash = add_node(hash, e->key, depth + 1);
		hash = add_node(hash, e->value, depth + 1);
	}
	return add(hash, ".", 1);
}

/* "limits.calls", "listeners", or "listeners[].address": then that of each item. */
static uint64_t add_path(uint64_t hash, const struct config_node *node, struct slice path)
{
	struct slice key = slice_cut(&path, '.');
	bool is_list = key.len > 2 && slice_equal(slice_from(key, key.len - 2), SLICE("[]"));
	char name[64];

	if (slice_copy(slice_head(key, key.len - 2 * is_list), name, sizeof(name)))
		return hash;
	node = node ? config_node_get(node, name) : NULL;
	if (!is_list)
		return path.len ? add_path(hash, node, path) : add_node(hash, node, 0);
	for (size_t i = 0; node && i < node->count; i++)
		hash = add_path(add(hash, "-", 1), config_node_item(node, i), path);
	return hash;
}

/* Where the key is written, or else the list or section that it would be in. */
static unsigned line_of(const struct config_node *root, const char *path)
{
	struct slice rest = slice_str(path);
	const struct config_node *node = root;
	unsigned line = 1;
	char key[64];

	while (rest.len && node) {
		struct slice part = slice_cut(&rest, '.');
		if (slice_copy(slice_head(part, slice_find(part, '[')), key, sizeof(key)))
			break;
		node = config_node_get(node, key);
		line = node ? node->line : line;
		if (slice_find(part, '[') < part.len)
			break;
	}
	return line;
}

int config_fixed_record(struct config_reading *r)
{
	size_t count = 0;
	struct config_fixed *fixed;

	while (config_row_at(count))
		count++;
	fixed = arena_array(r->arena, count, sizeof(*fixed));
	if (!fixed)
		return SBC_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *path = config_row_at(i)->path;
		if (config_row_at(i)->is_fixed)
			fixed[i] = (struct config_fixed){
				add_path(HASH_START, r->root, slice_str(path)),
				line_of(r->root, path)};
	}
	r->config->_fixed = fixed;
	return 0;
}

const char *config_fixed_change(
	const struct config *before, const struct config *after, unsigned *line)
{
	for (size_t i = 0; config_row_at(i); i++) {
		if (!config_row_at(i)->is_fixed || !before->_fixed || !after->_fixed ||
			before->_fixed[i].hash == after->_fixed[i].hash)
			continue;
		*line = after->_fixed[i].line;
		return config_row_at(i)->path;
	}
	return NULL;
}
