/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The matrix of PORT-1 to PORT-8. Each folder of tests/vectors/doctor_ports is a host with one
 * fault (its "facts" begins with why), judged against the configuration beside them; "expected"
 * is the exit status and each finding, a line each. DOCTOR_BLESS=1 in the environment writes
 * "expected" anew, to be read before it is committed.
 */

#include "tests/cmocka_first.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tools/ctl/doctor_ports.h"

#define VECTORS   "tests/vectors/doctor_ports"
#define CASES_MAX 64
#define ROWS      8
#define MEMORY    67108864

struct cases {
	char names[CASES_MAX][64];
	size_t count;
};

static void on_fault(const char *text, void *arg)
{
	(void)arg;
	fail_msg("%s", text);
}

static void judge(const char *name, struct arena *arena, struct findings *findings)
{
	const bool is_other = strncmp(name, "PORT-1-", 7) == 0;
	struct config *config = NULL;
	struct source *source = NULL;
	struct ports *ports = arena_alloc(arena, sizeof(*ports));

	assert_non_null(ports);
	assert_int_equal(
		0, config_load(&config,
			   is_other ? VECTORS "/elsewhere.yaml" : VECTORS "/countersip.yaml",
			   on_fault, NULL));
	assert_int_equal(0, source_open_tree(&source, fact_printf(arena, VECTORS "/%s", name)));
	*findings = (struct findings){.arena = arena, .source = source, .clear = "fine"};
	ports->config = config;
	ports->source = source;
	ports->arena = arena;
	ports->has_interfaces = true;
	netaddr_parse(&ports->own[ports->own_count++], SLICE("198.51.100.5"), 0);
	assert_int_equal(0, ports_gather(ports));
	ports_judge(ports, findings);
	source_close(source);
	config_unref(config);
}

static void judges_as_expected(void **state)
{
	const char *name = *state, *path, *expected;
	struct source *files;
	struct findings *findings;
	struct arena arena;
	struct buf out;

	arena_init(&arena, MEMORY);
	findings = arena_alloc(&arena, sizeof(*findings));
	assert_non_null(findings);
	judge(name, &arena, findings);
	buf_init(&out, 1 << 20);
	buf_printf(&out, "status %d\n", findings_status(findings));
	for (size_t i = 0; i < findings->count; i++)
		finding_print_line(&findings->list[i], &out);
	path = fact_printf(&arena, VECTORS "/%s/expected", name);
	if (getenv("DOCTOR_BLESS")) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(out.data, file);
		fclose(file);
	}
	assert_int_equal(0, source_open_live(&files));
	expected = source_text(files, &arena, path);
	assert_non_null(expected);
	assert_string_equal(expected, out.data);
	source_close(files);
	buf_fini(&out);
	arena_fini(&arena);
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
		if (strncmp(entry->d_name, "PORT-", 5) || cases->count == CASES_MAX)
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

	for (size_t i = 0; i < cases->count; i++)
		seen[strtoul(cases->names[i] + 5, NULL, 10) % (ROWS + 1)] = true;
	for (int i = 1; i <= ROWS; i++)
		assert_true(seen[i]);
}

/* Whatever allocation fails, it ends; what it says then is not asked. */
static void survives_without_memory(void **state)
{
	(void)state;
	for (long i = 0; i < 3000; i += i < 100 ? 1 : 37) {
		struct source *source = NULL;
		struct config *config = NULL;
		struct findings *findings;
		struct ports *ports;
		struct arena arena;

		assert_int_equal(
			0, config_load(&config, VECTORS "/countersip.yaml", on_fault, NULL));
		assert_int_equal(0, source_open_tree(&source, VECTORS "/PORT-3-the-daemons"));
		arena_init(&arena, MEMORY);
		findings = arena_alloc(&arena, sizeof(*findings));
		ports = arena_alloc(&arena, sizeof(*ports));
		assert_non_null(findings);
		assert_non_null(ports);
		findings->arena = &arena;
		*ports = (struct ports){.config = config, .source = source, .arena = &arena};
		mem_fail_after(i);
		if (!ports_gather(ports))
			ports_judge(ports, findings);
		mem_fail_after(-1);
		arena_fini(&arena);
		source_close(source);
		config_unref(config);
	}
}

int main(void)
{
	static struct cases cases;
	static struct CMUnitTest tests[CASES_MAX + 2];
	size_t count = 0;

	find_cases(&cases);
	for (size_t i = 0; i < cases.count; i++)
		tests[count++] = (struct CMUnitTest){
			cases.names[i], judges_as_expected, NULL, NULL, cases.names[i]};
	tests[count++] = (struct CMUnitTest){
		"every_row_has_a_case", every_row_has_a_case, NULL, NULL, &cases};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(survives_without_memory);
	return _cmocka_run_group_tests("doctor ports", tests, count, NULL, NULL);
}
