/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The room through its door: relaying, gates, limits, its end. */

#include "tests/cmocka_first.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "tests/unit/media/room.h"

static void relays(bool mux_a, bool mux_b)
{
	open_session(mux_a, mux_b);
	set_gates(true);
	secure_both();
	for (int i = 0; i < 20; i++) {
		phone_send_rtp(&w.phones[A]);
		phone_send_rtp(&w.phones[B]);
		phone_send_rtcp(&w.phones[A]);
		phone_send_rtcp(&w.phones[B]);
		turn();
	}
	wait_for(w.phones[B].rtp.rtp_received == 20 && w.phones[A].rtp.rtp_received == 20);
	wait_for((mux_a ? w.phones[A].rtp : w.phones[A].rtcp).rtcp_received == 20);
	wait_for((mux_b ? w.phones[B].rtp : w.phones[B].rtcp).rtcp_received == 20);
	assert_int_equal(0, w.phones[A].rtp.not_verified + w.phones[B].rtp.not_verified);
	assert_int_equal(0, w.phones[A].rtcp.not_verified + w.phones[B].rtcp.not_verified);
	close_session();
	for (int side = 0; side < 2; side++) {
		const struct media_counters *c = &w.heard.count[side];

		assert_int_equal(20, c->rtp_received);
		assert_int_equal(20, c->rtp_relayed);
		assert_int_equal(20, c->rtcp_received);
		assert_int_equal(20, c->rtcp_relayed);
		assert_int_equal(0, c->rtp_lost);
		assert_int_equal(0, c->dropped_gate + c->dropped_auth + c->dropped_malformed +
					    c->dropped_source + c->dropped_send);
		assert_true(c->dtls_received > 0);
	}
	assert_int_equal(4711, w.heard.cookie);
}

static void relays_with_mux(void **state)
{
	(void)state;
	relays(true, true);
	/* What was agreed, in the registered names. */
	assert_string_equal("DTLSv1.3", w.heard.security[A].dtls_version);
	assert_string_equal("SRTP_AEAD_AES_128_GCM", w.heard.security[A].srtp_profile);
	assert_true(slice_starts(slice_str(w.heard.security[B].cipher_suite), SLICE("TLS_")));
	assert_true(fingerprint_equal(
		&w.heard.security[B].presented, &w.phones[B].certificate.fingerprint));
	assert_true(fingerprint_equal(media_own_fingerprint(w.media),
		&dtls_assoc_result(w.phones[A].rtp.assoc)->presented));
}

/* DTLS-8, SDP-33: two associations a side. */
static void relays_without_mux(void **state)
{
	(void)state;
	relays(false, false);
}

static void relays_with_mux_on_one_side(void **state)
{
	(void)state;
	relays(true, false);
}

/* DTLS-12, DTLS-13: one shut gate is enough. */
static void shut_gate_stops_media(void **state)
{
	static const bool gates[][2] = {{false, false}, {true, false}, {false, true}};

	(void)state;
	open_session(true, true);
	secure_both();
	for (size_t i = 0; i < 3; i++) {
		media_set_gate(w.media, w.opened.id, A, gates[i][0]);
		media_set_gate(w.media, w.opened.id, B, gates[i][1]);
		ask_counters(); /* and the gates are set by then */
		for (int n = 0; n < 5; n++) {
			phone_send_rtp(&w.phones[A]);
			phone_send_rtp(&w.phones[B]);
			phone_send_rtcp(&w.phones[B]);
		}
		pause_ms(30);
	}
	ask_counters();
	assert_int_equal(15, w.heard.count[A].dropped_gate);
	assert_int_equal(30, w.heard.count[B].dropped_gate);
	assert_int_equal(0, w.heard.count[A].rtp_relayed + w.heard.count[B].rtp_relayed);
	assert_int_equal(0, w.phones[A].rtp.rtp_received + w.phones[B].rtp.rtp_received);
	set_gates(true);
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 1);
	set_gates(false);
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	pause_ms(30);
	assert_int_equal(1, w.phones[B].rtp.rtp_received);
}

