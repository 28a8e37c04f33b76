/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Callers and callees of a signalling load. One thread. */

#include "bench/ends.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/err.h"

#define T1            (500 * USEC_PER_MS)
#define T2            (4 * USEC_PER_SEC)
#define GIVE_UP       (32 * USEC_PER_SEC)
#define BATCH         64
#define NAME          "%u-%u" /* of a call: index and generation */
#define NAME_LEN_MAX  32
#define CALLEE_DOMAIN "callee.test"

/* What phones say: G.711 and telephone events. */
static const char description[] =
	"v=0\r\no=user 53655765 2353687637 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\n"
	"t=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

static void latency_add(struct latency *latency, usec_t took)
{
	size_t bin = took > 0 ? (size_t)took / 100 : 0;

	latency->bins[bin < LATENCY_BINS ? bin : LATENCY_BINS - 1]++;
	latency->count++;
}

double latency_at(const struct latency *latency, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)latency->count), seen = 0;

	for (size_t i = 0; i < LATENCY_BINS; i++) {
		seen += latency->bins[i];
		if (seen > wanted)
			return (double)(i + 1) / 10;
	}
	return 0;
}

/* ---- sending ---- */

static void send_text(struct ends *ends, enum end_socket from, const struct buf *text)
{
	if (sendto(ends->fds[from], text->data, text->len, 0, &ends->target.sa,
		    netaddr_len(&ends->target)) < 0)
		return; /* lost, as in the network */
}

static void put_first(struct ends *ends, const char *method, const char *target,
	enum end_socket from, const char *branch)
{
	char local[NETADDR_TEXT_MAX];

	buf_reset(&ends->text);
	buf_printf(&ends->text,
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-%s;rport\r\n"
		"Max-Forwards: 70\r\n",
		method, target, netaddr_print(&ends->locals[from], local), branch);
}

static void put_ids(
	struct ends *ends, const char *name, const char *to, unsigned cseq, const char *method)
{
	buf_printf(&ends->text,
		"From: <sip:caller@%s>;tag=f%s\r\nTo: %s\r\nCall-ID: %s@bench\r\n"
		"CSeq: %u %s\r\n",
		ends->domain, name, to, name, cseq, method);
}

static void put_identity(struct ends *ends, const char *to)
{
	char from[100];

	if (!ends->signer)
		return;
	snprintf(from, sizeof(from), "sip:caller@%s", ends->domain);
	signer_put(ends->signer, from, to, slice_str(description), &ends->text);
}

static void send_invite(struct ends *ends, const char *name)
{
	char target[100], to[104], local[NETADDR_TEXT_MAX];

	snprintf(target, sizeof(target), "sip:%s@" CALLEE_DOMAIN, name);
	snprintf(to, sizeof(to), "<%s>", target);
	put_first(ends, "INVITE", target, END_CALLER, name);
	put_ids(ends, name, to, 1, "INVITE");
	buf_printf(&ends->text, "Contact: <sip:caller@%s>\r\n",
		netaddr_print(&ends->locals[END_CALLER], local));
	put_identity(ends, target);
	buf_printf(&ends->text,
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		sizeof(description) - 1, description);
	send_text(ends, END_CALLER, &ends->text);
}

static void name_of(const struct end_call *call, char *out)
{
	snprintf(out, NAME_LEN_MAX, NAME, call->index, call->generation);
}

static void send_in_dialog(struct end_call *call, const char *method, unsigned cseq)
{
	struct ends *ends = call->ends;
	char name[NAME_LEN_MAX], branch[NAME_LEN_MAX + 8];

	name_of(call, name);
	snprintf(branch, sizeof(branch), "%s%s", method, name);
	put_first(ends, method, call->target, END_CALLER, branch);
	if (call->route[0])
		buf_printf(&ends->text, "Route: %s\r\n", call->route);
	put_ids(ends, name, call->to, cseq, method);
	buf_put_str(&ends->text, "Content-Length: 0\r\n\r\n");
	send_text(ends, END_CALLER, &ends->text);
}

