/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DX-4, DX-5: the matrix of FIFO-1 to FIFO-40. Each folder of tests/vectors/doctor is a host
 * with one fault (its "facts" begins with why); "options" are the command's, "expected" is
 * the exit status and each finding that is more than a
 * hint, and the row's own hints, as one line each. DOCTOR_BLESS=1 in the
 * environment writes "expected" anew, to be read before it is committed.
 */

#include "tests/cmocka_first.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "tools/ctl/doctor_finding.h"
#include "tools/ctl/doctor_gather.h"

#define VECTORS   "tests/vectors/doctor"
#define CASES_MAX 200
#define ROWS      40
#define MEMORY    67108864

struct cases {
	char names[CASES_MAX][64];
	size_t count;
};

struct lab {
	struct source *files; /* reads the vectors themselves */
	struct source *source;
	struct arena arena;
	struct doctor_options options;
	struct facts facts;
	struct findings findings;
};

static struct slice unescape(struct arena *arena, struct slice text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	assert_non_null(out);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\\' && i + 3 < text.len) {
			out[len++] = (char)strtoul(
				fact_printf(arena, "%.3s", text.ptr + i + 1), NULL, 8);
			i += 3;
		} else {
			out[len++] = text.ptr[i];
		}
	}
	return slice_of(out, len);
}

static void read_options(struct lab *lab, const char *name)
{
	const char *text = source_text(
		lab->files, &lab->arena, fact_printf(&lab->arena, VECTORS "/%s/options", name));
	struct slice rest = slice_str(text);
	struct doctor_options *o = &lab->options;
	const struct {
		const char *key;
		const char **value;
	} keys[] = {{"path", &o->path}, {"client", &o->client}, {"server", &o->server},
		{"reply-dir", &o->reply_dir}, {"reply-name", &o->reply_name},
		{"request", &o->request}};

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n'), key = slice_cut(&line, ' ');
		bool is_known = false;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (!slice_equal(key, slice_str(keys[i].key)))
				continue;
			*keys[i].value = slice_equal(key, SLICE("path"))
						 ? unescape(&lab->arena, line).ptr
						 : arena_copy(&lab->arena, line).ptr;
			is_known = true;
		}
		assert_true(is_known);
	}
}

static struct lab *open_lab(const char *name)
{
	struct lab *lab = mem_alloc(sizeof(*lab));
	const char *complaint = NULL;

	assert_non_null(lab);
	arena_init(&lab->arena, MEMORY);
	assert_int_equal(0, source_open_live(&lab->files));
	assert_int_equal(0,
		source_open_tree(&lab->source, fact_printf(&lab->arena, VECTORS "/%s", name)));
	read_options(lab, name);
	lab->options.root = "x";
	assert_int_equal(0, doctor_gather(lab->source, &lab->arena, &lab->options, &lab->facts,
				    &complaint));
	lab->findings.arena = &lab->arena;
	lab->findings.source = lab->source;
	findings_run(doctor_fifo_rules, doctor_fifo_rule_count, &lab->facts, &lab->findings);
	return lab;
}

static void close_lab(struct lab *lab)
{
	source_close(lab->source);
	source_close(lab->files);
	arena_fini(&lab->arena);
	mem_free(lab);
}

/* FIFO-18 of "FIFO-18-chroot". */
static const char *row_of(struct arena *arena, const char *name)
{
	const char *end = strchr(name + 5, '-');

	return fact_printf(arena, "%.*s", (int)(end - name), name);
}

/* Hints are only those of the row itself: some are given on every host. */
static void print(const struct findings *findings, const char *row, struct buf *out)
{
	buf_printf(out, "status %d\n", findings_status(findings));
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (finding->severity > SEVERITY_INFO ||
			(finding->severity == SEVERITY_INFO && !strcmp(finding->id, row)))
			finding_print_line(finding, out);
	}
	assert_int_equal(0, out->err);
}

static void bless(const char *path, const struct buf *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text->data, file);
	fclose(file);
}

static bool has_row(const struct findings *findings, const char *row)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (!strcmp(findings->list[i].id, row) &&
			findings->list[i].severity != SEVERITY_OK)
			return true;
	}
	return false;
}

/* DX-5: each of FIFO-1, FIFO-2, FIFO-3, FIFO-4, FIFO-5, FIFO-6, FIFO-7, FIFO-8, FIFO-9,
 * FIFO-10, FIFO-11, FIFO-12, FIFO-13, FIFO-14, FIFO-15, FIFO-16, FIFO-17, FIFO-18,
 * FIFO-19, FIFO-20, FIFO-21, FIFO-22, FIFO-23, FIFO-24, FIFO-25, FIFO-26, FIFO-27,
 * FIFO-28, FIFO-29, FIFO-30, FIFO-31, FIFO-32, FIFO-33, FIFO-34, FIFO-35, FIFO-36,
 * FIFO-37, FIFO-38, FIFO-39, FIFO-40, with its fixtures; every_row_has_a_case() counts
 * them. */
