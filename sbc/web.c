/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pages are served where. Signalling loop. */

#include "sbc/web.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sbc/cert_archive.h"
#include "sbc/http_cert.h"
#include "sbc/http_server.h"

#define CERT_MAX_AGE_S  3600 /* a new certificate is seen everywhere after an hour */
#define CERT_CONNECTION 64   /* who waits for a certificate at once */

struct web {
	struct log *log; /* borrowed */
	usec_t (*now)(void);
	int64_t (*wall_s)(void);
	struct http_certs *certs;
	struct http_server *public_server;
	unsigned open_count;
	web_closed_h *closed;
	void *closed_arg;
};

static void not_found(struct http_answer *answer)
{
	*answer = (struct http_answer){.status = 404,
		.type = "text/plain; charset=utf-8",
		.body = SLICE("Not Found\n")};
}

/* ---- everybody ---- */

static bool is_below(struct slice path, struct slice folder)
{
	return slice_starts(path, folder) &&
	       (path.len == folder.len || path.ptr[folder.len] == '/');
}

static void on_public(
	struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct web *web = arg;
	struct http_answer answer;

	if (is_below(request->path, SLICE("/cert")))
		http_certs_answer(web->certs, request, web->wall_s(), &answer);
	else
		not_found(&answer);
	http_server_answer(exchange, &answer);
}

/* Everything that can be fetched, the first domain first. */
static size_t list_certs(
	const struct config *config, const struct credentials *own, struct http_cert *out)
{
	size_t count = 0;

	for (size_t i = 0; i < config->domain_count; i++) {
		struct slice name = slice_str(config->domains[i].name);
		out[count++] = (struct http_cert){
			HTTP_CERT_DOMAIN, name, buf_slice(&own->domains[i].certificate)};
		if (own->rsa[i].certificate.len)
			out[count++] = (struct http_cert){
				HTTP_CERT_RSA, name, buf_slice(&own->rsa[i].certificate)};
	}
	for (size_t i = 0; i < config->key_count; i++)
		out[count++] = (struct http_cert){HTTP_CERT_KEY,
			slice_str(config->keys[i].name), buf_slice(&own->keys[i].certificate)};
	return count;
}

static int new_set(struct http_cert_set **out, const struct config *config,
	const struct credentials *own, char *fault, size_t size)
{
	struct http_cert *list =
		mem_array(2 * config->domain_count + config->key_count, sizeof(*list));
	int err =
		list ? http_cert_set_new(out, list, list_certs(config, own, list), fault, size)
		     : SBC_ENOMEM;

	mem_free(list);
	return err;
}

int web_certs_new(struct http_cert_set **out, const struct config *config,
	const struct credentials *credentials, const struct provision *say, char *fault,
	size_t fault_size)
{
	int err = new_set(out, config, credentials, fault, fault_size);

	if (!err)
		cert_archive_write(say, *out);
	return err;
}

void web_publish(struct web *web, struct http_cert_set *certs)
{
	http_certs_replace(web->certs, certs, web->wall_s());
}

static int publish(struct web *web, const struct web_setup *setup, char *fault, size_t size)
{
	struct http_cert_set *set;
	int err = new_set(&set, setup->config, setup->credentials, fault, size);

	if (!err)
		web_publish(web, set);
	return err;
}

static void on_archive_fault(const char *sentence, void *arg)
{
	struct web *web = arg;

	log_event(web->log, LOG_WARN, "sbc", "certificates.not_kept", "why=\"%s\"", sentence);
}

/* Without it certificates are served all the same, only not over a restart. */
static void keep(struct web *web, const struct config *config)
{
	const struct provision say = {
		.state_dir = config->state_dir, .fault = on_archive_fault, .arg = web};
	int err = cert_archive_sync(&say, web->certs, web->wall_s());

	if (err)
		log_event(web->log, LOG_WARN, "sbc", "certificates.not_kept",
			"directory=\"%s/certificates\" why=%s", config->state_dir,
			err_name(err));
}

static int open_public(struct web *web, uv_loop_t *loop, const struct web_setup *setup,
	char *fault, size_t fault_size)
{
	const struct credential *tls = credentials_http(setup->credentials);
	const struct http_server_config to = {.address = setup->config->http.address,
		.certificate_pem = buf_slice(&tls->certificate),
		.key_pem = buf_slice(&tls->key),
		.connection_max = CERT_CONNECTION,
		.request = on_public,
		.arg = web,
		.now = web->now};
	int err = http_certs_new(&web->certs, CERT_MAX_AGE_S);

	err = err ? err : publish(web, setup, fault, fault_size);
	if (err)
		return err;
	keep(web, setup->config);
	return http_server_open(&web->public_server, loop, &to, fault, fault_size);
}

/* ---- open and close ---- */

static void nobody_waits(void *arg)
{
	(void)arg;
}

int web_open(struct web **out, uv_loop_t *loop, const struct web_setup *setup, char *fault,
	size_t fault_size)
{
	struct web *web = mem_alloc(sizeof(*web));
	int err;

	if (!web)
		return SBC_ENOMEM;
	web->log = setup->log;
	web->now = setup->now;
	web->wall_s = setup->wall_s;
	err = open_public(web, loop, setup, fault, fault_size);
	if (err)
		web_close(web, nobody_waits, NULL);
	else
		*out = web;
	return err;
}

static void on_closed(void *arg)
{
	struct web *web = arg;

	if (--web->open_count)
		return;
	web->closed(web->closed_arg);
	http_certs_free(web->certs);
	mem_free(web);
}

void web_close(struct web *web, web_closed_h *closed, void *arg)
{
	web->closed = closed;
	web->closed_arg = arg;
	web->open_count = 1 + !!web->public_server;
	if (web->public_server)
		http_server_close(web->public_server, on_closed, web);
	on_closed(web);
}