/* Of a refusal: the INVITE's own transaction. */
static void send_refusal_ack(struct end_call *call, const struct sip_lite *m)
{
	struct ends *ends = call->ends;
	char name[NAME_LEN_MAX], target[100], to[256];

	name_of(call, name);
	snprintf(target, sizeof(target), "sip:%s@" CALLEE_DOMAIN, name);
	slice_copy(m->to, to, sizeof(to));
	put_first(ends, "ACK", target, END_CALLER, name);
	put_ids(ends, name, to, 1, "ACK");
	buf_put_str(&ends->text, "Content-Length: 0\r\n\r\n");
	send_text(ends, END_CALLER, &ends->text);
}

/* ---- the caller ---- */

static void finish(struct end_call *call)
{
	struct ends *ends = call->ends;

	timer_stop(&ends->timers, &call->timer);
	call->state = END_IDLE;
	ends->idle[ends->idle_count++] = call->index;
}

static void fail(struct end_call *call, unsigned code)
{
	if (call->is_counted) {
		call->ends->counts.failed++;
		call->ends->counts.last_code = code;
	}
	finish(call);
}

static void wait_next(struct end_call *call)
{
	timer_start(&call->ends->timers, &call->timer, call->ends->now + call->interval);
	call->interval = call->interval * 2;
	if (call->state == END_LEAVING && call->interval > T2)
		call->interval = T2;
}

static void leave(struct end_call *call)
{
	call->state = END_LEAVING;
	call->sent_at = call->ends->now;
	call->deadline = call->ends->now + GIVE_UP;
	call->interval = T1;
	send_in_dialog(call, "BYE", 2);
	wait_next(call);
}

void end_caller_due(struct timer *timer, usec_t now, void *arg)
{
	struct end_call *call = arg;
	char name[NAME_LEN_MAX];

	(void)timer;
	if (call->state == END_UP) {
		leave(call);
		return;
	}
	if (now >= call->deadline || call->state == END_PROCEEDING) {
		fail(call, 408);
		return;
	}
	call->ends->counts.resent++;
	name_of(call, name);
	if (call->state == END_INVITED)
		send_invite(call->ends, name);
	else
		send_in_dialog(call, "BYE", 2);
	wait_next(call);
}

int ends_call(struct ends *ends, usec_t hold)
{
	struct end_call *call;
	char name[NAME_LEN_MAX];

	if (!ends->idle_count)
		return SBC_ELIMIT;
	call = &ends->calls[ends->idle[--ends->idle_count]];
	call->generation++;
	call->state = END_INVITED;
	call->hold = hold;
	call->is_counted = true;
	call->sent_at = ends->now;
	call->deadline = ends->now + GIVE_UP;
	call->interval = T1;
	call->route[0] = '\0';
	ends->counts.started++;
	name_of(call, name);
	send_invite(ends, name);
	wait_next(call);
	return 0;
}

/* RFC 3261 section 12.1.2: the route set is Record-Route backwards. */
static void learn(struct end_call *call, const struct sip_lite *m)
{
	struct buf route;

	slice_copy(m->to, call->to, sizeof(call->to));
	slice_copy(sip_lite_uri(m->contact), call->target, sizeof(call->target));
	buf_init(&route, sizeof(call->route) - 1);
	for (size_t i = m->route_count; i--;)
		buf_printf(&route, "%.*s%s", SLICE_ARG(m->routes[i]), i ? ", " : "");
	slice_copy(buf_slice(&route), call->route, sizeof(call->route));
	buf_fini(&route);
}

static void on_invite_success(struct end_call *call, const struct sip_lite *m)
{
	struct ends *ends = call->ends;

	if (call->state == END_INVITED || call->state == END_PROCEEDING) {
		learn(call, m);
		call->state = END_UP;
		if (call->is_counted)
			ends->counts.answered++;
		timer_stop(&ends->timers, &call->timer);
		if (call->hold)
			timer_start(&ends->timers, &call->timer, ends->now + call->hold);
	}
	if (call->state == END_UP || call->state == END_LEAVING)
		send_in_dialog(call, "ACK", 1);
}

