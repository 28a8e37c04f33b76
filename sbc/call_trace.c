/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Traces of single calls. A message is known by its Call-ID; which Call-IDs are a traced
 * call's is told by its legs when they begin. Signalling thread.
 */

#include "sbc/call_trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/call_filter.h"
#include "sbc/capture.h"
#include "sbc/pcap_files.h"
#include "sbc/sip_peek.h"

#define LEG_MAX      (2 * CALL_TRACE_CALLS_MAX) /* a few calls with many branches have room */
#define PATH_MAX_LEN 1024                       /* bytes */
#define KIB          1024

struct traced_leg {
	uint64_t hash; /* of its Call-ID */
	uint64_t call;
};

struct traced_call {
	uint64_t number;
	bool is_over;
	char correlation[128]; /* its first Call-ID; longer ones are cut */
};

/* One that runs. */
struct tracing {
	uint64_t id; /* 0: this place is free */
	char text[CALL_TRACE_FILTER_MAX];
	struct call_filter filter; /* of text */
	usec_t deadline;
	unsigned calls_max;
	call_trace_facts_h *facts;
	void *arg;
	struct traced_call calls[CALL_TRACE_CALLS_MAX];
	unsigned call_count;
	struct traced_leg legs[LEG_MAX];
	unsigned leg_count;
	uint64_t messages;
	char file[PATH_MAX_LEN]; /* path; "": none */
};

struct call_trace {
	const struct config *config; /* counted */
	const struct history *history;
	struct pcap_files *pcap; /* owned; NULL: none */
	int hep;                 /* socket; -1: none */
	char hep_text[NETADDR_TEXT_MAX];
	uint64_t seed; /* so that nobody makes two Call-IDs look like one */
	uint64_t last_id;
	unsigned running;
	struct tracing tracings[CALL_TRACE_MAX];
	struct buf text; /* a message, masked */
	struct buf made; /* a packet */
	uint64_t hep_sent, hep_failed;
};

/* ---- beginning and end ---- */

static int open_hep(struct call_trace *trace, char *fault, size_t fault_size)
{
	const struct netaddr *server = &trace->config->trace.hep_address;

	if (!netaddr_is_set(server))
		return 0;
	netaddr_print(server, trace->hep_text);
	trace->hep = socket(
		server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	if (trace->hep >= 0 && !connect(trace->hep, &server->sa, netaddr_len(server)))
		return 0;
	snprintf(fault, fault_size, "cannot send HEP to %s", trace->hep_text);
	return SBC_EIO;
}

int call_trace_open(struct call_trace **out, const struct config *config, struct log *log,
	const struct history *history, const struct random_source *random, char *fault,
	size_t fault_size)
{
	const struct config_trace *to = &config->trace;
	struct call_trace *trace = mem_alloc(sizeof(*trace));
	int err;

	if (!trace)
		return SBC_ENOMEM;
	trace->config = config_ref((struct config *)(uintptr_t)config);
	trace->history = history;
	trace->hep = -1;
	buf_init(&trace->text, CAPTURE_PACKET_MAX);
	buf_init(&trace->made, 2 * CAPTURE_PACKET_MAX);
	random->fill(random->arg, &trace->seed, sizeof(trace->seed));
	err = open_hep(trace, fault, fault_size);
	if (!err && to->pcap_dir[0])
		err = pcap_files_open(&trace->pcap, to->pcap_dir,
			(uint64_t)to->pcap_max_kib * KIB, log, fault, fault_size);
	if (err) {
		call_trace_close(trace);
		return err;
	}
	*out = trace;
	return 0;
}

static void end(struct call_trace *trace, struct tracing *tracing)
{
	if (tracing->file[0])
		pcap_files_end(trace->pcap, (unsigned)(tracing - trace->tracings));
	tracing->id = 0;
	trace->running--;
}

void call_trace_close(struct call_trace *trace)
{
	if (!trace)
		return;
	call_trace_stop(trace, 0);
	pcap_files_close(trace->pcap);
	if (trace->hep >= 0)
		close(trace->hep);
	buf_fini_secret(&trace->text);
	buf_fini_secret(&trace->made);
	config_unref((struct config *)(uintptr_t)trace->config);
	mem_free(trace);
}

unsigned call_trace_stop(struct call_trace *trace, uint64_t id)
{
	unsigned count = 0;

	for (size_t i = 0; i < CALL_TRACE_MAX; i++) {
		struct tracing *tracing = &trace->tracings[i];

		if (!tracing->id || (id && tracing->id != id))
			continue;
		end(trace, tracing);
		count++;
	}
	return count;
}

static void end_late(struct call_trace *trace, usec_t now)
{
	for (size_t i = 0; trace->running && i < CALL_TRACE_MAX; i++)
		if (trace->tracings[i].id && now >= trace->tracings[i].deadline)
			end(trace, &trace->tracings[i]);
}

/* ---- packets ---- */

/* Which of our addresses talks to this one, when we listen on all. The port stays. */
static void find_local(struct netaddr *local, const struct netaddr *peer)
{
	struct netaddr found = *peer;
	uint16_t port = netaddr_port(local);
	socklen_t len = sizeof(found);
	int fd = socket(peer->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);

	if (fd < 0 || connect(fd, &peer->sa, netaddr_len(peer)) ||
		getsockname(fd, &found.sa, &len))
		netaddr_parse(&found,
			peer->sa.sa_family == AF_INET ? SLICE("0.0.0.0") : SLICE("::"), 0);
	if (fd >= 0)
		close(fd);
	*local = found;
	netaddr_set_port(local, port);
}

/* Of the listener that calls itself so. A connection that we made is shown with its port. */
static void our_address(
	const struct call_trace *trace, const struct history_entry *entry, struct netaddr *out)
{
	const struct config *config = trace->config;
	char text[NETADDR_TEXT_MAX];

	*out = (struct netaddr){0};
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *listener = &config->listeners[i];
		const char *name = listener->advertised[0]
					   ? listener->advertised
					   : netaddr_print(&listener->address, text);

		if (listener->transport == entry->transport &&
			slice_equal(slice_str(name), entry->local)) {
			*out = listener->address;
			break;
		}
	}
	if (!netaddr_is_set(out))
		netaddr_parse(out, SLICE("0.0.0.0"), 0);
	if (netaddr_is_any(out) || out->sa.sa_family != entry->peer.sa.sa_family)
		find_local(out, &entry->peer);
}

