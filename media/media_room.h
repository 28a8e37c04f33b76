/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_MEDIA_ROOM_H
#define MEDIA_MEDIA_ROOM_H

#include "media/loop.h"
#include "media/media.h"
#include "media/names.h"
#include "media/own.h"
#include "media/port_pool.h"

/* What stands behind the door: media.c has its life, media_sessions.c the sessions. The
 * signalling loop's; what the media loops have is theirs alone. */
struct media {
	struct media_config config;
	struct own *own;       /* of sessions that begin now */
	uv_loop_t *signalling; /* borrowed */
	media_event_h *handler;
	void *arg;                                /* borrowed */
	struct media_loop *loops[MEDIA_LOOP_MAX]; /* owned */
	struct names names[MEDIA_LOOP_MAX];
	struct port_pool pools[MEDIA_INTERFACE_MAX];
	unsigned session_count; /* with names */

	bool is_stopping;
	unsigned running; /* loops that have not said their last word */
	uv_timer_t finish;
	media_stopped_h *stopped;
	void *stopped_arg; /* borrowed */
};

#endif
