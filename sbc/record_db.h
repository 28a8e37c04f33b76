/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RECORD_DB_H
#define SBC_RECORD_DB_H

#include <stddef.h>

#include <sys/uio.h>

/*
 * Call records in an SQLite database: the table acc, one row a call, columns as
 * record_row.h has them. Blocks as the disk and other users of the database do: for a thread
 * of its own. Private to the sbc room.
 */
struct record_db;

/* Makes file (0640) and table when they are absent, and columns that the table lacks. A
 * database that somebody has locked is good enough: it is opened again later. SBC_EIO with a
 * sentence in fault, SBC_ENOMEM. */
int record_db_open(struct record_db **out, const char *path, char *fault, size_t fault_size);
void record_db_close(struct record_db *db); /* NULL is allowed */

/* Records, JSON, each with its line end. All of them in one transaction that is on the disk
 * then, or none: count or 0, and *why (good until the next call). A record that is there
 * already is not added again. */
int record_db_append(
	struct record_db *db, const struct iovec *records, int count, const char **why);

#endif
