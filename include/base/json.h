/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * JSON (RFC 8259), jansson's house: strict and bounded reading, careful writing. One thread
 * per document. No name here may be one of jansson's own (json_string, json_integer, ...):
 * the dynamic linker would give ours to jansson.
 */
struct json; /* a value; borrowed from its document */
struct json_document;

#define JSON_TEXT_MAX  65536 /* bytes of one text */
#define JSON_DEPTH_MAX 16    /* arrays and objects within each other */

/* The whole text is one object or array. SBC_EPARSE: not JSON, a duplicate member, bad
 * UTF-8, an escaped NUL, bytes behind the end; SBC_ELIMIT: over a ceiling; SBC_ENOMEM. */
int json_parse(struct json_document **out, struct slice text);
/* The same with a ceiling of its own on how deep. */
int json_parse_shallow(struct json_document **out, struct slice text, size_t depth_max);
void json_free(struct json_document *document); /* NULL is allowed */
const struct json *json_root(const struct json_document *document);

/* All of these take NULL, and a value of another kind, as "not there". */
const struct json *json_member(const struct json *object, const char *name);
const struct json *json_item(const struct json *array, size_t index);
/* Members of an object, items of an array; else 0. */
size_t json_count(const struct json *value);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
/* Every member of an object, in the order in which they stand; value is borrowed, name for
 * the call. Nothing for another kind. */
typedef void(json_member_h)(struct slice name, const struct json *value, void *arg);
void json_visit(const struct json *object, json_member_h *member, void *arg);
/* UTF-8 bytes, borrowed; a slice with NULL pointer when it is no string. */
struct slice json_get_string(const struct json *value);
/* Only a number written without fraction and exponent. */
bool json_get_integer(const struct json *value, int64_t *out);
/* Any number. */
bool json_get_real(const struct json *value, double *out);

/* Without blanks, members sorted by name: the form that RFC 8225 section 9 signs. Returns
 * out's err. */
int json_print_sorted(struct buf *out, const struct json *value);

/* The quoted string; control bytes escaped, bytes that are no UTF-8 become U+FFFD. Returns
 * out's err. */
int json_put_string(struct buf *out, struct slice value);

#endif
