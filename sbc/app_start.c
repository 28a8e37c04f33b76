/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the running program, started one after the other. Signalling thread. */

#include <signal.h>
#include <stdio.h>

#include <sys/resource.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/app_internal.h"
#include "sbc/listeners.h"
#include "sbc/overload.h"

#define FAULT_MAX    512  /* bytes of a sentence on what did not start */
#define TIMERS_SPARE 1024 /* beside those of transactions and calls */

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

/* This loop turns: it asks. The media loops are to answer before they are asked again. */
static bool is_alive(usec_t now, void *arg)
{
	struct app *app = arg;
	unsigned stuck = app->media ? media_link_stuck_loops(app->media) : 0;

	(void)now;
	if (stuck && !app->stuck_loops)
		log_event(app->log, LOG_ERROR, "sbc", "media.stuck", "loops=%u", stuck);
	app->stuck_loops = stuck;
	return !stuck;
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
	err = err ? err : service_open(&app->service, &app->loop, is_alive, app);
	err = err ? err
		  : load_meter_start(
			    &app->load_meter, &app->loop, OVERLOAD_TICK_MS, app_on_load, app);
	err = err ? err : open_signal(app, &app->terminate, SIGTERM, app_on_stop);
	err = err ? err : open_signal(app, &app->interrupt, SIGINT, app_on_stop);
	err = err ? err : open_signal(app, &app->hangup, SIGHUP, app_on_hangup);
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
		err = http_get_new(&app->http_get, &app->loop, &to, app_on_fetched, app);
	mem_free(hosts);
	return err ? refuse(app, err, "fetch", NULL) : 0;
}

static int start_core(struct app *app)
{
	struct random_source random = random_pooled(&app->random_pool);
	struct policy_setup policy = {
		.config = app->config, .credentials = &app->credentials, .random = &random};
	char fault[FAULT_MAX] = "";
	struct media_link_ears ears = {.event = app_on_media, .arg = app};
	struct sbc_setup setup;
	int err = policy_link_new(&app->policy, &policy, fault, sizeof(fault));

	if (err)
		return refuse(app, err, "domains", fault);
	err = policy_link_check_trunks(
		app->policy, app->config, clock_wall_s(), fault, sizeof(fault));
	if (err)
		return refuse(app, err, "peers", fault);
	if (app->config->lab.key_log[0])
		ears.secret = app_on_secret;
	err = media_link_new(&app->media, app->config, &app->loop, &ears);
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
	};
	app_outside(&setup.outside, app);
	err = sbc_new(&app->sbc, &setup);
	return err ? refuse(app, err, "core", NULL) : 0;
}

static int start_resolver(struct app *app)
{
	struct resolve_setup setup = {.loop = &app->loop,
		.config = app->config,
		.servers = app->config->dns_servers,
		.random = random_system(),
		.done = app_on_resolved,
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
		.media = app->media,
		.transport = app->transport,
		.http_get = app->http_get,
		.web = app->web,
		.started = &app->credentials,
		.done = app_on_reloaded,
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
	to->receive = app_on_receive;
	to->broken = app_on_broken;
	to->failed = app_on_failed;
	to->arg = app;
	to->log = app->log;
	listeners_fill(to, config, &app->credentials, sbc_listeners(app->sbc), names);
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

int app_start_parts(struct app *app)
{
	int err = start_base(app);

	err = err ? err : start_files(app);
	err = err ? err : start_core(app);
	err = err ? err : start_resolver(app);
	err = err ? err : start_transport(app);
	if (!err && app->config->http.is_enabled)
		err = start_web(app);
	err = err ? err : start_reload(app);
	if (!err && app->config->rpc.is_enabled)
		err = start_rpc(app);
	return err;
}
