/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 3263 section 4 by c-ares (its house). One question is a chain of queries, one after
 * the other: nobody waits for it, calls use the addresses that are there. Signalling thread.
 *
 *   NAPTR (transport open) -> SRV (port open) -> A, AAAA of each target -> done
 */

#include "sbc/resolve.h"

#include <stdio.h>

#include <ares.h>
#include <arpa/nameser.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "sbc/weighted.h"

#define JOB_MAX     64   /* questions at once: peers ask one by one */
#define SERVICE_MAX 4    /* SRV names of one question */
#define TARGET_MAX  16   /* SRV targets of one question */
#define NAME_LEN    256  /* bytes of a domain name and its end */
#define TIMEOUT_MS  2000 /* of one query, then again */
#define TRIES       2
#define TICK_MS     250 /* how often c-ares looks at its clock */
#define TTL_DEFAULT 300 /* s; of what tells none: static names */
#define QUERY_MAX   64  /* of one question, however long its chain */

struct service {
	enum transport_kind transport;
	char name[NAME_LEN]; /* of the SRV record */
};

struct target {
	enum transport_kind transport;
	uint16_t port;
	unsigned priority, weight, service; /* service: which of them */
	char host[NAME_LEN];
};

struct job {
	struct list node;
	struct resolver *resolver;
	struct resolve_question question;
	char name[64], host[NAME_LEN];
	bool is_begun; /* from the loop, never inside resolver_start() */
	unsigned query_count;
	struct service services[SERVICE_MAX];
	size_t service_count, service_next;
	struct target targets[TARGET_MAX];
	size_t target_count, target_next;
	bool is_v6_next; /* of the present target */
	struct peer_address addresses[PEER_ADDRESS_MAX];
	size_t address_count;
	int64_t ttl_s; /* -1: none heard yet */
};

struct resolver {
	struct resolve_setup setup;
	ares_channel channel;
	bool has_channel, is_closing;
	struct list jobs;
	size_t job_count;
	struct list watches;   /* c-ares keeps no pointer of ours with a socket */
	unsigned handle_count; /* that have yet to close */
	uv_timer_t tick;
	resolver_closed_h *closed;
	void *closed_arg; /* borrowed */
};

struct watch {
	uv_poll_t poll;
	struct list node; /* in watches */
	struct resolver *resolver;
	ares_socket_t socket;
};

static void go_on(struct job *job);
static void begin(struct job *job);
static void end_job(struct job *job, int err);

/* ---- the loop ---- */

static void finish_close(struct resolver *resolver)
{
	if (!resolver->is_closing || resolver->handle_count)
		return;
	if (resolver->closed)
		resolver->closed(resolver->closed_arg);
	mem_free(resolver);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	struct resolver *resolver = watch->resolver;

	mem_free(watch);
	resolver->handle_count--;
	finish_close(resolver);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	bool is_broken = status < 0;

	ares_process_fd(watch->resolver->channel,
		is_broken || events & UV_READABLE ? watch->socket : ARES_SOCKET_BAD,
		is_broken || events & UV_WRITABLE ? watch->socket : ARES_SOCKET_BAD);
}

static struct watch *find_watch(struct resolver *resolver, ares_socket_t socket)
{
	list_for_each (node, &resolver->watches) {
		struct watch *watch = container_of(node, struct watch, node);
		if (watch->socket == socket)
			return watch;
	}
	return NULL;
}

static struct watch *new_watch(struct resolver *resolver, ares_socket_t socket)
{
	struct watch *watch = mem_alloc(sizeof(*watch));

	if (!watch)
		return NULL;
	watch->resolver = resolver;
	watch->socket = socket;
	watch->poll.data = watch;
	if (uv_poll_init(resolver->setup.loop, &watch->poll, socket)) {
		mem_free(watch);
		return NULL;
	}
	resolver->handle_count++;
	list_append(&resolver->watches, &watch->node);
	return watch;
}

static void on_socket(void *arg, ares_socket_t socket, int wants_read, int wants_write)
{
	struct resolver *resolver = arg;
	struct watch *watch = find_watch(resolver, socket);
	int events = (wants_read ? UV_READABLE : 0) | (wants_write ? UV_WRITABLE : 0);

	if (!events) {
		if (watch) {
			list_remove(&watch->node);
			uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
		}
		return;
	}
	if (!watch)
		watch = new_watch(resolver, socket);
	if (watch) /* else its timeout ends the query */
		uv_poll_start(&watch->poll, events, on_readable);
}

