/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The relay's peers: keys, packets out, packets in and what is wrong with them. One thread. */

#include "bench/legs.h"

#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bench/preset.h"
#include "media/srtp_kernels.h"

#define BATCH       64
#define BUFFER      2048
#define SSRC_FIRST  0x10000u
#define SOCKET_ROOM (64 << 20) /* bytes: what is lost is the relay's doing, not ours */

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int bind_side(struct legs *legs, unsigned side, const char *host)
{
	struct netaddr *local = &legs->locals[side];
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	int one = 1, room = SOCKET_ROOM;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	legs->fds[side] = fd;
	if (fd < 0 || netaddr_parse(local, slice_str(host), 0))
		return SBC_EIO;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) ||
		bind(fd, &local->sa, netaddr_len(local)) ||
		getsockname(fd, (struct sockaddr *)&bound, &len))
		return SBC_EIO;
	netaddr_from_sockaddr(local, (struct sockaddr *)&bound);
	return 0;
}

int legs_init(struct legs *legs, unsigned profile, const char *host)
{
	int err;

	*legs = (struct legs){.fds = {-1, -1}};
	legs->list = mem_array(2 * LEG_SESSIONS_MAX, sizeof(*legs->list));
	legs->latency = mem_array(LATENCY_BINS, sizeof(*legs->latency));
	for (unsigned side = 0; side < 2; side++)
		legs->by_port[side] = mem_array(65536, sizeof(uint16_t));
	if (!legs->list || !legs->latency || !legs->by_port[0] || !legs->by_port[1])
		return SBC_ENOMEM;
	if (!profile_find(profile))
		return SBC_EINVAL;
	media_config_init(&legs->config);
	legs->config.profiles[0] = (enum media_srtp_profile)profile;
	legs->config.profile_count = 1;
	err = srtp_kernels_install();
	if (!err)
		err = certificate_init(&legs->certificate);
	if (!err)
		err = dtls_context_new(&legs->dtls, &legs->certificate, &legs->config);
	for (unsigned side = 0; !err && side < 2; side++)
		err = bind_side(legs, side, host);
	return err;
}

void legs_fini(struct legs *legs)
{
	for (unsigned i = 0; i < legs->count; i++) {
		dtls_assoc_free(legs->list[i].assoc);
		crypto_context_free(legs->list[i].in);
		crypto_context_free(legs->list[i].out);
	}
	for (unsigned side = 0; side < 2; side++) {
		mem_free(legs->by_port[side]);
		if (legs->fds[side] >= 0)
			close(legs->fds[side]);
	}
	dtls_context_free(legs->dtls);
	certificate_fini(&legs->certificate);
	mem_free(legs->latency);
	mem_free(legs->list);
}

int legs_add(struct legs *legs, const char *host, unsigned port_a, unsigned port_b)
{
	const unsigned ports[2] = {port_a, port_b};

	if (legs->count + 2 > 2 * LEG_SESSIONS_MAX)
		return SBC_ELIMIT;
	for (unsigned side = 0; side < 2; side++) {
		struct leg *leg = &legs->list[legs->count];

		if (!ports[side] || ports[side] > 65535 ||
			netaddr_parse(&leg->relay, slice_str(host), (uint16_t)ports[side]))
			return SBC_EINVAL;
		leg->legs = legs;
		leg->index = legs->count++;
		legs->by_port[side][ports[side]] = (uint16_t)(leg->index + 1);
	}
	return 0;
}

/* ---- keys ---- */

static int set_keys(struct leg *leg, const struct dtls_keys *keys)
{
	int err = crypto_context_new(&leg->in, keys->profile, &keys->peers, CRYPTO_IN);

	if (!err)
		err = crypto_context_new(&leg->out, keys->profile, &keys->ours, CRYPTO_OUT);
	if (err)
		leg->legs->failed++;
	else
		leg->legs->connected++;
	return err;
}

int legs_preset(struct legs *legs)
{
	int err = 0;

	for (unsigned i = legs->count - 2; !err && i < legs->count; i++) {
		struct dtls_keys keys = {.profile = profile_find(MEDIA_SRTP_AES128_CM_SHA1_80)};

		preset_master(keys.ours.key, keys.ours.salt, i, 1);
		preset_master(keys.peers.key, keys.peers.salt, i, 0);
		err = set_keys(&legs->list[i], &keys);
	}
	legs->next_connect = legs->count;
	return err;
}

