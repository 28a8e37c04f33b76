/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The service manager's notification socket (sd_notify(3)): one datagram a message. */

#include "sbc/service.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/slice.h"

#define MESSAGE_MAX 512 /* bytes */
#define RETRIES     8   /* in a period, once something is not alive */

struct service {
	int fd; /* -1: nobody to tell */
	struct sockaddr_un to;
	socklen_t to_len;
	usec_t watchdog; /* 0: none is wanted */
	uv_timer_t timer;
	service_alive_h *alive;
	service_closed_h *closed;
	void *arg, *closed_arg;
};

static void tell(struct service *service, const char *message)
{
	if (service->fd < 0)
		return;
	while (sendto(service->fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
		       (const struct sockaddr *)&service->to, service->to_len) < 0 &&
		errno == EINTR)
		;
}

static void tell_state(struct service *service, const char *state, const char *status)
{
	char message[MESSAGE_MAX];

	snprintf(message, sizeof(message), "%s%s%s%s", state, state[0] && status ? "\n" : "",
		status ? "STATUS=" : "", status ? status : "");
	tell(service, message);
}

/* An absolute path, or '@' and a name of the abstract space. */
static int read_address(struct service *service, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(service->to.sun_path) ||
		!name[1])
		return SBC_EINVAL;
	service->to.sun_family = AF_UNIX;
	memcpy(service->to.sun_path, name, len);
	if (name[0] == '@')
		service->to.sun_path[0] = '\0';
	service->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

/* Half of what is allowed, as sd_watchdog_enabled(3) advises. Another process's is not ours. */
static usec_t read_watchdog(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value, whose = (uint64_t)getpid();

	if (!time || slice_to_u64(slice_str(time), INT64_MAX, &value))
		return 0;
	if (pid && slice_to_u64(slice_str(pid), INT32_MAX, &whose))
		return 0;
	return whose == (uint64_t)getpid() ? (usec_t)(value / 2) : 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct service *service = timer->data;
	bool is_alive = !service->alive || service->alive(clock_monotonic_us(), service->arg);
	uint64_t period = (uint64_t)(service->watchdog / USEC_PER_MS);

	if (is_alive)
		tell(service, "WATCHDOG=1");
	else /* there is half the time left: what was late only is seen in it */
		period = period / RETRIES + 1;
	uv_timer_set_repeat(timer, period);
	uv_timer_again(timer);
}

static int begin(struct service *service, const char *name)
{
	int err = read_address(service, name);

	if (err)
		return err;
	service->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (service->fd < 0)
		return SBC_EIO;
	service->watchdog = read_watchdog();
	return 0;
}

int service_open(struct service **out, uv_loop_t *loop, service_alive_h *alive, void *arg)
{
	struct service *service = mem_alloc(sizeof(*service));
	const char *name = getenv("NOTIFY_SOCKET");
	uint64_t period_ms;
	int err;

	if (!service)
		return SBC_ENOMEM;
	service->fd = -1;
	service->alive = alive;
	service->arg = arg;
	err = name ? begin(service, name) : 0;
	if (err) {
		mem_free(service);
		return err;
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	uv_timer_init(loop, &service->timer);
	service->timer.data = service;
	period_ms = (uint64_t)(service->watchdog / USEC_PER_MS);
	if (period_ms)
		uv_timer_start(&service->timer, on_timer, 0, period_ms);
	*out = service;
	return 0;
}

void service_ready(struct service *service, const char *status)
{
	tell_state(service, "READY=1", status);
}

void service_reloading(struct service *service)
{
	char message[MESSAGE_MAX];

	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)clock_monotonic_us());
	tell(service, message);
}

void service_stopping(struct service *service, const char *status)
{
	tell_state(service, "STOPPING=1", status);
}

void service_status(struct service *service, const char *status)
{
	tell_state(service, "", status);
}

static void on_closed(uv_handle_t *handle)
{
	struct service *service = handle->data;

	if (service->fd >= 0)
		close(service->fd);
	if (service->closed)
		service->closed(service->closed_arg);
	mem_free(service);
}

void service_close(struct service *service, service_closed_h *closed, void *arg)
{
	service->closed = closed;
	service->closed_arg = arg;
	uv_close((uv_handle_t *)&service->timer, on_closed);
}
