/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the configuration that are one of a few words. Pure. */

#include <stdio.h>

#include "sbc/config_tree.h"

/* The value of a word, or a fault that names the words there are. */
bool config_find_word(struct config_reading *r, const struct config_node *node,
	const struct config_word *words, size_t count, unsigned *out)
{
	const char *nearest = NULL;
	int best = 100;
	char all[160] = "";
	struct slice text;

	if (!config_as_text(r, node, &text))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct slice word = slice_str(words[i].text);
		int far = config_word_distance(text, word);
		size_t used = strlen(all);
		if (slice_equal_nocase(text, word)) {
			*out = words[i].value;
			return true;
		}
		if (far >= 0 && far < best) {
			best = far;
			nearest = words[i].text;
		}
		snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "",
			words[i].text);
	}
	if (nearest)
		config_fault(r->faults, node, "\"%.*s\" is not one of %s; did you mean \"%s\"?",
			SLICE_ARG(slice_head(text, 40)), all, nearest);
	else
		config_fault(r->faults, node, "\"%.*s\" is not one of %s",
			SLICE_ARG(slice_head(text, 40)), all);
	return false;
}

static void read_bool(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {
		{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}, {"on", 1}, {"off", 0}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(bool *)(void *)(base + row->offset) = value;
}

static void read_log_level(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"error", LOG_ERROR}, {"warn", LOG_WARN},
		{"info", LOG_INFO}, {"debug", LOG_DEBUG}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum log_level *)(void *)(base + row->offset) = (enum log_level)value;
}

static void read_early_media(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"block", EARLY_MEDIA_BLOCK},
		{"pass", EARLY_MEDIA_PASS}, {"ring", EARLY_MEDIA_RING}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum config_early_media *)(void *)(base + row->offset) =
			(enum config_early_media)value;
}

static void read_answer_identity(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"off", ANSWER_IDENTITY_OFF},
		{"prefer", ANSWER_IDENTITY_PREFER}, {"require", ANSWER_IDENTITY_REQUIRE}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum config_answer_identity *)(void *)(base + row->offset) =
			(enum config_answer_identity)value;
}

static void read_refer(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {
		{"refuse", REFER_REFUSE}, {"pass", REFER_PASS}, {"carry_out", REFER_CARRY_OUT}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum config_refer *)(void *)(base + row->offset) = (enum config_refer)value;
}

static void read_redirects(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {{"off", FETCH_REDIRECTS_OFF},
		{"same-host", FETCH_REDIRECTS_SAME_HOST}, {"https", FETCH_REDIRECTS_HTTPS}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum fetch_redirects *)(void *)(base + row->offset) =
			(enum fetch_redirects)value;
}

static void read_transport(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	static const struct config_word words[] = {
		{"udp", TRANSPORT_UDP}, {"tcp", TRANSPORT_TCP}, {"tls", TRANSPORT_TLS}};
	unsigned value;

	if (config_find_word(r, node, words, WORD_COUNT(words), &value))
		*(enum transport_kind *)(void *)(base + row->offset) =
			(enum transport_kind)value;
}

const struct config_type config_type_bool = {"true or false", read_bool};
const struct config_type config_type_log_level = {"error, warn, info, debug", read_log_level};
const struct config_type config_type_transport = {"udp, tcp, tls", read_transport};
const struct config_type config_type_early_media = {"block, pass, ring", read_early_media};
const struct config_type config_type_answer_identity = {
	"off, prefer, require", read_answer_identity};
const struct config_type config_type_refer = {"refuse, pass, carry_out", read_refer};
const struct config_type config_type_redirects = {"off, same-host, https", read_redirects};
