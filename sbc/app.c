/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shell around the signalling core: it owns the loop, the clock, the sockets and the
 * files, feeds the core and carries out what it wants. Signalling thread.
 *
 *   start ──► running ──signal──► draining ──drained, or signal──► closing ──► all closed
 *      └───────────────────────── a part did not start ──────────────▲
 */

#include "sbc/app.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/resource.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/credentials.h"
#include "sbc/listeners.h"
#include "sbc/load_meter.h"
#include "sbc/media_link.h"
#include "sbc/overload.h"
#include "sbc/policy_link.h"
#include "sbc/privileges.h"
#include "sbc/reload.h"
#include "sbc/resolve.h"
#include "sbc/rpc_server.h"
#include "sbc/sbc.h"
#include "sbc/service.h"
#include "sbc/web.h"
#include "sbc/witness.h"

#define FAULT_MAX    512  /* bytes of a sentence on what did not start */
#define TIMERS_SPARE 1024 /* beside those of transactions and calls */

enum app_state { APP_STARTING, APP_RUNNING, APP_DRAINING, APP_CLOSING };

struct app {
	enum app_state state;
	unsigned open_count; /* parts that have yet to say they are closed */
	uv_loop_t loop;
	struct timers timers;
	bool is_ticking; /* timers are attached */
	uv_signal_t terminate, interrupt, hangup;
	struct load_meter load_meter;
	struct config *config; /* counted */
	const char *path;      /* borrowed */
	struct reload *reload;
	struct resolver *resolver;
	struct log *log; /* owned, as everything below */
	struct credentials credentials;
	struct witness *witness;
	struct policy *policy;
	struct media *media;
	struct http_get *http_get;
	struct transport *transport;
	struct web *web;
	struct rpc_server *rpc;
	struct service *service;
	struct sbc *sbc;
	char sent_by[LISTENER_MAX][128]; /* for the trace */
	struct random_pool random_pool;
	uint64_t rested_us; /* until the last tick */
};

/* ---- what the core hears and says ---- */

static void note(struct app *app, bool is_incoming, enum transport_kind kind, unsigned listener,
	const struct netaddr *peer, struct slice bytes)
{
	const struct witness_message message = {
		.is_incoming = is_incoming,
		.transport = kind,
		.local = listener < LISTENER_MAX ? app->sent_by[listener] : "",
		.peer = *peer,
		.bytes = bytes,
	};

	witness_message(app->witness, &message);
}

static void on_receive(struct slice bytes, const struct transport_source *source, void *arg)
{
	struct app *app = arg;

	note(app, true, source->kind, source->listener, &source->peer, bytes);
	sbc_receive(app->sbc, bytes, source, clock_monotonic_us());
}

static void on_broken(
	struct slice bytes, bool is_too_large, const struct transport_source *source, void *arg)
{
	struct app *app = arg;

	note(app, true, source->kind, source->listener, &source->peer, bytes);
	sbc_broken(app->sbc, bytes, is_too_large, source, clock_monotonic_us());
}

static void on_failed(uint64_t tag, const char *why, void *arg)
{
	struct app *app = arg;

	log_event(app->log, LOG_DEBUG, "sbc", "send.failed", "why=\"%s\"", why);
	sbc_transport_failed(app->sbc, tag, clock_monotonic_us());
}

static int on_send(
	const struct hop *hop, uint64_t tag, const void *bytes, size_t len, void *arg)
{
	struct app *app = arg;
	struct netaddr peer = hop->addr;

	transport_flow_peer(app->transport, hop->flow, &peer);
	note(app, false, hop->kind, hop->listener, &peer, slice_of(bytes, len));
	return transport_send(app->transport, hop, tag, bytes, len);
}

static int on_alias(struct flow_id flow, uint16_t port, struct slice name, void *arg)
{
	struct app *app = arg;

	return transport_flow_alias(app->transport, flow, port, name);
}

static int on_fetch(struct slice url, bool allow_http, void *arg)
{
	struct app *app = arg;

	return http_get_start(app->http_get, url, allow_http);
}

static void on_fetched(const struct http_get_result *result, void *arg)
{
	struct app *app = arg;

	sbc_fetched(app->sbc, result, clock_monotonic_us());
}

static int on_resolve(const struct resolve_question *question, void *arg)
{
	struct app *app = arg;

	return app->resolver ? resolver_start(app->resolver, question) : SBC_ESTATE;
}

static void on_resolved(const struct resolve_result *result, void *arg)
{
	struct app *app = arg;

	sbc_resolved(app->sbc, result, clock_monotonic_us());
}

