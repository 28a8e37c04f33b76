/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RECORD_ROW_H
#define SBC_RECORD_ROW_H

#include "base/json.h"
#include "base/slice.h"

/*
 * A call record as a row of a table: which columns there are, and what each takes out of the
 * JSON object that call_record_print() makes. Names are those of Kamailio's acc and
 * acc_cdrs tables where it has the thing. Pure; private to the sbc room.
 */
enum record_kind { RECORD_NULL, RECORD_TEXT, RECORD_INTEGER, RECORD_REAL };

struct record_value {
	enum record_kind kind;
	struct slice text; /* in the record, in a table, or in _made */
	int64_t integer;
	double real;
	char _made[24];
};

struct record_column {
	const char *name;
	const char *type; /* SQL */
	const char *path; /* in the record: "legs.0.identity.outcome" */
	/* NULL stays what it is when there is no such value. */
	void (*read)(const struct json *value, struct record_value *out);
};

/* NULL at the end. */
const struct record_column *record_column_at(size_t index);
/* out's text is good as long as record and out are. */
void record_column_read(const struct record_column *column, const struct json *record,
	struct record_value *out);

#endif
