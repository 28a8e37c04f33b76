/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CONFIG_ROWS_H
#define SBC_CONFIG_ROWS_H

#include "sbc/config_tree.h"

/*
 * The tables of configuration keys, config_rows_*.c: one row for each key with its type, what
 * it is without being written, its range and one line of help. Whoever adds a key adds a row
 * in the file of its section and a field in sbc/config.h. config_schema.c knows their order.
 */

struct config_rows {
	const struct config_row *rows;
	size_t count;
};

extern const struct config_rows config_rows_domains;
extern const struct config_rows config_rows_peers;
extern const struct config_rows config_rows_media;
extern const struct config_rows config_rows_services;
extern const struct config_rows config_rows_limits;

#define CONFIG_ROWS(name)                                                                      \
	const struct config_rows config_rows_##name = {rows, sizeof(rows) / sizeof(rows[0])};

/* ---- words of a row ---- */

#define IN(structure, field)   .offset = offsetof(struct structure, field)
#define AND(structure, field)  .second = offsetof(struct structure, field)
#define ITEMS(structure, most) .item_size = sizeof(struct structure), .max = (most)
#define RANGE(lowest, highest) .min = (lowest), .max = (highest)
#define TYPE(word)             .type = &config_type_##word
#define REQUIRED               .fallback = NULL
#define OPTIONAL               .fallback = ""
#define DEFAULT(text)          .fallback = (text)
#define FIXED                  .is_fixed = true
#define BY_PROFILE             .fallback = "", .is_by_profile = true

#endif
