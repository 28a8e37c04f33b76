/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounded single-writer single-reader ring with a uv_async to wake the reader. Besides
 * log.c the only file with atomics: the writer owns head, the reader owns tail. uv_async
 * coalesces sends by itself, so each post sends.
 *
 * uv_async_send() first looks whether a wake-up is under way and then does nothing, and that
 * look orders nothing: the processor may take it before head is visible to the reader. So the
 * reader could take the wake-up back, see the old head, and sleep over the message. Full
 * fences on both sides: either the writer sees that no wake-up is under way, or the reader
 * sees the message.
 */

#include "base/mailbox.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define CAPACITY_MAX (1u << 20)

struct mailbox {
	uv_async_t wake;
	char *ring;          /* owned */
	size_t size;         /* bytes of a message */
	size_t mask;         /* capacity - 1 */
	_Atomic size_t head; /* written by the writer */
	_Atomic size_t tail; /* written by the reader */
	mailbox_h *handler;
	void *arg; /* borrowed */
};

static void deliver(struct mailbox *mailbox)
{
	size_t tail = atomic_load_explicit(&mailbox->tail, memory_order_relaxed);
	size_t head = atomic_load_explicit(&mailbox->head, memory_order_acquire);

	while (tail != head) {
		mailbox->handler(
			mailbox->ring + (tail & mailbox->mask) * mailbox->size, mailbox->arg);
		tail++;
		atomic_store_explicit(&mailbox->tail, tail, memory_order_release);
	}
}

static void on_wake(uv_async_t *handle)
{
	atomic_thread_fence(memory_order_seq_cst);
	deliver(handle->data);
}

int mailbox_open(struct mailbox **out, uv_loop_t *loop, size_t msg_size, size_t capacity,
	mailbox_h *handler, void *arg)
{
	struct mailbox *mailbox;
	size_t rounded = 1;

	if (!msg_size || !capacity || capacity > CAPACITY_MAX)
		return SBC_EINVAL;
	while (rounded < capacity)
		rounded *= 2;
	mailbox = mem_alloc(sizeof(*mailbox));
	if (!mailbox)
		return SBC_ENOMEM;
	mailbox->ring = mem_array(rounded, msg_size);
	if (!mailbox->ring || uv_async_init(loop, &mailbox->wake, on_wake)) {
		mem_free(mailbox->ring);
		mem_free(mailbox);
		return SBC_ENOMEM;
	}
	mailbox->wake.data = mailbox;
	mailbox->size = msg_size;
	mailbox->mask = rounded - 1;
	mailbox->handler = handler;
	mailbox->arg = arg;
	*out = mailbox;
	return 0;
}

int mailbox_post(struct mailbox *mailbox, const void *msg)
{
	size_t head = atomic_load_explicit(&mailbox->head, memory_order_relaxed);
	size_t tail = atomic_load_explicit(&mailbox->tail, memory_order_acquire);

	if (head - tail > mailbox->mask)
		return SBC_EAGAIN;
	memcpy(mailbox->ring + (head & mailbox->mask) * mailbox->size, msg, mailbox->size);
	atomic_store_explicit(&mailbox->head, head + 1, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	uv_async_send(&mailbox->wake);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct mailbox *mailbox = handle->data;

	mem_wipe(mailbox->ring, (mailbox->mask + 1) * mailbox->size);
	mem_free(mailbox->ring);
	mem_free(mailbox);
}

void mailbox_close(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	deliver(mailbox);
	uv_close((uv_handle_t *)&mailbox->wake, on_closed);
}