static void judges_as_expected(void **state)
{
	const char *name = *state, *path, *expected;
	struct lab *lab = open_lab(name);
	struct buf out;

	buf_init(&out, 1 << 20);
	print(&lab->findings, row_of(&lab->arena, name), &out);
	path = fact_printf(&lab->arena, VECTORS "/%s/expected", name);
	if (getenv("DOCTOR_BLESS"))
		bless(path, &out);
	expected = source_text(lab->files, &lab->arena, path);
	assert_non_null(expected);
	assert_string_equal(expected, out.data);
	if (strncmp(name, "FIFO-0-", 7))
		assert_true(has_row(&lab->findings, row_of(&lab->arena, name)));
	buf_fini(&out);
	close_lab(lab);
}

/* DX-4: for people and for programs. */
static void prints_both_forms(void **state)
{
	struct lab *lab = open_lab("FIFO-8-other");
	struct json_document *document;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	findings_print_json(&lab->findings, &out);
	assert_int_equal(0, json_parse(&document, slice_trim(buf_slice(&out))));
	assert_true(slice_equal(SLICE("blocked"),
		json_get_string(json_member(json_root(document), "verdict"))));
	assert_true(slice_equal(SLICE("FIFO-8"),
		json_get_string(json_member(json_member(json_root(document), "first"), "id"))));
	assert_int_equal(
		lab->findings.count, json_count(json_member(json_root(document), "findings")));
	json_free(document);
	buf_reset(&out);
	findings_print(&lab->findings, false, &out);
	assert_true(
		slice_starts(buf_slice(&out), SLICE("blocked: www-data (apache2, PID 812)")));
	buf_fini(&out);
	close_lab(lab);
}

/* A file's name must not steer the terminal. */
static void escapes_control_bytes(void **state)
{
	struct finding finding = {
		.id = "FIFO-1", .severity = SEVERITY_BLOCKED, .sentence = "/tmp/\x1b[2J\n"};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	finding_print_line(&finding, &out);
	assert_string_equal("FIFO-1 blocked: /tmp/\\x1b[2J\\x0a | - | -\n", out.data);
	buf_fini(&out);
}

/* DX-1: what must be asked first, since with it the rest means nothing. */
static void the_first_cause_is_on_top(void **state)
{
	static const char *const order[] = {"FIFO-1", "FIFO-2", "FIFO-3", "FIFO-4", "FIFO-18",
		"FIFO-9", "FIFO-8", "FIFO-13", "FIFO-24", "FIFO-5", "FIFO-31", "FIFO-34",
		"FIFO-27", "FIFO-30"};
	size_t last = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t at = 0;
		while (at < doctor_fifo_rule_count &&
			strcmp(doctor_fifo_rules[at].id, order[i]))
			at++;
		assert_true(at < doctor_fifo_rule_count);
		if (at < last)
			fail_msg("%s comes before %s", order[i], order[i - 1]);
		last = at;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void find_cases(struct cases *cases)
{
	DIR *dir = opendir(VECTORS);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "FIFO-", 5) || cases->count == CASES_MAX)
			continue;
		snprintf(cases->names[cases->count++], sizeof(cases->names[0]), "%.63s",
			entry->d_name);
	}
	if (dir)
		closedir(dir);
	qsort(cases->names, cases->count, sizeof(cases->names[0]), compare_names);
}

static void every_row_has_a_case(void **state)
{
	struct cases *cases = *state;
	bool seen[ROWS + 1] = {false};

	for (size_t i = 0; i < cases->count; i++) {
		unsigned long row = strtoul(cases->names[i] + 5, NULL, 10);
		if (row <= ROWS)
			seen[row] = true;
	}
	for (int i = 1; i <= ROWS; i++)
		assert_true(seen[i]);
	assert_int_equal(ROWS, doctor_fifo_rule_count);
}

int main(void)
{
	static struct cases cases;
	static struct CMUnitTest tests[CASES_MAX + 4];
	size_t count = 0;

	find_cases(&cases);
	for (size_t i = 0; i < cases.count; i++)
		tests[count++] = (struct CMUnitTest){
			cases.names[i], judges_as_expected, NULL, NULL, cases.names[i]};
	tests[count++] = (struct CMUnitTest){
		"every_row_has_a_case", every_row_has_a_case, NULL, NULL, &cases};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_first_cause_is_on_top);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(prints_both_forms);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(escapes_control_bytes);
	return _cmocka_run_group_tests("doctor", tests, count, NULL, NULL);
}
