/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_SBC_MESSAGE_H
#define TESTS_UNIT_SBC_MESSAGE_H

/* Messages for the tests of the sbc room: one that is right, with single lines changed. */

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "sbc/sip_msg.h"

#define MESSAGE_VIA     "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKa1;rport\r\n"
#define MESSAGE_FROM    "From: \"Alice\" <sip:alice@atlanta.test>;tag=f1\r\n"
#define MESSAGE_TO      "To: <sip:bob@biloxi.test>\r\n"
#define MESSAGE_CALL_ID "Call-ID: c1@192.0.2.1\r\n"
#define MESSAGE_HEAD    MESSAGE_VIA MESSAGE_FROM MESSAGE_TO MESSAGE_CALL_ID
#define OPTIONS_LINE    "OPTIONS sip:bob@biloxi.test SIP/2.0\r\n"
#define OPTIONS_HEAD    OPTIONS_LINE MESSAGE_HEAD "CSeq: 7 OPTIONS\r\n"

struct parsed {
	struct arena arena;
	struct sip_msg *msg; /* NULL: refused */
	struct sip_fault fault;
	int err;
};

static inline void parse_slice(struct parsed *p, struct slice bytes)
{
	memset(p, 0, sizeof(*p));
	arena_init(&p->arena, 256 * 1024);
	p->err = sip_msg_parse(&p->msg, &p->arena, bytes, &p->fault);
}

static inline void parse_text(struct parsed *p, const char *text)
{
	parse_slice(p, slice_str(text));
}

static inline void parsed_fini(struct parsed *p)
{
	arena_fini(&p->arena);
}

/* Reads a vector into out; tests run in the root of the tree. Fails the test if it is not
 * there. */
static inline struct slice read_vector(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		fail_msg("cannot read %s", path);
	len = fread(out, 1, size, file);
	fclose(file);
	return slice_of(out, len);
}

#define assert_slice(expected, actual)                                                         \
	do {                                                                                   \
		struct slice _s = (actual);                                                    \
		const char *_e = (expected);                                                   \
		if (!slice_equal(_s, slice_str(_e)))                                           \
			fail_msg("\"%.*s\", not \"%s\"", SLICE_ARG(_s), _e);                   \
	} while (0)

#endif
