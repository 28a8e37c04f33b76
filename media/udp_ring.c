/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * io_uring by its system calls: the part we use is two rings and one call, which needs no
 * library. The rings are shared with the kernel, hence the ordered loads and stores. Runs on:
 * a media loop.
 */

#include "media/udp_ring.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <linux/io_uring.h>

/* Sockets that do not block are done when they are asked. What is not, is waited for so long:
 * a quarter of the time between two packets of a call. */
#define PATIENCE (5 * USEC_PER_MS)

/* What the system is told beside an entry, and tells. */
struct receiving {
	struct msghdr header;
	struct iovec piece;
};

struct udp_ring {
	int fd; /* owned; -1: closed */
	udp_ring_enter_h *enter;
	unsigned
		entered; /* the number to enter it by: the descriptor or its registered index */
	unsigned enter_flags;
	bool is_registered; /* tried already */
	unsigned capacity;
	void *rings; /* owned mapping of both */
	size_t rings_size;
	struct io_uring_sqe *entries; /* owned mapping */
	size_t entries_size;
	struct receiving *receiving; /* owned; of each entry */
	/* into rings */
	unsigned *to_submit_head, *to_submit_tail;
	unsigned *done_head, *done_tail;
	unsigned done_mask;
	struct io_uring_cqe *done;
};

static int enter_system(unsigned fd, unsigned submit, unsigned wait, unsigned flags,
	const void *arg, size_t arg_len)
{
	return (int)syscall(SYS_io_uring_enter, fd, submit, wait, flags, arg, arg_len);
}

static int map(struct udp_ring *ring, const struct io_uring_params *p)
{
	size_t submit = p->sq_off.array + p->sq_entries * sizeof(unsigned);
	size_t done = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;

	if (!(p->features & IORING_FEAT_SINGLE_MMAP))
		return SBC_EIO;
	ring->rings_size = submit > done ? submit : done;
	ring->entries_size = p->sq_entries * sizeof(struct io_uring_sqe);
	ring->rings = mmap(NULL, ring->rings_size, prot, flags, ring->fd, IORING_OFF_SQ_RING);
	if (ring->rings == MAP_FAILED)
		return SBC_EIO;
	ring->entries = mmap(NULL, ring->entries_size, prot, flags, ring->fd, IORING_OFF_SQES);
	return ring->entries == MAP_FAILED ? SBC_EIO : 0;
}

static void find_parts(struct udp_ring *ring, const struct io_uring_params *p)
{
	char *base = ring->rings;
	unsigned *array = (unsigned *)(void *)(base + p->sq_off.array);

	ring->to_submit_head = (unsigned *)(void *)(base + p->sq_off.head);
	ring->to_submit_tail = (unsigned *)(void *)(base + p->sq_off.tail);
	ring->done_head = (unsigned *)(void *)(base + p->cq_off.head);
	ring->done_tail = (unsigned *)(void *)(base + p->cq_off.tail);
	ring->done_mask = *(unsigned *)(void *)(base + p->cq_off.ring_mask);
	ring->done = (struct io_uring_cqe *)(void *)(base + p->cq_off.cqes);
	for (unsigned i = 0; i < p->sq_entries; i++) /* always the same order */
		array[i] = i;
}

void udp_ring_close(struct udp_ring *ring)
{
	struct io_uring_rsrc_update update = {.offset = ring->entered};

	/* Or the registration would keep it. */
	if (ring->enter_flags & IORING_ENTER_REGISTERED_RING)
		(void)syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_RING_FDS,
			&update, 1);
	ring->enter_flags = 0;
	close(ring->fd);
	ring->fd = -1;
}

void udp_ring_free(struct udp_ring *ring)
{
	if (!ring)
		return;
	if (ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->rings_size);
	if (ring->entries != MAP_FAILED)
		munmap(ring->entries, ring->entries_size);
	if (ring->fd >= 0)
		close(ring->fd);
	mem_free(ring->receiving);
	mem_free(ring);
}

/* A thread that registers the ring saves the kernel looking the descriptor up. Without it
 * everything works too. */
static void register_once(struct udp_ring *ring)
{
	struct io_uring_rsrc_update update = {
		.offset = UINT32_MAX, .data = (uint64_t)(unsigned)ring->fd};

	if (ring->is_registered)
		return;
	ring->is_registered = true;
	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &update, 1) != 1)
		return;
	ring->entered = update.offset;
	ring->enter_flags = IORING_ENTER_REGISTERED_RING;
}

static void fill_send(struct io_uring_sqe *sqe, const struct udp_ring_entry *entry)
{
	bool has_address = netaddr_is_set(entry->peer);

	*sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND,
		.fd = entry->fd,
		.addr = (uint64_t)(uintptr_t)entry->data,
		.len = (uint32_t)entry->len,
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
		.addr2 = has_address ? (uint64_t)(uintptr_t)&entry->peer->sa : 0,
		.addr_len = has_address ? (uint16_t)netaddr_len(entry->peer) : 0,
	};
}

