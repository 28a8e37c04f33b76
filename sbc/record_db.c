/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call records in SQLite. The thread of whoever owns it. */

#include "sbc/record_db.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/record_row.h"

#define BUSY_MS       2000        /* how long another user of the database is waited for */
#define STATEMENT_MAX (16 * 1024) /* bytes */

struct record_db {
	char *path;           /* owned, as all below */
	sqlite3 *handle;      /* NULL: closed after a failure, opened again when needed */
	sqlite3_stmt *insert; /* NULL likewise */
	char why[256];
};

static int run(struct record_db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
}

static int run_buf(struct record_db *db, struct buf *sql)
{
	buf_put_char(sql, '\0');
	return sql->err ? SQLITE_NOMEM : run(db, sql->data);
}

static int create_table(struct record_db *db)
{
	const struct record_column *column;
	struct buf sql;
	int rc;

	buf_init(&sql, STATEMENT_MAX);
	buf_put_str(&sql, "CREATE TABLE IF NOT EXISTS acc (id INTEGER PRIMARY KEY");
	for (size_t i = 0; (column = record_column_at(i)); i++)
		buf_printf(&sql, ", %s %s", column->name, column->type);
	buf_put_char(&sql, ')');
	rc = run_buf(db, &sql);
	buf_fini(&sql);
	return rc;
}

/* Of an older countersip, or of somebody who wants Kamailio's rows in the same table. */
static int add_column(struct record_db *db, const struct record_column *column)
{
	struct buf sql;
	int rc;

	if (sqlite3_table_column_metadata(db->handle, NULL, "acc", column->name, NULL, NULL,
		    NULL, NULL, NULL) == SQLITE_OK)
		return SQLITE_OK;
	buf_init(&sql, STATEMENT_MAX);
	buf_printf(&sql, "ALTER TABLE acc ADD COLUMN %s %s", column->name, column->type);
	rc = run_buf(db, &sql);
	buf_fini(&sql);
	return rc;
}

static int prepare_insert(struct record_db *db)
{
	const struct record_column *column;
	struct buf sql;
	int rc;

	buf_init(&sql, STATEMENT_MAX);
	buf_put_str(&sql, "INSERT OR IGNORE INTO acc (");
	for (size_t i = 0; (column = record_column_at(i)); i++)
		buf_printf(&sql, "%s%s", i ? "," : "", column->name);
	buf_put_str(&sql, ") VALUES (?");
	for (size_t i = 1; record_column_at(i); i++)
		buf_put_str(&sql, ",?");
	buf_put_char(&sql, ')');
	rc = sql.err ? SQLITE_NOMEM
		     : sqlite3_prepare_v3(db->handle, sql.data, (int)sql.len,
			       SQLITE_PREPARE_PERSISTENT, &db->insert, NULL);
	buf_fini(&sql);
	return rc;
}

static int make_schema(struct record_db *db)
{
	const struct record_column *column;
	int rc = create_table(db);

	for (size_t i = 0; rc == SQLITE_OK && (column = record_column_at(i)); i++)
		rc = add_column(db, column);
	/* A call that is written again after a failure is the same call. */
	if (rc == SQLITE_OK)
		rc = run(db, "CREATE UNIQUE INDEX IF NOT EXISTS acc_call"
			     " ON acc (callid, call, start_time)");
	if (rc == SQLITE_OK)
		rc = run(db, "CREATE INDEX IF NOT EXISTS acc_time ON acc (time)");
	return rc;
}

static void close_handle(struct record_db *db)
{
	sqlite3_finalize(db->insert);
	sqlite3_close(db->handle);
	db->insert = NULL;
	db->handle = NULL;
}

/* What SQLite says now; whatever follows may make it say something else. */
static int fail(struct record_db *db, int rc)
{
	snprintf(db->why, sizeof(db->why), "%s",
		db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc));
	return rc;
}

/* SQLite would make it for everybody to read. */
static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd >= 0)
		close(fd);
}

