/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shell around the signalling core: it owns the loop, the clock, the sockets and the
 * files, feeds the core and carries out what it wants. Signalling thread.
 *
 *   start ──► running ──signal──► draining ──drained, or signal──► closing ──► all closed
 *      └───────────────────────── a part did not start ──────────────▲
 */

#include "sbc/app.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/app_internal.h"
#include "sbc/listeners.h"
#include "sbc/overload.h"
#include "sbc/privileges.h"

void app_on_load(unsigned busy_permille, void *arg)
{
	struct app *app = arg;
	struct transport_counters counters;
	uint64_t rested;

	if (!app->sbc || !app->transport)
		return;
	transport_counters(app->transport, &counters);
	rested = (counters.rested_us - app->rested_us) / OVERLOAD_TICK_MS; /* permille */
	app->rested_us = counters.rested_us;
	sbc_note_load(app->sbc, rested < busy_permille ? busy_permille - (unsigned)rested : 0);
}

static void on_drained(void *arg)
{
	struct app *app = arg;

	if (app->state == APP_DRAINING)
		log_event(app->log, LOG_INFO, "sbc", "drained", "state=closing");
	app_close_parts(app);
}

void app_on_reloaded(int err, const char *why, struct config *config, bool is_last, void *arg)
{
	struct app *app = arg;

	(void)why;
	/* The manager has heard of one reload, however often it was asked for. */
	if (is_last)
		service_ready(app->service,
			err ? "running; the last reload was refused, see the log" : "running");
	if (err)
		return;
	if (app->resolver)
		resolver_set_config(app->resolver, config);
	config_unref(app->config);
	app->config = config_ref(config);
	log_set_level(app->log, config->log_level);
}

void app_on_hangup(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;

	(void)number;
	if (app->state != APP_RUNNING)
		return;
	service_reloading(app->service);
	reload_start(app->reload);
}

void app_on_stop(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;
	usec_t now = clock_monotonic_us();
	struct sbc_counters counters;

	if (app->state == APP_DRAINING) {
		log_event(app->log, LOG_WARN, "sbc", "stop.now", "signal=%d", number);
		app_close_parts(app);
		return;
	}
	if (app->state != APP_RUNNING)
		return;
	app->state = APP_DRAINING;
	service_stopping(app->service, "calls are being ended");
	sbc_counters(app->sbc, &counters);
	log_event(app->log, LOG_INFO, "sbc", "stop", "signal=%d calls=%llu limit_ms=%u", number,
		(unsigned long long)counters.calls_now, app->config->limits.shutdown_ms);
	sbc_drain(app->sbc, now, now + app->config->limits.shutdown_ms * USEC_PER_MS,
		on_drained, app);
}

/* For the operator: what is where. */
static void tell_start(const struct app *app)
{
	const struct listener_slots *listeners = sbc_listeners(app->sbc);
	const struct config *config = app->config;
	char text[NETADDR_TEXT_MAX], url[POLICY_LINK_URL_MAX];
	char privileges[PRIVILEGES_TEXT_MAX];

	log_event(app->log, LOG_INFO, "sbc", "start", "version=%s pid=%ld %s",
		COUNTERSIP_VERSION, (long)getpid(),
		privileges_print(privileges, sizeof(privileges)));
	if (geteuid() == 0)
		log_event(app->log, LOG_WARN, "sbc", "root",
			"why=\"runs as root: name another with user:\"");
	for (unsigned i = 0; i < listeners->count; i++)
		log_event(app->log, LOG_INFO, "sbc", "listening",
			"transport=%s address=%s advertised=%s",
			transport_kind_name(listeners->items[i].kind),
			netaddr_print(&listeners->items[i].address, text),
			listeners->items[i].sent_by);
	for (size_t i = 0; i < config->domain_count; i++)
		log_event(app->log, LOG_INFO, "sbc", "serving", "domain=%s certificate=%s",
			config->domains[i].name, policy_link_info_url(config, i, false, url));
	if (config->http.is_enabled)
		log_event(app->log, LOG_INFO, "sbc", "listening", "transport=HTTPS address=%s",
			netaddr_print(&config->http.address, text));
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].accept_4474 || config->peers[i].sign_4474)
			log_event(app->log, LOG_WARN, "sbc", "weak",
				"peer=%s why=\"RFC 4474 signatures rest on SHA-1\"",
				config->peers[i].name);
}

static int start(struct app *app)
{
	int err = app_start_parts(app);

	if (err)
		return err;
	app->state = APP_RUNNING;
	tell_start(app);
	service_ready(app->service, "running");
	return 0;
}

static void free_all(struct app *app)
{
	sbc_free(app->sbc);
	app->sbc = NULL;
	policy_link_free(app->policy);
	if (app->is_ticking)
		timers_detach(&app->timers);
	uv_run(&app->loop, UV_RUN_DEFAULT);
	timers_fini(&app->timers);
	witness_close(app->witness);
	mem_wipe(&app->random_pool, sizeof(app->random_pool));
	credentials_fini(&app->credentials);
	config_unref(app->config);
	if (uv_loop_close(&app->loop))
		log_event(app->log, LOG_ERROR, "sbc", "stop.unclean", "why=\"open handles\"");
	log_event(app->log, LOG_INFO, "sbc", "stopped", "pid=%ld", (long)getpid());
	log_close(app->log);
	mem_free(app);
}

enum app_end app_run(struct config *config, const char *path, int log_fd)
{
	struct app *app = mem_alloc(sizeof(*app));
	bool is_started;

	if (!app)
		return APP_NOT_STARTED;
	if (uv_loop_init(&app->loop)) {
		mem_free(app);
		return APP_NOT_STARTED;
	}
	app->path = path;
	app->config = config_ref(config);
	if (log_open(&app->log, log_fd, config->log_level)) {
		config_unref(config);
		uv_loop_close(&app->loop);
		mem_free(app);
		return APP_NOT_STARTED;
	}
	is_started = !start(app);
	if (!is_started)
		app_close_parts(app);
	while (app->state != APP_CLOSING || app->open_count)
		uv_run(&app->loop, UV_RUN_ONCE);
	free_all(app);
	return is_started ? APP_ENDED : APP_NOT_STARTED;
}
