/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the running program, closed. Signalling thread. */

#include "sbc/app_internal.h"

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
void app_close_parts(struct app *app)
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