static void send_hep(struct call_trace *trace, const struct traced_call *call,
	const struct capture_packet *packet)
{
	const struct capture_agent agent = {.id = trace->config->trace.hep_capture_id,
		.auth_key = slice_str(trace->config->trace.hep_auth_key),
		.correlation_id = slice_str(call->correlation)};

	if (trace->hep < 0)
		return;
	buf_reset(&trace->made);
	/* Never waits: nobody there, or no room, is no reason to. */
	if (!capture_print_hep(&trace->made, &agent, packet) &&
		send(trace->hep, trace->made.data, trace->made.len, 0) ==
			(ssize_t)trace->made.len)
		trace->hep_sent++;
	else
		trace->hep_failed++;
}

static void write_pcap(
	struct call_trace *trace, struct tracing *tracing, const struct capture_packet *packet)
{
	if (!tracing->file[0])
		return;
	buf_reset(&trace->made);
	if (!capture_print_pcap(&trace->made, packet))
		pcap_files_put(trace->pcap, (unsigned)(tracing - trace->tracings),
			buf_slice(&trace->made));
}

/* text: the message, masked. */
static void emit(struct call_trace *trace, struct tracing *tracing,
	const struct traced_call *call, const struct history_entry *entry, struct slice text)
{
	struct capture_packet packet = {
		.time_us = entry->time_us, .kind = entry->transport, .text = text};
	struct netaddr ours;

	if (!netaddr_is_set(&entry->peer))
		return;
	our_address(trace, entry, &ours);
	packet.source = entry->is_incoming ? entry->peer : ours;
	packet.destination = entry->is_incoming ? ours : entry->peer;
	tracing->messages++;
	send_hep(trace, call, &packet);
	write_pcap(trace, tracing, &packet);
}

/* ---- calls ---- */

/* FNV-1a from a secret start. */
static uint64_t hash(const struct call_trace *trace, struct slice text)
{
	uint64_t value = trace->seed;

	for (size_t i = 0; i < text.len; i++)
		value = (value ^ (uint8_t)text.ptr[i]) * 0x100000001b3u;
	return value;
}

static struct traced_call *find_call(struct tracing *tracing, uint64_t number)
{
	for (unsigned i = 0; i < tracing->call_count; i++)
		if (tracing->calls[i].number == number)
			return &tracing->calls[i];
	return NULL;
}

static const struct traced_leg *find_leg(const struct tracing *tracing, uint64_t call_id)
{
	for (unsigned i = 0; i < tracing->leg_count; i++)
		if (tracing->legs[i].hash == call_id)
			return &tracing->legs[i];
	return NULL;
}

