/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_PROC_H
#define CTL_DOCTOR_PROC_H

#include "tools/ctl/doctor_source.h"

/* One process as /proc/PID tells it now; NULL: no such process, or it is hidden from us. */
const struct process *process_read(struct source *s, struct arena *arena, int pid);
/* What a fresh login of this user would be; pid is 0. NULL: no such user. */
const struct process *process_of_login(struct source *s, struct arena *arena, const char *user);

/* The processes that word means: a PID, apache, php-fpm, nginx, a unit (its name ends in
 * .service), a program's name, a user. At most PROCESSES_MAX; ours is not among them. */
size_t process_find(
	struct source *s, struct arena *arena, const char *word, const struct process **out);

/* Every FIFO that has a path and is open in some process, at most HOLDERS_MAX; *hidden
 * counts the processes whose descriptors we may not see. */
size_t process_list_fifos(
	struct source *s, struct arena *arena, struct holder *out, size_t *hidden);

/* Who has these sockets open (by inode): owners[i] belongs to inodes[i], NULL when nobody that
 * we may see does. *hidden as above. */
void process_find_sockets(struct source *s, struct arena *arena, const uint64_t *inodes,
	size_t count, const struct process **owners, size_t *hidden);

/* From the program's name. */
enum server_kind process_server_kind(const char *comm);

#endif
