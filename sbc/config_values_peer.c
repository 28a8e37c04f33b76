/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the configuration that only peers have. Pure. */

#include "sbc/config_tree.h"
#include "sbc/peer_profile.h"

#define PROFILE_MAX 8 /* rows of the table of profiles */

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

const struct config_type config_type_peer_profile = {"profile", read_profile};
const struct config_type config_type_media_mode = {
	"dtls, sdes, rtp, opportunistic", read_media};
