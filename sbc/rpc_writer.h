/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_WRITER_H
#define SBC_RPC_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"

/*
 * Answers: values go to a writer one after the other and are at once bytes of the door's
 * dialect, in blocks. So a listing of ten thousand calls needs no tree, no block is ever
 * moved, and a command may pause between two values. Private to the sbc room.
 */

#define RPC_BLOCK_LEN  (64 * 1024)        /* bytes: what a pipe takes in one write */
#define RPC_ANSWER_MAX (48 * 1024 * 1024) /* bytes: 20000 dialogs as JSON */
#define RPC_DEPTH_MAX  12

struct rpc_block {
	struct list node;
	size_t len; /* bytes used */
	char bytes[RPC_BLOCK_LEN];
};

/* What all answers together may take: those that are written and those that wait. */
struct rpc_budget {
	size_t used, max; /* bytes */
};

struct rpc_out {
	struct list blocks;
	size_t len; /* bytes in all */
	size_t _max;
	struct rpc_budget *_budget; /* borrowed; NULL: none */
	int err;                    /* SBC_ELIMIT or SBC_ENOMEM; later puts do nothing */
};

void rpc_out_init(struct rpc_out *out, size_t max, struct rpc_budget *budget);
void rpc_out_fini(struct rpc_out *out);
/* Empty and without error again. */
void rpc_out_reset(struct rpc_out *out);
void rpc_out_put(struct rpc_out *out, const void *bytes, size_t len);
/* out becomes what from was, which is empty afterwards. */
void rpc_out_move(struct rpc_out *out, struct rpc_out *from);
/* Drops the first len bytes. */
void rpc_out_consume(struct rpc_out *out, size_t len);
/* The first block's bytes; empty at the end. */
struct slice rpc_out_front(const struct rpc_out *out);

enum rpc_group { RPC_STRUCT, RPC_ARRAY };

struct rpc_writer;

/* One way of writing. Each gets the level it writes into on top of w->levels. */
struct rpc_dialect {
	void (*begin)(struct rpc_writer *w);
	void (*end)(struct rpc_writer *w);
	/* The whole answer; w->out is empty. */
	void (*fault)(struct rpc_writer *w, int code, struct slice text);
	void (*open)(struct rpc_writer *w, const char *name, enum rpc_group group);
	void (*close)(struct rpc_writer *w, enum rpc_group group);
	void (*text)(struct rpc_writer *w, const char *name, struct slice value);
	void (*integer)(struct rpc_writer *w, const char *name, uint64_t value);
	/* NULL: as text. */
	void (*attribute)(struct rpc_writer *w, const char *name, struct slice value);
	const char *unknown; /* what is said of an unknown command; %.*s: its name */
	int unknown_code;
	size_t answer_max;    /* bytes */
	bool has_named_items; /* an array is a struct whose members may have one name */
};

struct rpc_level {
	enum rpc_group group;
	const char *item; /* of an array: what one item is called; may be NULL */
	bool has_items;
	unsigned indent; /* for the dialect */
};

struct rpc_writer {
	const struct rpc_dialect *dialect;
	struct rpc_out out;
	struct slice id;    /* borrowed from the request: JSON-RPC's id as written */
	uint32_t cookie;    /* BINRPC's */
	uint8_t cookie_len; /* bytes */
	struct buf scratch;
	unsigned depth; /* of levels in use */
	struct rpc_level levels[RPC_DEPTH_MAX];
	bool is_line_open; /* MI: attributes may still follow */
};

void rpc_writer_init(
	struct rpc_writer *w, const struct rpc_dialect *dialect, struct rpc_budget *budget);
void rpc_writer_fini(struct rpc_writer *w);

/* NULL: the outermost value. */
static inline struct rpc_level *rpc_writer_level(struct rpc_writer *w)
{
	return w->depth ? &w->levels[w->depth - 1] : NULL;
}

/* For dialects: what is between two values of one level. True: the first one. */
bool rpc_writer_first(struct rpc_writer *w);

void rpc_writer_open(
	struct rpc_writer *w, const char *name, enum rpc_group group, const char *item);
void rpc_writer_close(struct rpc_writer *w);
void rpc_writer_text(struct rpc_writer *w, const char *name, struct slice value);
void rpc_writer_integer(struct rpc_writer *w, const char *name, uint64_t value);
void rpc_writer_attribute(struct rpc_writer *w, const char *name, struct slice value);
/* Everything written so far is gone; the answer is this fault. */
void rpc_writer_fault(struct rpc_writer *w, int code, struct slice text);

/* Kamailio's jsonrpcs (pretty_format 1), and one line as OpenSIPS 3 writes it. rpc_json.c */
extern const struct rpc_dialect rpc_dialect_kamailio;
extern const struct rpc_dialect rpc_dialect_opensips;
/* The same as the first, in what one datagram can carry. */
extern const struct rpc_dialect rpc_dialect_datagram;
/* OpenSIPS 1.x and 2.x: lines. rpc_mi.c */
extern const struct rpc_dialect rpc_dialect_mi;
/* kamcmd. rpc_binrpc_codec.c */
extern const struct rpc_dialect rpc_dialect_binrpc;

#endif
