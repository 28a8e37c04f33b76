/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcap files behind a queue of what is to be done to them. pcap_files_* on the signalling
 * thread, the sink's functions on the writer's. */

#include "sbc/pcap_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/capture.h"

#define QUEUE_MAX (4 << 20) /* bytes that may wait for the disk */
#define HEAD_MAX  64        /* bytes of a file's head */

enum order_kind { ORDER_BEGIN, ORDER_PUT, ORDER_END };

/* In front of a name or a packet. */
struct order {
	uint32_t kind;
	uint32_t slot;
};

struct pcap_file {
	bool is_open;
	int fd;
	uint64_t size;
};

/* The writer's. */
struct pcap_writer {
	char *dir; /* owned */
	uint64_t size_max;
	struct pcap_file files[PCAP_FILE_MAX];
};

struct pcap_files {
	struct trace *queue; /* owned */
};

/* ---- the writer ---- */

/* All of it or nothing. */
static bool append_bytes(struct pcap_file *file, struct slice bytes, const char **why)
{
	size_t written = 0;

	while (written < bytes.len) {
		ssize_t n = pwrite(file->fd, bytes.ptr + written, bytes.len - written,
			(off_t)(file->size + written));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*why = strerror(n ? errno : ENOSPC);
			/* Readers need whole packets; what stays is written over later. */
			n = ftruncate(file->fd, (off_t)file->size);
			return false;
		}
		written += (size_t)n;
	}
	file->size += bytes.len;
	return true;
}

static bool begin_file(
	struct pcap_writer *writer, struct pcap_file *file, struct slice name, const char **why)
{
	char path[4096];
	struct buf head;
	bool is_done;
	int len = snprintf(path, sizeof(path), "%s/%.*s", writer->dir, SLICE_ARG(name));

	if (len < 0 || (size_t)len >= sizeof(path))
		return true; /* no such file, ever: its packets are left out */
	/* Never what is there already, and never through a link. */
	file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file->fd < 0) {
		*why = strerror(errno);
		return errno == EEXIST;
	}
	file->size = 0;
	buf_init(&head, HEAD_MAX);
	is_done = !capture_print_pcap_head(&head) && append_bytes(file, buf_slice(&head), why);
	buf_fini(&head);
	if (!is_done) {
		close(file->fd);
		unlink(path);
	}
	file->is_open = is_done;
	return is_done;
}

static void end_file(struct pcap_file *file)
{
	if (file->is_open)
		close(file->fd);
	file->is_open = false;
}

static bool follow(struct pcap_writer *writer, const struct order *order, struct slice rest,
	const char **why)
{
	struct pcap_file *file = &writer->files[order->slot];

	switch ((enum order_kind)order->kind) {
	case ORDER_BEGIN:
		end_file(file);
		return begin_file(writer, file, rest, why);
	case ORDER_PUT:
		if (!file->is_open || file->size + rest.len > writer->size_max)
			return true;
		return append_bytes(file, rest, why);
	case ORDER_END:
		end_file(file);
		break;
	}
	return true;
}

static int append_orders(void *arg, const struct iovec *orders, int count, const char **why)
{
	for (int i = 0; i < count; i++) {
		struct slice bytes = slice_of(orders[i].iov_base, orders[i].iov_len);
		struct order order;

		memcpy(&order, bytes.ptr, sizeof(order));
		if (!follow(arg, &order, slice_from(bytes, sizeof(order)), why))
			return i;
	}
	return count;
}

static void free_writer(void *arg)
{
	struct pcap_writer *writer = arg;

	for (size_t i = 0; i < PCAP_FILE_MAX; i++)
		end_file(&writer->files[i]);
	mem_free(writer->dir);
	mem_free(writer);
}

/* ---- the door ---- */

static int make_writer(struct pcap_writer **out, const char *dir, uint64_t size_max)
{
	struct pcap_writer *writer = mem_alloc(sizeof(*writer));

	if (!writer)
		return SBC_ENOMEM;
	writer->size_max = size_max;
	writer->dir = mem_strdup(slice_str(dir));
	if (!writer->dir) {
		mem_free(writer);
		return SBC_ENOMEM;
	}
	*out = writer;
	return 0;
}

int pcap_files_open(struct pcap_files **out, const char *dir, uint64_t size_max,
	struct log *log, char *fault, size_t fault_size)
{
	struct trace_sink sink = {.append = append_orders, .close = free_writer};
	const struct trace_setup setup = {.path = dir,
		.sink = &sink,
		.name = "call_trace",
		.log = log,
		.queue_max = QUEUE_MAX};
	struct pcap_files *files;
	struct pcap_writer *writer;
	int err;

	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS)) {
		snprintf(fault, fault_size, "cannot write into %s: %s", dir, strerror(errno));
		return SBC_EIO;
	}
	err = make_writer(&writer, dir, size_max);
	if (err)
		return err;
	files = mem_alloc(sizeof(*files));
	sink.arg = writer;
	err = files ? trace_open(&files->queue, &setup) : SBC_ENOMEM;
	if (err) {
		free_writer(writer);
		mem_free(files);
		return err;
	}
	*out = files;
	return 0;
}

void pcap_files_close(struct pcap_files *files)
{
	if (!files)
		return;
	trace_close(files->queue);
	mem_free(files);
}

static bool post(
	struct pcap_files *files, enum order_kind kind, unsigned slot, struct slice rest)
{
	const struct order order = {.kind = kind, .slot = slot};

	return files && trace_put(files->queue, slice_of(&order, sizeof(order)), rest);
}

bool pcap_files_begin(struct pcap_files *files, unsigned slot, const char *name)
{
	return post(files, ORDER_BEGIN, slot, slice_str(name));
}

bool pcap_files_put(struct pcap_files *files, unsigned slot, struct slice packet)
{
	return post(files, ORDER_PUT, slot, packet);
}

void pcap_files_end(struct pcap_files *files, unsigned slot)
{
	post(files, ORDER_END, slot, (struct slice){0});
}

void pcap_files_counters(const struct pcap_files *files, struct trace_counters *out)
{
	*out = (struct trace_counters){0};
	if (files)
		trace_counters(files->queue, out);
}