static void add_leg(struct call_trace *trace, struct tracing *tracing, struct traced_call *call,
	struct slice call_id)
{
	uint64_t key = hash(trace, call_id);

	if (!call_id.len || find_leg(tracing, key) || tracing->leg_count == LEG_MAX)
		return;
	if (!call->correlation[0])
		slice_copy(slice_head(call_id, sizeof(call->correlation) - 1),
			call->correlation, sizeof(call->correlation));
	tracing->legs[tracing->leg_count++] =
		(struct traced_leg){.hash = key, .call = call->number};
}

/* What the history still has of it: its messages are masked already. */
static void replay(struct call_trace *trace, struct tracing *tracing, struct traced_call *call)
{
	struct history_walk walk;
	struct history_entry entry;
	char name[32];

	snprintf(name, sizeof(name), "c%llu", (unsigned long long)call->number);
	if (!history_find(trace->history, slice_str(name), &walk))
		return;
	while (history_next(trace->history, &walk, &entry)) {
		if (entry.kind == HISTORY_LEG)
			add_leg(trace, tracing, call, entry.text);
	}
	history_find(trace->history, slice_str(name), &walk);
	while (history_next(trace->history, &walk, &entry)) {
		if (entry.kind == HISTORY_MESSAGE)
			emit(trace, tracing, call, &entry, entry.text);
	}
}

static void take_call(struct call_trace *trace, struct tracing *tracing, uint64_t number)
{
	struct traced_call *call = &tracing->calls[tracing->call_count++];
	struct call_trace_facts facts = {0};

	*call = (struct traced_call){.number = number};
	call->is_over = !tracing->facts(number, &facts, tracing->arg);
	add_leg(trace, tracing, call, facts.call_id[0]);
	add_leg(trace, tracing, call, facts.call_id[1]);
	replay(trace, tracing, call);
}

static void end_if_done(struct call_trace *trace, struct tracing *tracing)
{
	if (tracing->call_count < tracing->calls_max)
		return;
	for (unsigned i = 0; i < tracing->call_count; i++)
		if (!tracing->calls[i].is_over)
			return;
	end(trace, tracing);
}

/* ---- commands ---- */

static bool begin_file(
	struct call_trace *trace, struct tracing *tracing, unsigned slot, uint64_t id)
{
	time_t wall = (time_t)clock_wall_s();
	char name[80], stamp[32] = "";
	struct tm tm;

	if (!trace->pcap)
		return true;
	if (gmtime_r(&wall, &tm))
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, sizeof(name), "countersip-%s-%ld-%llu.pcap", stamp, (long)getpid(),
		(unsigned long long)id);
	snprintf(tracing->file, sizeof(tracing->file), "%s/%s", trace->config->trace.pcap_dir,
		name);
	return pcap_files_begin(trace->pcap, slot, name);
}

/* "c17", or a Call-ID that the history knows. */
static bool find_number(
	const struct call_trace *trace, const struct tracing *tracing, uint64_t *number)
{
	struct call_trace_facts facts;
	struct history_walk walk;

	if (history_find(trace->history, tracing->filter.call, &walk)) {
		*number = walk.number;
		return true;
	}
	return history_number(tracing->filter.call, number) &&
	       tracing->facts(*number, &facts, tracing->arg);
}

static const char *begin(
	struct call_trace *trace, struct tracing *tracing, const struct call_trace_order *order)
{
	uint64_t number = 0;

	memset(tracing, 0, sizeof(*tracing));
	tracing->calls_max = order->calls;
	tracing->facts = order->facts;
	tracing->arg = order->arg;
	if (slice_copy(order->filter, tracing->text, sizeof(tracing->text)) ||
		call_filter_parse(&tracing->filter, slice_str(tracing->text)))
		return "say which calls: a call, or from=, to=, peer=";
	if (tracing->filter.call.len && !find_number(trace, tracing, &number))
		return "nothing is known about such a call (any more)";
	if (!begin_file(
		    trace, tracing, (unsigned)(tracing - trace->tracings), trace->last_id + 1))
		return "the disk does not keep up";
	tracing->id = ++trace->last_id;
	trace->running++;
	if (tracing->filter.call.len) {
		tracing->calls_max = 1;
		take_call(trace, tracing, number);
	}
	return NULL;
}

