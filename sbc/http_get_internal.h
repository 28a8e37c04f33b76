/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_GET_INTERNAL_H
#define SBC_HTTP_GET_INTERNAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "sbc/fetch_guard.h"
#include "sbc/http_get.h"

/*
 * The two halves of fetching: http_get.c on the signalling loop, http_get_thread.c with
 * libcurl on a thread of its own.
 *
 * A job is made on the signalling loop, handed to the thread through `queued`, handed back
 * through `finished` (both under the lock), and freed on the signalling loop. Meanwhile the
 * signalling loop only reads its URL and its place in `pending`.
 */

#define HTTP_GET_WHY_MAX 96

struct curl_slist;

/* Transfers under way keep the one that they began with. */
struct http_get_ca {
	unsigned users; /* thread: transfers, and get itself */
	struct buf pem; /* empty: the system's */
};

struct http_get_job {
	struct list in_pending; /* signalling loop only */
	struct list in_queue;   /* queued, running or finished: under the lock or thread */
	struct http_get *get;   /* borrowed */
	bool allow_http;
	void *easy;                /* thread; libcurl's transfer */
	struct curl_slist *places; /* owned; static addresses of the target's host */
	struct http_get_ca *ca;    /* thread; counted, while there is a transfer */
	usec_t deadline;           /* thread; of the fetch in all */
	unsigned redirect_count;   /* followed so far */
	struct buf body;
	size_t headers_len; /* of all answers */
	int64_t max_age_s, age_s;
	char date[HTTP_GET_DATE_MAX];
	int64_t bound_s; /* the shortest max_age_s of the redirects; -1: none told */
	bool is_too_large;
	bool is_refused; /* the guard did */
	int err;
	char why[HTTP_GET_WHY_MAX];
	char target[FETCH_URL_MAX + 1]; /* thread: where the last redirect led */
	char url[FETCH_URL_MAX + 1];    /* read by both, never written again */
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
	struct list queued;          /* under lock */
	struct list finished;        /* under lock */
	bool must_end;               /* under lock */
	bool has_ended;              /* under lock */
	struct http_get_ca *next_ca; /* under lock; owned: the thread takes it; NULL: none */
	void *multi;                 /* thread, libcurl's; http_get_thread_wake() from both */
	struct list running;         /* thread */
	size_t running_count;        /* thread */
	struct http_get_ca *ca;      /* thread; counted */
	/* never written after http_get_new() */
	struct fetch_guard guard;
	struct netaddr_block *allow; /* owned */
	struct http_get_host *hosts; /* owned, with their names */
	size_t host_count;
	enum fetch_redirects redirects;
	unsigned timeout_ms;
	size_t size_max;
	size_t parallel_max;
	size_t pending_max;
};

/* libcurl's part of get: before the thread runs, and after it has ended. SBC_ENOMEM. */
int http_get_thread_open(struct http_get *get);
void http_get_thread_close(struct http_get *get);
void http_get_thread_main(void *get);
/* There is something in queued, or must_end. Any thread. */
void http_get_thread_wake(struct http_get *get);

#endif