static void on_refused(struct end_call *call, const struct sip_lite *m)
{
	struct end_counts *counts = &call->ends->counts;

	send_refusal_ack(call, m);
	if (call->state != END_INVITED && call->state != END_PROCEEDING)
		return;
	if (m->code != 503 || !m->has_retry_after) {
		fail(call, m->code);
		return;
	}
	if (call->is_counted) {
		counts->refused++;
		latency_add(&counts->refusal, call->ends->now - call->sent_at);
	}
	finish(call);
}

static void on_bye_response(struct end_call *call, unsigned code)
{
	struct end_counts *counts = &call->ends->counts;

	if (call->state != END_LEAVING || code < 200)
		return;
	if (code != 200) {
		fail(call, code);
		return;
	}
	counts->hung_up++;
	if (call->is_counted) {
		counts->completed++;
		latency_add(&counts->bye, call->ends->now - call->sent_at);
	}
	finish(call);
}

static struct end_call *find(struct ends *ends, struct slice name)
{
	struct slice rest = name, first = slice_cut(&rest, '-');
	uint64_t index, generation;

	rest = slice_cut(&rest, '@');
	if (slice_to_u64(first, END_CALLS_MAX - 1, &index) ||
		slice_to_u64(rest, UINT32_MAX, &generation) ||
		ends->calls[index].generation != generation)
		return NULL;
	return &ends->calls[index];
}

static void on_provisional(struct end_call *call, unsigned code)
{
	struct ends *ends = call->ends;

	if (call->state == END_INVITED) {
		call->state = END_PROCEEDING;
		timer_start(&ends->timers, &call->timer, call->deadline);
	}
	if (call->state == END_PROCEEDING && code == 180 && call->is_counted)
		latency_add(&ends->counts.ring, ends->now - call->sent_at);
}

static void on_caller(struct ends *ends, const struct sip_lite *m)
{
	struct end_call *call = m->code ? find(ends, m->call_id) : NULL;

	if (!call) /* of a flood, or of a call that was given up */
		return;
	if (slice_equal(m->method, SLICE("BYE")))
		on_bye_response(call, m->code);
	else if (m->code < 200)
		on_provisional(call, m->code);
	else if (m->code < 300)
		on_invite_success(call, m);
	else
		on_refused(call, m);
}

/* ---- the callee ---- */

void end_callee_due(struct timer *timer, usec_t now, void *arg)
{
	struct end_call *call = arg;
	struct ends *ends = call->ends;

	if (now >= call->callee_deadline) {
		call->is_answering = false;
		return;
	}
	ends->counts.resent += call->callee_interval > T1;
	send_text(ends, END_CALLEE, &call->ok);
	timer_start(&ends->timers, timer, now + call->callee_interval);
	call->callee_interval *= 2;
	if (call->callee_interval > T2)
		call->callee_interval = T2;
}

static void put_contact(struct ends *ends, struct slice name, char *out, size_t size)
{
	char local[NETADDR_TEXT_MAX];

	snprintf(out, size, "Contact: <sip:%.*s@%s>\r\n", SLICE_ARG(name),
		netaddr_print(&ends->locals[END_CALLEE], local));
}

static void on_invite(struct ends *ends, const struct sip_lite *m)
{
	struct slice name = sip_lite_user(m->uri);
	struct end_call *call = find(ends, name);
	char contact[160];

	put_contact(ends, name, contact, sizeof(contact));
	buf_reset(&ends->text);
	if (!call) { /* of a flood: taken at once */
		sip_lite_answer(
			&ends->text, m, "200 OK", "callee", contact, slice_str(description));
		send_text(ends, END_CALLEE, &ends->text);
		return;
	}
	sip_lite_answer(&ends->text, m, "180 Ringing", "callee", contact, (struct slice){0});
	send_text(ends, END_CALLEE, &ends->text);
	if (call->is_answering) /* again */
		return;
	buf_reset(&call->ok);
	sip_lite_answer(&call->ok, m, "200 OK", "callee", contact, slice_str(description));
	call->is_answering = true;
	call->callee_interval = T1;
	call->callee_deadline = ends->now + GIVE_UP;
	timer_start(
		&ends->timers, &call->callee_timer, ends->now + END_ANSWER_MS * USEC_PER_MS);
}

