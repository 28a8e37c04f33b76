/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stddef.h>

#include <uv.h>

struct mailbox;

/* Runs on the reader's loop, once per message, in the order of posting. msg is borrowed
 * for the call. */
typedef void(mailbox_h)(const void *msg, void *arg);

/*
 * Bounded queue of fixed-size messages from exactly one writer thread to one loop. What a
 * message points to changes owner with it.
 *
 * mailbox_open: on the reader's thread, or before that loop runs. capacity: messages,
 * rounded up to a power of two. SBC_ENOMEM, SBC_EINVAL.
 */
int mailbox_open(struct mailbox **out, uv_loop_t *loop, size_t msg_size, size_t capacity,
	mailbox_h *handler, void *arg);

/* Writer's thread. Never blocks. SBC_EAGAIN when full: the caller fails the new work. */
int mailbox_post(struct mailbox *mailbox, const void *msg);

/* Reader's thread, after the writer has posted its last message: delivers what is still in
 * it, then closes asynchronously and frees itself. NULL is allowed. */
void mailbox_close(struct mailbox *mailbox);

#endif
