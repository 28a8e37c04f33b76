/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_LOOP_H
#define MEDIA_LOOP_H

#include "base/mailbox.h"
#include "media/media_msg.h"

/*
 * A media loop: one thread with a libuv loop, its sessions, buffers and DTLS settings.
 * Commands go down and reports come up through mailboxes. All functions here are the
 * signalling thread's.
 */
struct media_loop;

struct media_loop_config {
	const struct media_config *media; /* borrowed, outlives the loop, never changes */
	uint16_t index;
	uint16_t slot_count;
	uv_loop_t *signalling; /* borrowed; reports arrive there */
	mailbox_h *on_report;  /* a struct report */
	void *arg;             /* borrowed */
};

/* Starts the thread. SBC_ENOMEM, SBC_ECRYPTO, SBC_EIO. */
int media_loop_new(struct media_loop **out, const struct media_loop_config *config);

/* SBC_EAGAIN: full. Room for a CLOSE of every slot and for STOP is kept back from the other
 * commands, so these two never fail. What command points to changes owner on success. */
int media_loop_post(struct media_loop *loop, const struct command *command);

/* Adds one where it is so: it works by io_uring; it did, until that failed. */
void media_loop_rings(const struct media_loop *loop, unsigned *in_use, unsigned *lost);

/* Has the loop turned since this was asked last? It is asked anew each time; nothing is
 * waited for. Not after COMMAND_STOP. */
bool media_loop_is_alive(struct media_loop *loop);

/* After COMMAND_STOP was posted and, when the loop runs on, its last report has come: joins
 * the thread and frees all. Not within on_report. */
void media_loop_free(struct media_loop *loop);

#endif
