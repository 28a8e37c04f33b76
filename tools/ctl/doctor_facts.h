/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_FACTS_H
#define CTL_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * What the doctor knows: gathered once by the probes, then only read by the rules. All
 * memory is the arena's. "Unknown" is always told apart from "no": a negative number, a
 * NULL pointer or an err beside the value.
 */

#define ACL_ENTRIES_MAX         128   /* more are not judged: unknown */
#define WALK_STEPS_MAX          128   /* directories, links and the file of one path */
#define PROCESSES_MAX           256   /* that match one client or server */
#define HOLDERS_MAX             1024  /* open descriptors of FIFOs; each worker has some */
#define GROUPS_MAX              65536 /* the kernel's NGROUPS_MAX */
#define FACT_PATH_MAX           4096
#define FACT_FILE_MAX           262144 /* bytes read of one file, the end of it for a log */
#define CAP_DAC_OVERRIDE_BIT    1
#define CAP_DAC_READ_SEARCH_BIT 2
#define CAP_FOWNER_BIT          3

enum inode_kind {
	KIND_OTHER,
	KIND_FILE,
	KIND_DIR,
	KIND_FIFO,
	KIND_LINK,
	KIND_SOCKET,
};

struct inode {
	enum inode_kind kind;
	unsigned mode; /* the twelve bits of permission */
	uint32_t uid;
	uint32_t gid;
	uint64_t dev;
	uint64_t ino;
	unsigned nlink;
};

/* acl(5), the kernel's numbers of the tags. */
enum acl_tag {
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

struct acl_entry {
	enum acl_tag tag;
	unsigned perm; /* 4 r, 2 w, 1 x */
	uint32_t id;   /* of ACL_USER and ACL_GROUP */
};

struct acl {
	size_t count;
	struct acl_entry entries[ACL_ENTRIES_MAX];
};

struct filesystem {
	uint32_t magic;       /* statfs f_type */
	uint64_t free_inodes; /* for others than root; UINT64_MAX: no such limit */
	uint64_t free_blocks;
};

/* What a non-blocking open of a FIFO for writing told (nothing is ever written). */
struct fifo_probe {
	int err;        /* 0; -ENXIO: nobody reads; -EACCES ... */
	int64_t queued; /* bytes that wait in it, -1: unknown */
	int64_t size;   /* bytes it can hold, -1: unknown */
};

struct process {
	int pid; /* 0: no process, only a user's login */
	const char *comm;
	char state;      /* R S D T Z; 0: unknown */
	uint32_t uid[4]; /* real, effective, saved, file system */
	uint32_t gid[4];
	const uint32_t *groups;
	size_t group_count;
	uint64_t cap_eff;
	int umask;            /* -1: unknown */
	int seccomp;          /* -1: unknown */
	int no_new_privs;     /* -1: unknown */
	uint64_t start_ticks; /* since boot */
	int group;            /* process group: what one server's processes share */
	const char *root;     /* each NULL: could not be read */
	const char *cwd;
	const char *ns_mnt;
	const char *ns_user;
	const char *ns_pid;
	const char *unit;    /* from its cgroup */
	const char *label;   /* LSM context */
	bool is_kernel_view; /* its user namespace is ours: its capabilities count */
};

/* An open descriptor of a FIFO. */
struct holder {
	const struct process *process;
	int fd;
	const char *link; /* what /proc says, without " (deleted)" */
	bool is_deleted;
	int access; /* 0 read, 1 write, 2 both, -1 unknown */
	struct inode inode;
};

/* One component of a path. */
struct step {
	const char *path; /* as the process sees it */
	struct inode inode;
	const struct acl *acl; /* NULL: none */
	bool is_acl_unknown;
	const char *label; /* security.selinux, NULL: none */
};

/* A path followed component by component in the file system view of one process. */
struct walk {
	int err;           /* 0, or the errno (negative) at which it ended */
	const char *where; /* the path that err is about */
	bool is_hidden;    /* the view of that process cannot be looked into: unknown */
	size_t count;
	struct step *steps; /* directories and links in order; the file last when err is 0 */
	const struct step *final_link; /* the path's last component is this link */
	const char *final;             /* the path without links, when err is 0 */
};

struct mount {
	const char *point;
	const char *root;
	const char *type;
	const char *options;
	bool is_read_only;
};

/* Keys of a unit that decide what its processes see. NULL: not set anywhere. */
struct unit {
	const char *name;
	const char *file;
	const char *user;
	const char *group;
	const char *supplementary_groups;
	const char *private_tmp;
	const char *protect_system;
	const char *protect_home;
	const char *read_write_paths;
	const char *read_only_paths;
	const char *inaccessible_paths;
	const char *runtime_directory;
	const char *runtime_directory_mode;
	const char *runtime_directory_preserve;
	const char *umask;
	const char *system_call_filter;
};

/* What the SIP server's own configuration says of its FIFO. */
struct server_config {
	const char *file; /* NULL: none found */
	const char *fifo_name;
	const char *fifo_mode;
	const char *fifo_user;
	const char *fifo_group;
	const char *reply_dir;
	const char *run_dir; /* what a relative fifo_name is below */
	const char *dgram_socket;
	const char *log_line; /* "failed to change the owner/group", and its file */
	const char *log_file;
};

struct php {
	bool is_found;
	const char *file; /* that told open_basedir, or the last one read */
	const char *open_basedir;
	const char *disable_functions;
	const char *safe_mode;
	const char *chroot;
	const char *version; /* from the path, such as 8.2 */
	size_t pool_count;
};

struct lsm {
	int selinux_enforce; /* -1: not there; 0 permissive; 1 enforcing */
	bool is_apparmor;
	const char *denial; /* the last line of a log that denies the client this FIFO */
	const char *denial_file;
	bool is_log_unreadable;
};

enum server_kind { SERVER_UNKNOWN, SERVER_COUNTERSIP, SERVER_KAMAILIO, SERVER_OPENSIPS };

struct doctor_options {
	const char *path;   /* as given; NULL: the server's */
	const char *client; /* NULL: this program's own credentials */
	const char *server; /* NULL: who holds the FIFO */
	const char *reply_dir;
	const char *reply_name;
	const char *request;
	const char *root; /* a fixture tree; NULL: the live system */
	bool is_json;
	bool is_verbose;
};

struct facts {
	struct arena *arena;
	const struct doctor_options *options;

