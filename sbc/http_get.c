/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetches certificates: the half on the signalling loop. See sbc/http_get_internal.h. */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/http_get_internal.h"

static void free_job(struct http_get_job *job)
{
	buf_fini(&job->body);
	mem_free(job);
}

static void forget_jobs(struct http_get *get)
{
	while (!list_is_empty(&get->pending)) {
		struct http_get_job *job =
			container_of(get->pending.next, struct http_get_job, in_pending);
		list_remove(&job->in_pending);
		free_job(job);
	}
}

int http_get_ca_new(struct http_get_ca **out, struct slice pem)
{
	struct http_get_ca *ca = mem_alloc(sizeof(*ca));

	if (!ca)
		return SBC_ENOMEM;
	ca->users = 1;
	buf_init(&ca->pem, pem.len + 1);
	if (pem.len && buf_put_slice(&ca->pem, pem)) {
		http_get_ca_free(ca);
		return SBC_ENOMEM;
	}
	*out = ca;
	return 0;
}

void http_get_ca_free(struct http_get_ca *ca)
{
	if (ca)
		buf_fini(&ca->pem);
	mem_free(ca);
}

void http_get_set_ca(struct http_get *get, struct http_get_ca *ca)
{
	struct http_get_ca *unused;

	uv_mutex_lock(&get->lock);
	unused = get->next_ca;
	get->next_ca = ca;
	uv_mutex_unlock(&get->lock);
	http_get_ca_free(unused);
}

static void free_get(struct http_get *get)
{
	forget_jobs(get);
	http_get_thread_close(get);
	for (size_t i = 0; i < get->host_count; i++)
		mem_free((char *)get->hosts[i].name);
	mem_free(get->hosts);
	mem_free(get->allow);
	http_get_ca_free(get->ca);
	http_get_ca_free(get->next_ca);
	mem_free(get);
}

static void on_wake_closed(uv_handle_t *handle)
{
	struct http_get *get = handle->data;

	get->closed(get->closed_arg);
	free_get(get);
}

static void deliver(struct http_get *get, struct http_get_job *job)
{
	struct http_get_result result = {
		.err = job->err,
		.why = job->why,
		.url = slice_str(job->url),
		.body = job->err ? (struct slice){0} : buf_slice(&job->body),
		.max_age_s = job->max_age_s,
		.redirect_count = job->redirect_count,
		.date = job->date,
	};

	/* Out of the list first: the handler may ask for the same URL again. */
	list_remove(&job->in_pending);
	get->pending_count--;
	if (!get->is_closing)
		get->done(&result, get->arg);
	free_job(job);
}

static void on_wake(uv_async_t *handle)
{
	struct http_get *get = handle->data;
	struct http_get_job *job;
	bool has_ended;

	do {
		job = NULL;
		uv_mutex_lock(&get->lock);
		has_ended = get->has_ended;
		if (!list_is_empty(&get->finished)) {
			job = container_of(get->finished.next, struct http_get_job, in_queue);
			list_remove(&job->in_queue);
		}
		uv_mutex_unlock(&get->lock);
		if (job)
			deliver(get, job);
	} while (job);
	if (!has_ended || uv_is_closing((uv_handle_t *)handle))
		return;
	uv_thread_join(&get->thread); /* it said its last word: no wait */
	uv_mutex_destroy(&get->lock);
	uv_close((uv_handle_t *)handle, on_wake_closed);
}

static int copy_config(struct http_get *get, const struct http_get_config *config)
{
	get->timeout_ms = config->timeout_ms;
	get->size_max = config->size_max;
	get->redirects = config->redirects;
	get->parallel_max = config->parallel_max;
	get->pending_max = (size_t)config->parallel_max + config->queue_max;
	if (http_get_ca_new(&get->ca, config->ca_pem))
		return SBC_ENOMEM;
	get->allow = mem_array(config->allow_count + 1, sizeof(*get->allow));
	get->hosts = mem_array(config->host_count + 1, sizeof(*get->hosts));
	if (!get->allow || !get->hosts)
		return SBC_ENOMEM;
	if (config->allow_count)
		memcpy(get->allow, config->allow, config->allow_count * sizeof(*get->allow));
	fetch_guard_init(&get->guard, get->allow, config->allow_count);
	for (size_t i = 0; i < config->host_count; i++) {
		char *name = mem_strdup(slice_str(config->hosts[i].name));
		if (!name)
			return SBC_ENOMEM;
		get->hosts[i].name = name;
		get->hosts[i].address = config->hosts[i].address;
		get->host_count++;
	}
	return 0;
}

