/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call records in SQLite, read back with SQLite itself; and what others do to the file. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/err.h"
#include "sbc/record_db.h"

static char directory[] = "/tmp/countersip-test-record-db-XXXXXX";
static char path[80], moved[80];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/calls.sqlite", directory);
	snprintf(moved, sizeof(moved), "%s/calls.old", directory);
	return 0;
}

static int forget(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[100];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
		snprintf(name, sizeof(name), "%s%s", moved, ends[i]);
		unlink(name);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static struct record_db *open_db(void)
{
	struct record_db *db = NULL;
	char fault[200] = "";

	if (record_db_open(&db, path, fault, sizeof(fault)))
		fail_msg("%s", fault);
	return db;
}

/* As many records as there are, from number on. */
static int append(struct record_db *db, int number, int count, const char **why)
{
	static char texts[64][400];
	struct iovec records[64];

	for (int i = 0; i < count; i++) {
		int len = snprintf(texts[i], sizeof(texts[i]),
			"{\"call\":\"c%d\",\"method\":\"INVITE\",\"start\":1700000000,\"end\":"
			"1700000001,"
			"\"sip_code\":200,\"reason\":\"it's \\\"quoted\\\"; DROP TABLE acc\","
			"\"legs\":[{\"call_id\":\"id%d\"}]}\n",
			number + i, number + i);
		records[i] = (struct iovec){.iov_base = texts[i], .iov_len = (size_t)len};
	}
	return record_db_append(db, records, count, why);
}

static sqlite3 *open_reader(const char *name)
{
	sqlite3 *reader;

	assert_int_equal(SQLITE_OK, sqlite3_open(name, &reader));
	return reader;
}

static void assert_text(const char *name, const char *sql, const char *expected)
{
	sqlite3 *reader = open_reader(name);
	sqlite3_stmt *statement;

	assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(reader, sql, -1, &statement, NULL));
	assert_int_equal(SQLITE_ROW, sqlite3_step(statement));
	assert_string_equal(expected, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(reader);
}

static void run(const char *sql)
{
	sqlite3 *writer = open_reader(path);

	assert_int_equal(SQLITE_OK, sqlite3_exec(writer, sql, NULL, NULL, NULL));
	sqlite3_close(writer);
}

static void keeps_rows(void **state)
{
	struct record_db *db = open_db();
	const char *why = "";
	struct stat st;

	(void)state;
	assert_int_equal(64, append(db, 0, 64, &why));
	/* Seen by others at once, while it is open. */
	assert_text(path, "SELECT count(*) || min(sip_code) || max(time) FROM acc",
		"642002023-11-14 22:13:21");
	assert_text(path, "SELECT reason FROM acc WHERE callid='id7'",
		"it's \"quoted\"; DROP TABLE acc");
	/* Given once more, since nobody knew: still one row a call. */
	assert_int_equal(64, append(db, 1, 64, &why));
	assert_text(path, "SELECT count(*) FROM acc", "65");
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0, st.st_mode & 0137);
	record_db_close(db);
	db = open_db();
	assert_int_equal(1, append(db, 100, 1, &why));
	record_db_close(db);
	assert_text(path, "SELECT count(*) FROM acc", "66");
	assert_text(path, "PRAGMA journal_mode", "wal");
}