static void on_tick(uv_timer_t *timer)
{
	struct resolver *resolver = timer->data;

	list_for_each_safe (node, &resolver->jobs) {
		struct job *job = container_of(node, struct job, node);
		if (!job->is_begun) {
			job->is_begun = true;
			begin(job);
		}
	}
	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (!resolver->job_count)
		uv_timer_stop(timer);
}

int resolver_new(struct resolver **out, const struct resolve_setup *setup)
{
	struct resolver *resolver = mem_alloc(sizeof(*resolver));
	struct ares_options options = {.timeout = TIMEOUT_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = resolver};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;

	if (!resolver)
		return SBC_ENOMEM;
	resolver->setup = *setup;
	list_init(&resolver->jobs);
	list_init(&resolver->watches);
	if (ares_library_init(ARES_LIB_INIT_ALL)) {
		mem_free(resolver);
		return SBC_ENOMEM;
	}
	if (ares_init_options(&resolver->channel, &options, mask) ||
		(setup->servers[0] &&
			ares_set_servers_ports_csv(resolver->channel, setup->servers))) {
		ares_library_cleanup();
		mem_free(resolver);
		return SBC_EINVAL;
	}
	resolver->has_channel = true;
	uv_timer_init(setup->loop, &resolver->tick);
	resolver->tick.data = resolver;
	resolver->handle_count = 1;
	*out = resolver;
	return 0;
}

static void on_tick_closed(uv_handle_t *handle)
{
	struct resolver *resolver = handle->data;

	resolver->handle_count--;
	finish_close(resolver);
}

void resolver_close(struct resolver *resolver, resolver_closed_h *closed, void *arg)
{
	resolver->closed = closed;
	resolver->closed_arg = arg;
	ares_destroy(resolver->channel); /* each job's handler hears of it */
	ares_library_cleanup();
	while (!list_is_empty(&resolver->jobs)) /* those not begun */
		end_job(container_of(resolver->jobs.next, struct job, node), SBC_ESTATE);
	resolver->is_closing = true;
	uv_close((uv_handle_t *)&resolver->tick, on_tick_closed);
}

/* ---- one question ---- */

static void end_job(struct job *job, int err)
{
	struct resolver *resolver = job->resolver;
	struct resolve_result result = {.err = err,
		.name = slice_str(job->name),
		.addresses = job->addresses,
		.address_count = job->address_count,
		.ttl_s = job->ttl_s < 0 ? TTL_DEFAULT : job->ttl_s};

	list_remove(&job->node);
	resolver->job_count--;
	if (err != SBC_ESTATE)
		resolver->setup.done(&result, resolver->setup.arg);
	mem_free(job);
}

static void take_ttl(struct job *job, struct slice answer)
{
	int64_t ttl = resolve_min_ttl(answer);

	if (ttl >= 0 && (job->ttl_s < 0 || ttl < job->ttl_s))
		job->ttl_s = ttl;
}

static void query(struct job *job, const char *name, int type, ares_callback heard)
{
	if (job->query_count++ >= QUERY_MAX) {
		end_job(job, SBC_ELIMIT);
		return;
	}
	ares_query(job->resolver->channel, name, ns_c_in, type, heard, job);
}

/* Over because the resolver closes: the job goes without a word. */
static bool is_closing(struct job *job, int status)
{
	if (status != ARES_EDESTRUCTION && status != ARES_ECANCELLED)
		return false;
	end_job(job, SBC_ESTATE);
	return true;
}

/* ---- NAPTR: which transports ---- */

static bool service_transport(const char *service, enum transport_kind *out)
{
	static const struct {
		const char *word;
		enum transport_kind transport;
	} words[] = {{"SIPS+D2T", TRANSPORT_TLS}, {"SIP+D2T", TRANSPORT_TCP},
		{"SIP+D2U", TRANSPORT_UDP}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_equal_nocase(slice_str(service), slice_str(words[i].word))) {
			*out = words[i].transport;
			return true;
		}
	}
	return false;
}

static bool has_listener(const struct job *job, enum transport_kind transport)
{
	const struct config *config = job->resolver->setup.config;

	for (size_t i = 0; i < config->listener_count; i++)
		if (config->listeners[i].transport == transport)
			return true;
	return false;
}

static void add_service(struct job *job, enum transport_kind transport, const char *name)
{
	struct service *service = &job->services[job->service_count];

	if (job->service_count == SERVICE_MAX || !has_listener(job, transport))
		return;
	service->transport = transport;
	if (!slice_copy(slice_str(name), service->name, sizeof(service->name)))
		job->service_count++;
}

static void add_usual_service(struct job *job, enum transport_kind transport)
{
	static const char *const prefixes[] = {"_sip._udp.", "_sip._tcp.", "_sips._tcp."};
	char name[NAME_LEN];

	if ((size_t)snprintf(name, sizeof(name), "%s%s", prefixes[transport], job->host) <
		sizeof(name))
		add_service(job, transport, name);
}