static void send_dtls(const uint8_t *bytes, size_t len, void *arg)
{
	struct leg *leg = arg;

	(void)!sendto(leg->legs->fds[leg->index & 1], bytes, len, 0, &leg->relay.sa,
		netaddr_len(&leg->relay));
}

bool legs_begin_next(struct legs *legs)
{
	struct leg *leg = &legs->list[legs->next_connect];
	struct dtls_assoc_config config = {.context = legs->dtls,
		.role = MEDIA_DTLS_CLIENT,
		.hash = FINGERPRINT_SHA256,
		.retransmit = 500 * USEC_PER_MS,
		.send = send_dtls,
		.arg = leg};

	if (legs->next_connect == legs->count)
		return false;
	legs->next_connect++;
	if (dtls_assoc_new(&leg->assoc, &config)) {
		leg->has_failed = true;
		legs->failed++;
		return true;
	}
	dtls_assoc_start(leg->assoc, clock_monotonic_us());
	return true;
}

unsigned legs_pending(const struct legs *legs)
{
	return legs->next_connect - legs->connected - legs->failed;
}

static void look_at(struct leg *leg)
{
	switch (dtls_assoc_state(leg->assoc)) {
	case DTLS_HANDSHAKING:
		return;
	case DTLS_DEAD:
		if (!leg->has_failed)
			leg->legs->failed++;
		leg->has_failed = true;
		return;
	case DTLS_DONE:
		if (!leg->in)
			set_keys(leg, &dtls_assoc_result(leg->assoc)->keys);
		return;
	}
}

void legs_tick(struct legs *legs)
{
	usec_t now = clock_monotonic_us();

	if (!legs_pending(legs))
		return;
	for (unsigned i = 0; i < legs->next_connect; i++) {
		if (!legs->list[i].assoc || legs->list[i].in)
			continue;
		dtls_assoc_tick(legs->list[i].assoc, now);
		look_at(&legs->list[i]);
	}
}

/* ---- in ---- */

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Everything behind the time stamp, which is the sender's only. */
static void fill(uint8_t *packet, unsigned leg, uint32_t number)
{
	memset(packet, (int)(leg ^ number), LEG_PACKET);
	packet[0] = 0x80;
	packet[1] = 0;
	packet[2] = (uint8_t)(number >> 8);
	packet[3] = (uint8_t)number;
	put32(packet + 4, number * LEG_PAYLOAD);
	put32(packet + 8, SSRC_FIRST + leg);
	put32(packet + 20, number);
}

static void count_latency(struct legs *legs, const uint8_t *packet, uint64_t arrived)
{
	uint64_t sent, us;

	memcpy(&sent, packet + 12, sizeof(sent));
	us = arrived > sent ? (arrived - sent) / 1000 : 0;
	legs->latency[us < LATENCY_BINS ? us : LATENCY_BINS - 1]++;
	legs->counts.latency_n++;
}

static void check(struct leg *leg, uint8_t *packet, size_t len, uint64_t arrived)
{
	struct legs *legs = leg->legs;
	uint8_t expected[LEG_PACKET];
	uint32_t number;

	if (!leg->in || crypto_context_unprotect_rtp(leg->in, packet, &len) ||
		len != LEG_PACKET) {
		legs->counts.bad++;
		return;
	}
	number = (uint32_t)packet[20] << 24 | (uint32_t)packet[21] << 16 |
		 (uint32_t)packet[22] << 8 | packet[23];
	fill(expected, leg->index ^ 1, number);
	if (memcmp(packet, expected, 12) != 0 ||
		memcmp(packet + 20, expected + 20, LEG_PACKET - 20) != 0) {
		legs->counts.bad++;
		return;
	}
	legs->counts.received++;
	leg->received++;
	legs->counts.late += number < leg->awaited;
	if (number >= leg->awaited)
		leg->awaited = number + 1;
	count_latency(legs, packet, arrived);
}

static uint64_t arrival(struct msghdr *header)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	struct timespec at;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
		return wall_ns();
	memcpy(&at, CMSG_DATA(c), sizeof(at));
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* By the SSRC, which is the other leg's: a relay may have one port for many legs. */
static struct leg *leg_of_media(struct legs *legs, const uint8_t *packet, size_t len)
{
	uint32_t ssrc;