/* SRTP-15, M9: media before or without a handshake goes nowhere, in either direction. */
static void no_media_before_both_are_secured(void **state)
{
	(void)state;
	open_session(true, true);
	set_gates(true);
	set_remote(A);
	set_remote(B);
	phone_start(&w.phones[A], &w.opened.local[A]);
	phone_start(&w.phones[B], &w.opened.local[B]);
	w.phones[B].is_deaf = true; /* does not answer our hello */
	wait_for(w.heard.secured[A]);
	for (int i = 0; i < 10; i++)
		phone_send_rtp(&w.phones[A]);
	phone_send_rtp(&w.phones[B]); /* in the clear */
	pause_ms(30);
	ask_counters();
	assert_int_equal(10, w.heard.count[A].dropped_gate);
	assert_int_equal(0, w.heard.count[A].rtp_relayed + w.heard.count[B].rtp_relayed);
}

static void silence_is_told_once(void **state)
{
	(void)state;
	w.config.media_timeout = 150 * USEC_PER_MS;
	open_session(true, true);
	secure_both();
	wait_for(w.heard.timeout[A] && w.heard.timeout[B]);
	pause_ms(400);
	assert_int_equal(1, w.heard.timeout[A]);
	phone_send_rtp(&w.phones[A]);
	wait_for(w.heard.timeout[A] == 2);
	assert_int_equal(1, w.heard.timeout[B]);
}

static void limits(void **state)
{
	struct media_open_request request = {0};
	struct media_opened opened[7], again;
	struct media_remote remote = {.rtcp_mux = true};

	(void)state;
	start();
	for (int i = 0; i < 6; i++)
		assert_int_equal(0, media_open(w.media, &request, &opened[i]));
	assert_int_equal(SBC_ELIMIT, media_open(w.media, &request, &opened[6]));
	request.interface[B] = 1;
	media_close(w.media, opened[0].id);
	media_close(w.media, opened[0].id); /* a name that is dead is ignored */
	wait_for(w.heard.closed == 1);
	assert_int_equal(SBC_EINVAL, media_open(w.media, &request, &again));
	request.interface[B] = 0;
	assert_int_equal(0, media_open(w.media, &request, &again));
	/* The same slot, but never the same name or, so soon, the same port. */
	assert_int_equal(opened[0].id.slot, again.id.slot);
	assert_int_not_equal(opened[0].id.generation, again.id.generation);
	assert_int_not_equal(netaddr_port(&opened[0].local[A]), netaddr_port(&again.local[A]));
	assert_int_equal(0, netaddr_port(&again.local[B]) % 2);
	assert_int_equal(SBC_ENOENT, media_set_gate(w.media, opened[0].id, A, true));
	assert_int_equal(SBC_EINVAL, media_set_remote(w.media, again.id, A, &remote));
	/* The mailbox gets full, and CLOSE still fits; then the loop catches up. */
	for (int i = 0; i < 100000; i++) {
		if (media_ask_counters(w.media, again.id) == SBC_EAGAIN)
			break;
	}
	media_close(w.media, again.id);
	wait_for(w.heard.closed == 2);
}

static void stops_with_sessions_open(void **state)
{
	struct media_open_request request = {0};
	struct media_opened opened;

	(void)state;
	open_session(true, true);
	secure_both();
	assert_int_equal(0, media_open(w.media, &request, &opened));
	media_stop(w.media, on_stopped, &w.is_stopped);
	assert_int_equal(SBC_ESTATE, media_open(w.media, &request, &opened));
	assert_int_equal(0, w.heard.closed); /* never inside a call */
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_true(w.is_stopped);
	assert_int_equal(2, w.heard.closed);
	w.media = NULL;
}

/* All loops work in one way: as the system allows, or as they are told. */
static void rings_are_told(void **state)
{
	struct media_rings rings;

	(void)state;
	start();
	media_rings(w.media, &rings);
	assert_int_equal(2, rings.loops);
	assert_true(rings.in_use == 2 || rings.in_use == 0);
	assert_int_equal(0, rings.lost);
}

