/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a service manager hears: sd_notify(3), sd_watchdog_enabled(3). */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <uv.h>

#include "base/err.h"
#include "sbc/service.h"

struct manager {
	uv_loop_t loop;
	int fd;
	char name[64];
	char heard[600];
	struct service *service;
	bool is_alive;
	bool is_closed;
};

/* An address of the abstract space, of this process alone. */
static int setup(void **state)
{
	static struct manager manager;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len;

	memset(&manager, 0, sizeof(manager));
	len = snprintf(
		manager.name, sizeof(manager.name), "@countersip-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, manager.name + 1, (size_t)len - 1);
	manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(0, bind(manager.fd, (struct sockaddr *)&address,
				    (socklen_t)(sizeof(sa_family_t) + (size_t)len)));
	assert_int_equal(0, uv_loop_init(&manager.loop));
	setenv("NOTIFY_SOCKET", manager.name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = &manager;
	return 0;
}

static void on_closed(void *arg)
{
	((struct manager *)arg)->is_closed = true;
}

static int teardown(void **state)
{
	struct manager *manager = *state;

	if (manager->service) {
		service_close(manager->service, on_closed, manager);
		uv_run(&manager->loop, UV_RUN_DEFAULT);
		assert_true(manager->is_closed);
	}
	assert_int_equal(0, uv_loop_close(&manager->loop));
	close(manager->fd);
	unsetenv("NOTIFY_SOCKET");
	return 0;
}

static bool alive(usec_t now, void *arg)
{
	assert_true(now > 0);
	return ((struct manager *)arg)->is_alive;
}

static void begin(struct manager *manager)
{
	assert_int_equal(0, service_open(&manager->service, &manager->loop, alive, manager));
}

/* "" when nothing came. */
static const char *hear(struct manager *manager)
{
	ssize_t n = recv(manager->fd, manager->heard, sizeof(manager->heard) - 1, 0);

	manager->heard[n > 0 ? n : 0] = '\0';
	return manager->heard;
}

static void tells_each_state(void **state)
{
	struct manager *manager = *state;

	begin(manager);
	assert_null(getenv("NOTIFY_SOCKET")); /* nobody whom we start would speak for us */
	assert_string_equal("", hear(manager));
	service_ready(manager->service, "running");
	assert_string_equal("READY=1\nSTATUS=running", hear(manager));
	service_reloading(manager->service);
	assert_int_equal(0, strncmp(hear(manager), "RELOADING=1\nMONOTONIC_USEC=", 27));
	service_ready(manager->service, NULL);
	assert_string_equal("READY=1", hear(manager));
	service_status(manager->service, "17 calls");
	assert_string_equal("STATUS=17 calls", hear(manager));
	service_stopping(manager->service, "calls are being ended");
	assert_string_equal("STOPPING=1\nSTATUS=calls are being ended", hear(manager));
}

static void run_for(struct manager *manager, usec_t time)
{
	usec_t end = clock_monotonic_us() + time;

	while (clock_monotonic_us() < end) {
		uv_run(&manager->loop, UV_RUN_NOWAIT);
		usleep(500);
	}
}

static void watchdog_only_while_alive(void **state)
{
	struct manager *manager = *state;

	setenv("WATCHDOG_USEC", "20000", 1);
	begin(manager);
	manager->is_alive = true;
	run_for(manager, 50 * USEC_PER_MS);
	assert_string_equal("WATCHDOG=1", hear(manager));
	assert_string_equal("WATCHDOG=1", hear(manager));
	manager->is_alive = false;
	uv_run(&manager->loop, UV_RUN_NOWAIT);
	while (hear(manager)[0])
		;
	run_for(manager, 50 * USEC_PER_MS);
	assert_string_equal("", hear(manager));
	/* It was late only. */
	manager->is_alive = true;
	run_for(manager, 50 * USEC_PER_MS);
	assert_string_equal("WATCHDOG=1", hear(manager));
}

/* What does not live is asked again before the time is over, not only half of it later. */
static void asks_again_soon(void **state)
{
	struct manager *manager = *state;
	usec_t before;

	setenv("WATCHDOG_USEC", "2000000", 1);
	begin(manager);
	run_for(manager, 5 * USEC_PER_MS);
	manager->is_alive = true;
	before = clock_monotonic_us();
	while (!hear(manager)[0] && clock_monotonic_us() < before + USEC_PER_SEC)
		run_for(manager, USEC_PER_MS);
	assert_string_equal("WATCHDOG=1", manager->heard);
	assert_true(clock_monotonic_us() - before < 900 * USEC_PER_MS);
}

static void not_for_another_process(void **state)
{
	struct manager *manager = *state;

	setenv("WATCHDOG_USEC", "4000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	begin(manager);
	manager->is_alive = true;
	run_for(manager, 20 * USEC_PER_MS);
	assert_string_equal("", hear(manager));
}

static void without_a_manager(void **state)
{
	struct manager *manager = *state;

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "4000", 1);
	begin(manager);
	service_ready(manager->service, "running");
	run_for(manager, 10 * USEC_PER_MS);
	assert_string_equal("", hear(manager));
}

static void refuses_a_wrong_name(void **state)
{
	struct manager *manager = *state;
	char long_name[200];

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[0] = '/';
	long_name[sizeof(long_name) - 1] = '\0';
	for (size_t i = 0; i < 4; i++) {
		const char *const names[] = {"", "relative", "@", long_name};
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_int_equal(SBC_EINVAL,
			service_open(&manager->service, &manager->loop, alive, manager));
	}
}

/* A manager that does not read: we do not wait for it. */
static void never_waits(void **state)
{
	struct manager *manager = *state;

	begin(manager);
	for (int i = 0; i < 10000; i++)
		service_status(manager->service, "again");
	assert_string_equal("STATUS=again", hear(manager));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_each_state, setup, teardown),
		cmocka_unit_test_setup_teardown(watchdog_only_while_alive, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_again_soon, setup, teardown),
		cmocka_unit_test_setup_teardown(not_for_another_process, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_manager, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_a_wrong_name, setup, teardown),
		cmocka_unit_test_setup_teardown(never_waits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
