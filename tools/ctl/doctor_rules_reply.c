/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-31 to FIFO-37: the way back, and what goes through the pipe. Pure. */

#include <errno.h>
#include <limits.h>

#include "tools/ctl/doctor_rules.h"

#define REPLY_PATH_MAX 128  /* bytes, name and terminator included: both servers' limit */
#define OPENSIPS_MAX   4096 /* bytes of a request */
#define KAMAILIO_MAX   8192

static void say_reply_dir(const struct facts *f, const struct step *dir,
	const struct access *access, struct findings *out)
{
	found(out, SEVERITY_BLOCKED,
		"%s may not make its reply FIFO in %s: of %s, class %s has %s, needs wx",
		say_process(out, f->client), dir->path, say_inode(out, &dir->inode),
		access_class_name(access->class), say_rights(access->has));
	found_by(out, "stat %s: %s; EACCES", dir->path, say_inode(out, &dir->inode));
	found_fix(out, "setfacl -m u:%s:rwx %s", say_shell(out, f->client_user),
		say_shell(out, dir->path));
}

/* A place where nobody can make anything: whose fault it is not. */
static bool check_space(const struct facts *f, const struct step *dir, struct findings *out)
{
	if (f->has_reply_mount && f->reply_mount.is_read_only) {
		found(out, SEVERITY_BLOCKED,
			"%s is read-only for PID %d: no reply FIFO can be made (EROFS)",
			dir->path, f->client->pid);
		found_by(out, "/proc/%d/mountinfo: %s on %s", f->client->pid,
			f->reply_mount.options, f->reply_mount.point);
		found_fix(out, "systemctl edit %s: ReadWritePaths=%s",
			f->client_unit.name ? f->client_unit.name : "the unit", dir->path);
		return true;
	}
	if (f->has_reply_filesystem && f->reply_filesystem.free_inodes == 0) {
		found(out, SEVERITY_BLOCKED,
			"the file system of %s has no free inode: no reply FIFO can be made "
			"(ENOSPC)",
			dir->path);
		found_by(out, "statfs %s: f_ffree 0", dir->path);
		found_fix(out, "df -i %s, and remove what is not needed",
			say_shell(out, dir->path));
		return true;
	}
	return false;
}

void rule_reply_create(const struct facts *f, struct findings *out)
{
	const struct walk *walk = &f->reply_client;
	const struct step *dir = walk_file(walk), *closed;
	const char *name = f->options->reply_name;
	struct access access;

	closed = facts_closed_directory(f, walk, &access);
	if (!dir || dir->inode.kind != KIND_DIR) {
		found(out, SEVERITY_BLOCKED, "the reply directory %s %s", f->reply_dir,
			dir ? "is no directory" : "does not exist for the client");
		found_by(out, "stat %s: %s", walk->where ? walk->where : f->reply_dir,
			dir ? say_inode(out, &dir->inode) : say_error(walk->err));
		found_fix(out, "mkdir -m 1733 %s", say_shell(out, f->reply_dir));
	} else if (closed) {
		say_reply_dir(f, closed, &access, out);
	} else if (!facts_may(f->client, dir, 3, &access)) {
		say_reply_dir(f, dir, &access, out);
	} else if (check_space(f, dir, out)) {
		return;
	} else if (name && strlen(name) > NAME_MAX) {
		found(out, SEVERITY_BLOCKED,
			"the name of the reply FIFO has %zu bytes, %d at most (ENAMETOOLONG)",
			strlen(name), NAME_MAX);
		found_fix(out, "use a shorter name");
	}
}

static bool check_name(const struct facts *f, struct findings *out)
{
	const char *name = f->options->reply_name;
	size_t len = strlen(f->reply_dir) + strlen(name) + 1;

	if (strpbrk(name, "./\\")) {
		found(out, SEVERITY_BLOCKED,
			"the server refuses the reply name %s: it has a '.', '/' or '\\'",
			say_quoted(out, name));
		found_fix(out, "use letters, digits and '_' only");
		return true;
	}
	if (len <= REPLY_PATH_MAX)
		return false;
	found(out, SEVERITY_BLOCKED,
		"the path of the reply FIFO has %zu bytes, the server takes %d at most", len,
		REPLY_PATH_MAX);
	found_fix(out, "use a shorter name or directory");
	return true;
}

static void say_reply_mode(const struct facts *f, const struct step *file,
	const struct access *access, struct findings *out)
{
	found(out, SEVERITY_BLOCKED,
		"%s may not write the reply FIFO %s: of %s, class %s has %s, not w",
		say_process(out, f->server), file->path, say_inode(out, &file->inode),
		access_class_name(access->class), say_rights(access->has));
	found_by(out, "stat %s: %s", file->path, say_inode(out, &file->inode));
	found_fix(
		out, "chmod 0666 %s (by the client, after mkfifo)", say_shell(out, file->path));
}