static void on_media(const struct media_event *ev, void *arg)
{
	struct app *app = arg;

	if (app->sbc)
		sbc_media_event(app->sbc, ev, clock_monotonic_us());
}

static int64_t on_wall(void *arg)
{
	(void)arg;
	return clock_wall_s();
}

static void on_record(uint64_t number, struct slice json, void *arg)
{
	struct app *app = arg;

	witness_record(app->witness, number, json);
}

static void on_leg(const struct sbc_leg_note *leg, void *arg)
{
	struct app *app = arg;

	witness_leg(app->witness, leg);
}

/* ---- the way down ---- */

static void count_closed(struct app *app)
{
	app->open_count--;
}

static void on_signal_closed(uv_handle_t *handle)
{
	count_closed(handle->data);
}

static void on_transport_closed(void *arg)
{
	struct app *app = arg;

	app->transport = NULL;
	count_closed(app);
}

static void on_media_stopped(void *arg)
{
	struct app *app = arg;

	app->media = NULL;
	count_closed(app);
}

static void on_http_get_closed(void *arg)
{
	struct app *app = arg;

	app->http_get = NULL;
	count_closed(app);
}

static void on_resolver_closed(void *arg)
{
	count_closed(arg);
}

static void on_web_closed(void *arg)
{
	struct app *app = arg;

	app->web = NULL;
	count_closed(app);
}

static void on_rpc_closed(void *arg)
{
	struct app *app = arg;

	app->rpc = NULL;
	count_closed(app);
}

static void on_service_closed(void *arg)
{
	struct app *app = arg;

	app->service = NULL;
	count_closed(app);
}

static void on_load(unsigned busy_permille, void *arg)
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

static void close_signal(struct app *app, uv_signal_t *handle)
{
	/* From now on a signal ends the process the usual way. */
	if (handle->data) {
		app->open_count++;
		uv_close((uv_handle_t *)handle, on_signal_closed);
	}
}

/* Whatever did start. The core stays until the last of them is closed: it hears of the
 * sessions that the media room closes. */
static void close_parts(struct app *app)
{
	if (app->state == APP_CLOSING)
		return;
	app->state = APP_CLOSING;
	close_signal(app, &app->terminate);
	close_signal(app, &app->interrupt);
	close_signal(app, &app->hangup);
	if (app->load_meter.arg) {
		app->open_count++;
		load_meter_close(&app->load_meter, on_signal_closed);
	}
	reload_close(app->reload);
	app->reload = NULL;
	app->open_count += !!app->http_get + !!app->web + !!app->media + !!app->transport +
			   !!app->rpc + !!app->service;
	if (app->service)
		service_close(app->service, on_service_closed, app);
	if (app->rpc)
		rpc_server_close(app->rpc, on_rpc_closed, app);
	if (app->resolver) {
		struct resolver *resolver = app->resolver;
		app->open_count++;
		app->resolver = NULL;
		resolver_close(resolver, on_resolver_closed, app);
	}
	if (app->http_get)
		http_get_close(app->http_get, on_http_get_closed, app);
	if (app->web)
		web_close(app->web, on_web_closed, app);
	if (app->media)
		media_link_stop(app->media, on_media_stopped, app);
	if (app->transport)
		transport_close(app->transport, on_transport_closed, app);
}

static void on_drained(void *arg)
{
	struct app *app = arg;

	if (app->state == APP_DRAINING)
		log_event(app->log, LOG_INFO, "sbc", "drained", "state=closing");
	close_parts(app);
}

