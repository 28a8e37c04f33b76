/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The floor: a bare forwarder with a port pair per leg, one epoll, and for each packet one
 * recvfrom, the crypto of AES_CM_128_HMAC_SHA1_80 twice with contexts that are kept, one
 * sendto. No replay window, no counters, no addresses, no DTLS: what any relay must at least
 * do. Keys are those of preset.h. Two other ways, to know what they would gain: sockets that
 * are connected, and one port a side for all legs with many packets in a call.
 *
 *   floor ADDRESS FIRST_PORT SESSIONS GENERATOR_ADDRESS PORT_A PORT_B [connected|shared]
 */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/preset.h"

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/sha1.h>

#define EVENTS 256
#define BATCH  32
/* Bytes: a shared socket holds what comes for all legs while the process is stopped. */
#define SHARED_ROOM (16 << 20)
#define PACKET      2048
#define TAG         10
#define HEADER      12

/* One direction, RFC 3711. */
struct context {
	struct aes128_ctx aes;
	struct sha1_ctx inner, outer;
	uint8_t salt[16];
	uint32_t roc;
	uint16_t highest;
};

struct leg {
	int fd;
	bool is_connected;
	struct sockaddr_in to; /* where the generator's leg is */
	struct leg *other;
	struct context in, out;
};

/* RFC 3711 section 4.3.1, key derivation rate 0. */
static void derive(
	const uint8_t *key, const uint8_t *salt, uint8_t label, uint8_t *out, size_t len)
{
	struct aes128_ctx aes;
	uint8_t counter[16] = {0};

	aes128_set_encrypt_key(&aes, key);
	memcpy(counter, salt, PRESET_SALT_LEN);
	counter[7] ^= label;
	memset(out, 0, len);
	ctr_crypt(&aes, (nettle_cipher_func *)aes128_encrypt, 16, counter, len, out, out);
}

static void set_hmac(struct context *c, const uint8_t *key)
{
	uint8_t block[64] = {0};

	memcpy(block, key, 20);
	for (unsigned i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	sha1_init(&c->inner);
	sha1_update(&c->inner, sizeof(block), block);
	for (unsigned i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	sha1_init(&c->outer);
	sha1_update(&c->outer, sizeof(block), block);
}

static void set_context(struct context *c, unsigned leg, int to_relay)
{
	uint8_t key[PRESET_KEY_LEN], salt[PRESET_SALT_LEN], derived[20];

	preset_master(key, salt, leg, to_relay);
	derive(key, salt, 0, derived, 16);
	aes128_set_encrypt_key(&c->aes, derived);
	derive(key, salt, 1, derived, 20);
	set_hmac(c, derived);
	derive(key, salt, 2, c->salt, PRESET_SALT_LEN);
}

static void apply_keystream(struct context *c, uint8_t *packet, size_t len)
{
	uint8_t counter[16];

	memcpy(counter, c->salt, sizeof(counter));
	for (unsigned i = 0; i < 4; i++) {
		counter[4 + i] ^= packet[8 + i];                     /* SSRC */
		counter[8 + i] ^= (uint8_t)(c->roc >> (24 - 8 * i)); /* index */
	}
	counter[12] ^= packet[2];
	counter[13] ^= packet[3];
	ctr_crypt(&c->aes, (nettle_cipher_func *)aes128_encrypt, 16, counter, len - HEADER,
		packet + HEADER, packet + HEADER);
}

static void authenticate(
	const struct context *c, const uint8_t *packet, size_t len, uint8_t *tag)
{
	struct sha1_ctx now = c->inner;
	uint32_t roc = htonl(c->roc);
	uint8_t digest[SHA1_DIGEST_SIZE];

	sha1_update(&now, len, packet);
	sha1_update(&now, sizeof(roc), (const uint8_t *)&roc);
	sha1_digest(&now, sizeof(digest), digest);
	now = c->outer;
	sha1_update(&now, sizeof(digest), digest);
	sha1_digest(&now, TAG, tag);
}

static void follow(struct context *c, const uint8_t *packet)
{
	uint16_t number = (uint16_t)(packet[2] << 8 | packet[3]);

	if (c->highest > 0xc000 && number < 0x4000)
		c->roc++;
	c->highest = number;
}

/* In place; false: it does not verify. */
static bool translate(struct leg *leg, uint8_t *packet, size_t with_tag)
{
	struct leg *other = leg->other;
	size_t len = with_tag - TAG;
	uint8_t tag[TAG];

	if (with_tag < HEADER + TAG)
		return false;
	follow(&leg->in, packet);
	authenticate(&leg->in, packet, len, tag);
	if (!mem_equal_secret(tag, packet + len, TAG))
		return false;
	apply_keystream(&leg->in, packet, len);
	follow(&other->out, packet);
	apply_keystream(&other->out, packet, len);
	authenticate(&other->out, packet, len, packet + len);
	return true;
}

static void forward(struct leg *leg)
{
	_Alignas(16) uint8_t packet[PACKET];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	struct leg *other = leg->other;
	ssize_t n;

	if (leg->is_connected)
		n = recv(leg->fd, packet, PACKET, MSG_DONTWAIT);
	else
		n = recvfrom(leg->fd, packet, PACKET, MSG_DONTWAIT, (struct sockaddr *)&from,
			&from_len);
	if (n < 0 || !translate(leg, packet, (size_t)n))
		return;
	if (other->is_connected)
		(void)!send(other->fd, packet, (size_t)n, MSG_DONTWAIT);
	else
		(void)!sendto(other->fd, packet, (size_t)n, MSG_DONTWAIT,
			(struct sockaddr *)&other->to, sizeof(other->to));
}

/* One socket a side: the leg is told by the SSRC. */
static void forward_shared(struct leg *legs, unsigned count, unsigned side)
{
	_Alignas(16) uint8_t bytes[BATCH][PACKET];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec pieces[BATCH];
	struct sockaddr_in from[BATCH];
	unsigned n = 0;
	int got;

	for (unsigned i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){bytes[i], PACKET};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &pieces[i],
			.msg_iovlen = 1};
	}
	got = recvmmsg(legs[side].fd, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		uint8_t *packet = bytes[i];
		unsigned leg = (unsigned)(packet[9] - 1) << 16 | packet[10] << 8 | packet[11];

		if (leg >= count || !translate(&legs[leg], packet, messages[i].msg_len))
			continue;
		pieces[n] = (struct iovec){packet, messages[i].msg_len};
		messages[n].msg_hdr.msg_iov = &pieces[n];
		messages[n].msg_hdr.msg_name = &legs[leg].other->to;
		messages[n++].msg_hdr.msg_namelen = sizeof(legs[leg].to);
	}
	(void)!sendmmsg(legs[side ^ 1].fd, messages, n, MSG_DONTWAIT);
}

