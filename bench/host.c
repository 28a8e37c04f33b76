/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The media plane as a process of its own, through its door alone. Commands, one a line:
 *
 *   open COUNT ADDRESS PORT_A PORT_B alg AB:CD..   sessions towards a generator's two ports
 *
 * answered by a line "session PORT_A PORT_B" each and "opened COUNT". "secured COUNT" tells
 * of sides whenever all of them are.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/media.h"

#define LINE_MAX_LEN 1024
#define SESSIONS_MAX 4096
/* Handshakes wait for the generator's pleasure. */
#define DEADLINE (3600 * USEC_PER_SEC)

struct host {
	uv_loop_t loop;
	uv_poll_t input;
	uv_timer_t more;
	struct media *media;
	struct netaddr address;
	struct media_remote remotes[2];
	unsigned wanted, opened;  /* sessions of this command */
	unsigned secured;         /* sides, in all */
	unsigned total;           /* sessions, in all */
	struct media_opened half; /* opened, its remotes not told yet */
	unsigned steps_done;      /* of it */
	char line[LINE_MAX_LEN];
	size_t line_len;
};

static void on_event(const struct media_event *event, void *arg)
{
	struct host *host = arg;

	if (event->type == MEDIA_EVENT_SECURED && ++host->secured == 2 * host->total) {
		printf("secured %u\n", host->secured);
		fflush(stdout);
	}
}

/* A session takes five commands; the loop's mailbox may be full before any of them. */
static int open_step(struct host *host)
{
	struct media_open_request request = {0};
	enum media_side side = host->steps_done % 2 ? MEDIA_SIDE_A : MEDIA_SIDE_B;

	if (host->steps_done == 0)
		return media_open(host->media, &request, &host->half);
	if (host->steps_done <= 2)
		return media_set_remote(host->media, host->half.id, side, &host->remotes[side]);
	return media_set_gate(host->media, host->half.id, side, true);
}

static void on_more(uv_timer_t *timer)
{
	struct host *host = timer->data;

	while (host->opened < host->wanted) {
		int err = open_step(host);

		if (err == SBC_EAGAIN)
			return;
		if (err) {
			printf("error %s\n", err_name(err));
			exit(1);
		}
		if (++host->steps_done < 5)
			continue;
		host->steps_done = 0;
		host->opened++;
		host->total++;
		printf("session %u %u\n", netaddr_port(&host->half.local[MEDIA_SIDE_A]),
			netaddr_port(&host->half.local[MEDIA_SIDE_B]));
	}
	uv_timer_stop(timer);
	printf("opened %u\n", host->opened);
	fflush(stdout);
}

static int set_remote(
	struct media_remote *remote, const char *address, unsigned port, const char *text)
{
	struct fingerprint fingerprint;
	int err = fingerprint_parse(&fingerprint, slice_trim(slice_str(text)));

	if (err)
		return err;
	*remote = (struct media_remote){.rtcp_mux = true, .role = MEDIA_DTLS_SERVER};
	err = netaddr_parse(&remote->rtp, slice_str(address), (uint16_t)port);
	if (err)
		return err;
	return fingerprint_set_add(&remote->fingerprints, &fingerprint);
}

static void obey(struct host *host)
{
	unsigned count, ports[2];
	char print[FINGERPRINT_TEXT_MAX], address[NETADDR_TEXT_MAX];

	if (sscanf(host->line, "open %u %63s %u %u %211[^\n]", &count, address, &ports[0],
		    &ports[1], print) != 5 ||
		set_remote(&host->remotes[0], address, ports[0], print) ||
		set_remote(&host->remotes[1], address, ports[1], print)) {
		printf("error what?\n");
		fflush(stdout);
		return;
	}
	host->wanted = count;
	host->opened = 0;
	uv_timer_start(&host->more, on_more, 0, 1);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	struct host *host = poll->data;
	ssize_t n = read(0, host->line + host->line_len, LINE_MAX_LEN - 1 - host->line_len);

	(void)events;
	if (status || n <= 0)
		exit(0);
	host->line_len += (size_t)n;
	host->line[host->line_len] = 0;
	if (!strchr(host->line, '\n'))
		return;
	obey(host);
	host->line_len = 0;
}

static int make_media(struct host *host, int argc, char **argv)
{
	struct media_config config;
	uint64_t profile;

	if (slice_to_u64(slice_str(argv[2]), 8, &profile))
		return SBC_EINVAL;
	media_config_init(&config);
	config.session_max = SESSIONS_MAX;
	config.interfaces[0] = (struct media_interface){
		.address = host->address, .port_min = 10000, .port_max = 60000};
	config.interface_count = 1;
	config.profiles[0] = (enum media_srtp_profile)profile;
	config.profile_count = 1;
	config.dtls_deadline = DEADLINE;
	if (argc > 3)
		config.coalesce = strtol(argv[3], NULL, 10);
	for (int i = 4; i < argc; i++) {
		config.want_ring = config.want_ring && strcmp(argv[i], "plain") != 0;
		config.want_connected = config.want_connected && strcmp(argv[i], "open") != 0;
	}
	return media_new(&host->media, &config, &host->loop, on_event, host);
}

int main(int argc, char **argv)
{
	struct host *host = mem_alloc(sizeof(*host));

	if (!host || argc < 3 || netaddr_parse(&host->address, slice_str(argv[1]), 0)) {
		fprintf(stderr, "usage: host ADDRESS PROFILE [COALESCE_US [plain] [open]]\n");
		return 1;
	}
	uv_loop_init(&host->loop);
	uv_timer_init(&host->loop, &host->more);
	host->more.data = host;
	if (make_media(host, argc, argv))
		return 1;
	uv_poll_init(&host->loop, &host->input, 0);
	host->input.data = host;
	uv_poll_start(&host->input, UV_READABLE, on_input);
	printf("ready\n");
	fflush(stdout);
	return uv_run(&host->loop, UV_RUN_DEFAULT);
}
