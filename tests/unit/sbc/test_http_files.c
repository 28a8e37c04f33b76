/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder as pages: what is in it, and what is not served from it. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "sbc/http_files.h"

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static unsigned ask(struct http_files *files, const char *path, struct http_answer *answer)
{
	const struct http_request request = {.method = HTTP_GET, .path = slice_str(path)};

	return http_files_answer(files, &request, answer) ? answer->status : 404;
}

static void serves(void **state)
{
	static const struct {
		const char *path, *type;
	} table[] = {
		{"/", "text/html; charset=utf-8"},
		{"/index.html", "text/html; charset=utf-8"},
		{"/app.js", "text/javascript; charset=utf-8"},
		{"/link.js", NULL},
		{"/secret.key", NULL},
		{"/.hidden.html", NULL},
		{"/folder.js", NULL},
		{"/../index.html", NULL},
		{"/index.html/", NULL},
		{"//index.html", NULL},
		{"", "text/html; charset=utf-8"},
	};
	char folder[] = "/tmp/test_http_files.XXXXXX", path[256], target[256];
	struct http_files *files;
	struct http_answer answer;
	struct http_request again = {.method = HTTP_GET, .path = SLICE("/")};

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(SBC_EIO, http_files_load(&files, folder));
	assert_int_equal(SBC_EIO, http_files_load(&files, "/nowhere"));
	write_file(folder, "index.html", "<p>");
	write_file(folder, "app.js", "1");
	write_file(folder, "secret.key", "2");
	write_file(folder, ".hidden.html", "3");
	snprintf(path, sizeof(path), "%s/link.js", folder);
	snprintf(target, sizeof(target), "%s/secret.key", folder);
	assert_int_equal(0, symlink(target, path));
	snprintf(path, sizeof(path), "%s/folder.js", folder);
	assert_int_equal(0, mkdir(path, 0700));
	assert_int_equal(0, http_files_load(&files, folder));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned status = ask(files, table[i].path, &answer);
		if (status != (table[i].type ? 200 : 404))
			fail_msg("%s: %u", table[i].path, status);
		if (table[i].type)
			assert_string_equal(table[i].type, answer.type);
	}
	assert_int_equal(200, ask(files, "/", &answer));
	again.if_none_match = slice_str(answer.headers[0].value);
	assert_true(http_files_answer(files, &again, &answer));
	assert_int_equal(304, answer.status);
	http_files_free(files);
	rmdir(path);
	for (const char **name = (const char *[]){"index.html", "app.js", "secret.key",
		     ".hidden.html", "link.js", NULL};
		*name; name++) {
		snprintf(path, sizeof(path), "%s/%s", folder, *name);
		unlink(path);
	}
	assert_int_equal(0, rmdir(folder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