static void fill_receive(struct io_uring_sqe *sqe, const struct udp_ring_entry *entry,
	struct receiving *receiving)
{
	receiving->piece = (struct iovec){entry->data, entry->len};
	receiving->header = (struct msghdr){.msg_name = &entry->peer->sa,
		.msg_namelen = sizeof(*entry->peer),
		.msg_iov = &receiving->piece,
		.msg_iovlen = 1};
	*sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_RECVMSG,
		.fd = entry->fd,
		.addr = (uint64_t)(uintptr_t)&receiving->header,
		.len = 1,
		.msg_flags = MSG_DONTWAIT,
	};
}

/* Returns how many were told of. */
static unsigned reap(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count)
{
	unsigned tail = __atomic_load_n(ring->done_tail, __ATOMIC_ACQUIRE);
	unsigned head = *ring->done_head, n = 0;

	for (; head != tail; head++, n++) {
		const struct io_uring_cqe *cqe = &ring->done[head & ring->done_mask];

		if (cqe->user_data < count)
			entries[cqe->user_data].result = cqe->res;
	}
	__atomic_store_n(ring->done_head, head, __ATOMIC_RELEASE);
	return n;
}

/* Hands over what was filled in; returns how many entries the system took. Those that it did
 * not, for want of memory, are taken back. */
static unsigned hand_over(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count)
{
	unsigned tail = *ring->to_submit_tail, mask = ring->capacity - 1, taken;

	for (unsigned i = 0; i < count; i++) {
		entries[i].result = UDP_RING_UNTOUCHED;
		ring->entries[(tail + i) & mask].user_data = i;
	}
	__atomic_store_n(ring->to_submit_tail, tail + count, __ATOMIC_RELEASE);
	(void)ring->enter(ring->entered, count, 0, ring->enter_flags, NULL, 0);
	taken = __atomic_load_n(ring->to_submit_head, __ATOMIC_ACQUIRE) - tail;
	__atomic_store_n(ring->to_submit_tail, tail + taken, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < taken; i++)
		entries[i].result = UDP_RING_UNKNOWN;
	return taken;
}

/* False: not within the time. Not seen with sockets that do not block. */
static bool wait_until_told(
	struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count, unsigned done)
{
	const unsigned flags =
		ring->enter_flags | IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
	usec_t now = clock_monotonic_us(), until = now + PATIENCE;

	for (; done < count; now = clock_monotonic_us()) {
		const struct __kernel_timespec left = {.tv_nsec = (until - now) * 1000};
		const struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&left};

		if (now >= until)
			return false;
		if (ring->enter(ring->entered, 0, 1, flags, &arg, sizeof(arg)) < 0 &&
			errno != EINTR && errno != ETIME)
			return false;
		done += reap(ring, entries, count);
	}
	return true;
}

static bool submit(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count)
{
	unsigned taken = hand_over(ring, entries, count);
	unsigned done = reap(ring, entries, count);

	return done == taken || wait_until_told(ring, entries, taken, done);
}

static struct io_uring_sqe *slot(const struct udp_ring *ring, unsigned i)
{
	return &ring->entries[(*ring->to_submit_tail + i) & (ring->capacity - 1)];
}

bool udp_ring_send(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count)
{
	register_once(ring);
	for (unsigned i = 0; i < count; i++)
		fill_send(slot(ring, i), &entries[i]);
	return submit(ring, entries, count);
}

bool udp_ring_receive(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count)
{
	bool is_useful;

	register_once(ring);
	for (unsigned i = 0; i < count; i++)
		fill_receive(slot(ring, i), &entries[i], &ring->receiving[i]);
	is_useful = submit(ring, entries, count);
	for (unsigned i = 0; i < count; i++)
		entries[i].is_truncated = ring->receiving[i].header.msg_flags & MSG_TRUNC;
	return is_useful;
}

/* Kernels before 6.1 refuse an address before they look at the socket. */
static bool knows_addresses(struct udp_ring *ring)
{
	struct netaddr nowhere = {.in.sin_family = AF_INET};
	struct udp_ring_entry entry = {.fd = -1, .data = &nowhere, .len = 1, .peer = &nowhere};

	fill_send(slot(ring, 0), &entry);
	return submit(ring, &entry, 1) && entry.result == -EBADF;
}

int udp_ring_new(struct udp_ring **out, unsigned capacity, udp_ring_enter_h *enter)
{
	struct io_uring_params params = {.flags = IORING_SETUP_SUBMIT_ALL};
	struct udp_ring *ring = mem_alloc(sizeof(*ring));
	int err = SBC_EIO;

	if (!ring)
		return SBC_ENOMEM;
	ring->rings = ring->entries = MAP_FAILED;
	ring->fd = (int)syscall(SYS_io_uring_setup, capacity, &params);
	ring->entered = (unsigned)ring->fd;
	ring->enter = enter ? enter : enter_system;
	ring->capacity = capacity;
	ring->receiving = mem_array(capacity, sizeof(ring->receiving[0]));
	if (!ring->receiving)
		err = SBC_ENOMEM;
	else if (ring->fd >= 0)
		err = map(ring, &params);
	if (err) {
		udp_ring_free(ring);
		return err;
	}
	find_parts(ring, &params);
	if (!knows_addresses(ring)) {
		udp_ring_free(ring);
		return SBC_EIO;
	}
	*out = ring;
	return 0;
}
