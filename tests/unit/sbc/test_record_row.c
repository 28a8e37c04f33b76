/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each column takes out of a call record. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/buf.h"
#include "sbc/record_row.h"

static const char record[] =
	"{\"call\":\"c7\",\"start\":1700000000,\"answer\":0,\"end\":1700000060,\"duration\":0,"
	"\"method\":\"INVITE\",\"sip_code\":486,\"sip_reason\":\"Busy Here\","
	"\"ended_by\":\"callee\",\"from\":\"sip:alice@atlanta.test\",\"to\":\"tel:+4930123\","
	"\"legs\":[{\"leg\":\"a\",\"call_id\":\"x\\\"y\",\"address\":\"[2001:db8::1]:5060\","
	"\"identity\":{\"outcome\":\"verified\",\"code\":0},\"streams\":[{\"mos\":4.41,"
	"\"jitter_us\":312}]},"
	"{\"leg\":\"b\",\"address\":\"192.0.2.1:5061\",\"streams\":[]}]}";

/* NULL: there is none. */
static const struct {
	const char *column, *value;
} rows[] = {
	{"method", "INVITE"},
	{"callid", "x\"y"},
	{"sip_code", "486"},
	{"sip_reason", "Busy Here"},
	{"time", "2023-11-14 22:14:20"},
	{"start_time", "2023-11-14 22:13:20"},
	{"answer_time", NULL},
	{"duration", "0"},
	{"src_user", "alice"},
	{"src_domain", "atlanta.test"},
	{"src_ip", "2001:db8::1"},
	{"dst_user", "+4930123"},
	{"dst_domain", ""},
	{"to_uri", "tel:+4930123"},
	{"ended_by", "callee"},
	{"reason", NULL},
	{"a_verdict", "verified"},
	{"a_identity_code", "0"},
	{"a_mos", "4.41"},
	{"a_jitter_us", "312"},
	{"a_codec", NULL},
	{"b_address", "192.0.2.1:5061"},
	{"b_mos", NULL},
	{"b_verdict", NULL},
};

static const char *print(const struct record_value *value, char *out, size_t size)
{
	switch (value->kind) {
	case RECORD_NULL:
		return NULL;
	case RECORD_TEXT:
		snprintf(out, size, "%.*s", SLICE_ARG(value->text));
		break;
	case RECORD_INTEGER:
		snprintf(out, size, "%lld", (long long)value->integer);
		break;
	case RECORD_REAL:
		snprintf(out, size, "%g", value->real);
		break;
	}
	return out;
}

static const struct record_column *find(const char *name)
{
	const struct record_column *column;

	for (size_t i = 0; (column = record_column_at(i)); i++)
		if (!strcmp(column->name, name))
			return column;
	fail_msg("no column %s", name);
	return NULL;
}

static void takes_what_is_there(void **state)
{
	struct json_document *document;

	(void)state;
	assert_int_equal(0, json_parse(&document, slice_str(record)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_value value;
		const char *got;
		char text[128];

		record_column_read(find(rows[i].column), json_root(document), &value);
		got = print(&value, text, sizeof(text));
		if (!got != !rows[i].value || (got && strcmp(got, rows[i].value)))
			fail_msg("%s is %s, not %s", rows[i].column, got ? got : "NULL",
				rows[i].value ? rows[i].value : "NULL");
	}
	json_free(document);
}

/* Nothing of what it should be. */
static void takes_nothing_else(void **state)
{
	static const char *const others[] = {"{}", "[]", "{\"legs\":{}}",
		"{\"legs\":[1,\"a\"],\"start\":\"soon\",\"from\":7,\"sip_code\":null}",
		"{\"start\":-1,\"end\":9223372036854775807,\"sip_code\":\"200\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct record_column *column;
		struct json_document *document;

		assert_int_equal(0, json_parse(&document, slice_str(others[i])));
		for (size_t n = 0; (column = record_column_at(n)); n++) {
			struct record_value value;

			record_column_read(column, json_root(document), &value);
			if (value.kind != RECORD_NULL)
				fail_msg("%s of %s", column->name, others[i]);
		}
		json_free(document);
	}
}

/* SQL is made of them. */
static void has_plain_names_once(void **state)
{
	const struct record_column *column;

	(void)state;
	for (size_t i = 0; (column = record_column_at(i)); i++) {
		assert_int_equal(strlen(column->name),
			strspn(column->name, "abcdefghijklmnopqrstuvwxyz_"));
		assert_ptr_equal(column, find(column->name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_there),
		cmocka_unit_test(takes_nothing_else),
		cmocka_unit_test(has_plain_names_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
