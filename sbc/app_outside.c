/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the signalling core hears and says: sockets, fetches, lookups, media, files. Signalling
 * thread. */

#include "base/err.h"
#include "sbc/app_internal.h"
#include "sbc/listeners.h"

static void note(struct app *app, bool is_incoming, enum transport_kind kind, unsigned listener,
	const struct netaddr *peer, struct slice bytes)
{
	const struct witness_message message = {
		.is_incoming = is_incoming,
		.transport = kind,
		.local = listener < LISTENER_MAX
				 ? sbc_listeners(app->sbc)->items[listener].sent_by
				 : "",
		.peer = *peer,
		.bytes = bytes,
	};

	witness_message(app->witness, &message);
}

void app_on_receive(struct slice bytes, const struct transport_source *source, void *arg)
{
	struct app *app = arg;

	note(app, true, source->kind, source->listener, &source->peer, bytes);
	sbc_receive(app->sbc, bytes, source, clock_monotonic_us());
}

void app_on_broken(
	struct slice bytes, bool is_too_large, const struct transport_source *source, void *arg)
{
	struct app *app = arg;

	note(app, true, source->kind, source->listener, &source->peer, bytes);
	sbc_broken(app->sbc, bytes, is_too_large, source, clock_monotonic_us());
}

void app_on_failed(uint64_t tag, const char *why, void *arg)
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

static void on_close_listener(unsigned listener, void *arg)
{
	struct app *app = arg;

	transport_close_listener(app->transport, listener);
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

void app_on_fetched(const struct http_get_result *result, void *arg)
{
	struct app *app = arg;

	sbc_fetched(app->sbc, result, clock_monotonic_us());
}

static int on_resolve(const struct resolve_question *question, void *arg)
{
	struct app *app = arg;

	return app->resolver ? resolver_start(app->resolver, question) : SBC_ESTATE;
}

void app_on_resolved(const struct resolve_result *result, void *arg)
{
	struct app *app = arg;

	sbc_resolved(app->sbc, result, clock_monotonic_us());
}

void app_on_media(const struct media_event *ev, void *arg)
{
	struct app *app = arg;

	if (app->sbc)
		sbc_media_event(app->sbc, ev, clock_monotonic_us());
}

/* On a media loop's thread. */
void app_on_secret(struct slice line, void *arg)
{
	struct app *app = arg;

	witness_secret(app->witness, line);
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

/* Making one costs time; a trace hears by it that a call is over. */
static bool needs_records(const struct config *config)
{
	return config->call_records[0] || config->call_records_sqlite[0] ||
	       config->history_kib || config->trace.pcap_dir[0] ||
	       netaddr_is_set(&config->trace.hep_address);
}

void app_outside(struct sbc_outside *out, struct app *app)
{
	*out = (struct sbc_outside){.send = on_send,
		.fetch = on_fetch,
		.resolve = on_resolve,
		.alias = on_alias,
		.close_listener = on_close_listener,
		.wall_s = on_wall,
		.record = needs_records(app->config) ? on_record : NULL,
		.leg = on_leg,
		.arg = app};
}
