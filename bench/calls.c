/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The load generator of signalling: reads commands, one a line, and answers each with one
 * line of JSON.
 *
 *   pids PID ...                    whose CPU is counted
 *   target HOST PORT                the server under test
 *   sign DOMAIN KEY CERT URL CA     calls are signed (RFC 8224) from now on
 *   domain DOMAIN                   of callers, unsigned
 *   load RATE HOLD_MS WARM SECONDS PROBES
 *                                   RATE calls a second that stand for HOLD_MS, counted for
 *                                   SECONDS after WARM; PROBES OPTIONS a second beside them
 *   fill COUNT RATE                 so many calls more, that stand until they are told
 *   empty RATE                      tells them
 *   flood RATE SECONDS PROBES       INVITEs that are never acknowledged
 *
 * Pinned to the first core and, where it may, in real time: it is the clock of the experiment.
 */

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/cpu.h"
#include "bench/ends.h"

#define LINE_MAX_LEN 1024
#define PID_MAX      64
#define TURN_US      1000               /* at most between two turns */
#define DRAIN        (6 * USEC_PER_SEC) /* for what began and is not over */

struct bench {
	struct ends ends;
	int pids[PID_MAX];
	size_t pid_count;
};

/* What is done at an even pace. */
struct pace {
	double rate, probes; /* a second */
	usec_t began;
	uint64_t done, probed;
};

/* One measured stretch. */
struct window {
	uint64_t cpu, started, hung_up;
	usec_t at;
};

static uint64_t cpu_of_all(const struct bench *b)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < b->pid_count; i++)
		sum += cpu_of(b->pids[i]);
	return sum;
}

static void turn(struct bench *b)
{
	struct ends *ends = &b->ends;
	struct timespec wait = {.tv_nsec = TURN_US * 1000};
	struct pollfd fds[END_SOCKET_COUNT];

	for (int i = 0; i < END_SOCKET_COUNT; i++)
		fds[i] = (struct pollfd){.fd = ends->fds[i], .events = POLLIN};
	ppoll(fds, END_SOCKET_COUNT, &wait, NULL);
	ends_turn(ends, clock_monotonic_us());
}

/* How many are due now, of something that happens at a rate; never a burst to catch up. */
static unsigned due(const struct pace *pace, double rate, uint64_t *done, usec_t now)
{
	uint64_t wanted = (uint64_t)(rate * (double)(now - pace->began) / (double)USEC_PER_SEC);
	uint64_t behind = wanted > *done ? wanted - *done : 0;

	*done = wanted > *done ? wanted : *done;
	return behind > 64 ? 64 : (unsigned)behind;
}

static void probe(struct bench *b, struct pace *pace)
{
	for (unsigned n = due(pace, pace->probes, &pace->probed, b->ends.now); n; n--)
		ends_probe(&b->ends);
}

static void keep_calling(struct bench *b, struct pace *pace, usec_t hold, usec_t until)
{
	while (b->ends.now < until) {
		turn(b);
		for (unsigned n = due(pace, pace->rate, &pace->done, b->ends.now); n; n--)
			ends_call(&b->ends, hold);
		probe(b, pace);
	}
}

static void print_latency(const char *name, const struct latency *latency)
{
	printf("\"%s_p50\": %.1f, \"%s_p99\": %.1f, ", name, latency_at(latency, 0.5), name,
		latency_at(latency, 0.99));
}

static void open_window(struct bench *b, struct window *w)
{
	ends_reset(&b->ends);
	*w = (struct window){.cpu = cpu_of_all(b), .at = b->ends.now};
}

static void close_window(struct bench *b, struct window *w)
{
	w->cpu = cpu_of_all(b) - w->cpu;
	w->at = b->ends.now - w->at;
	w->started = b->ends.counts.started;
	w->hung_up = b->ends.counts.hung_up;
}

/* Half of a call's work is at its beginning, half at its end. */
static void print_row(const struct bench *b, const struct window *w)
{
	const struct end_counts *c = &b->ends.counts;
	double calls = (double)(w->started - c->refused + w->hung_up) / 2;

	printf("{\"started\": %lu, \"answered\": %lu, \"completed\": %lu, \"refused\": %lu, "
	       "\"failed\": %lu, \"last_code\": %u, \"resent\": %lu, \"seconds\": %.3f, "
	       "\"cpu\": %.4f, \"calls\": %.1f, \"ms\": %.4f, ",
		c->started, c->answered, c->completed, c->refused, c->failed, c->last_code,
		c->resent, (double)w->at / 1e6, (double)w->cpu / 1e9, calls,
		calls > 0 ? (double)w->cpu / 1e6 / calls : 0.0);
	print_latency("ring", &c->ring);
	print_latency("bye", &c->bye);
	print_latency("refusal", &c->refusal);
	print_latency("probe", &c->probe);
	printf("\"probes\": %lu, \"probes_answered\": %lu, \"left\": %u}\n", c->probes,
		c->probes_answered, ends_busy(&b->ends));
}

/* Those that stand hang up, until nobody is busy or it takes too long. */
static void drain(struct bench *b, double rate)
{
	struct pace pace = {.rate = rate, .began = b->ends.now};
	usec_t until = b->ends.now + DRAIN;

	while (ends_busy(&b->ends) && b->ends.now < until) {
		unsigned n;

		turn(b);
		n = due(&pace, pace.rate, &pace.done, b->ends.now);
		if (n && ends_hang_up(&b->ends, n))
			until = b->ends.now + DRAIN;
	}
}

