/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transfers with libcurl, whose only house this is, on a thread of their own: the first
 * handshake with a large set of CAs takes tens of milliseconds and name lookups take what
 * they like.
 *
 * What a stranger's server can do is bounded: time and bytes of headers in all, bytes of body
 * (counted, since MAXFILESIZE does not stop a chunked one), redirects by rule, no reused
 * connections (the address check would be skipped on them), no proxy from the environment.
 */

#include <stdio.h>

#include <unistd.h>

#include <sys/socket.h>

#include <curl/curl.h>

#include "base/err.h"
#include "sbc/http_get_internal.h"

#define HEADERS_MAX 16384 /* bytes of header lines, of all answers to one fetch */
#define IDLE_MS     60000 /* the thread is woken when there is work */

/* ---- what libcurl calls ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_get_job *job = arg;

	if (buf_put(&job->body, bytes, size * count)) {
		job->is_too_large = true;
		return 0; /* ends the transfer */
	}
	return size * count;
}

/* "max-age=60" (RFC 9111 section 5.2.2.1); no-store and no-cache: use it once. */
static void take_cache_control(struct http_get_job *job, struct slice value)
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
	struct http_get_job *job = arg;
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
	struct http_get_job *job = arg;
	struct netaddr to;

	netaddr_from_sockaddr(&to, &address->addr);
	if (purpose != CURLSOCKTYPE_IPCXN || !fetch_guard_passes(&job->get->guard, &to)) {
		job->is_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- a transfer ---- */

/* A static address goes before any DNS: "name:port:address". */
static int place_host(struct http_get_job *job)
{
	const struct http_get *get = job->get;
	char text[512], address[NETADDR_TEXT_MAX];
	struct fetch_url url;

	if (fetch_url_parse(&url, slice_str(job->target)))
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

static CURLcode set_network(struct http_get_job *job)
{
	CURL *easy = job->easy;
	long left_ms = (long)((job->deadline - clock_monotonic_us()) / USEC_PER_MS);
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, job->target);

	code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	code |= curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS_STR, job->allow_http ? "https,http" : "https");
	/* Each step of a redirect is judged here, by the rules of the first (follow()). */
	code |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	code |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	code |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	code |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, job);
	code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left_ms);
	code |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, left_ms);
	/* A lookup that takes longer than the transfer may must not hold the thread. */
	code |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	if (job->places)
		code |= curl_easy_setopt(easy, CURLOPT_RESOLVE, job->places);
	return code;
}

static void drop_ca(struct http_get_ca *ca)
{
	if (ca && !--ca->users)
		http_get_ca_free(ca);
}

