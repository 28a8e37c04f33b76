/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_JSON_H
#define CTL_CTL_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Walking JSON text of any length in the order it was written (base/json.h reads 64 KiB and
 * forgets the order, and a list of calls is longer). A value is a slice of the text; what is
 * not JSON ends the walk, nothing is read beyond the text.
 */

#define CTL_JSON_DEPTH_MAX 16

enum ctl_json_kind {
	CTL_JSON_NONE,
	CTL_JSON_OBJECT,
	CTL_JSON_ARRAY,
	CTL_JSON_STRING,
	CTL_JSON_OTHER, /* number, true, false, null */
};

enum ctl_json_kind ctl_json_kind(struct slice value);

/* The first value of *rest, without the blanks around it; *rest goes behind it. False: the
 * text is not JSON. */
bool ctl_json_next(struct slice *rest, struct slice *value);

/* Members or items: begin with *rest = value, then call until false. name is a quoted string,
 * empty for items. */
bool ctl_json_begin(struct slice value, struct slice *rest);
bool ctl_json_item(struct slice *rest, struct slice *name, struct slice *value);

/* A member of an object; false: none. */
bool ctl_json_member(struct slice object, const char *name, struct slice *value);

/* A string without quotes and escapes, any other value as it is; for people: clean as
 * ctl_clean_put() has it, so that no answer steers the terminal, and on one line. Returns
 * out's err. */
int ctl_json_put_plain(struct buf *out, struct slice value);
/* The same as its bytes are, for programs. */
int ctl_json_put_text(struct buf *out, struct slice value);

#endif