static void load(struct bench *b, struct pace *pace, usec_t hold, usec_t warm, usec_t counted)
{
	struct window w;

	turn(b);
	pace->began = b->ends.now;
	keep_calling(b, pace, hold, pace->began + warm);
	open_window(b, &w);
	keep_calling(b, pace, hold, pace->began + warm + counted);
	close_window(b, &w);
	/* What was begun ends as it would have, if that is soon. */
	for (usec_t until = b->ends.now + hold; hold < DRAIN && b->ends.now < until;)
		turn(b);
	drain(b, 1000);
	print_row(b, &w);
}

static void fill(struct bench *b, unsigned count, double rate)
{
	struct pace pace = {.rate = rate};
	struct window w;
	usec_t until;

	turn(b);
	open_window(b, &w);
	pace.began = b->ends.now;
	while (pace.done < count) {
		turn(b);
		for (unsigned n = due(&pace, rate, &pace.done, b->ends.now); n; n--)
			ends_call(&b->ends, 0);
	}
	until = b->ends.now + USEC_PER_SEC;
	while (b->ends.now < until)
		turn(b);
	close_window(b, &w);
	print_row(b, &w);
}

static void flood(struct bench *b, struct pace *pace, usec_t counted)
{
	struct window w;
	usec_t until;

	turn(b);
	open_window(b, &w);
	pace->began = b->ends.now;
	until = pace->began + counted;
	while (b->ends.now < until) {
		turn(b);
		for (unsigned n = due(pace, pace->rate, &pace->done, b->ends.now); n; n--)
			ends_flood(&b->ends);
		probe(b, pace);
	}
	close_window(b, &w);
	for (until = b->ends.now + 2 * USEC_PER_SEC; b->ends.now < until;)
		turn(b);
	print_row(b, &w);
}

/* ---- commands ---- */

static bool take_pids(struct bench *b, const char *words)
{
	char *end;

	b->pid_count = 0;
	for (; b->pid_count < PID_MAX; words = end) {
		long pid = strtol(words, &end, 10);
		if (end == words)
			break;
		b->pids[b->pid_count++] = (int)pid;
	}
	return b->pid_count > 0;
}

static int take_signer(struct bench *b, const char *line)
{
	char words[5][LINE_MAX_LEN];
	const struct signer_files files = {.domain = words[0],
		.key = words[1],
		.certificate = words[2],
		.url = words[3],
		.ca = words[4]};

	if (sscanf(line, "sign %s %s %s %s %s", words[0], words[1], words[2], words[3],
		    words[4]) != 5)
		return SBC_EINVAL;
	slice_copy(slice_str(words[0]), b->ends.domain, sizeof(b->ends.domain));
	return signer_new(&b->ends.signer, &files);
}

/* Whose domain is said in From; unsigned. */
static int take_domain(struct bench *b, const char *domain)
{
	return slice_copy(
		slice_trim(slice_str(domain)), b->ends.domain, sizeof(b->ends.domain));
}

static usec_t seconds(double s)
{
	return (usec_t)(s * (double)USEC_PER_SEC);
}

static bool obey_load(struct bench *b, const char *line)
{
	struct pace pace = {0};
	double hold, warm, counted;
	unsigned count;

	if (sscanf(line, "load %lf %lf %lf %lf %lf", &pace.rate, &hold, &warm, &counted,
		    &pace.probes) == 5)
		load(b, &pace, seconds(hold / 1000), seconds(warm), seconds(counted));
	else if (sscanf(line, "flood %lf %lf %lf", &pace.rate, &counted, &pace.probes) == 3)
		flood(b, &pace, seconds(counted));
	else if (sscanf(line, "fill %u %lf", &count, &pace.rate) == 2)
		fill(b, count, pace.rate);
	else
		return false;
	return true;
}

/* Returns false for what is no command. */
static bool obey(struct bench *b, const char *line)
{
	char host[NETADDR_TEXT_MAX];
	unsigned port;
	double rate;
	int err = 0;

	if (obey_load(b, line))
		return true;
	if (strncmp(line, "pids ", 5) == 0)
		err = take_pids(b, line + 5) ? 0 : SBC_EINVAL;
	else if (sscanf(line, "target %63s %u", host, &port) == 2)
		err = netaddr_parse(&b->ends.target, slice_str(host), (uint16_t)port);
	else if (strncmp(line, "sign ", 5) == 0)
		err = take_signer(b, line);
	else if (strncmp(line, "domain ", 7) == 0)
		err = take_domain(b, line + 7);
	else if (sscanf(line, "empty %lf", &rate) == 1)
		drain(b, rate);
	else
		return false;
	printf("{\"error\": %d}\n", err);
	return true;
}

static void take_the_core(void)
{
	const struct sched_param real_time = {.sched_priority = 10};
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	prctl(PR_SET_TIMERSLACK, 1UL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_FIFO, &real_time))
		fprintf(stderr, "calls: not in real time\n");
}

int main(int argc, char **argv)
{
	struct bench *b = mem_alloc(sizeof(*b));
	char line[LINE_MAX_LEN];

	if (!b || argc != 4 || ends_init(&b->ends, (const char *const *)argv + 1)) {
		fprintf(stderr, "usage: calls CALLER_HOST CALLEE_HOST PROBE_HOST\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	take_the_core();
	printf("{\"caller\": %u, \"callee\": %u}\n", netaddr_port(&b->ends.locals[END_CALLER]),
		netaddr_port(&b->ends.locals[END_CALLEE]));
	while (fgets(line, sizeof(line), stdin)) {
		if (!obey(b, line))
			printf("{\"error\": \"what?\"}\n");
	}
	ends_fini(&b->ends);
	mem_free(b);
	return 0;
}