	const char *given; /* the path as configured, blanks and all */
	const char *path;  /* absolute, trimmed: what the rules talk about */
	bool has_trimmed;  /* given has blanks or quotes around, and path exists */

	const struct process *self;
	const struct process *client;
	const char *client_missing; /* why there is no process of the client */
	const struct process **client_processes;
	size_t client_count;
	const char *client_user;
	/* What /etc/group gives the client's user now. */
	const uint32_t *login_groups;
	size_t login_group_count;
	bool has_login;

	struct holder *all; /* open FIFOs that have a path */
	size_t all_count;
	struct holder *holders; /* of FIFOs with this path or this inode */
	size_t holder_count;
	struct holder *other; /* FIFOs that a SIP server holds elsewhere */
	size_t other_count;
	size_t hidden_processes; /* whose descriptors we may not see */
	const struct process *server;
	enum server_kind kind;
	bool is_container; /* we run in one */

	struct walk client_walk;
	struct walk server_walk;
	struct walk own_walk;
	struct filesystem filesystem;
	bool has_filesystem;
	struct fifo_probe fifo;
	bool has_fifo;
	bool is_open_unsafe; /* our opening would give the only reader an end of file */
	int as_client;       /* DX-3: 0 or -errno of an open as the client */
	bool has_as_client;

	int protected_fifos; /* -1: unknown */
	struct mount client_mount;
	struct mount server_mount;
	struct mount reply_mount;
	bool has_client_mount;
	bool has_server_mount;
	bool has_reply_mount;

	const char *reply_dir; /* configured, or /tmp/ */
	bool is_reply_configured;
	struct walk reply_client;
	struct walk reply_server;
	struct walk reply_file; /* with options->reply_name */
	struct filesystem reply_filesystem;
	bool has_reply_filesystem;
	struct fifo_probe reply_fifo;
	bool has_reply_reader;

	struct unit client_unit;
	struct unit server_unit;
	const char *tmpfiles_rule;
	const char *tmpfiles_file;
	struct server_config config;
	struct php php;
	struct lsm lsm;
	const char *uid_map;  /* of the client's user namespace */
	bool is_web_client;   /* Apache, nginx or PHP */
	const char *web_rule; /* an Apache or nginx line that denies something */
	const char *web_file;
};

#endif
