/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the configuration that only peers have. Pure. */

#include "sbc/config_tree.h"
#include "sbc/peer_profile.h"
#include "sbc/sip_parts.h"

#define HEADER_NAME_MAX 64
#define PROFILE_MAX     8 /* rows of the table of profiles */

static void read_profile(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct config_word words[PROFILE_MAX];
	size_t count = 0;
	unsigned value;

	for (; count < PROFILE_MAX && peer_profile_at(count); count++)
		words[count] =
			(struct config_word){peer_profile_at(count)->name, (unsigned)count};
	if (config_find_word(r, node, words, count, &value))
		*(const char **)(void *)(base + row->offset) = words[value].text;
}

static void read_media(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"dtls", MEDIA_MODE_DTLS},
		{"sdes", MEDIA_MODE_SDES}, {"rtp", MEDIA_MODE_RTP},
		{"opportunistic", MEDIA_MODE_OPPORTUNISTIC}};
	unsigned value;

	if (config_find_word(r, node, words, sizeof(words) / sizeof(words[0]), &value))
		*(enum media_mode *)(void *)(base + row->offset) = (enum media_mode)value;
}

static void read_direction(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"in", 0}, {"out", 1}};
	unsigned value;

	if (config_find_word(r, node, words, sizeof(words) / sizeof(words[0]), &value))
		*(bool *)(void *)(base + row->offset) = value;
}

static void read_header_action(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"allow", HEADER_ALLOW},
		{"remove", HEADER_REMOVE}, {"add", HEADER_ADD}, {"rename", HEADER_RENAME},
		{"replace", HEADER_REPLACE}};
	unsigned value;

	if (config_find_word(r, node, words, sizeof(words) / sizeof(words[0]), &value))
		*(enum header_action *)(void *)(base + row->offset) = (enum header_action)value;
}

static void read_header_name(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice name = node->text;

	if (node->kind == CONFIG_SCALAR && name.len && name.ptr[name.len - 1] == '*')
		name = slice_head(name, name.len - 1);
	if (node->kind != CONFIG_SCALAR || !sip_is_token(name) || name.len > HEADER_NAME_MAX)
		config_fault(r->faults, node, "not the name of a header");
	else
		config_type_text.read(r, row, node, base);
}

static void read_rewrite_what(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"called", 0}, {"caller", 1}};
	unsigned value;

	if (config_find_word(r, node, words, sizeof(words) / sizeof(words[0]), &value))
		*(bool *)(void *)(base + row->offset) = value;
}

const struct config_type config_type_rewrite_what = {"called, caller", read_rewrite_what};
const struct config_type config_type_peer_profile = {"profile", read_profile};
const struct config_type config_type_media_mode = {
	"dtls, sdes, rtp, opportunistic", read_media};
const struct config_type config_type_direction = {"in, out", read_direction};
const struct config_type config_type_header_action = {
	"allow, remove, add, rename, replace", read_header_action};
const struct config_type config_type_header_name = {"header name", read_header_name};
