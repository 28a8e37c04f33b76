/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_POLICY_FIXTURE_H
#define TESTS_UNIT_POLICY_FIXTURE_H

#include <stdio.h>

#include "tests/cmocka_first.h"

#include "base/b64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "policy/crypto.h"
#include "policy/policy.h"

/* When the tests play: within the validity of tests/vectors/certs/leaf.pem. */
#define NOW      INT64_C(1798761600) /* 2027-01-01 00:00:00 */
#define NOW_DATE "Fri, 01 Jan 2027 00:00:00 GMT"

#define CERTS       "tests/vectors/certs/"
#define COUNT_OF(x) (sizeof(x) / sizeof((x)[0]))

/* The whole file, appended to an initialised buf. */
static inline void read_file(struct buf *out, const char *path)
{
	char bytes[4096];
	size_t n;
	FILE *file = fopen(path, "rb");

	if (!file)
		fail_msg("cannot open %s", path);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		assert_int_equal(0, buf_put(out, bytes, n));
	fclose(file);
}

static inline struct buf file_bytes(const char *path)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	read_file(&out, path);
	return out;
}

static inline struct crypto_key *load_key(const char *path)
{
	struct buf pem = file_bytes(path);
	struct crypto_key *key = NULL;

	assert_int_equal(0, crypto_key_private(&key, buf_slice(&pem)));
	buf_fini(&pem);
	return key;
}

#endif
