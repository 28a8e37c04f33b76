/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fetches certificates with libcurl, whose only house this is. http_get_* and the results on
 * the signalling loop; libcurl on a thread of its own, since the first handshake with a
 * large set of CAs takes tens of milliseconds and name lookups take what they like.
 *
 * A job is made on the signalling loop, handed to the thread through `queued`, handed back
 * through `finished` (both under the lock), and freed on the signalling loop. Meanwhile the
 * signalling loop only reads its URL and its place in `pending`.
 *
 * What a stranger's server can do is bounded: time, bytes of body (counted, since
 * MAXFILESIZE does not stop a chunked one) and of headers, no redirects, no reused
 * connections (the address check would be skipped on them), no proxy from the environment.
 */

#include "sbc/http_get.h"

#include <stdio.h>

#include <unistd.h>

#include <sys/socket.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "sbc/fetch_guard.h"

#define HEADERS_MAX 16384 /* bytes of a response's header lines */
#define WHY_MAX     96
#define IDLE_MS     60000 /* the thread is woken when there is work */

struct job {
	struct list in_pending; /* signalling loop only */
	struct list in_queue;   /* queued, running or finished: under the lock or thread */
	struct http_get *get;   /* borrowed */
	bool allow_http;
	CURL *easy;                /* thread */
	struct curl_slist *places; /* owned; static addresses of this URL's host */
	struct buf body;
	size_t headers_len;
	int64_t max_age_s, age_s;
	char date[HTTP_GET_DATE_MAX];
	bool is_too_large;
	bool is_refused; /* the guard did */
	int err;
	char why[WHY_MAX];
	char url[FETCH_URL_MAX + 1]; /* read by both, never written again */
};

struct http_get {
	uv_loop_t *loop;
	http_get_h *done;
	void *arg;            /* borrowed */
	struct list pending;  /* jobs without a result yet; signalling loop */
	size_t pending_count; /* likewise */
	bool is_closing;      /* likewise */
	http_get_closed_h *closed;
	void *closed_arg;
	uv_async_t wake; /* to the signalling loop */
	uv_thread_t thread;
	uv_mutex_t lock;
	struct list queued;   /* under lock */
	struct list finished; /* under lock */
	bool must_end;        /* under lock */
	bool has_ended;       /* under lock */
	CURLM *multi;         /* thread; curl_multi_wakeup from both */
	struct list running;  /* thread */
	size_t running_count; /* thread */
	/* never written after http_get_new() */
	struct fetch_guard guard;
	struct netaddr_block *allow; /* owned */
	struct http_get_host *hosts; /* owned, with their names */
	size_t host_count;
	struct buf ca;
	unsigned timeout_ms;
	size_t size_max;
	size_t parallel_max;
	size_t pending_max;
};

/* ---- on the thread: what libcurl calls ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct job *job = arg;

	if (buf_put(&job->body, bytes, size * count)) {
		job->is_too_large = true;
		return 0; /* ends the transfer */
	}
	return size * count;
}

/* "max-age=60" (RFC 9111 section 5.2.2.1); no-store and no-cache: use it once. */
static void take_cache_control(struct job *job, struct slice value)
{
	uint64_t seconds;

	while (value.len) {
		struct slice directive = slice_trim(slice_cut(&value, ','));
		if (slice_equal_nocase(directive, SLICE("no-store")) ||
			slice_equal_nocase(directive, SLICE("no-cache"))) {
			job->max_age_s = 0;
			return;
		}
		if (slice_starts_nocase(directive, SLICE("max-age=")) &&
			!slice_to_u64(slice_from(directive, 8), INT32_MAX, &seconds))
			job->max_age_s = (int64_t)seconds;
	}
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct job *job = arg;
	struct slice value = slice_of(bytes, size * count);
	struct slice name;
	uint64_t seconds;

	job->headers_len += value.len;
	if (job->headers_len > HEADERS_MAX) {
		job->is_too_large = true;
		return 0;
	}
	if (slice_starts(value, SLICE("HTTP/"))) { /* after a 100, all begins again */
		job->max_age_s = -1;
		job->age_s = 0;
	}
	name = slice_trim(slice_cut(&value, ':'));
	value = slice_trim(value);
	if (slice_equal_nocase(name, SLICE("Cache-Control")))
		take_cache_control(job, value);
	else if (slice_equal_nocase(name, SLICE("Date")))
		slice_copy(value, job->date, sizeof(job->date));
	else if (slice_equal_nocase(name, SLICE("Age")) &&
		 !slice_to_u64(value, INT32_MAX, &seconds))
		job->age_s = (int64_t)seconds;
	return size * count;
}

/* The address that is really connected to: after DNS, so that no answer of it can lead us
 * astray, and for each address that is tried. */