static CURLcode set_content(struct http_get_job *job)
{
	struct buf *ca = &job->ca->pem;
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

static void say(struct http_get_job *job, int err, const char *why)
{
	job->err = err;
	snprintf(job->why, sizeof(job->why), "%s", why);
}

static void end_transfer(struct http_get *get, struct http_get_job *job)
{
	if (job->easy) {
		curl_multi_remove_handle(get->multi, job->easy);
		curl_easy_cleanup(job->easy);
		job->easy = NULL;
	}
	curl_slist_free_all(job->places);
	job->places = NULL;
	drop_ca(job->ca);
	job->ca = NULL;
}

static void hand_back(struct http_get *get, struct http_get_job *job)
{
	end_transfer(get, job);
	uv_mutex_lock(&get->lock);
	list_append(&get->finished, &job->in_queue);
	uv_mutex_unlock(&get->lock);
	uv_async_send(&get->wake);
}

/* Asks target. Without any one of the options nothing is fetched. */
static int begin_transfer(struct http_get *get, struct http_get_job *job)
{
	int err = place_host(job);

	job->ca = get->ca;
	job->ca->users++;
	job->easy = err ? NULL : curl_easy_init();
	if (!job->easy || set_network(job) || set_content(job) ||
		curl_multi_add_handle(get->multi, job->easy)) {
		say(job, SBC_ENOMEM, "no memory");
		return SBC_ENOMEM;
	}
	return 0;
}

static void begin(struct http_get *get, struct http_get_job *job)
{
	snprintf(job->target, sizeof(job->target), "%s", job->url);
	job->deadline = clock_monotonic_us() + get->timeout_ms * USEC_PER_MS;
	if (begin_transfer(get, job)) {
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

/* Told freshness less what is over of it (RFC 9111 section 4.2.1); -1: none told. */
static int64_t freshness_s(const struct http_get_job *job)
{
	if (job->max_age_s < 0)
		return -1;
	return job->max_age_s > job->age_s ? job->max_age_s - job->age_s : 0;
}

/* The shorter one; -1 bounds nothing. */
static int64_t shorter(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void judge(struct http_get_job *job, CURLcode code)
{
	long status = 0;
	char text[HTTP_GET_WHY_MAX];

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
	job->max_age_s = shorter(freshness_s(job), job->bound_s);
}

/* ---- redirects (RFC 9110 section 15.4) ---- */

/* Where the answer leads; NULL when it is no redirect. Borrowed from the transfer. */
static const char *leads_to(const struct http_get_job *job)
{
	char *to = NULL;
	long status = 0;

	curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
		return NULL;
	curl_easy_getinfo(job->easy, CURLINFO_REDIRECT_URL, &to);
	return to;
}

/* May job go on to there? Says why not. */
static bool may_follow(struct http_get_job *job, struct slice to)
{
	struct fetch_url from, target;
	bool is_known = !fetch_url_parse(&from, slice_str(job->target)) &&
			!fetch_url_parse(&target, to);

	if (job->get->redirects == FETCH_REDIRECTS_OFF)
		say(job, SBC_EPEER, "redirects, which are not followed (fetch.redirects)");
	else if (job->redirect_count >= FETCH_REDIRECT_MAX)
		say(job, SBC_EPEER, "redirects without end");
	else if (!is_known ||
		 !fetch_redirect_passes(job->get->redirects, &from, &target, job->allow_http))
		say(job, SBC_EPROTO, "redirects to where it may not (fetch.redirects)");
	else
		return true;
	return false;
}

/* True: another transfer of this job is under way. Otherwise the job is judged. */
static bool follow(struct http_get *get, struct http_get_job *job)
{
	const char *to = leads_to(job);

	if (!to) {
		judge(job, CURLE_OK);
		return false;
	}
	if (!may_follow(job, slice_str(to)))
		return false;
	snprintf(job->target, sizeof(job->target), "%s", to);
	end_transfer(get, job);
	job->redirect_count++;
	job->bound_s = shorter(job->bound_s, freshness_s(job));
	buf_reset(&job->body);
	if (clock_monotonic_us() + USEC_PER_MS > job->deadline) {
		say(job, SBC_EPEER, words_for(CURLE_OPERATION_TIMEDOUT));
		return false;
	}
	return !begin_transfer(get, job);
}

static void harvest(struct http_get *get)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(get->multi, &left))) {
		CURLcode code = message->data.result;
		struct http_get_job *job = NULL;
		if (message->msg != CURLMSG_DONE ||
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job))
			continue;
		if (!code && follow(get, job))
			continue;
		if (code)
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
	if (get->next_ca) {
		drop_ca(get->ca);
		get->ca = get->next_ca;
		get->next_ca = NULL;
	}
	while (!must_end && room && !list_is_empty(&get->queued)) {
		struct list *first = get->queued.next;
		list_remove(first);
		list_append(&taken, first);
		room--;
	}
	uv_mutex_unlock(&get->lock);
	while (!list_is_empty(&taken)) {
		struct http_get_job *job =
			container_of(taken.next, struct http_get_job, in_queue);
		list_remove(&job->in_queue);
		begin(get, job);
	}
	return !must_end;
}

void http_get_thread_main(void *arg)
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
		struct http_get_job *job =
			container_of(get->running.next, struct http_get_job, in_queue);
		list_remove(&job->in_queue);
		hand_back(get, job);
	}
	uv_mutex_lock(&get->lock);
	get->has_ended = true;
	uv_mutex_unlock(&get->lock);
	uv_async_send(&get->wake);
}

int http_get_thread_open(struct http_get *get)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return SBC_ENOMEM;
	get->multi = curl_multi_init();
	if (get->multi)
		return 0;
	curl_global_cleanup();
	return SBC_ENOMEM;
}

void http_get_thread_close(struct http_get *get)
{
	if (!get->multi)
		return;
	curl_multi_cleanup(get->multi);
	get->multi = NULL;
	curl_global_cleanup();
}

void http_get_thread_wake(struct http_get *get)
{
	curl_multi_wakeup(get->multi);
}