	if (len < LEG_PACKET)
		return NULL;
	ssrc = (uint32_t)packet[8] << 24 | (uint32_t)packet[9] << 16 |
	       (uint32_t)packet[10] << 8 | packet[11];
	ssrc = (ssrc - SSRC_FIRST) ^ 1;
	return ssrc < legs->count ? &legs->list[ssrc] : NULL;
}

static void take(struct legs *legs, unsigned side, struct mmsghdr *message)
{
	struct sockaddr_in *from = message->msg_hdr.msg_name;
	uint8_t *bytes = message->msg_hdr.msg_iov->iov_base;
	unsigned index = legs->by_port[side][ntohs(from->sin_port)];
	struct leg *leg = index ? &legs->list[index - 1] : NULL;

	if (bytes[0] >= 128)
		leg = leg_of_media(legs, bytes, message->msg_len);
	if (!leg || (leg->index & 1) != side)
		return;
	if (bytes[0] >= 128) {
		check(leg, bytes, message->msg_len, arrival(&message->msg_hdr));
	} else if (leg->assoc) {
		dtls_assoc_input(
			leg->assoc, bytes, message->msg_len, clock_monotonic_us(), NULL);
		look_at(leg);
	}
}

static unsigned receive_side(struct legs *legs, unsigned side)
{
	_Alignas(16) uint8_t bytes[BATCH][BUFFER];
	char control[BATCH][CMSG_SPACE(sizeof(struct timespec))];
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_in from[BATCH];
	int n;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){bytes[i], BUFFER};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &pieces[i],
			.msg_iovlen = 1,
			.msg_control = control[i],
			.msg_controllen = sizeof(control[i])};
	}
	n = recvmmsg(legs->fds[side], messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(legs, side, &messages[i]);
	return n > 0 ? (unsigned)n : 0;
}

unsigned legs_receive(struct legs *legs)
{
	unsigned total = 0, n;

	for (unsigned side = 0; side < 2; side++) {
		do {
			n = receive_side(legs, side);
			total += n;
		} while (n == BATCH);
	}
	return total;
}

/* ---- out ---- */

static size_t make(struct leg *leg, uint8_t *packet)
{
	uint64_t now = wall_ns();
	size_t len = LEG_PACKET;

	fill(packet, leg->index, ++leg->sent);
	memcpy(packet + 12, &now, sizeof(now));
	if (!leg->out || crypto_context_protect_rtp(leg->out, packet, &len))
		return 0;
	leg->legs->counts.sent++;
	return len;
}

/* The legs of one side among those asked for. */
static void send_side(struct legs *legs, unsigned side, unsigned first, unsigned count)
{
	_Alignas(16) uint8_t bytes[BATCH][BUFFER];
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	unsigned n = 0;
	int sent;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = first; i < first + count; i++) {
		struct leg *leg = &legs->list[i];
		size_t len = (leg->index & 1) == side ? make(leg, bytes[n]) : 0;

		if (!len)
			continue;
		pieces[n] = (struct iovec){bytes[n], len};
		messages[n].msg_hdr = (struct msghdr){.msg_name = &leg->relay.sa,
			.msg_namelen = netaddr_len(&leg->relay),
			.msg_iov = &pieces[n],
			.msg_iovlen = 1};
		n++;
	}
	for (unsigned done = 0; done < n; done += (unsigned)sent) {
		sent = sendmmsg(legs->fds[side], messages + done, n - done, 0);
		if (sent <= 0)
			return; /* they count as lost, and that will be seen */
	}
}

void legs_send(struct legs *legs, unsigned first, unsigned count, unsigned limit)
{
	while (count) {
		unsigned n = count < BATCH ? count : BATCH;

		first %= limit;
		if (n > limit - first)
			n = limit - first;
		send_side(legs, 0, first, n);
		send_side(legs, 1, first, n);
		first += n;
		count -= n;
	}
}

/* ---- what came of it ---- */

void legs_reset(struct legs *legs)
{
	legs->counts = (struct leg_counts){0};
	memset(legs->latency, 0, LATENCY_BINS * sizeof(*legs->latency));
}

double legs_latency(const struct legs *legs, double share)
{
	uint64_t wanted = (uint64_t)((double)legs->counts.latency_n * share), seen = 0;

	for (unsigned i = 0; i < LATENCY_BINS; i++) {
		seen += legs->latency[i];
		if (seen > wanted)
			return i;
	}
	return 0;
}