/* Section 4.1: without NAPTR, SRV for each transport we have, the safest first. */
static void add_usual_services(struct job *job)
{
	if (!job->question.is_transport_open) {
		add_usual_service(job, job->question.transport);
		return;
	}
	add_usual_service(job, TRANSPORT_TLS);
	add_usual_service(job, TRANSPORT_TCP);
	add_usual_service(job, TRANSPORT_UDP);
}

static void on_naptr(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct ares_naptr_reply *replies = NULL, *sorted[SERVICE_MAX];
	struct job *job = arg;
	size_t count = 0;
	enum transport_kind transport;

	(void)timeouts;
	if (is_closing(job, status))
		return;
	if (!status && !ares_parse_naptr_reply(bytes, len, &replies))
		take_ttl(job, slice_of(bytes, (size_t)len));
	for (struct ares_naptr_reply *r = replies; r && count < SERVICE_MAX; r = r->next) {
		size_t at = count++;
		for (; at && (sorted[at - 1]->order > r->order ||
				     (sorted[at - 1]->order == r->order &&
					     sorted[at - 1]->preference > r->preference));
			at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = r;
	}
	for (size_t i = 0; i < count; i++)
		if (slice_equal_nocase(slice_str((char *)sorted[i]->flags), SLICE("s")) &&
			service_transport((char *)sorted[i]->service, &transport))
			add_service(job, transport, sorted[i]->replacement);
	if (replies)
		ares_free_data(replies);
	if (!job->service_count)
		add_usual_services(job);
	go_on(job);
}

/* ---- SRV: which hosts ---- */

static void order_targets(struct job *job)
{
	struct weighted order[TARGET_MAX];
	struct target sorted[TARGET_MAX];

	for (size_t i = 0; i < job->target_count; i++)
		order[i] = (struct weighted){
			/* a service that is preferred comes before any of the next one */
			.priority = job->targets[i].service * 65536u + job->targets[i].priority,
			.weight = job->targets[i].weight,
			.index = i};
	weighted_order(order, job->target_count, &job->resolver->setup.random);
	for (size_t i = 0; i < job->target_count; i++)
		sorted[i] = job->targets[order[i].index];
	memcpy(job->targets, sorted, job->target_count * sizeof(sorted[0]));
}

static void on_srv(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct ares_srv_reply *replies = NULL;
	struct job *job = arg;
	unsigned service = (unsigned)job->service_next - 1;

	(void)timeouts;
	if (is_closing(job, status))
		return;
	if (!status && !ares_parse_srv_reply(bytes, len, &replies))
		take_ttl(job, slice_of(bytes, (size_t)len));
	for (struct ares_srv_reply *r = replies; r && job->target_count < TARGET_MAX;
		r = r->next) {
		struct target *target = &job->targets[job->target_count];
		*target = (struct target){.transport = job->services[service].transport,
			.port = r->port,
			.priority = r->priority,
			.weight = r->weight,
			.service = service};
		/* RFC 2782: "." says that the service is not there. */
		if (r->host[0] && !slice_copy(slice_str(r->host), target->host, NAME_LEN))
			job->target_count++;
	}
	if (replies)
		ares_free_data(replies);
	go_on(job);
}

/* No SRV: the name itself, at the usual port or the one that was given. */
static void add_plain_target(struct job *job)
{
	enum transport_kind transport = job->question.transport;
	struct target *target = &job->targets[job->target_count++];

	if (job->question.is_transport_open && !has_listener(job, transport))
		transport = TRANSPORT_UDP;
	*target = (struct target){.transport = transport, .port = job->question.port};
	if (!target->port)
		target->port = transport == TRANSPORT_TLS ? 5061 : 5060;
	slice_copy(slice_str(job->host), target->host, sizeof(target->host));
}

/* ---- A, AAAA ---- */

static void add_address(struct job *job, const struct netaddr *address)
{
	const struct target *target = &job->targets[job->target_next];

	if (job->address_count == PEER_ADDRESS_MAX)
		return;
	job->addresses[job->address_count] = (struct peer_address){target->transport, *address};
	netaddr_set_port(&job->addresses[job->address_count++].address, target->port);
}

static void on_address(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct hostent *host = NULL;
	struct job *job = arg;

	(void)timeouts;
	if (is_closing(job, status))
		return;
	if (!status) {
		status = job->is_v6_next ? ares_parse_a_reply(bytes, len, &host, NULL, NULL)
					 : ares_parse_aaaa_reply(bytes, len, &host, NULL, NULL);
		if (!status)
			take_ttl(job, slice_of(bytes, (size_t)len));
	}
	for (int i = 0; !status && host->h_addr_list[i]; i++) {
		struct netaddr address = {0};
		address.sa.sa_family = (sa_family_t)host->h_addrtype;
		if (host->h_addrtype == AF_INET)
			memcpy(&address.in.sin_addr, host->h_addr_list[i], 4);
		else
			memcpy(&address.in6.sin6_addr, host->h_addr_list[i], 16);
		add_address(job, &address);
	}
	if (host)
		ares_free_hostent(host);
	if (!job->is_v6_next)
		job->target_next++;
	go_on(job);
}

static void ask_address(struct job *job)
{
	const char *host = job->targets[job->target_next].host;
	struct netaddr address;

	while (!job->is_v6_next &&
		config_host_find(job->resolver->setup.config, slice_str(host), &address)) {
		add_address(job, &address);
		if (++job->target_next == job->target_count) {
			end_job(job, 0);
			return;
		}
		host = job->targets[job->target_next].host;
	}
	job->is_v6_next = !job->is_v6_next;
	query(job, host, job->is_v6_next ? ns_t_a : ns_t_aaaa, on_address);
}

/* ---- the chain ---- */

static void go_on(struct job *job)
{
	if (job->service_next < job->service_count) {
		const struct service *service = &job->services[job->service_next++];
		query(job, service->name, ns_t_srv, on_srv);
		return;
	}
	if (!job->target_count)
		add_plain_target(job);
	else if (!job->target_next && !job->is_v6_next && !job->address_count)
		order_targets(job);
	if (job->target_next < job->target_count)
		ask_address(job);
	else
		end_job(job, job->address_count ? 0 : SBC_ENOENT);
}

static void begin(struct job *job)
{
	struct netaddr fixed;
	bool is_fixed =
		config_host_find(job->resolver->setup.config, slice_str(job->host), &fixed);

	if (job->question.is_transport_open && !job->question.port && !is_fixed) {
		query(job, job->host, ns_t_naptr, on_naptr);
		return;
	}
	if (!job->question.port && !is_fixed)
		add_usual_services(job);
	go_on(job);
}

void resolver_set_config(struct resolver *resolver, const struct config *config)
{
	resolver->setup.config = config;
}

int resolver_start(struct resolver *resolver, const struct resolve_question *question)
{
	struct job *job;

	if (resolver->job_count >= JOB_MAX)
		return SBC_ELIMIT;
	job = mem_alloc(sizeof(*job));
	if (!job)
		return SBC_ENOMEM;
	job->resolver = resolver;
	job->question = *question;
	job->ttl_s = -1;
	if (slice_copy(question->name, job->name, sizeof(job->name)) ||
		slice_copy(question->host, job->host, sizeof(job->host))) {
		mem_free(job);
		return SBC_EINVAL;
	}
	list_append(&resolver->jobs, &job->node);
	resolver->job_count++;
	uv_timer_start(&resolver->tick, on_tick, 0, TICK_MS);
	return 0;
}

/* ---- TTL ---- */

/* Behind a name at *at; false when it does not end within the answer. */
static bool skip_name(struct slice answer, size_t *at)
{
	while (*at < answer.len) {
		unsigned char label = (unsigned char)answer.ptr[*at];
		if (label >= 0xc0) { /* RFC 1035 section 4.1.4 */
			*at += 2;
			return *at <= answer.len;
		}
		*at += 1 + (size_t)label;
		if (!label)
			return true;
	}
	return false;
}

static unsigned read_u16(struct slice answer, size_t at)
{
	const unsigned char *p = (const unsigned char *)answer.ptr + at;

	return (unsigned)p[0] << 8 | p[1];
}

int64_t resolve_min_ttl(struct slice answer)
{
	size_t at = 12, questions, records;
	int64_t least = -1;

	if (answer.len < 12)
		return -1;
	questions = read_u16(answer, 4);
	records = read_u16(answer, 6);
	for (; questions; questions--, at += 4)
		if (!skip_name(answer, &at))
			return -1;
	for (; records; records--) {
		int64_t ttl;
		if (!skip_name(answer, &at) || at + 10 > answer.len)
			return least;
		ttl = (int64_t)read_u16(answer, at + 4) << 16 | read_u16(answer, at + 6);
		/* RFC 2181 section 8: with the top bit set it is none. */
		ttl = ttl > INT32_MAX ? 0 : ttl;
		least = least < 0 || ttl < least ? ttl : least;
		at += 10 + (size_t)read_u16(answer, at + 8);
	}
	return least;
}