static void rings_can_be_off(void **state)
{
	struct media_rings rings;

	w.config.want_ring = false;
	rings_are_told(state);
	media_rings(w.media, &rings);
	assert_int_equal(0, rings.in_use);
	media_stop(w.media, on_stopped, &w.is_stopped);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	w.media = NULL;
	relays(true, true); /* the same without */
}

/* ---- a loop that does not turn any more ---- */

static int stick[2]; /* a pipe: who is struck waits for a byte of it */

static void on_stick(int number)
{
	char byte;

	(void)number;
	(void)!read(stick[0], &byte, 1);
}

/* The thread of that name; 0: there is none. */
static pid_t find_thread(const char *wanted)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	pid_t found = 0;

	while (!found && (task = readdir(tasks))) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		file = fopen(path, "r");
		if (file && fgets(name, sizeof(name), file)) {
			name[strcspn(name, "\n")] = '\0';
			if (strcmp(name, wanted) == 0)
				found = (pid_t)strtol(task->d_name, NULL, 10);
		}
		if (file)
			fclose(file);
	}
	closedir(tasks);
	return found;
}

/* Asked again and again, until so many have not answered. */
static unsigned stuck_after_a_while(unsigned wanted)
{
	unsigned stuck = 0;

	for (int i = 0; i < 100; i++) {
		pause_ms(50);
		stuck = media_stuck_loops(w.media);
		if (stuck == wanted && i > 2)
			break;
	}
	return stuck;
}

static void stuck_loops_are_seen(void **state)
{
	struct sigaction action = {.sa_handler = on_stick};
	unsigned stuck, still;
	pid_t thread;

	(void)state;
	start();
	assert_int_equal(0, pipe(stick));
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(0, media_stuck_loops(w.media)); /* nothing was asked yet */
	assert_int_equal(0, stuck_after_a_while(0));     /* idle ones answer */
	wait_for((thread = find_thread("media/1")));
	assert_int_equal(0, syscall(SYS_tgkill, getpid(), thread, SIGUSR1));
	stuck = stuck_after_a_while(1);
	pause_ms(50);
	still = media_stuck_loops(w.media);
	assert_int_equal(1, write(stick[1], "", 1)); /* else the end would wait for it */
	assert_int_equal(1, stuck);
	assert_int_equal(1, still);
	assert_int_equal(0, stuck_after_a_while(0));
	signal(SIGUSR1, SIG_DFL);
	close(stick[0]);
	close(stick[1]);
}

static void bad_configurations(void **state)
{
	struct media_config good = w.config, bad;

	(void)state;
#define REFUSED(change)                                                                        \
	do {                                                                                   \
		bad = good;                                                                    \
		bad.change;                                                                    \
		assert_int_equal(                                                              \
			SBC_EINVAL, media_new(&w.media, &bad, &w.loop, on_event, &w.heard));   \
	} while (0)
	REFUSED(loop_count = 0);
	REFUSED(loop_count = MEDIA_LOOP_MAX + 1);
	REFUSED(interface_count = 0);
	REFUSED(session_max = 0);
	REFUSED(session_max = 1000000);
	REFUSED(profile_count = 0);
	REFUSED(profiles[0] = (enum media_srtp_profile)5);
	REFUSED(dtls_mtu = 100);
	REFUSED(coalesce = -1);
	REFUSED(coalesce = MEDIA_COALESCE_MAX + 1);
	REFUSED(interfaces[0].port_max = good.interfaces[0].port_min);
	REFUSED(dtls_deadline = 0);
#undef REFUSED
	assert_null(w.media);
	for (long i = 0; i < 200; i++) {
		mem_fail_after(i);
		if (!media_new(&w.media, &good, &w.loop, on_event, &w.heard))
			break;
		assert_null(w.media);
	}
	mem_fail_after(-1);
	assert_non_null(w.media);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(relays_with_mux),
		TEST(relays_without_mux),
		TEST(relays_with_mux_on_one_side),
		TEST(shut_gate_stops_media),
		TEST(no_media_before_both_are_secured),
		TEST(silence_is_told_once),
		TEST(limits),
		TEST(stops_with_sessions_open),
		TEST(rings_are_told),
		TEST(rings_can_be_off),
		TEST(stuck_loops_are_seen),
		TEST(bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
