/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings: adding them, saying things in one way, their order of importance. */

#include "tools/ctl/doctor_finding.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "tools/ctl/doctor_users.h"

#define SENTENCE_MAX 8192 /* bytes: two paths and some words */

static const char *format_text(struct arena *arena, const char *format, va_list args)
{
	struct slice text = {0};
	struct buf bytes;

	buf_init(&bytes, SENTENCE_MAX);
	if (!buf_vprintf(&bytes, format, args))
		text = arena_copy(arena, buf_slice(&bytes));
	buf_fini(&bytes);
	return text.ptr ? text.ptr : "(too long to be told)";
}

void found(struct findings *out, enum severity severity, const char *format, ...)
{
	struct finding *finding;
	va_list args;

	if (out->count == FINDINGS_MAX)
		return;
	finding = &out->list[out->count++];
	*finding = (struct finding){.id = out->id, .title = out->title, .severity = severity};
	va_start(args, format);
	finding->sentence = format_text(out->arena, format, args);
	va_end(args);
	if (out->about)
		finding->sentence =
			fact_printf(out->arena, "%s: %s", out->about, finding->sentence);
}

void found_by(struct findings *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out->list[out->count - 1].evidence = format_text(out->arena, format, args);
	va_end(args);
}

void found_fix(struct findings *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out->list[out->count - 1].fix = format_text(out->arena, format, args);
	va_end(args);
}

void findings_begin(struct findings *out, const char *id, const char *title)
{
	out->id = id;
	out->title = title;
	out->row_start = out->count;
}

void findings_end(struct findings *out)
{
	if (out->count == out->row_start)
		found(out, SEVERITY_OK, "%s: not the cause", out->title);
}

void findings_run(
	const struct rule *rules, size_t count, const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < count; i++) {
		findings_begin(out, rules[i].id, rules[i].title);
		rules[i].check(facts, out);
		findings_end(out);
	}
}

const struct finding *findings_first(const struct findings *findings, enum severity severity)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->list[i].severity == severity)
			return &findings->list[i];
	}
	return NULL;
}

int findings_status(const struct findings *findings)
{
	if (findings_first(findings, SEVERITY_BLOCKED))
		return 1;
	return findings_first(findings, SEVERITY_UNKNOWN) ? 2 : 0;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"ok", "info", "warn", "unknown", "blocked"};

	return names[severity];
}

const char *say_user(struct findings *out, uint32_t uid)
{
	return user_name(out->source, out->arena, uid);
}

const char *say_group(struct findings *out, uint32_t gid)
{
	return group_name(out->source, out->arena, gid);
}

const char *say_process(struct findings *out, const struct process *process)
{
	const char *user = say_user(out, process->uid[3]);

	if (!process->pid)
		return fact_printf(out->arena, "%s (a fresh login)", user);
	return fact_printf(out->arena, "%s (%s, PID %d)", user, process->comm, process->pid);
}

const char *say_inode(struct findings *out, const struct inode *inode)
{
	static const char kinds[] = {'?', '-', 'd', 'p', 'l', 's'};
	static const char letters[] = "rwxrwxrwx";
	char mode[11] = {kinds[inode->kind]};

	for (int i = 0; i < 9; i++)
		mode[i + 1] = inode->mode >> (8 - i) & 1 ? letters[i] : '-';
	if (inode->mode & 01000)
		mode[9] = inode->mode & 1 ? 't' : 'T';
	if (inode->mode & 02000)
		mode[6] = inode->mode & 010 ? 's' : 'S';
	if (inode->mode & 04000)
		mode[3] = inode->mode & 0100 ? 's' : 'S';
	return fact_printf(out->arena, "%s %s:%s", mode, say_user(out, inode->uid),
		say_group(out, inode->gid));
}

const char *say_kind(enum inode_kind kind)
{
	static const char *const names[] = {
		"device", "regular file", "directory", "FIFO", "symbolic link", "socket"};

	return names[kind];
}

const char *say_error(int err)
{
	const char *name = strerrorname_np(-err);

	return name ? name : "an error";
}

const char *say_shell(struct findings *out, const char *word)
{
	static const char plain[] = "/._-+:=,@%";
	struct slice text;
	struct buf bytes;
	bool is_plain = word[0] != '\0';

	for (const char *at = word; *at; at++)
		is_plain = is_plain && (isalnum((unsigned char)*at) || strchr(plain, *at));
	if (is_plain)
		return word;
	buf_init(&bytes, SENTENCE_MAX);
	buf_put_char(&bytes, '\'');
	for (const char *at = word; *at; at++) {
		if (*at == '\'')
			buf_put_str(&bytes, "'\\''");
		else
			buf_put_char(&bytes, *at);
	}
	buf_put_char(&bytes, '\'');
	text = bytes.err ? SLICE("''") : arena_copy(out->arena, buf_slice(&bytes));
	buf_fini(&bytes);
	return text.ptr ? text.ptr : "''";
}

const char *say_quoted(struct findings *out, const char *text)
{
	struct slice quoted;
	struct buf bytes;

	buf_init(&bytes, SENTENCE_MAX);
	buf_put_char(&bytes, '"');
	for (const char *at = text; *at; at++) {
		if (*at == '\r')
			buf_put_str(&bytes, "\\r");
		else if (*at == '\n')
			buf_put_str(&bytes, "\\n");
		else if (*at == '\t')
			buf_put_str(&bytes, "\\t");
		else if ((unsigned char)*at < 0x20 || *at == 0x7f)
			buf_printf(&bytes, "\\x%02x", (unsigned char)*at);
		else if (*at == '"' || *at == '\\')
			buf_printf(&bytes, "\\%c", *at);
		else
			buf_put_char(&bytes, *at);
	}
	buf_put_char(&bytes, '"');
	quoted = bytes.err ? SLICE("\"...\"") : arena_copy(out->arena, buf_slice(&bytes));
	buf_fini(&bytes);
	return quoted.ptr ? quoted.ptr : "\"...\"";
}

const char *say_restart(struct findings *out, const struct process *process)
{
	if (process->unit)
		return fact_printf(
			out->arena, "systemctl restart %s", say_shell(out, process->unit));
	if (!process->pid)
		return "log in again";
	return fact_printf(out->arena, "restart %s (PID %d)", process->comm, process->pid);
}