static curl_socket_t on_open_socket(
	void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct job *job = arg;
	struct netaddr to;

	netaddr_from_sockaddr(&to, &address->addr);
	if (purpose != CURLSOCKTYPE_IPCXN || !fetch_guard_passes(&job->get->guard, &to)) {
		job->is_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- on the thread: a transfer ---- */

/* A static address goes before any DNS: "name:port:address". */
static int place_host(struct job *job)
{
	const struct http_get *get = job->get;
	char text[512], address[NETADDR_TEXT_MAX];
	struct fetch_url url;

	if (fetch_url_parse(&url, slice_str(job->url)))
		return SBC_EINVAL;
	for (size_t i = 0; i < get->host_count; i++) {
		const struct http_get_host *known = &get->hosts[i];
		if (!slice_equal_nocase(slice_str(known->name), url.host))
			continue;
		snprintf(text, sizeof(text), "%.*s:%u:%s", SLICE_ARG(url.host), url.port,
			netaddr_print_host(&known->address, address));
		job->places = curl_slist_append(NULL, text);
		return job->places ? 0 : SBC_ENOMEM;
	}
	return 0;
}

static CURLcode set_network(struct job *job)
{
	CURL *easy = job->easy;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, job->url);

	code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	code |= curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS_STR, job->allow_http ? "https,http" : "https");
	code |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	code |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	code |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	code |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	code |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, job);
	code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)job->get->timeout_ms);
	code |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)job->get->timeout_ms);
	/* A lookup that takes longer than the transfer may must not hold the thread. */
	code |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	if (job->places)
		code |= curl_easy_setopt(easy, CURLOPT_RESOLVE, job->places);
	return code;
}

static CURLcode set_content(struct job *job)
{
	struct buf *ca = &job->get->ca;
	struct curl_blob blob = {.data = ca->data, .len = ca->len, .flags = CURL_BLOB_NOCOPY};
	CURL *easy = job->easy;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);

	code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
	code |= curl_easy_setopt(
		easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)job->get->size_max);
	code |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	code |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	code |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "countersip/" COUNTERSIP_VERSION);
	code |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	code |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca->len) { /* these and no others */
		code |= curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		code |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		code |= curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	return code;
}

static void say(struct job *job, int err, const char *why)
{
	job->err = err;
	snprintf(job->why, sizeof(job->why), "%s", why);
}

static void hand_back(struct http_get *get, struct job *job)
{
	if (job->easy) {
		curl_multi_remove_handle(get->multi, job->easy);
		curl_easy_cleanup(job->easy);
		job->easy = NULL;
	}
	curl_slist_free_all(job->places);
	job->places = NULL;
	uv_mutex_lock(&get->lock);
	list_append(&get->finished, &job->in_queue);
	uv_mutex_unlock(&get->lock);
	uv_async_send(&get->wake);
}

static void begin(struct http_get *get, struct job *job)
{
	int err = place_host(job);

	job->easy = err ? NULL : curl_easy_init();
	/* Without any one of the options nothing is fetched. */
	if (!job->easy || set_network(job) || set_content(job) ||
		curl_multi_add_handle(get->multi, job->easy)) {
		say(job, SBC_ENOMEM, "no memory");
		hand_back(get, job);
		return;
	}
	list_append(&get->running, &job->in_queue);
	get->running_count++;
}

static const char *words_for(CURLcode code)
{
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "the name does not resolve";
	case CURLE_COULDNT_CONNECT:
		return "connection refused";
	case CURLE_OPERATION_TIMEDOUT:
		return "no answer in time";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "its TLS certificate is not trusted";
	case CURLE_GOT_NOTHING:
		return "closed without an answer";
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "not https";
	default:
		return curl_easy_strerror(code);
	}
}

static void judge(struct job *job, CURLcode code)
{
	long status = 0;
	char text[WHY_MAX];

	if (job->is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
		say(job, SBC_ELIMIT, "too large");
	} else if (code && job->is_refused) {
		say(job, SBC_EPROTO, "its address is not one to fetch from");
	} else if (code) {
		say(job, SBC_EPEER, words_for(code));
	} else {
		curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
		snprintf(text, sizeof(text), "answered %ld", status);
		say(job, status == 200 ? 0 : SBC_EPEER, status == 200 ? "" : text);
	}
	if (job->max_age_s > 0)
		job->max_age_s = job->max_age_s > job->age_s ? job->max_age_s - job->age_s : 0;
}

static void harvest(struct http_get *get)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(get->multi, &left))) {
		CURLcode code = message->data.result;
		struct job *job = NULL;
		if (message->msg != CURLMSG_DONE ||
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job))
			continue;
		judge(job, code);
		list_remove(&job->in_queue);
		get->running_count--;
		hand_back(get, job);
	}
}