static void on_reloaded(int err, const char *why, struct config *config, void *arg)
{
	struct app *app = arg;

	(void)why;
	service_ready(app->service,
		err ? "running; the last reload was refused, see the log" : "running");
	if (err)
		return;
	config_unref(app->config);
	app->config = config_ref(config);
	log_set_level(app->log, config->log_level);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;

	(void)number;
	if (app->state != APP_RUNNING)
		return;
	service_reloading(app->service);
	reload_start(app->reload);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;
	usec_t now = clock_monotonic_us();
	struct sbc_counters counters;

	if (app->state == APP_DRAINING) {
		log_event(app->log, LOG_WARN, "sbc", "stop.now", "signal=%d", number);
		close_parts(app);
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

/* ---- the way up ---- */

static int refuse(struct app *app, int err, const char *part, const char *why)
{
	log_event(app->log, LOG_ERROR, "sbc", "start.failed", "part=%s why=\"%s\"", part,
		why && why[0] ? why : err_name(err));
	return err;
}

/* A connection and a call take descriptors: what the administrator allows at most. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_signal(struct app *app, uv_signal_t *handle, int number, uv_signal_cb heard)
{
	int err = uv_signal_init(&app->loop, handle);

	if (err)
		return err;
	handle->data = app;
	return uv_signal_start(handle, heard, number);
}

static int start_base(struct app *app)
{
	const struct config_limits *limits = &app->config->limits;
	int err;

	signal(SIGPIPE, SIG_IGN); /* a phone that hangs up is an error, not the end */
	raise_file_limit();
	/* A transaction runs two timers at most, a call's legs and itself three each. */
	timers_init(&app->timers,
		2 * (size_t)limits->transactions + 9 * (size_t)limits->calls + TIMERS_SPARE);
	err = timers_attach(&app->timers, &app->loop);
	app->is_ticking = !err;
	err = err ? err : service_open(&app->service, &app->loop, NULL, NULL);
	err = err ? err
		  : load_meter_start(
			    &app->load_meter, &app->loop, OVERLOAD_TICK_MS, on_load, app);
	err = err ? err : open_signal(app, &app->terminate, SIGTERM, on_signal);
	err = err ? err : open_signal(app, &app->interrupt, SIGINT, on_signal);
	err = err ? err : open_signal(app, &app->hangup, SIGHUP, on_hangup);
	return err ? refuse(app, err, "loop", NULL) : 0;
}

static void on_made(const char *sentence, void *arg)
{
	struct app *app = arg;

	log_event(app->log, LOG_INFO, "sbc", "provision", "did=\"%s\"", sentence);
}

static void on_fault(const char *sentence, void *arg)
{
	struct app *app = arg;

	refuse(app, SBC_EIO, "files", sentence);
}

static int start_files(struct app *app)
{
	struct provision say = {.state_dir = app->config->state_dir,
		.now_s = clock_wall_s(),
		.made = on_made,
		.fault = on_fault,
		.arg = app};
	char fault[FAULT_MAX] = "";
	int err = credentials_load(&app->credentials, app->config, &say);

	if (err)
		return err;
	err = witness_open(&app->witness, app->config, app->log, fault, sizeof(fault));
	return err ? refuse(app, err, "files", fault) : 0;
}

static int start_http_get(struct app *app)
{
	const struct config *config = app->config;
	const struct config_fetch *fetch = &config->fetch;
	struct http_get_host *hosts = mem_array(config->host_count + 1, sizeof(*hosts));
	struct http_get_config to = {.ca_pem = buf_slice(&app->credentials.fetch_ca),
		.allow = fetch->allow,
		.allow_count = fetch->allow_count,
		.hosts = hosts,
		.host_count = config->host_count,
		.redirects = fetch->redirects,
		.timeout_ms = fetch->timeout_ms,
		.size_max = fetch->size_max,
		.parallel_max = fetch->parallel_max,
		.queue_max = fetch->parallel_max};
	int err = SBC_ENOMEM;

	for (size_t i = 0; hosts && i < config->host_count; i++)
		hosts[i] = (struct http_get_host){
			.name = config->hosts[i].name, .address = config->hosts[i].address};
	if (hosts)
		err = http_get_new(&app->http_get, &app->loop, &to, on_fetched, app);
	mem_free(hosts);
	return err ? refuse(app, err, "fetch", NULL) : 0;
}

/* Making one costs time. */
static bool needs_records(const struct config *config)
{
	return config->call_records[0] || config->call_records_sqlite[0] || config->history_kib;
}

static int start_core(struct app *app)
{
	struct random_source random = random_pooled(&app->random_pool);
	struct policy_setup policy = {
		.config = app->config, .credentials = &app->credentials, .random = &random};
	char fault[FAULT_MAX] = "";
	struct sbc_setup setup;
	int err = policy_link_new(&app->policy, &policy, fault, sizeof(fault));

	if (err)
		return refuse(app, err, "domains", fault);
	err = policy_link_check_trunks(
		app->policy, app->config, clock_wall_s(), fault, sizeof(fault));
	if (err)
		return refuse(app, err, "peers", fault);
	err = media_link_new(&app->media, app->config, &app->loop, on_media, app);
	if (err)
		return refuse(app, err, "media", NULL);
	err = start_http_get(app);
	if (err)
		return err;
	setup = (struct sbc_setup){
		.config = app->config,
		.log = app->log,
		.timers = &app->timers,
		.policy = app->policy,
		.media = app->media,
		.random = random,
		.outside = {.send = on_send,
			.fetch = on_fetch,
			.resolve = on_resolve,
			.alias = on_alias,
			.wall_s = on_wall,
			.record = needs_records(app->config) ? on_record : NULL,
			.leg = on_leg,
			.arg = app},
	};
	err = sbc_new(&app->sbc, &setup);
	return err ? refuse(app, err, "core", NULL) : 0;
}

static int start_resolver(struct app *app)
{
	struct resolve_setup setup = {.loop = &app->loop,
		.config = app->config,
		.servers = app->config->dns_servers,
		.random = random_system(),
		.done = on_resolved,
		.arg = app};
	int err = resolver_new(&app->resolver, &setup);

	return err ? refuse(app, err, "dns_servers", NULL) : 0;
}

static int start_reload(struct app *app)
{
	struct reload_setup setup = {.path = app->path,
		.loop = &app->loop,
		.sbc = app->sbc,
		.log = app->log,
		.policy = app->policy,
		.transport = app->transport,
		.done = on_reloaded,
		.arg = app};
	int err = reload_new(&app->reload, &setup);

	return err ? refuse(app, err, "reload", NULL) : 0;
}

static int start_transport(struct app *app)
{
	const struct config *config = app->config;
	struct transport_config *to = mem_alloc(sizeof(*to));
	struct listener_name *names = mem_array(config->domain_count + 1, sizeof(*names));
	char fault[FAULT_MAX] = "";
	int err = SBC_ENOMEM;

	if (!to || !names)
		goto out;
	transport_limits_init(&to->limits);
	to->limits.connection_max = config->limits.connections;
	to->limits.connection_max_per_address = config->limits.connections_per_address;
	to->limits.ping_interval_s = config->limits.ping_interval_s;
	to->receive = on_receive;
	to->broken = on_broken;
	to->failed = on_failed;
	to->arg = app;
	to->log = app->log;
	listeners_fill(to, config, &app->credentials, names);
	for (size_t i = 0; i < to->listener_count; i++)
		snprintf(app->sent_by[i], sizeof(app->sent_by[i]), "%s",
			to->listeners[i].advertised);
	err = transport_open(&app->transport, &app->loop, to, fault, sizeof(fault));
out:
	mem_free(names);
	mem_free(to);
	return err ? refuse(app, err, "listeners", fault) : 0;
}

static int start_web(struct app *app)
{
	const struct web_setup setup = {.config = app->config,
		.credentials = &app->credentials,
		.log = app->log,
		.now = clock_monotonic_us,
		.wall_s = clock_wall_s};
	char fault[FAULT_MAX] = "";
	int err = web_open(&app->web, &app->loop, &setup, fault, sizeof(fault));

	return err ? refuse(app, err, "http", fault) : 0;
}

static int start_rpc(struct app *app)
{
	const struct rpc_world world = {.sbc = app->sbc,
		.transport = app->transport,
		.reload = app->reload,
		.history = witness_history(app->witness),
		.witness = app->witness,
		.log = app->log,
		.start_s = clock_wall_s(),
		.now = clock_monotonic_us};
	char fault[FAULT_MAX] = "";
	int err = rpc_server_open(
		&app->rpc, &app->loop, app->config, &world, fault, sizeof(fault));

	return err ? refuse(app, err, "rpc", fault) : 0;
}

/* For the operator: what is where. */
static void tell_start(const struct app *app)
{
	const struct config *config = app->config;
	char text[NETADDR_TEXT_MAX], url[POLICY_LINK_URL_MAX];
	char privileges[PRIVILEGES_TEXT_MAX];

	log_event(app->log, LOG_INFO, "sbc", "start", "version=%s pid=%ld %s",
		COUNTERSIP_VERSION, (long)getpid(),
		privileges_print(privileges, sizeof(privileges)));
	if (geteuid() == 0)
		log_event(app->log, LOG_WARN, "sbc", "root",
			"why=\"runs as root: name another with user:\"");
	for (size_t i = 0; i < config->listener_count; i++)
		log_event(app->log, LOG_INFO, "sbc", "listening",
			"transport=%s address=%s advertised=%s",
			transport_kind_name(config->listeners[i].transport),
			netaddr_print(&config->listeners[i].address, text), app->sent_by[i]);
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
	int err = start_base(app);

	err = err ? err : start_files(app);
	err = err ? err : start_core(app);
	err = err ? err : start_resolver(app);
	err = err ? err : start_transport(app);
	err = err ? err : start_reload(app);
	if (!err && app->config->http.is_enabled)
		err = start_web(app);
	if (!err && app->config->rpc.is_enabled)
		err = start_rpc(app);
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
		close_parts(app);
	while (app->state != APP_CLOSING || app->open_count)
		uv_run(&app->loop, UV_RUN_ONCE);
	free_all(app);
	return is_started ? APP_ENDED : APP_NOT_STARTED;
}
