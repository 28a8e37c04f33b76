/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_CODER_H
#define BASE_CODER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/netaddr.h"

/*
 * A value as bytes and back: one function walks a structure in both directions, so that what is
 * written and what is read cannot differ. Numbers are big-endian, fields stand one behind the
 * other. The first fault stays in err: SBC_EPARSE for what would not have been written,
 * SBC_ENOMEM, SBC_ELIMIT; what is read after it is zero or empty. Pure.
 */
struct coder {
	bool is_reading;
	struct buf *out;     /* borrowed; when writing */
	struct slice in;     /* when reading: what is left */
	struct arena *arena; /* borrowed; when reading: where texts are kept */
	int err;
};

void coder_refuse(struct coder *c); /* SBC_EPARSE, when reading */

void code_bytes(struct coder *c, void *bytes, size_t len);
/* Of len bytes, at most 8; more than max are refused. Returns it. */
uint64_t code_number(struct coder *c, uint64_t value, size_t len, uint64_t max);
bool code_bool(struct coder *c, bool value);
/* Terminated; size: of the array. */
void code_text(struct coder *c, char *text, size_t size);
/* At most max bytes, which are copied when read. */
void code_slice(struct coder *c, struct slice *text, size_t max);
/* Up to the buf's own ceiling; it is initialised. */
void code_buf(struct coder *c, struct buf *text, size_t max);
void code_address(struct coder *c, struct netaddr *address);
void code_fingerprint(struct coder *c, struct fingerprint *fingerprint);
void code_fingerprints(struct coder *c, struct fingerprint_set *set);
/* Nothing follows. */
void code_end(struct coder *c);

#endif
