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
		{"opportunistic", MEDIA_MODE_OPPORTUNISTIC}, {"bypass", MEDIA_MODE_BYPASS}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum media_mode *)(void *)(base + row->offset) = (enum media_mode)value;
}

static void read_on_failure(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"reject", IDENTITY_FAILURE_REJECT},
		{"mark", IDENTITY_FAILURE_MARK}, {"pass", IDENTITY_FAILURE_PASS}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum identity_failure *)(void *)(base + row->offset) =
			(enum identity_failure)value;
}

static void read_direction(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"in", 0}, {"out", 1}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(bool *)(void *)(base + row->offset) = value;
}

static void read_header_action(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"allow", HEADER_ALLOW},
		{"remove", HEADER_REMOVE}, {"add", HEADER_ADD}, {"rename", HEADER_RENAME},
		{"replace", HEADER_REPLACE}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
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

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(bool *)(void *)(base + row->offset) = value;
}

/* An address, or a name: row->offset is the address's, the name stands beside it. */
static void read_peer_address(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct config_peer *peer = (struct config_peer *)(void *)base;
	struct config_row as_name = {.offset = offsetof(struct config_peer, host)};
	struct config_node name = *node;
	struct slice host, rest = node->text;
	uint64_t port = 0;

	peer->host = peer->user = "";
	if (node->kind == CONFIG_SCALAR && slice_find(rest, '@') < rest.len) {
		name.text = arena_copy(r->arena, rest);
		peer->user = name.text.ptr;
		r->faults->is_out_of_memory = r->faults->is_out_of_memory || !peer->user;
		return;
	}
	if (node->kind != CONFIG_SCALAR || config_node_is_null(node) ||
		!netaddr_parse_hostport(&peer->address, node->text, 0) ||
		slice_find(rest, '[') < rest.len) {
		config_type_hostport.read(r, row, node, base);
		return;
	}
	host = slice_cut(&rest, ':');
	if (rest.len && (slice_to_u64(rest, 65535, &port) || !port)) {
		config_fault(r->faults, node, "not a port: %.*s", SLICE_ARG(rest));
		return;
	}
	name.text = arena_copy(r->arena, host);
	peer->port = (unsigned)port;
	config_type_domain.read(r, &as_name, &name, base);
}

static void read_peer_transport(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct config_peer *peer = (struct config_peer *)(void *)base;
	static const struct config_word words[] = {{"udp", TRANSPORT_UDP},
		{"tcp", TRANSPORT_TCP}, {"tls", TRANSPORT_TLS}, {"dns", 99}};
	unsigned value;

	(void)row;
	if (!config_find_word(r, node, words, WORD_COUNT(words), &value))
		return;
	peer->is_transport_open = value == 99;
	peer->transport = peer->is_transport_open ? TRANSPORT_TLS : (enum transport_kind)value;
}

const struct config_type config_type_peer_address = {
	"address or name, with or without port, or user", read_peer_address};
const struct config_type config_type_peer_transport = {
	"udp, tcp, tls, dns", read_peer_transport};
const struct config_type config_type_rewrite_what = {"called, caller", read_rewrite_what};
const struct config_type config_type_peer_profile = {"profile", read_profile};
const struct config_type config_type_on_failure = {"reject, mark, pass", read_on_failure};
const struct config_type config_type_media_mode = {
	"dtls, sdes, rtp, opportunistic, bypass", read_media};
const struct config_type config_type_direction = {"in, out", read_direction};
const struct config_type config_type_header_action = {
	"allow, remove, add, rename, replace", read_header_action};
const struct config_type config_type_header_name = {"header name", read_header_name};
