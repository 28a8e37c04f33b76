/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_SBC_VECTOR_FILE_H
#define TESTS_UNIT_SBC_VECTOR_FILE_H

#include <stdio.h>

#include "base/buf.h"

#define VECTOR_FILE_MAX 65536 /* bytes */

/* The bytes of a file below tests/vectors, into out (initialised here). Fails the test. */
static inline void vector_file_read(struct buf *out, const char *path)
{
	char bytes[4096];
	char whole[256];
	size_t len;
	FILE *file;

	snprintf(whole, sizeof(whole), "tests/vectors/%s", path);
	buf_init(out, VECTOR_FILE_MAX);
	file = fopen(whole, "rb");
	assert_non_null(file);
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		assert_int_equal(0, buf_put(out, bytes, len));
	fclose(file);
}

#endif