static void on_callee(struct ends *ends, const struct sip_lite *m)
{
	struct end_call *call;

	if (m->code)
		return;
	if (slice_equal(m->method, SLICE("INVITE"))) {
		on_invite(ends, m);
		return;
	}
	call = find(ends, sip_lite_user(m->uri));
	if (call) {
		timer_stop(&ends->timers, &call->callee_timer);
		call->is_answering = false;
	}
	if (slice_equal(m->method, SLICE("ACK")))
		return;
	buf_reset(&ends->text);
	sip_lite_answer(&ends->text, m, "200 OK", "", "", (struct slice){0});
	send_text(ends, END_CALLEE, &ends->text);
}

/* ---- without a call ---- */

void ends_flood(struct ends *ends)
{
	char name[NAME_LEN_MAX];

	snprintf(name, sizeof(name), "f%llu", (unsigned long long)++ends->flood_number);
	send_invite(ends, name);
	ends->counts.started++;
}

void ends_probe(struct ends *ends)
{
	uint32_t number = ends->probe_number++ % END_CALLS_MAX;
	char name[NAME_LEN_MAX], target[100], local[NETADDR_TEXT_MAX];

	snprintf(name, sizeof(name), "%u-%ld", number, (long)(ends->now / USEC_PER_MS));
	snprintf(target, sizeof(target), "sip:%s", netaddr_print(&ends->target, local));
	put_first(ends, "OPTIONS", target, END_PROBE, name);
	put_ids(ends, name, "<sip:probe@bench>", 1, "OPTIONS");
	buf_put_str(&ends->text, "Content-Length: 0\r\n\r\n");
	ends->probe_sent[number] = ends->now;
	ends->counts.probes++;
	send_text(ends, END_PROBE, &ends->text);
}

static void on_probe(struct ends *ends, const struct sip_lite *m)
{
	struct slice name = m->call_id;
	uint64_t number;

	if (m->code != 200 || slice_to_u64(slice_cut(&name, '-'), END_CALLS_MAX - 1, &number) ||
		!ends->probe_sent[number])
		return;
	latency_add(&ends->counts.probe, ends->now - ends->probe_sent[number]);
	ends->probe_sent[number] = 0;
	ends->counts.probes_answered++;
}

/* ---- all of them ---- */

unsigned ends_hang_up(struct ends *ends, unsigned count)
{
	unsigned done = 0;

	for (size_t i = 0; i < END_CALLS_MAX && done < count; i++) {
		struct end_call *call = &ends->calls[i];

		if (call->state != END_UP)
			continue;
		timer_stop(&ends->timers, &call->timer);
		leave(call);
		done++;
	}
	return done;
}

unsigned ends_busy(const struct ends *ends)
{
	return END_CALLS_MAX - ends->idle_count;
}

static void take(struct ends *ends, enum end_socket at, struct slice bytes)
{
	struct sip_lite m;

	if (sip_lite_read(&m, bytes))
		return;
	if (at == END_CALLER)
		on_caller(ends, &m);
	else if (at == END_CALLEE)
		on_callee(ends, &m);
	else
		on_probe(ends, &m);
}

static void receive(struct ends *ends, enum end_socket at)
{
	static char room[BATCH][END_TEXT_MAX];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
	int count;

	do {
		memset(messages, 0, sizeof(messages));
		for (size_t i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){room[i], END_TEXT_MAX};
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		count = recvmmsg(ends->fds[at], messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++)
			take(ends, at, slice_of(room[i], messages[i].msg_len));
	} while (count == BATCH);
}

void ends_turn(struct ends *ends, usec_t now)
{
	ends->now = now;
	for (enum end_socket at = 0; at < END_SOCKET_COUNT; at++)
		receive(ends, at);
	timers_run(&ends->timers, now);
}

void ends_reset(struct ends *ends)
{
	ends->counts = (struct end_counts){0};
	memset(ends->probe_sent, 0, END_CALLS_MAX * sizeof(ends->probe_sent[0]));
	for (size_t i = 0; i < END_CALLS_MAX; i++)
		ends->calls[i].is_counted = false;
}
