/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_RULES_H
#define CTL_DOCTOR_RULES_H

#include "tools/ctl/doctor_acl.h"
#include "tools/ctl/doctor_finding.h"
#include "tools/ctl/doctor_path.h"

/* What several rules ask of the facts. Pure. */

/* The path as the client sees it; our own view when its is hidden. */
const struct walk *facts_view(const struct facts *f);
/* What the client's path leads to; NULL: nothing. */
const struct step *facts_file(const struct facts *f);
/* The same only when it is a FIFO. */
const struct step *facts_fifo(const struct facts *f);
/* The view that the client's is compared with: the server's, else ours. */
const struct walk *facts_reference(const struct facts *f);
/* Another file system view than the reference's, and the path leads elsewhere. */
bool facts_is_elsewhere(const struct facts *f);
/* In the client's view something is mounted over the path to hide it (FIFO-20). */
bool facts_is_covered(const struct facts *f);
/* May a process do what (4 r, 2 w, 1 x) with this step? */
bool facts_may(const struct process *process, const struct step *step, unsigned want,
	struct access *out);
/* Would the client be allowed to with the groups of a fresh login? */
bool facts_login_may(const struct facts *f, const struct step *step, unsigned want);
/* The first directory that the client may not pass; NULL: none. */
const struct step *facts_closed_directory(
	const struct facts *f, const struct walk *walk, struct access *access);
/* Mode bits and ACLs let the client write into the FIFO. */
bool facts_is_permitted(const struct facts *f);
/* "/tmp" for /tmp/x: what a mount or a cleaner is about. */
bool facts_is_in_tmp(const struct facts *f);
/* Somebody reads the inode that the client reaches. */
const struct holder *facts_reader(const struct facts *f);
/* Who starts the server again: a command. */
const char *say_start_server(struct findings *out, const struct facts *f);
/* "---" to "rwx" */
const char *say_rights(unsigned rights);

/* The rules, a file for each family. */
void rule_wrong_path(const struct facts *f, struct findings *out);
void rule_blanks(const struct facts *f, struct findings *out);
void rule_relative(const struct facts *f, struct findings *out);
void rule_type(const struct facts *f, struct findings *out);
void rule_stale(const struct facts *f, struct findings *out);
void rule_orphan(const struct facts *f, struct findings *out);
void rule_instances(const struct facts *f, struct findings *out);
void rule_mode(const struct facts *f, struct findings *out);
void rule_directories(const struct facts *f, struct findings *out);
void rule_groups(const struct facts *f, struct findings *out);
void rule_ids(const struct facts *f, struct findings *out);
void rule_acl(const struct facts *f, struct findings *out);
void rule_protected_fifos(const struct facts *f, struct findings *out);
void rule_sticky(const struct facts *f, struct findings *out);
void rule_umask(const struct facts *f, struct findings *out);
void rule_owner(const struct facts *f, struct findings *out);
void rule_octal(const struct facts *f, struct findings *out);
void rule_namespace(const struct facts *f, struct findings *out);
void rule_read_only(const struct facts *f, struct findings *out);
void rule_covered(const struct facts *f, struct findings *out);
void rule_runtime_directory(const struct facts *f, struct findings *out);
void rule_tmpfiles(const struct facts *f, struct findings *out);
void rule_user_namespace(const struct facts *f, struct findings *out);
void rule_filesystem(const struct facts *f, struct findings *out);
void rule_pid_namespace(const struct facts *f, struct findings *out);
void rule_selinux(const struct facts *f, struct findings *out);
void rule_apparmor(const struct facts *f, struct findings *out);
void rule_seccomp(const struct facts *f, struct findings *out);
void rule_unexplained(const struct facts *f, struct findings *out);
void rule_open_basedir(const struct facts *f, struct findings *out);
void rule_php(const struct facts *f, struct findings *out);
void rule_web_server(const struct facts *f, struct findings *out);
void rule_php_user(const struct facts *f, struct findings *out);
void rule_reply_create(const struct facts *f, struct findings *out);
void rule_reply_open(const struct facts *f, struct findings *out);
void rule_reply_reader(const struct facts *f, struct findings *out);
void rule_reply_slash(const struct facts *f, struct findings *out);
void rule_full(const struct facts *f, struct findings *out);
void rule_request(const struct facts *f, struct findings *out);
void rule_atomic(const struct facts *f, struct findings *out);

#endif
