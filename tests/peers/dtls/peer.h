/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_PEERS_DTLS_PEER_H
#define TESTS_PEERS_DTLS_PEER_H

/*
 * What the DTLS peers of the tests have in common. Each is one library's own handshake with
 * use_srtp, and nothing of countersip in it:
 *
 *   PEER client|server PORT KEY CERTIFICATE PROFILE MTU
 *
 * on 127.0.0.1 (client: to PORT; server: at PORT). It prints one line for each thing that it
 * knows after the handshake: version, cipher, profile, fingerprint (of whom it speaks to),
 * key (RFC 5764 section 4.2). Then it stays to repeat its last flight, until it is ended or
 * hears close_notify ("closed").
 */

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_LIFETIME_S    60  /* after which a forgotten one ends by itself */
#define PEER_RETRANSMIT_MS 250 /* first interval, where the library lets it be chosen */
#define PEER_MATERIAL_MAX  88
#define PEER_LABEL         "EXTRACTOR-dtls_srtp"

struct peer {
	bool is_server;
	unsigned short port;
	const char *key, *certificate; /* PEM files; borrowed from argv */
	unsigned profile;              /* RFC 5764 section 4.1.2, RFC 7714 section 14.2 */
	unsigned mtu;                  /* bytes of a datagram */
	int fd;                        /* connected, once peer_open() is back */
};

/* Bytes of keying material that a profile takes. */
static inline size_t peer_material_len(unsigned profile)
{
	switch (profile) {
	case 7:
		return 56;
	case 8:
		return 88;
	default:
		return 60;
	}
}

static inline void peer_print_hex(
	const char *what, const void *data, size_t len, const char *between)
{
	const unsigned char *bytes = (const unsigned char *)data;

	printf("%s ", what);
	for (size_t i = 0; i < len; i++)
		printf("%02X%s", bytes[i], i + 1 < len ? between : "");
	printf("\n");
	fflush(stdout);
}

static inline void peer_print(const char *what, const char *value)
{
	printf("%s %s\n", what, value);
	fflush(stdout);
}

static inline int peer_fail(const char *what)
{
	printf("failed %s\n", what);
	return 1;
}

/* Milliseconds within which there is something to read; -1: without end. */
static inline bool peer_wait(const struct peer *peer, int ms)
{
	struct pollfd poller = {peer->fd, POLLIN, 0};

	return poll(&poller, 1, ms) > 0;
}

/* A server is there for the first one who speaks to it. */
static inline int peer_open(struct peer *peer, int argc, char **argv)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	char byte;

	if (argc != 7) {
		fprintf(stderr, "%s client|server PORT KEY CERTIFICATE PROFILE MTU\n", argv[0]);
		return -1;
	}
	alarm(PEER_LIFETIME_S);
	memset(&at, 0, sizeof(at));
	peer->is_server = !strcmp(argv[1], "server");
	peer->port = (unsigned short)strtoul(argv[2], NULL, 10);
	peer->key = argv[3];
	peer->certificate = argv[4];
	peer->profile = (unsigned)strtoul(argv[5], NULL, 10);
	peer->mtu = (unsigned)strtoul(argv[6], NULL, 10);
	peer->fd = socket(AF_INET, SOCK_DGRAM, 0);
	at.sin_family = AF_INET;
	at.sin_port = htons(peer->port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (peer->is_server) {
		if (bind(peer->fd, (struct sockaddr *)&at, sizeof(at)))
			return -1;
		peer_print("listening", argv[2]);
		if (recvfrom(peer->fd, &byte, 1, MSG_PEEK, (struct sockaddr *)&at, &len) < 0)
			return -1;
	}
	return connect(peer->fd, (struct sockaddr *)&at, sizeof(at));
}

#endif