static int open_handle(struct record_db *db, int busy_ms)
{
	int rc;

	make_file(db->path);
	rc = sqlite3_open_v2(
		db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db->handle, busy_ms);
	/* Readers keep no writer waiting; FULL: synced at each commit. */
	if (rc == SQLITE_OK)
		rc = run(db, "PRAGMA journal_mode=WAL");
	if (rc == SQLITE_OK)
		rc = run(db, "PRAGMA synchronous=FULL");
	if (rc == SQLITE_OK)
		rc = make_schema(db);
	if (rc == SQLITE_OK)
		rc = prepare_insert(db);
	if (rc != SQLITE_OK) {
		fail(db, rc);
		close_handle(db);
		return rc;
	}
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	return rc;
}

static bool is_busy(int rc)
{
	return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

int record_db_open(struct record_db **out, const char *path, char *fault, size_t fault_size)
{
	struct record_db *db = mem_alloc(sizeof(*db));
	int rc;

	if (!db)
		return SBC_ENOMEM;
	db->path = mem_strdup(slice_str(path));
	if (!db->path) {
		mem_free(db);
		return SBC_ENOMEM;
	}
	rc = open_handle(db, 0); /* at start nobody waits for others */
	if (rc != SQLITE_OK && !is_busy(rc)) {
		snprintf(fault, fault_size, "cannot write %s: %s", path, db->why);
		record_db_close(db);
		return SBC_EIO;
	}
	*out = db;
	return 0;
}

void record_db_close(struct record_db *db)
{
	if (!db)
		return;
	close_handle(db);
	mem_free(db->path);
	mem_free(db);
}

/* ---- rows ---- */

static int bind(struct record_db *db, int place, const struct record_value *value)
{
	switch (value->kind) {
	case RECORD_NULL:
		return sqlite3_bind_null(db->insert, place);
	case RECORD_TEXT:
		return sqlite3_bind_text(db->insert, place,
			value->text.ptr ? value->text.ptr : "", (int)value->text.len,
			SQLITE_TRANSIENT);
	case RECORD_INTEGER:
		return sqlite3_bind_int64(db->insert, place, value->integer);
	case RECORD_REAL:
		return sqlite3_bind_double(db->insert, place, value->real);
	}
	return SQLITE_MISUSE;
}

static int insert_record(struct record_db *db, const struct json *record)
{
	const struct record_column *column;
	int rc = SQLITE_OK;

	for (int i = 0; rc == SQLITE_OK && (column = record_column_at((size_t)i)); i++) {
		struct record_value value;

		record_column_read(column, record, &value);
		rc = bind(db, i + 1, &value);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_step(db->insert);
	sqlite3_reset(db->insert);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* One that cannot be read (we wrote it: it can be) must not keep all others out. */
static int insert_text(struct record_db *db, const struct iovec *text)
{
	struct json_document *document;
	int rc, err = json_parse(&document, slice_of(text->iov_base, text->iov_len));

	if (err)
		return err == SBC_ENOMEM ? SQLITE_NOMEM : SQLITE_OK;
	rc = insert_record(db, json_root(document));
	json_free(document);
	return rc;
}

/* Somebody moved the file away, or removed it: what is written there is gone. */
static bool has_moved(const struct record_db *db)
{
	int moved = 0;

	return sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) ==
		       SQLITE_OK &&
	       moved;
}

static int insert_all(struct record_db *db, const struct iovec *records, int count)
{
	int rc = run(db, "BEGIN IMMEDIATE");

	for (int i = 0; rc == SQLITE_OK && i < count; i++)
		rc = insert_text(db, &records[i]);
	return rc == SQLITE_OK ? run(db, "COMMIT") : rc;
}

int record_db_append(
	struct record_db *db, const struct iovec *records, int count, const char **why)
{
	int rc = SQLITE_OK;

	if (db->handle && has_moved(db))
		close_handle(db);
	if (!db->handle)
		rc = open_handle(db, BUSY_MS);
	if (rc != SQLITE_OK) {
		*why = db->why;
		return 0;
	}
	rc = insert_all(db, records, count);
	if (rc == SQLITE_OK)
		return count;
	*why = db->why;
	fail(db, rc);
	if (!sqlite3_get_autocommit(db->handle))
		run(db, "ROLLBACK");
	if (!is_busy(rc)) /* begun anew, whatever it was */
		close_handle(db);
	return 0;
}
