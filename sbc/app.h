/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_APP_H
#define SBC_APP_H

#include "sbc/config.h"

/*
 * The running program: builds everything that a configuration asks for around the
 * signalling core, on a loop of its own, and takes it apart again in order. Private to the
 * sbc room.
 */
enum app_end {
	APP_ENDED = 0,      /* was asked to stop, and everything was closed */
	APP_NOT_STARTED = 1 /* the log says why */
};

/*
 * Runs in the foreground until SIGTERM or SIGINT: calls are ended with BYE, which may take
 * limits.shutdown_ms; a second signal does not wait for that. SIGHUP reads path, where config
 * came from, again. log_fd: borrowed.
 */
enum app_end app_run(struct config *config, const char *path, int log_fd);

#endif