static void open_leg(struct leg *leg, int epoll, const char *address, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = leg};

	int room = SHARED_ROOM;

	inet_pton(AF_INET, address, &at.sin_addr);
	leg->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setsockopt(leg->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (leg->fd < 0 || bind(leg->fd, (struct sockaddr *)&at, sizeof(at)) ||
		(leg->is_connected &&
			connect(leg->fd, (struct sockaddr *)&leg->to, sizeof(leg->to))) ||
		epoll_ctl(epoll, EPOLL_CTL_ADD, leg->fd, &event)) {
		perror("floor");
		exit(1);
	}
}

static void run(int epoll, struct leg *legs, unsigned count, bool is_shared)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (is_shared)
				forward_shared(legs, count,
					(unsigned)((struct leg *)events[i].data.ptr - legs));
			else
				forward(events[i].data.ptr);
		}
	}
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(0);
	struct leg *legs;
	unsigned count;
	bool is_shared;

	if (argc < 7)
		return 1;
	count = 2 * number(argv[3]);
	is_shared = argc > 7 && strcmp(argv[7], "shared") == 0;
	legs = mem_array(count, sizeof(*legs));
	if (!legs)
		return 1;
	for (unsigned i = 0; i < count; i++) {
		legs[i].other = &legs[i ^ 1];
		legs[i].is_connected = argc > 7 && !is_shared;
		legs[i].to.sin_family = AF_INET;
		legs[i].to.sin_port = htons((uint16_t)number(argv[5 + i % 2]));
		inet_pton(AF_INET, argv[4], &legs[i].to.sin_addr);
		set_context(&legs[i].in, i, 1);
		set_context(&legs[i].out, i, 0);
		if (i < 2 || !is_shared)
			open_leg(&legs[i], epoll, argv[1], number(argv[2]) + i);
	}
	printf("ready\n");
	fflush(stdout);
	run(epoll, legs, count, is_shared);
	return 0;
}
