/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PATTERN_H
#define SBC_PATTERN_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Regular expressions of the configuration (Perl's kind, PCRE2's house), matched against
 * what strangers send: steps and memory of one match have a ceiling. Any thread.
 */
struct pattern;

#define PATTERN_TEXT_MAX    400  /* bytes of an expression */
#define PATTERN_SUBJECT_MAX 4096 /* bytes it is held against; longer ones do not match */
#define PATTERN_GROUP_MAX   9

/* Lives in arena. SBC_EPARSE: why (why_size bytes) says what is wrong; SBC_ENOMEM. */
int pattern_new(struct pattern **out, struct arena *arena, struct slice text, char *why,
	size_t why_size);

/* A replacement may name \0 (all that matched) to \9 and write \\ for a backslash. */
bool pattern_takes(const struct pattern *pattern, struct slice replacement);

/* Appends subject to out with the first match replaced. SBC_ENOENT: it does not match,
 * SBC_ELIMIT: too long or too many steps (out is untouched by both); SBC_ENOMEM. */
int pattern_replace(const struct pattern *pattern, struct slice subject,
	struct slice replacement, struct buf *out);

#endif