/* The step that the reply directory itself does not have, when it is a link. */
static const struct step *reply_link(const struct facts *f)
{
	for (size_t i = f->reply_client.count; i < f->reply_file.count; i++) {
		if (f->reply_file.steps[i].inode.kind == KIND_LINK)
			return &f->reply_file.steps[i];
	}
	return NULL;
}

/* The servers refuse what a stranger could have put there: links, other types. */
static void check_reply_file(const struct facts *f, struct findings *out)
{
	const struct step *file = walk_file(&f->reply_file), *link = reply_link(f);
	const struct step *bad = link ? link : file;
	struct access access;

	if (link || (file && (file->inode.kind != KIND_FIFO || file->inode.nlink > 1))) {
		found(out, SEVERITY_BLOCKED, "the server refuses the reply FIFO %s: it %s",
			f->options->reply_name,
			link                            ? "is a symbolic link"
			: file->inode.kind != KIND_FIFO ? "is no FIFO"
							: "has a second name (hard link)");
		found_by(out, "lstat %s: %s, %u links", bad->path, say_inode(out, &bad->inode),
			bad->inode.nlink);
		found_fix(out, "rm %s, and let the client make a FIFO of its own",
			say_shell(out, bad->path));
	} else if (file && f->server && !facts_may(f->server, file, 2, &access)) {
		say_reply_mode(f, file, &access, out);
	}
}

/* Without a reply FIFO to look at: the one that this client would make with mkfifo(0666). */
static void check_umask(const struct facts *f, struct findings *out)
{
	struct step step = {.inode = {.kind = KIND_FIFO,
				    .uid = f->client->uid[3],
				    .gid = f->client->gid[3],
				    .mode = 0666}};

	if (!f->server || f->client->umask < 0)
		return;
	step.inode.mode &= ~(unsigned)f->client->umask;
	if (facts_may(f->server, &step, 2, NULL))
		return;
	found(out, SEVERITY_WARN,
		"a reply FIFO that the client makes gets %04o, and %s may not write it unless "
		"the "
		"client does chmod",
		step.inode.mode, say_process(out, f->server));
	found_by(
		out, "/proc/%d/status: Umask %04o", f->client->pid, (unsigned)f->client->umask);
	found_fix(
		out, "chmod 0666 after mkfifo, or UMask=0000 in a reply directory of its own");
}

void rule_reply_open(const struct facts *f, struct findings *out)
{
	const struct step *mine = walk_file(&f->reply_client);
	const struct step *theirs = f->server ? walk_file(&f->reply_server) : NULL;
	const char *name = f->options->reply_name;

	if (name && check_name(f, out))
		return;
	if (!mine)
		return;
	if (theirs && (theirs->inode.ino != mine->inode.ino ||
			      theirs->inode.dev != mine->inode.dev)) {
		found(out, SEVERITY_BLOCKED,
			"client and server see different directories as %s: the reply goes "
			"astray",
			f->reply_dir);
		found_by(out, "PID %d: inode %llu; PID %d: inode %llu", f->client->pid,
			(unsigned long long)mine->inode.ino, f->server->pid,
			(unsigned long long)theirs->inode.ino);
		found_fix(out, "set the reply directory of both to one below /run");
	} else if (theirs && !facts_may(f->server, theirs, 1, NULL)) {
		found(out, SEVERITY_BLOCKED, "%s may not pass through the reply directory %s",
			say_process(out, f->server), theirs->path);
		found_by(out, "stat %s: %s", theirs->path, say_inode(out, &theirs->inode));
		found_fix(out, "chmod o+x %s", say_shell(out, theirs->path));
	} else if (name && f->reply_file.count) {
		check_reply_file(f, out);
	} else {
		check_umask(f, out);
	}
}

void rule_reply_reader(const struct facts *f, struct findings *out)
{
	const struct step *file = walk_file(&f->reply_file);

	if (!f->options->reply_name || !file || file->inode.kind != KIND_FIFO ||
		f->has_reply_reader)
		return;
	found(out, SEVERITY_WARN,
		"nobody reads the reply FIFO %s: the server tries four times in 0.3 s and "
		"drops the "
		"answer",
		file->path);
	found_by(out, "/proc/*/fd: no reader of inode %llu",
		(unsigned long long)file->inode.ino);
	found_fix(out, "open the reply FIFO for reading before the request is written");
}

