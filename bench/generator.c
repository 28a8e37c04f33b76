/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The load generator: reads commands, one a line, and answers each with one line of JSON.
 *
 *   relay PID                     whose CPU is counted
 *   leg HOST PORT_A PORT_B        a session more
 *   connect                       DTLS handshakes of all that have none yet
 *   preset                        the newest session's keys are those of preset.h
 *   run SECONDS RATE SESSIONS HS  RATE packets a second, HS handshakes a second beside it
 *   backlog REPS SESSIONS         stopped relay, one packet a leg, continued; REPS times
 *
 * Pinned to the first core and, where it may, in real time: it is to be the clock of the
 * experiment.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/cpu.h"
#include "bench/legs.h"

#define TICK_US         200
#define WARM_US         300000
#define DRAIN_US        500000 /* a packet that is not back by then is lost */
#define CONNECT_AHEAD   16     /* handshakes at a time */
#define CONNECT_TIMEOUT (120 * USEC_PER_SEC)
#define BACKLOG_WAIT    (2 * USEC_PER_SEC)
#define LINE_MAX_LEN    256

struct generator {
	struct legs legs;
	int relay; /* process id */
};

struct row {
	double seconds;
	unsigned rate, limit; /* packets/s in all, legs */
	unsigned handshakes;  /* a second */
	uint64_t cpu, received;
	double took;
};

