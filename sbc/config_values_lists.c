/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the configuration that are lists of scalars, or names and their addresses. Pure. */

#include "sbc/config_tree.h"

#define PROFILES_MAX 4 /* struct config_media */

static bool as_list(
	struct config_reading *r, const struct config_row *row, const struct config_node *node)
{
	if (node->kind != CONFIG_SEQUENCE)
		config_fault(r->faults, node, "a list is wanted here: [...]");
	else if (node->count > row->max)
		config_fault(r->faults, node, "%zu items: at most %u are possible", node->count,
			row->max);
	else
		return true;
	return false;
}

static void read_mechanisms(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"rfc8224", 8224}, {"rfc4474", 4474}};
	unsigned value;

	if (!as_list(r, row, node))
		return;
	for (const struct config_entry *e = node->first; e; e = e->next)
		if (config_find_word(r, e->value, words, WORD_COUNT(words), &value))
			*(bool *)(void *)(base + (value == 8224 ? row->offset : row->second)) =
				true;
}

static void read_profiles(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	/* RFC 5764 section 4.1.2, RFC 7714 section 14.2 */
	static const struct config_word words[] = {{"SRTP_AEAD_AES_256_GCM", 0x0008},
		{"SRTP_AEAD_AES_128_GCM", 0x0007}, {"SRTP_AES128_CM_HMAC_SHA1_80", 0x0001},
		{"SRTP_AES128_CM_HMAC_SHA1_32", 0x0002}};
	uint16_t *profiles = (uint16_t *)(void *)(base + row->offset);
	size_t count = 0;
	unsigned value;

	if (!as_list(r, row, node))
		return;
	for (const struct config_entry *e = node->first; e && count < PROFILES_MAX;
		e = e->next) {
		if (!config_find_word(r, e->value, words, WORD_COUNT(words), &value))
			continue;
		for (size_t i = 0; i < count; i++)
			if (profiles[i] == value)
				config_fault(r->faults, e->value, "this profile stands twice");
		profiles[count++] = (uint16_t)value;
	}
	if (!node->count)
		config_fault(r->faults, node, "at least one profile is needed");
	*(size_t *)(void *)(base + row->second) = count;
}

static void read_blocks(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct netaddr_block *blocks;
	struct slice text;
	size_t count = 0;

	if (!as_list(r, row, node))
		return;
	blocks = arena_array(r->arena, node->count, sizeof(*blocks));
	if (!blocks) {
		r->faults->is_out_of_memory = true;
		return;
	}
	for (const struct config_entry *e = node->first; e; e = e->next) {
		if (!config_as_text(r, e->value, &text))
			continue;
		if (netaddr_block_parse(&blocks[count], text))
			config_fault(r->faults, e->value,
				"not a block of addresses: 10.0.0.0/8 or 192.0.2.1 is meant");
		else
			count++;
	}
	*(struct netaddr_block **)(void *)(base + row->offset) = blocks;
	*(size_t *)(void *)(base + row->second) = count;
}

static void read_hosts(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_row address_row = {
		.offset = offsetof(struct config_host, address)};
	static const struct config_row name_row = {
		.offset = offsetof(struct config_host, name)};
	struct config_host *hosts;
	size_t count = 0;

	if (config_node_is_null(node))
		return;
	if (node->kind != CONFIG_MAPPING) {
		config_fault(r->faults, node, "names and their addresses are wanted here");
		return;
	}
	hosts = arena_array(r->arena, node->count, sizeof(*hosts));
	if (!hosts) {
		r->faults->is_out_of_memory = true;
		return;
	}
	for (const struct config_entry *e = node->first; e; e = e->next, count++) {
		hosts[count].name = "";
		config_type_domain.read(r, &name_row, e->key, (char *)&hosts[count]);
		config_type_address.read(r, &address_row, e->value, (char *)&hosts[count]);
		for (size_t i = 0; i < count; i++) {
			if (hosts[i].name[0] && !strcmp(hosts[i].name, hosts[count].name)) {
				config_fault(r->faults, e->key, "this name stands twice");
				break;
			}
		}
	}
	*(struct config_host **)(void *)(base + row->offset) = hosts;
	*(size_t *)(void *)(base + row->second) = count;
}

const struct config_type config_type_mechanisms = {"list of rfc8224, rfc4474", read_mechanisms};
const struct config_type config_type_profiles = {"list of SRTP profiles", read_profiles};
const struct config_type config_type_blocks = {"list of address blocks", read_blocks};
const struct config_type config_type_hosts = {"name: address, ...", read_hosts};