/* False: the end. */
static bool take_work(struct http_get *get)
{
	struct list taken;
	bool must_end;
	size_t room = get->parallel_max - get->running_count;

	list_init(&taken);
	uv_mutex_lock(&get->lock);
	must_end = get->must_end;
	while (!must_end && room && !list_is_empty(&get->queued)) {
		struct list *first = get->queued.next;
		list_remove(first);
		list_append(&taken, first);
		room--;
	}
	uv_mutex_unlock(&get->lock);
	while (!list_is_empty(&taken)) {
		struct job *job = container_of(taken.next, struct job, in_queue);
		list_remove(&job->in_queue);
		begin(get, job);
	}
	return !must_end;
}

static void thread_main(void *arg)
{
	struct http_get *get = arg;
	int running;

	while (take_work(get)) {
		curl_multi_perform(get->multi, &running);
		size_t before = get->running_count;
		harvest(get);
		if (get->running_count == before) /* else there may be room for the next */
			curl_multi_poll(get->multi, NULL, 0, IDLE_MS, NULL);
	}
	while (!list_is_empty(&get->running)) {
		struct job *job = container_of(get->running.next, struct job, in_queue);
		list_remove(&job->in_queue);
		hand_back(get, job);
	}
	uv_mutex_lock(&get->lock);
	get->has_ended = true;
	uv_mutex_unlock(&get->lock);
	uv_async_send(&get->wake);
}

/* ---- on the signalling loop ---- */

static void free_job(struct job *job)
{
	buf_fini(&job->body);
	mem_free(job);
}

static void forget_jobs(struct http_get *get)
{
	while (!list_is_empty(&get->pending)) {
		struct job *job = container_of(get->pending.next, struct job, in_pending);
		list_remove(&job->in_pending);
		free_job(job);
	}
}

static void free_get(struct http_get *get)
{
	forget_jobs(get);
	if (get->multi)
		curl_multi_cleanup(get->multi);
	for (size_t i = 0; i < get->host_count; i++)
		mem_free((char *)get->hosts[i].name);
	mem_free(get->hosts);
	mem_free(get->allow);
	buf_fini(&get->ca);
	mem_free(get);
	curl_global_cleanup();
}

static void on_wake_closed(uv_handle_t *handle)
{
	struct http_get *get = handle->data;

	get->closed(get->closed_arg);
	free_get(get);
}

static void deliver(struct http_get *get, struct job *job)
{
	struct http_get_result result = {
		.err = job->err,
		.why = job->why,
		.url = slice_str(job->url),
		.body = job->err ? (struct slice){0} : buf_slice(&job->body),
		.max_age_s = job->max_age_s,
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
	struct job *job;
	bool has_ended;

	do {
		job = NULL;
		uv_mutex_lock(&get->lock);
		has_ended = get->has_ended;
		if (!list_is_empty(&get->finished)) {
			job = container_of(get->finished.next, struct job, in_queue);
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
	get->parallel_max = config->parallel_max;
	get->pending_max = (size_t)config->parallel_max + config->queue_max;
	buf_init(&get->ca, config->ca_pem.len + 1);
	if (config->ca_pem.len && buf_put_slice(&get->ca, config->ca_pem))
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
	if (!uv_thread_create(&get->thread, thread_main, get))
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
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return SBC_ENOMEM;
	get = mem_alloc(sizeof(*get));
	if (!get) {
		curl_global_cleanup();
		return SBC_ENOMEM;
	}
	get->loop = loop;
	get->done = done;
	get->arg = arg;
	list_init(&get->pending);
	list_init(&get->queued);
	list_init(&get->finished);
	list_init(&get->running);
	get->multi = curl_multi_init();
	err = copy_config(get, config);
	err = err ? err : get->multi ? start_thread(get) : SBC_ENOMEM;
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

static struct job *find(struct http_get *get, struct slice url)
{
	list_for_each (node, &get->pending) {
		struct job *job = container_of(node, struct job, in_pending);
		if (slice_equal(slice_str(job->url), url))
			return job;
	}
	return NULL;
}

static struct job *new_job(struct http_get *get, struct slice url, bool allow_http)
{
	struct job *job = mem_alloc(sizeof(*job));

	if (!job)
		return NULL;
	job->get = get;
	job->allow_http = allow_http;
	job->max_age_s = -1;
	buf_init(&job->body, get->size_max);
	slice_copy(url, job->url, sizeof(job->url));
	list_init(&job->in_queue);
	return job;
}

int http_get_start(struct http_get *get, struct slice url, bool allow_http)
{
	struct fetch_url parts;
	struct job *job;

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
	curl_multi_wakeup(get->multi);
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
	curl_multi_wakeup(get->multi);
}
