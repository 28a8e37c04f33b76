/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_H
#define SBC_RPC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "sbc/call_cursor.h"
#include "sbc/rpc_writer.h"

/*
 * Management commands: one table, whoever asks. A command is a row; a door turns the bytes
 * of its protocol into a struct rpc_request, and the answer is written in the door's
 * dialect while the command runs. Private to the sbc room; signalling thread.
 *
 *   rpc_fifo, rpc_dgram, rpc_binrpc ──request──► rpc_jobs ──steps──► rpc_core, rpc_dlg, ...
 *        ▲                                          │                      │ rpc_text(), ...
 *        └───────────────answer (rpc_out)───────────┴───rpc_writer ◄───────┘
 */
struct sbc;
struct history;
struct witness;
struct transport;
struct credentials;
struct reload;
struct config;
struct log;

/* ---- the question ---- */

#define RPC_PARAM_MAX 32           /* more are refused */
#define RPC_ARENA_MAX (128 * 1024) /* bytes: one request and what is made of it */

struct rpc_param {
	struct slice name; /* empty: by position */
	struct slice text;
};

/* Slices live in the job's arena. */
struct rpc_request {
	struct slice method;
	struct slice reply_name; /* of the FIFO for the answer; empty: none wanted */
	struct slice id;         /* as it is written in the answer; empty: none */
	struct rpc_param params[RPC_PARAM_MAX];
	size_t param_count;
};

/* SBC_ELIMIT. text is borrowed like everything in a request. */
int rpc_request_add(struct rpc_request *request, struct slice name, struct slice text);

/* ---- the table ---- */

enum rpc_access { RPC_READ, RPC_WRITE };

enum rpc_step {
	RPC_DONE, /* the answer, or a fault, is complete */
	RPC_MORE, /* call again: other work of the loop comes first */
	RPC_WAIT, /* call again in a while: what it waits for has not come */
};

struct rpc_call;
typedef enum rpc_step(rpc_run_h)(struct rpc_call *call);

struct rpc_command {
	const char *name;
	rpc_run_h *run;
	enum rpc_access access;
	const char *params; /* "[INDEX COUNT]"; "" */
	const char *help;   /* one line */
};

struct rpc_family {
	const struct rpc_command *commands;
	size_t count;
};
extern const struct rpc_family rpc_core_family;       /* rpc_core.c */
extern const struct rpc_family rpc_dlg_family;        /* rpc_dlg.c */
extern const struct rpc_family rpc_dlg_mi_family;     /* rpc_dlg_mi.c */
extern const struct rpc_family rpc_stats_family;      /* rpc_stats.c */
extern const struct rpc_family rpc_traffic_family;    /* rpc_traffic.c */
extern const struct rpc_family rpc_tls_family;        /* rpc_tls.c */
extern const struct rpc_family rpc_identity_family;   /* rpc_identity.c */
extern const struct rpc_family rpc_media_family;      /* rpc_media.c */
extern const struct rpc_family rpc_peer_family;       /* rpc_peer.c */
extern const struct rpc_family rpc_dispatcher_family; /* rpc_dispatcher.c */
extern const struct rpc_family rpc_ul_family;         /* rpc_ul.c */
extern const struct rpc_family rpc_reload_family;     /* rpc_reload.c */
extern const struct rpc_family rpc_log_family;        /* rpc_log.c */
extern const struct rpc_family rpc_drain_family;      /* rpc_drain.c */
extern const struct rpc_family rpc_explain_family;    /* rpc_explain.c */
extern const struct rpc_family rpc_trace_family;      /* rpc_trace.c */

/* NULL when there is none. */
const struct rpc_command *rpc_command_find(struct slice name);
/* All of them, family after family; NULL at the end. */
const struct rpc_command *rpc_command_at(size_t index);

/* ---- a command that runs ---- */

/* What commands may look at. Owned by nobody here: borrowed from the program's shell, and
 * there as long as the doors are open. */
struct rpc_world {
	struct sbc *sbc;
	struct transport *transport;   /* may be NULL (scenario tests) */
	struct reload *reload;         /* likewise */
	const struct history *history; /* NULL: none is kept */
	struct witness *witness;       /* NULL: nothing is written down */
	struct log *log;
	struct rpc_budget *budget; /* NULL: none */
	int64_t start_s;           /* when the program started */
	usec_t (*now)(void);
};

/* State that a command keeps from one step to the next. Zeroed at the first. */
struct rpc_progress {
	unsigned step; /* how often it was called before */
	uint64_t count;
	uint64_t skip;
	struct call_cursor cursor;
};

struct rpc_call {
	const struct rpc_world *world; /* borrowed */
	const struct rpc_command *command;
	struct rpc_request request;
	struct rpc_writer writer;
	struct rpc_progress progress;
	struct arena arena;
	char who[64]; /* "fifo", "ctl pid=4711 uid=0": for the log */
	bool is_faulty;
};

void rpc_call_init(struct rpc_call *call, const struct rpc_world *world,
	const struct rpc_dialect *dialect, const char *who);
void rpc_call_fini(struct rpc_call *call);
/* The command in request.method, one step of it. RPC_DONE: the answer is in writer.out. */
enum rpc_step rpc_call_step(struct rpc_call *call);

/* By its name or, if none is called so, by its place; a slice with NULL pointer: absent. */
struct slice rpc_param(const struct rpc_call *call, size_t index, const char *name);
/* Digits. False: absent or no such number; *out untouched. */
bool rpc_param_number(
	const struct rpc_call *call, size_t index, const char *name, uint64_t *out);

/* The answer is this instead, whatever was written. Returns RPC_DONE. */
enum rpc_step rpc_fault(struct rpc_call *call, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Values of the answer; name is NULL in an array and for the outermost. Exactly one
 * outermost value. item: what one item of an array is called where the dialect needs a
 * name. */
void rpc_open_struct(struct rpc_call *call, const char *name);
void rpc_open_array(struct rpc_call *call, const char *name, const char *item);
/* One item of an array as Kamailio's commands have it: a struct with one named struct in it,
 * or just that in dialects that name items. */
void rpc_open_item(struct rpc_call *call, const char *name);
void rpc_close_item(struct rpc_call *call);
void rpc_close(struct rpc_call *call);
void rpc_text(struct rpc_call *call, const char *name, struct slice value);
void rpc_str(struct rpc_call *call, const char *name, const char *value);
void rpc_printf(struct rpc_call *call, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void rpc_integer(struct rpc_call *call, const char *name, uint64_t value);
/* A property of the struct just opened, before its members (MI: on the same line). */
void rpc_attribute(struct rpc_call *call, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
