/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_FINDING_H
#define CTL_DOCTOR_FINDING_H

#include "base/buf.h"
#include "tools/ctl/doctor_facts.h"
#include "tools/ctl/doctor_source.h"

#define FINDINGS_MAX 256 /* a rule gives one, seldom three */

enum severity {
	SEVERITY_OK,      /* looked at, not the cause */
	SEVERITY_INFO,    /* worth knowing */
	SEVERITY_WARN,    /* works now, or not for everyone, or not for long */
	SEVERITY_UNKNOWN, /* could be the cause and cannot be seen from here */
	SEVERITY_BLOCKED, /* this stops the client */
};

struct finding {
	const char *id;    /* FIFO-8 */
	const char *title; /* of the restriction */
	enum severity severity;
	const char *sentence;
	const char *evidence; /* file and value; NULL: none */
	const char *fix;      /* a command, or what to change; NULL: none */
};

struct findings {
	struct arena *arena;
	struct source *source; /* for names of users and groups only */
	const char *id;        /* of the rule that is running */
	const char *title;
	size_t row_start;
	const char *clear; /* what is told when nothing blocks */
	const char *about; /* whom sentences are about, when there are several; NULL: one */
	struct finding list[FINDINGS_MAX];
	size_t count;
};

/* Pure but for names: the facts decide. */
typedef void(rule_h)(const struct facts *facts, struct findings *out);

struct rule {
	const char *id;
	const char *title;
	rule_h *check;
};

/* Between them stands what is found about one row of a doctor's table; when that is nothing,
 * the row is not the cause. */
void findings_begin(struct findings *out, const char *id, const char *title);
void findings_end(struct findings *out);

/* Adds one; the two others say more of the one added last. */
void found(struct findings *out, enum severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void found_by(struct findings *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void found_fix(struct findings *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The rules in DX-1's order. */
extern const struct rule doctor_fifo_rules[];
extern const size_t doctor_fifo_rule_count;
void findings_run(const struct rule *rules, size_t count, const struct facts *facts,
	struct findings *out);

/* The first that blocks; NULL: none. */
const struct finding *findings_first(const struct findings *findings, enum severity severity);
/* 0 fine, 1 blocked, 2 unknown (DX-4). */
int findings_status(const struct findings *findings);
const char *severity_name(enum severity severity);

/* For people and, as one object, for programs. Control bytes are escaped. */
void findings_print(const struct findings *findings, bool is_verbose, struct buf *out);
void findings_print_json(const struct findings *findings, struct buf *out);
/* "FIFO-8 blocked: sentence | evidence | fix": one line, for tests. */
void finding_print_line(const struct finding *finding, struct buf *out);

/* Words in which rules speak; all in the arena. */
const char *say_user(struct findings *out, uint32_t uid);
const char *say_group(struct findings *out, uint32_t gid);
/* "www-data (apache2, PID 812)" */
const char *say_process(struct findings *out, const struct process *process);
/* "prw-rw---- opensips:opensips" */
const char *say_inode(struct findings *out, const struct inode *inode);
const char *say_kind(enum inode_kind kind);
const char *say_error(int err);
/* For a shell's command line: quoted when it must be. */
const char *say_shell(struct findings *out, const char *word);
/* In double quotes with escapes: what one cannot see is seen. */
const char *say_quoted(struct findings *out, const char *text);
/* What mends a class that lacks a right: ids, class, the command. */
const char *say_restart(struct findings *out, const struct process *process);

#endif
