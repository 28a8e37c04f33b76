/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_APP_INTERNAL_H
#define SBC_APP_INTERNAL_H

#include "sbc/app.h"
#include "sbc/credentials.h"
#include "sbc/load_meter.h"
#include "sbc/media_link.h"
#include "sbc/policy_link.h"
#include "sbc/reload.h"
#include "sbc/resolve.h"
#include "sbc/rpc_server.h"
#include "sbc/sbc.h"
#include "sbc/service.h"
#include "sbc/web.h"
#include "sbc/witness.h"

/*
 * The running program, what its files share. Signalling thread.
 *
 *   app.c          life: signals, reload, the end
 *   app_start.c    the parts, one after the other
 *   app_stop.c     the parts, closed in order
 *   app_outside.c  what the core hears and says
 */

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
	unsigned stuck_loops; /* of media, when they were asked last */
	struct http_get *http_get;
	struct transport *transport;
	struct web *web;
	struct rpc_server *rpc;
	struct service *service;
	struct sbc *sbc;
	struct random_pool random_pool;
	uint64_t rested_us; /* until the last tick */
};

/* ---- app_start.c ---- */
/* Every part that the configuration asks for; the log says what did not start. */
int app_start_parts(struct app *app);

/* ---- app_stop.c ---- */
/* Whatever did start; open_count is 0 when all of it is closed. */
void app_close_parts(struct app *app);

/* ---- app.c: heard by parts ---- */
void app_on_stop(uv_signal_t *handle, int number);
void app_on_hangup(uv_signal_t *handle, int number);
void app_on_load(unsigned busy_permille, void *app);
void app_on_reloaded(int err, const char *why, struct config *config, bool is_last, void *app);

/* ---- app_outside.c ---- */
/* The core's way out, and the parts' way in to it; arg of each is the app. */
void app_outside(struct sbc_outside *out, struct app *app);
void app_on_receive(struct slice bytes, const struct transport_source *source, void *app);
void app_on_broken(struct slice bytes, bool is_too_large, const struct transport_source *source,
	void *app);
void app_on_failed(uint64_t tag, const char *why, void *app);
void app_on_fetched(const struct http_get_result *result, void *app);
void app_on_resolved(const struct resolve_result *result, void *app);
void app_on_media(const struct media_event *ev, void *app);
void app_on_secret(struct slice line, void *arg);

#endif