/* The parts that must be taken apart in order when one of them fails. */
static int start_thread(struct http_get *get)
{
	if (uv_mutex_init(&get->lock))
		return SBC_ENOMEM;
	if (uv_async_init(get->loop, &get->wake, on_wake)) {
		uv_mutex_destroy(&get->lock);
		return SBC_ENOMEM;
	}
	get->wake.data = get;
	if (!uv_thread_create(&get->thread, http_get_thread_main, get))
		return 0;
	uv_mutex_destroy(&get->lock);
	return SBC_EAGAIN; /* wake is left to be closed */
}

static void nobody_waits(void *arg)
{
	(void)arg;
}

int http_get_new(struct http_get **out, uv_loop_t *loop, const struct http_get_config *config,
	http_get_h *done, void *arg)
{
	struct http_get *get;
	int err;

	if (!config->parallel_max || !config->timeout_ms || !config->size_max)
		return SBC_EINVAL;
	get = mem_alloc(sizeof(*get));
	if (!get)
		return SBC_ENOMEM;
	get->loop = loop;
	get->done = done;
	get->arg = arg;
	list_init(&get->pending);
	list_init(&get->queued);
	list_init(&get->finished);
	list_init(&get->running);
	err = copy_config(get, config);
	err = err ? err : http_get_thread_open(get);
	err = err ? err : start_thread(get);
	if (err == SBC_EAGAIN) {
		get->closed = nobody_waits;
		uv_close((uv_handle_t *)&get->wake, on_wake_closed);
		return SBC_ENOMEM;
	}
	if (err)
		free_get(get);
	else
		*out = get;
	return err;
}

static struct http_get_job *find(struct http_get *get, struct slice url)
{
	list_for_each (node, &get->pending) {
		struct http_get_job *job = container_of(node, struct http_get_job, in_pending);
		if (slice_equal(slice_str(job->url), url))
			return job;
	}
	return NULL;
}

static struct http_get_job *new_job(struct http_get *get, struct slice url, bool allow_http)
{
	struct http_get_job *job = mem_alloc(sizeof(*job));

	if (!job)
		return NULL;
	job->get = get;
	job->allow_http = allow_http;
	job->max_age_s = job->bound_s = -1;
	buf_init(&job->body, get->size_max);
	slice_copy(url, job->url, sizeof(job->url));
	list_init(&job->in_queue);
	return job;
}

int http_get_start(struct http_get *get, struct slice url, bool allow_http)
{
	struct fetch_url parts;
	struct http_get_job *job;

	if (fetch_url_parse(&parts, url) || (!parts.is_https && !allow_http))
		return SBC_EINVAL;
	if (find(get, url))
		return 0;
	if (get->is_closing || get->pending_count >= get->pending_max)
		return SBC_ELIMIT;
	job = new_job(get, url, allow_http);
	if (!job)
		return SBC_ENOMEM;
	list_append(&get->pending, &job->in_pending);
	get->pending_count++;
	uv_mutex_lock(&get->lock);
	list_append(&get->queued, &job->in_queue);
	uv_mutex_unlock(&get->lock);
	http_get_thread_wake(get);
	return 0;
}

void http_get_close(struct http_get *get, http_get_closed_h *closed, void *arg)
{
	get->is_closing = true;
	get->closed = closed;
	get->closed_arg = arg;
	uv_mutex_lock(&get->lock);
	get->must_end = true;
	uv_mutex_unlock(&get->lock);
	http_get_thread_wake(get);
}
