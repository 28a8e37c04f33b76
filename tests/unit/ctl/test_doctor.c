/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole way from options to a report: exit statuses (DX-4), JSON, and no memory. */

#include "tests/cmocka_first.h"

#include "base/json.h"
#include "base/mem.h"
#include "tools/ctl/ctl.h"

#define ROOT "tests/vectors/doctor/"

static void tells_statuses(void **state)
{
	static const struct {
		const char *root;
		int status;
		const char *begin;
	} table[] = {
		{ROOT "FIFO-0-healthy", CTL_OK, "ok: "},
		{ROOT "FIFO-5-stale", CTL_FAILED, "blocked: "},
		{ROOT "FIFO-27-not-found", CTL_UNKNOWN, "unknown: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct doctor_options options = {.client = "apache",
			.path = "/run/opensips/opensips_fifo",
			.root = table[i].root};
		struct buf out;
		buf_init(&out, 1 << 20);
		assert_int_equal(table[i].status, doctor_fifo(&options, &out));
		assert_true(slice_starts(buf_slice(&out), slice_str(table[i].begin)));
		buf_fini(&out);
	}
}

static void finds_the_servers_fifo(void **state)
{
	struct doctor_options options = {
		.client = "apache", .root = ROOT "FIFO-0-healthy", .is_json = true};
	struct json_document *document;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	assert_int_equal(CTL_OK, doctor_fifo(&options, &out));
	assert_int_equal(0, json_parse(&document, slice_trim(buf_slice(&out))));
	assert_true(slice_equal(
		SLICE("ok"), json_get_string(json_member(json_root(document), "verdict"))));
	json_free(document);
	buf_fini(&out);
}

static void complains(void **state)
{
	static const struct doctor_options table[] = {
		{.client = "nobody-of-that-name", .root = ROOT "FIFO-0-healthy"},
		{.client = "99999", .root = ROOT "FIFO-0-healthy"},
		{.client = "apache", .root = ROOT "nowhere"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf out;
		buf_init(&out, 1 << 20);
		assert_true(doctor_fifo(&table[i], &out) < 0);
		buf_fini(&out);
	}
}

/* Whatever allocation fails, it ends; what it says then is not asked. */
static void survives_without_memory(void **state)
{
	struct doctor_options options = {.client = "apache",
		.path = "/run/opensips/opensips_fifo",
		.root = ROOT "FIFO-9-parent"};

	(void)state;
	for (long i = 0; i < 12000; i += i < 200 ? 1 : 97) {
		struct buf out;
		buf_init(&out, 1 << 20);
		mem_fail_after(i);
		doctor_fifo(&options, &out);
		mem_fail_after(-1);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_statuses),
		cmocka_unit_test(finds_the_servers_fifo),
		cmocka_unit_test(complains),
		cmocka_unit_test(survives_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
