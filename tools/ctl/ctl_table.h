/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_TABLE_H
#define CTL_CTL_TABLE_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * A result for people: a value alone on its line; members as "name  value", those of members
 * indented; a list of records as a table when it is narrow enough, else record by record.
 * Returns out's err.
 */
int ctl_table_print(struct buf *out, struct slice value, size_t width);

#endif