/* Somebody else's transaction: told, nothing lost, nothing twice. */
static void waits_for_a_lock(void **state)
{
	struct record_db *db = open_db(), *second;
	sqlite3 *other = open_reader(path);
	const char *why = "";

	(void)state;
	assert_int_equal(SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	assert_int_equal(0, append(db, 0, 3, &why));
	assert_string_equal("database is locked", why);
	second = open_db(); /* a start meanwhile */
	assert_int_equal(SQLITE_OK, sqlite3_exec(other, "COMMIT", NULL, NULL, NULL));
	assert_int_equal(3, append(db, 0, 3, &why));
	assert_int_equal(3, append(second, 3, 3, &why));
	sqlite3_close(other);
	record_db_close(db);
	record_db_close(second);
	assert_text(path, "SELECT count(*) FROM acc", "6");
}

/* An exclusive lock while we start: not even the schema can be read. */
static void starts_while_locked(void **state)
{
	sqlite3 *other = open_reader(path);
	struct record_db *db;
	const char *why = "";

	(void)state;
	assert_int_equal(SQLITE_OK,
		sqlite3_exec(other, "CREATE TABLE x (y); BEGIN EXCLUSIVE", NULL, NULL, NULL));
	db = open_db();
	assert_int_equal(SQLITE_OK, sqlite3_exec(other, "COMMIT", NULL, NULL, NULL));
	sqlite3_close(other);
	assert_int_equal(1, append(db, 0, 1, &why));
	record_db_close(db);
	assert_text(path, "SELECT count(*) FROM acc", "1");
}

static void follows_rotation(void **state)
{
	struct record_db *db = open_db();
	const char *why = "";

	(void)state;
	assert_int_equal(1, append(db, 0, 1, &why));
	run("PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(0, rename(path, moved));
	assert_int_equal(1, append(db, 1, 1, &why));
	record_db_close(db);
	assert_text(path, "SELECT group_concat(call) FROM acc", "c1");
	assert_text(moved, "SELECT group_concat(call) FROM acc", "c0");
}

/* Kamailio's own table, or an older one of ours. */
static void adds_what_a_table_lacks(void **state)
{
	struct record_db *db;
	const char *why = "";

	(void)state;
	run("CREATE TABLE acc (id INTEGER PRIMARY KEY, method VARCHAR(16) DEFAULT '' NOT NULL,"
	    " from_tag VARCHAR(128), callid VARCHAR(255));"
	    "INSERT INTO acc (callid) VALUES ('theirs')");
	db = open_db();
	assert_int_equal(1, append(db, 0, 1, &why));
	record_db_close(db);
	assert_text(path,
		"SELECT group_concat(callid) FROM (SELECT callid FROM acc ORDER BY id)",
		"theirs,id0");
}

static void refuses_what_is_none(void **state)
{
	struct record_db *db = NULL;
	char fault[200] = "";
	FILE *file = fopen(path, "w");

	(void)state;
	fputs("These are not the bytes of a database, and longer than its header is: "
	      "one hundred bytes and more, so that it is read.",
		file);
	fclose(file);
	assert_int_equal(SBC_EIO, record_db_open(&db, path, fault, sizeof(fault)));
	assert_non_null(strstr(fault, "calls.sqlite: file is not a database"));
	assert_int_equal(SBC_EIO, record_db_open(&db, "/nowhere/at/all", fault, sizeof(fault)));
	assert_null(db);
}

static void limit_file(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = bytes;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

/* The disk takes no more: told, and healed when it does. */
static void survives_a_full_disk(void **state)
{
	struct record_db *db = open_db();
	const char *why = "";

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(1, append(db, 0, 1, &why));
	limit_file(4096);
	assert_int_equal(0, append(db, 1, 64, &why));
	assert_string_not_equal("", why);
	assert_int_equal(0, append(db, 1, 64, &why));
	limit_file(RLIM_INFINITY);
	if (append(db, 1, 64, &why) != 64)
		fail_msg("%s", why);
	record_db_close(db);
	assert_text(path, "SELECT count(*) FROM acc", "65");
	assert_text(path, "PRAGMA integrity_check", "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(keeps_rows, forget),
		cmocka_unit_test_teardown(waits_for_a_lock, forget),
		cmocka_unit_test_teardown(starts_while_locked, forget),
		cmocka_unit_test_teardown(follows_rotation, forget),
		cmocka_unit_test_teardown(adds_what_a_table_lacks, forget),
		cmocka_unit_test_teardown(refuses_what_is_none, forget),
		cmocka_unit_test_teardown(survives_a_full_disk, forget),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
