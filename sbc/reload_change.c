/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One reload. Whatever can fail comes before the first thing that takes effect: read() on a
 * thread of the pool, prepare() on the signalling thread; commit() only swaps.
 */

#include "sbc/reload_change.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/http_cert.h"
#include "sbc/listeners.h"
#include "sbc/media_link.h"
#include "sbc/policy_link.h"
#include "sbc/web.h"

#define FAULT_MAX 512 /* bytes of a sentence */

/* ---- reading ---- */

static int make_policy(struct reload_change *change, char *fault, size_t size)
{
	struct random_source random = random_system();
	const struct policy_setup setup = {.config = change->config,
		.credentials = &change->credentials,
		.random = &random};
	int err = policy_link_new(&change->policy, &setup, fault, size);

	return err ? err
		   : policy_link_check_trunks(
			     change->policy, change->config, clock_wall_s(), fault, size);
}

static int make_parts(struct reload_change *change, const struct provision *say)
{
	char fault[FAULT_MAX] = "";
	int err = make_policy(change, fault, sizeof(fault));

	if (!err && change->config->http.is_enabled)
		err = web_certs_new(&change->certs, change->config, &change->credentials, say,
			fault, sizeof(fault));
	err = err ? err
		  : http_get_ca_new(&change->ca, buf_slice(&change->credentials.fetch_ca));
	if (err)
		say->fault(fault[0] ? fault : err_name(err), say->arg);
	return err;
}

int reload_change_read(struct reload_change *change, const char *path, struct provision *say)
{
	int err = config_load(&change->config, path, say->fault, say->arg);

	if (err)
		return err;
	say->state_dir = change->config->state_dir;
	err = credentials_load(&change->credentials, change->config, say);
	return err ? err : make_parts(change, say);
}

void reload_change_fini(struct reload_change *change)
{
	credentials_fini(&change->credentials);
	policy_link_free(change->policy);
	http_get_ca_free(change->ca);
	http_cert_set_free(change->certs);
	config_unref(change->config);
	*change = (struct reload_change){0};
}

/* ---- taking over ---- */

static int check_fixed(const struct reload_change *change, const struct reload_setup *to,
	char *why, size_t size)
{
	const struct config *before = sbc_config(to->sbc);
	unsigned line = 0;
	const char *key = config_fixed_change(before, change->config, &line);

	if (key)
		snprintf(why, size, "%s:%u: needs a restart: %s", to->path, line, key);
	else if (media_link_check_interfaces(before, change->config))
		snprintf(why, size, "%s: needs a restart: media.interfaces", to->path);
	else
		return 0;
	return SBC_EINVAL;
}

static int prepare_transport(const struct reload_change *change, const struct reload_setup *to,
	struct transport_change **out, char *why, size_t size)
{
	const struct config *config = change->config;
	struct transport_config *listeners = mem_alloc(sizeof(*listeners));
	struct listener_name *names = mem_array(config->domain_count + 1, sizeof(*names));
	struct listener_slots slots;
	int err = SBC_ENOMEM;

	if (listeners && names)
		err = listener_slots_plan(sbc_listeners(to->sbc), config, clock_monotonic_us(),
			&slots, why, size);
	if (!err) {
		listeners_fill(listeners, config, &change->credentials, &slots, names);
		err = transport_prepare(out, to->transport, listeners, why, size);
	}
	mem_free(names);
	mem_free(listeners);
	return err;
}

/* The HTTPS server's own certificate is read once. */
static void tell_stale(const struct reload_change *change, const struct reload_setup *to)
{
	const struct credential *now = credentials_http(&change->credentials);
	const struct credential *used = credentials_http(to->started);

	if (change->config->http.is_enabled &&
		!slice_equal(buf_slice(&now->certificate), buf_slice(&used->certificate)))
		log_event(to->log, LOG_WARN, "sbc", "reload.stale",
			"why=\"needs a restart: http, whose certificate is another one\"");
}

static void commit(struct reload_change *change, const struct reload_setup *to)
{
	policy_link_renew(to->policy, change->policy);
	http_get_set_ca(to->http_get, change->ca);
	if (to->web && change->certs) {
		web_publish(to->web, change->certs);
		change->certs = NULL;
	}
	change->policy = NULL;
	change->ca = NULL;
	tell_stale(change, to);
}

int reload_change_apply(
	struct reload_change *change, const struct reload_setup *to, char *why, size_t size)
{
	struct transport_change *transport = NULL;
	unsigned interfaces = 0;
	int err = check_fixed(change, to, why, size);

	err = err ? err : prepare_transport(change, to, &transport, why, size);
	err = err ? err
		  : media_link_add_interfaces(
			    to->media, sbc_config(to->sbc), change->config, &interfaces);
	err = err ? err : sbc_reload(to->sbc, change->config, clock_monotonic_us());
	if (err) {
		media_link_drop_interfaces(to->media, interfaces);
		transport_discard(to->transport, transport);
		if (!why[0])
			snprintf(why, size, "%s", err_name(err));
		return err;
	}
	transport_commit(to->transport, transport);
	commit(change, to);
	return 0;
}
