/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SERVICE_H
#define SBC_SERVICE_H

#include <stdbool.h>

#include <uv.h>

#include "base/clock.h"

/*
 * What the service manager is told (sd_notify(3): NOTIFY_SOCKET, WATCHDOG_USEC): when we are
 * ready, while we reload and stop, one line of status for `systemctl status`, and at half the
 * watchdog's time that we live. A manager that does not read loses its message, nothing waits.
 * Without a manager everything here does nothing. Signalling thread.
 */
struct service;

/* Is every part alive? false: the watchdog is not told, and the manager ends us in time. */
typedef bool(service_alive_h)(usec_t now, void *arg);

/* Reads the environment, and takes its variables out of it. SBC_ENOMEM, SBC_EINVAL: a socket's
 * name that cannot be one. */
int service_open(struct service **out, uv_loop_t *loop, service_alive_h *alive, void *arg);

/* status: one line, may be NULL. */
void service_ready(struct service *service, const char *status);
void service_reloading(struct service *service);
void service_stopping(struct service *service, const char *status);
void service_status(struct service *service, const char *status);

typedef void(service_closed_h)(void *arg);
/* closed runs on the loop as the last thing; the memory goes after it. */
void service_close(struct service *service, service_closed_h *closed, void *arg);

#endif
