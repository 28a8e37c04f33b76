/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An expression, a replacement (a line each) and a message: what crosses can be written. */
#include "base/err.h"
#include "sbc/header_rules.h"
#include "sbc/header_trial.h"
#include "sbc/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), text = slice_cut(&rest, '\n');
	struct slice value = slice_cut(&rest, '\n');
	char replacement[256] = "", why[128];
	struct config_header_rule rules[] = {
		{.action = HEADER_ALLOW, .name = "X-*", .value = ""},
		{.action = HEADER_REPLACE, .name = "Subject", .value = replacement}};
	struct config_peer peer = {.headers = rules, .header_count = 2, .is_trusted = true};
	struct config config = {.peers = &peer, .peer_count = 1};
	struct header_trial trial = {.config = &config, .from = SLICE("p"), .message = rest};
	struct arena arena;
	struct buf lines;

	peer.name = "p";
	arena_init(&arena, 1 << 20);
	buf_init(&lines, 1 << 20);
	if (!slice_copy(value, replacement, sizeof(replacement)) &&
		!pattern_new(&rules[1].compiled, &arena, text, why, sizeof(why)) &&
		pattern_takes(rules[1].compiled, slice_str(replacement)) &&
		!header_rules_try(&trial, &lines, why, sizeof(why)) && lines.len &&
		(lines.len < 2 || memcmp(lines.data + lines.len - 2, "\r\n", 2) != 0))
		__builtin_trap();
	buf_fini(&lines);
	arena_fini(&arena);
	return 0;
}
