/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The media of many calls' two phones, for tests/peers/soak.py, which does their SIP. Reads
 * commands, one a line, and answers each with one line of JSON:
 *
 *   open                      two phones: number, ports and fingerprints of them
 *   talk N PORT0 ROLE0 PORT1 ROLE1
 *                             each towards its port of the SBC: handshake (ROLE client or
 *                             server), then 50 packets/s and a report now and then
 *   end N                     what came of it; the phones are gone
 *
 * One thread.
 */

#include <poll.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/srtp_kernels.h"
#include "tests/unit/media/phone.h"

#define PAIR_MAX     128
#define INTERVAL     (20 * USEC_PER_MS)
#define TURN_MS      5
#define RTCP_EVERY   100 /* packets */
#define LINE_MAX_LEN 256

struct pair {
	bool is_used, is_talking;
	struct phone phones[2];
	unsigned rtp_sent[2], rtcp_sent[2];
	usec_t next;
};

struct farm {
	struct pair pairs[PAIR_MAX];
	char line[LINE_MAX_LEN];
	size_t line_len;
	bool is_over;
};

static void open_pair(struct farm *farm)
{
	char text[2][FINGERPRINT_TEXT_MAX];
	unsigned n = 0;

	while (n < PAIR_MAX && farm->pairs[n].is_used)
		n++;
	if (n == PAIR_MAX) {
		printf("{\"error\": %d}\n", SBC_ELIMIT);
		return;
	}
	farm->pairs[n] = (struct pair){.is_used = true};
	for (int side = 0; side < 2; side++) {
		struct phone *phone = &farm->pairs[n].phones[side];

		phone_init(phone, MEDIA_DTLS_CLIENT, true);
		phone->ssrc = 0x1000 + (uint32_t)side;
		phone->timestamp_step = 160;
		fingerprint_print(&phone->certificate.fingerprint, text[side]);
	}
	printf("{\"number\": %u, \"ports\": [%u, %u], \"fingerprints\": [\"%s\", \"%s\"]}\n", n,
		netaddr_port(&farm->pairs[n].phones[0].rtp.local),
		netaddr_port(&farm->pairs[n].phones[1].rtp.local), text[0], text[1]);
}

static void start_phone(struct phone *phone, unsigned port, const char *role)
{
	struct netaddr sbc;

	phone->role = strcmp(role, "server") == 0 ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT;
	netaddr_parse(&sbc, SLICE("127.0.0.1"), (uint16_t)port);
	phone_start(phone, &sbc);
}

static void talk(struct pair *pair, const unsigned *ports, char (*roles)[8])
{
	for (int side = 0; side < 2; side++)
		start_phone(&pair->phones[side], ports[side], roles[side]);
	pair->is_talking = true;
	pair->next = clock_monotonic_us();
	printf("{}\n");
}

static void end_pair(struct pair *pair)
{
	const struct phone_line *a = &pair->phones[0].rtp, *b = &pair->phones[1].rtp;

	printf("{\"connected\": %d, \"sent\": %u, \"received\": %u, \"rtcp_sent\": %u, "
	       "\"rtcp_received\": %u, \"bad\": %u}\n",
		phone_is_done(&pair->phones[0]) + phone_is_done(&pair->phones[1]),
		pair->rtp_sent[0] + pair->rtp_sent[1], a->rtp_received + b->rtp_received,
		pair->rtcp_sent[0] + pair->rtcp_sent[1], a->rtcp_received + b->rtcp_received,
		a->not_verified + b->not_verified);
	for (int side = 0; side < 2; side++) {
		phone_fini(&pair->phones[side]);
		certificate_fini(&pair->phones[side].certificate);
	}
	pair->is_used = pair->is_talking = false;
}

static void obey(struct farm *farm)
{
	unsigned n, ports[2];
	char roles[2][8];

	if (strcmp(farm->line, "open") == 0)
		open_pair(farm);
	else if (sscanf(farm->line, "talk %u %u %7s %u %7s", &n, &ports[0], roles[0], &ports[1],
			 roles[1]) == 5 &&
		 n < PAIR_MAX && farm->pairs[n].is_used && !farm->pairs[n].is_talking)
		talk(&farm->pairs[n], ports, roles);
	else if (sscanf(farm->line, "end %u", &n) == 1 && n < PAIR_MAX &&
		 farm->pairs[n].is_used)
		end_pair(&farm->pairs[n]);
	else
		printf("{\"error\": %d}\n", SBC_EINVAL);
	fflush(stdout);
}

static void read_commands(struct farm *farm)
{
	char bytes[LINE_MAX_LEN];
	ssize_t len = read(0, bytes, sizeof(bytes));

	farm->is_over = len <= 0;
	for (ssize_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			if (farm->line_len < LINE_MAX_LEN - 1)
				farm->line[farm->line_len++] = bytes[i];
			continue;
		}
		farm->line[farm->line_len] = '\0';
		farm->line_len = 0;
		obey(farm);
	}
}

/* Only once both can hear: what is sent before that is dropped by the gate. */
static void send_media(struct pair *pair, usec_t now)
{
	pair->next += INTERVAL;
	if (pair->next < now) /* was held up: no burst to catch up */
		pair->next = now + INTERVAL;
	for (int side = 0; side < 2; side++) {
		phone_send_rtp(&pair->phones[side]);
		if (++pair->rtp_sent[side] % RTCP_EVERY == 1) {
			phone_send_rtcp(&pair->phones[side]);
			pair->rtcp_sent[side]++;
		}
	}
}

static void step(struct pair *pair, usec_t now)
{
	for (int side = 0; side < 2; side++)
		phone_step(&pair->phones[side]);
	if (!phone_is_done(&pair->phones[0]) || !phone_is_done(&pair->phones[1]))
		pair->next = now + INTERVAL;
	else if (now >= pair->next)
		send_media(pair, now);
}

int main(void)
{
	struct pollfd input = {.fd = 0, .events = POLLIN};
	struct farm *farm = mem_alloc(sizeof(*farm));

	if (!farm || srtp_kernels_install())
		return 1;
	while (!farm->is_over) {
		usec_t now;

		if (poll(&input, 1, TURN_MS) > 0)
			read_commands(farm);
		now = clock_monotonic_us();
		for (unsigned n = 0; n < PAIR_MAX; n++) {
			if (farm->pairs[n].is_talking)
				step(&farm->pairs[n], now);
		}
	}
	mem_free(farm);
	return 0;
}