static void sleep_until(usec_t at)
{
	struct timespec when = {at / USEC_PER_SEC, at % USEC_PER_SEC * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		continue;
}

static void print_latency(const struct legs *legs)
{
	printf("\"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f", legs_latency(legs, 0.5),
		legs_latency(legs, 0.99), legs_latency(legs, 0.999));
}

static void print_row(const struct generator *g, const struct row *row)
{
	const struct leg_counts *c = &g->legs.counts;
	uint64_t gone = c->received + c->bad;

	printf("{\"sent\": %lu, \"received\": %lu, \"lost\": %lu, \"bad\": %lu, \"late\": %lu, "
	       "\"ns\": %.1f, \"seconds\": %.3f, \"cpu\": %.4f, \"failed\": %u, ",
		c->sent, c->received, c->sent > gone ? c->sent - gone : 0, c->bad, c->late,
		row->received ? (double)row->cpu / (double)row->received : 0.0, row->took,
		(double)row->cpu / 1e9, g->legs.failed);
	print_latency(&g->legs);
	printf("}\n");
}

static void drain(struct generator *g)
{
	struct legs *legs = &g->legs;
	usec_t until = clock_monotonic_us() + DRAIN_US;

	while (legs->counts.received + legs->counts.bad < legs->counts.sent &&
		clock_monotonic_us() < until) {
		if (legs_receive(legs))
			until = clock_monotonic_us() + DRAIN_US;
		else
			sleep_until(clock_monotonic_us() + TICK_US);
	}
}

/* Traffic at an even pace until then; what is due at a tick goes out at the tick. */
static void pace(struct generator *g, const struct row *row, usec_t until)
{
	struct legs *legs = &g->legs;
	usec_t began = clock_monotonic_us(), tick = began, now = began, ticked = began;
	uint64_t sent = 0, begun = 0;

	while (now < until) {
		uint64_t due = row->rate * (uint64_t)(now - began) / USEC_PER_SEC;
		uint64_t hello = row->handshakes * (uint64_t)(now - began) / USEC_PER_SEC;

		legs_receive(legs);
		if (due > sent)
			legs_send(legs, (unsigned)(sent % row->limit), (unsigned)(due - sent),
				row->limit);
		sent = due;
		for (; begun < hello; begun++)
			legs_begin_next(legs);
		if (row->handshakes && now - ticked > 20000) {
			legs_tick(legs);
			ticked = now;
		}
		tick += TICK_US;
		if (tick < now)
			tick = now; /* was held up: no burst to catch up ticks */
		sleep_until(tick);
		now = clock_monotonic_us();
	}
}

static void run(struct generator *g, struct row *row)
{
	struct legs *legs = &g->legs;
	usec_t began = clock_monotonic_us();
	struct row warm = *row;
	uint64_t cpu, received;

	warm.handshakes = 0;
	pace(g, &warm, began + WARM_US);
	drain(g);
	legs_reset(legs);
	began = clock_monotonic_us();
	cpu = cpu_of(g->relay);
	received = legs->counts.received;
	pace(g, row, began + (usec_t)(row->seconds * USEC_PER_SEC));
	drain(g);
	row->cpu = cpu_of(g->relay) - cpu;
	row->received = legs->counts.received - received;
	row->took = (double)(clock_monotonic_us() - began) / USEC_PER_SEC;
	print_row(g, row);
}

static void backlog(struct generator *g, unsigned reps, unsigned limit)
{
	struct legs *legs = &g->legs;
	struct row row = {.limit = limit};
	usec_t began = clock_monotonic_us();

	legs_reset(legs);
	for (unsigned i = 0; i < reps; i++) {
		uint64_t before = legs->counts.received, cpu;

		kill(g->relay, SIGSTOP);
		cpu_wait_stopped(g->relay);
		legs_send(legs, 0, limit, limit);
		cpu = cpu_of(g->relay);
		kill(g->relay, SIGCONT);
		drain(g);
		row.cpu += cpu_of(g->relay) - cpu;
		row.received += legs->counts.received - before;
	}
	row.took = (double)(clock_monotonic_us() - began) / USEC_PER_SEC;
	print_row(g, &row);
}

static void connect_all(struct generator *g)
{
	struct legs *legs = &g->legs;
	usec_t began = clock_monotonic_us(), now = began, ticked = began;

	while (now - began < CONNECT_TIMEOUT) {
		while (legs_pending(legs) < CONNECT_AHEAD && legs_begin_next(legs))
			continue;
		if (!legs_pending(legs))
			break;
		legs_receive(legs);
		if (now - ticked > 100000) {
			legs_tick(legs);
			ticked = now;
		}
		sleep_until(now + TICK_US);
		now = clock_monotonic_us();
	}
	printf("{\"connected\": %u, \"failed\": %u, \"pending\": %u, \"seconds\": %.3f}\n",
		legs->connected, legs->failed, legs_pending(legs),
		(double)(now - began) / USEC_PER_SEC);
}

static void add_leg(struct generator *g, const char *line)
{
	char host[NETADDR_TEXT_MAX];
	unsigned a, b;
	int err = SBC_EINVAL;

	if (sscanf(line, "leg %63s %u %u", host, &a, &b) == 3)
		err = legs_add(&g->legs, host, a, b);
	printf("{\"error\": %d}\n", err);
}

/* Returns false for what is no command. */
static bool obey(struct generator *g, const char *line)
{
	struct row row = {0};
	unsigned a, b;

	if (sscanf(line, "relay %d", &g->relay) == 1)
		printf("{}\n");
	else if (strncmp(line, "leg ", 4) == 0)
		add_leg(g, line);
	else if (strncmp(line, "connect", 7) == 0)
		connect_all(g);
	else if (strncmp(line, "preset", 6) == 0)
		printf("{\"error\": %d}\n", legs_preset(&g->legs));
	else if (sscanf(line, "run %lf %u %u %u", &row.seconds, &row.rate, &a,
			 &row.handshakes) == 4 &&
		 a && 2 * a <= g->legs.count) {
		row.limit = 2 * a;
		run(g, &row);
	} else if (sscanf(line, "backlog %u %u", &a, &b) == 2 && b && 2 * b <= g->legs.count)
		backlog(g, a, 2 * b);
	else
		return false;
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
	if (sched_setscheduler(0, SCHED_FIFO, &real_time))
		fprintf(stderr, "generator: not in real time\n");
}

static void tell_ready(const struct legs *legs)
{
	char text[FINGERPRINT_TEXT_MAX];

	printf("{\"fingerprint\": \"%s\", \"ports\": [%u, %u]}\n",
		fingerprint_print(&legs->certificate.fingerprint, text),
		netaddr_port(&legs->locals[0]), netaddr_port(&legs->locals[1]));
}

int main(int argc, char **argv)
{
	struct generator *g = mem_alloc(sizeof(*g));
	char line[LINE_MAX_LEN];
	uint64_t profile;

	if (!g || argc != 3 || slice_to_u64(slice_str(argv[2]), 8, &profile) ||
		legs_init(&g->legs, (unsigned)profile, argv[1])) {
		fprintf(stderr, "usage: generator HOST PROFILE\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	take_the_core();
	tell_ready(&g->legs);
	while (fgets(line, sizeof(line), stdin)) {
		if (!obey(g, line))
			printf("{\"error\": \"what?\"}\n");
	}
	legs_fini(&g->legs);
	mem_free(g);
	return 0;
}