void rule_reply_slash(const struct facts *f, struct findings *out)
{
	size_t len = strlen(f->reply_dir);

	if (!f->is_reply_configured || (len && f->reply_dir[len - 1] == '/'))
		return;
	found(out, f->kind == SERVER_COUNTERSIP ? SEVERITY_INFO : SEVERITY_BLOCKED,
		"the reply directory %s has no slash at its end: the server would open %sNAME "
		"beside it",
		f->reply_dir, f->reply_dir);
	found_by(out, "%s: %s", f->options->reply_dir ? "--reply-dir" : f->config.file,
		f->reply_dir);
	found_fix(out, "write it as %s/", say_shell(out, f->reply_dir));
}

static void say_queue(const struct facts *f, struct findings *out)
{
	bool is_full = f->fifo.queued >= f->fifo.size;

	found(out, is_full ? SEVERITY_BLOCKED : SEVERITY_WARN, "%lld bytes wait unread in %s%s",
		(long long)f->fifo.queued, f->path,
		is_full ? ": it is full, writing blocks" : ": the server may be slow or stuck");
	found_by(out, "FIONREAD %lld of F_GETPIPE_SZ %lld", (long long)f->fifo.queued,
		(long long)f->fifo.size);
	found_fix(out, "%s", say_start_server(out, f));
}

void rule_full(const struct facts *f, struct findings *out)
{
	char state = f->server ? f->server->state : 'R';

	if (state == 'T' || state == 't' || state == 'D') {
		found(out, SEVERITY_BLOCKED, "%s (PID %d) does not run: %s", f->server->comm,
			f->server->pid,
			state == 'D' ? "it waits for a device or a network disk"
				     : "somebody stopped it");
		found_by(out, "/proc/%d/status: State %c", f->server->pid, state);
		if (state == 'D')
			found_fix(out, "cat /proc/%d/wchan, and mend what it waits for",
				f->server->pid);
		else
			found_fix(out, "kill -CONT %d", f->server->pid);
	}
	if (f->has_fifo && !f->fifo.err && f->fifo.size > 0 && f->fifo.queued > 0)
		say_queue(f, out);
}

static const char *const examples[] = {
	"OpenSIPS 3: :NAME:{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"which\"}; Kamailio: "
	"{\"jsonrpc\":\"2.0\",\"method\":\"core.uptime\",\"reply_name\":\"NAME\",\"id\":1}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"core.uptime\",\"reply_name\":\"NAME\",\"id\":1} or "
	":which:NAME",
	"{\"jsonrpc\":\"2.0\",\"method\":\"core.uptime\",\"reply_name\":\"NAME\",\"id\":1}",
	":NAME:{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"which\"} (2.4 and before: "
	":which:NAME "
	"and an empty line)",
};

void rule_request(const struct facts *f, struct findings *out)
{
	static const char *const servers[] = {
		"the server", "countersip", "Kamailio", "OpenSIPS"};
	const char *request = f->options->request;
	bool is_line = request && request[0] == ':', is_json = request && request[0] == '{';

	if (f->kind == SERVER_UNKNOWN)
		return;
	if (!request) {
		found(out, SEVERITY_INFO, "%s reads requests such as %s", servers[f->kind],
			examples[f->kind]);
		return;
	}
	if (f->kind == SERVER_OPENSIPS ? is_line
				       : is_json || (is_line && f->kind == SERVER_COUNTERSIP)) {
		if (!is_json || strstr(request, "\"reply_name\""))
			return;
		found(out, SEVERITY_WARN,
			"the request has no \"reply_name\": %s answers nowhere",
			servers[f->kind]);
	} else {
		found(out, SEVERITY_BLOCKED, "%s does not read requests of this form",
			servers[f->kind]);
	}
	found_by(out, "request: %s", say_quoted(out, request));
	found_fix(out, "send %s", examples[f->kind]);
}

void rule_atomic(const struct facts *f, struct findings *out)
{
	size_t len = f->options->request ? strlen(f->options->request) + 1 : 0;
	size_t max = f->kind == SERVER_OPENSIPS ? OPENSIPS_MAX : KAMAILIO_MAX;

	if (len <= PIPE_BUF)
		return;
	found(out, len > max ? SEVERITY_BLOCKED : SEVERITY_WARN, "a request of %zu bytes %s",
		len,
		len > max ? "is longer than the server takes"
			  : "can be mixed up with another client's: only up to PIPE_BUF is one "
			    "write whole");
	found_by(out, "%zu bytes; PIPE_BUF %d, the server's limit %zu", len, PIPE_BUF, max);
	found_fix(out, "keep requests within %d bytes, each in one write()", PIPE_BUF);
}