static void tell(const struct call_trace *trace, const struct tracing *tracing, usec_t now,
	struct call_trace_info *out)
{
	*out = (struct call_trace_info){.id = tracing->id,
		.filter = tracing->text,
		.seconds_left = (unsigned)((tracing->deadline - now) / USEC_PER_SEC),
		.calls = tracing->call_count,
		.calls_max = tracing->calls_max,
		.messages = tracing->messages,
		.file = tracing->file,
		.hep = trace->hep_text};
}

static bool is_in_bounds(const struct call_trace_order *order)
{
	return order->seconds && order->seconds <= CALL_TRACE_SECONDS && order->calls &&
	       order->calls <= CALL_TRACE_CALLS_MAX;
}

const char *call_trace_start(struct call_trace *trace, const struct call_trace_order *order,
	usec_t now, struct call_trace_info *out)
{
	struct tracing *tracing = trace->tracings;
	const char *why;

	end_late(trace, now);
	if (!is_in_bounds(order))
		return "SECONDS are 1 to 86400, CALLS 1 to 100";
	while (tracing < trace->tracings + CALL_TRACE_MAX && tracing->id)
		tracing++;
	if (tracing == trace->tracings + CALL_TRACE_MAX)
		return "so many traces run already: call.trace_stop";
	why = begin(trace, tracing, order);
	if (why)
		return why;
	tracing->deadline = now + order->seconds * USEC_PER_SEC;
	tell(trace, tracing, now, out);
	end_if_done(trace, tracing); /* a call that is over already */
	return NULL;
}

bool call_trace_at(
	struct call_trace *trace, unsigned index, usec_t now, struct call_trace_info *out)
{
	const struct tracing *tracing = &trace->tracings[index];

	end_late(trace, now);
	if (!tracing->id)
		return false;
	tell(trace, tracing, now, out);
	return true;
}

/* ---- what it hears ---- */

/* Once, for all traces that want it. */
static struct slice mask(struct call_trace *trace, struct slice text)
{
	buf_reset(&trace->text);
	buf_put_slice(&trace->text, slice_head(text, CAPTURE_PACKET_MAX - 1));
	if (trace->text.len)
		sip_mask(trace->text.data, trace->text.len);
	return buf_slice(&trace->text);
}

void call_trace_message(struct call_trace *trace, const struct history_entry *entry, usec_t now)
{
	struct slice text = {0};
	struct sip_peek peek;
	uint64_t key;

	end_late(trace, now);
	if (!trace->running)
		return;
	sip_peek(&peek, entry->text);
	if (!peek.call_id.len)
		return;
	key = hash(trace, peek.call_id);
	for (size_t i = 0; i < CALL_TRACE_MAX; i++) {
		struct tracing *tracing = &trace->tracings[i];
		const struct traced_leg *leg = tracing->id ? find_leg(tracing, key) : NULL;

		if (!leg)
			continue;
		if (!text.len)
			text = mask(trace, entry->text);
		emit(trace, tracing, find_call(tracing, leg->call), entry, text);
	}
}

static bool is_meant(const struct tracing *tracing, uint64_t number)
{
	struct call_trace_facts facts = {0};

	return !tracing->filter.call.len && tracing->call_count < tracing->calls_max &&
	       tracing->facts(number, &facts, tracing->arg) &&
	       call_filter_takes(&tracing->filter, facts.from, facts.to, facts.peer);
}

void call_trace_leg(struct call_trace *trace, uint64_t number, struct slice call_id, usec_t now)
{
	end_late(trace, now);
	for (size_t i = 0; trace->running && i < CALL_TRACE_MAX; i++) {
		struct tracing *tracing = &trace->tracings[i];
		struct traced_call *call;

		if (!tracing->id)
			continue;
		if (!find_call(tracing, number) && is_meant(tracing, number))
			take_call(trace, tracing, number);
		call = find_call(tracing, number);
		if (call)
			add_leg(trace, tracing, call, call_id);
	}
}

void call_trace_ended(struct call_trace *trace, uint64_t number)
{
	for (size_t i = 0; trace->running && i < CALL_TRACE_MAX; i++) {
		struct tracing *tracing = &trace->tracings[i];
		struct traced_call *call = tracing->id ? find_call(tracing, number) : NULL;

		if (!call)
			continue;
		call->is_over = true;
		end_if_done(trace, tracing);
	}
}

void call_trace_counters(const struct call_trace *trace, struct call_trace_counters *out)
{
	pcap_files_counters(trace->pcap, &out->pcap);
	out->hep_sent = trace->hep_sent;
	out->hep_failed = trace->hep_failed;
}
