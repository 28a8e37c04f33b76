/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys that are read once: sockets, threads, ceilings of tables. A reload that changes one
 * of them is refused as a whole, by its name. They are compared as they are written. Pure.
 */

#include <stdio.h>

#include "base/err.h"
#include "sbc/config_tree.h"

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

/* "limits.calls" or "listeners". */
static const struct config_node *find(const struct config_node *root, const char *path)
{
	struct slice rest = slice_str(path);
	char key[64];

	while (rest.len && root) {
		if (slice_copy(slice_cut(&rest, '.'), key, sizeof(key)))
			return NULL;
		root = config_node_get(root, key);
	}
	return root;
}

int config_fixed_record(struct config_reading *r)
{
	size_t count = 0;
	uint64_t *hashes;

	while (config_row_at(count))
		count++;
	hashes = arena_array(r->arena, count, sizeof(*hashes));
	if (!hashes)
		return SBC_ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (config_row_at(i)->is_fixed)
			hashes[i] = add_node(UINT64_C(0xcbf29ce484222325),
				find(r->root, config_row_at(i)->path), 0);
	r->config->_fixed = hashes;
	return 0;
}

const char *config_fixed_change(const struct config *before, const struct config *after)
{
	for (size_t i = 0; config_row_at(i); i++)
		if (config_row_at(i)->is_fixed && before->_fixed && after->_fixed &&
			before->_fixed[i] != after->_fixed[i])
			return config_row_at(i)->path;
	return NULL;
}
