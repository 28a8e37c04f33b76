/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_PLACE_H
#define SBC_RPC_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

/*
 * A place in the file system where clients find a door: a FIFO or a unix socket, with its
 * mode, owner, group and access list. Never takes what is not its own dead one. Blocking
 * calls, all of them short. Private to the sbc room.
 */

#define RPC_PATH_MAX 108 /* bytes with NUL: sun_path's; the FIFO's are held to the same */

enum rpc_place_kind { RPC_PLACE_FIFO, RPC_PLACE_STREAM, RPC_PLACE_DATAGRAM };

struct rpc_place {
	enum rpc_place_kind kind;
	char path[RPC_PATH_MAX];
	mode_t mode;
	uid_t uid;       /* (uid_t)-1: as it comes */
	gid_t gid;       /* likewise */
	const char *acl; /* borrowed; "": none. "user:NAME:rw group:NAME:w" */
};

struct rpc_placed {
	int fd;     /* owned: to read from, or the bound socket; -1: none */
	int writer; /* owned: a FIFO's own write end, so that its readers never see the end */
	dev_t device;
	ino_t inode;
};

/* name may be relative to run_dir, which is then made. user, group: name, number, or "".
 * SBC_EINVAL: fault says what is wrong. */
struct rpc_place_words {
	const char *run_dir, *name, *user, *group, *acl;
	unsigned mode;
};
int rpc_place_init(struct rpc_place *out, enum rpc_place_kind kind,
	const struct rpc_place_words *words, char *fault, size_t fault_size);

/*
 * Makes it. SBC_EEXIST: something is there that is not ours, or another instance reads it;
 * SBC_EIO: a system call failed; SBC_EINVAL: the directory is no place for it. fault is one
 * sentence with the path, the reason and what to do.
 */
int rpc_place_open(
	struct rpc_placed *out, const struct rpc_place *place, char *fault, size_t fault_size);

/* Is what stands at the path what we made? */
bool rpc_place_is_there(const struct rpc_place *place, const struct rpc_placed *placed);
/* Removes it if it is ours, closes. */
void rpc_place_close(const struct rpc_place *place, struct rpc_placed *placed);

/* ---- rpc_acl.c ---- */

/* Gives the file the access list; the mode's group bits stay the bound of all its entries
 * (acl(5): the mask). SBC_EINVAL, SBC_EIO, SBC_ELIMIT. */
int rpc_acl_apply(int fd, mode_t mode, const char *words, char *fault, size_t fault_size);

#endif
