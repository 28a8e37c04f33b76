/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_NETADDR_H
#define BASE_NETADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/slice.h"

/* An IPv4 or IPv6 address with a port. family AF_UNSPEC: none. */
struct netaddr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

/* "[2001:db8::1]:5060" or "192.0.2.1:65535", terminated. */
#define NETADDR_TEXT_MAX 64

/* host: a literal address, IPv6 with or without brackets; no names. SBC_EPARSE. */
int netaddr_parse(struct netaddr *out, struct slice host, uint16_t port);
/* "host:port" or "[v6]:port"; the port may be absent: default_port. SBC_EPARSE. */
int netaddr_parse_hostport(struct netaddr *out, struct slice text, uint16_t default_port);
/* From what recvfrom or accept gave; v4-mapped v6 becomes v4. AF_UNSPEC when unknown. */
void netaddr_from_sockaddr(struct netaddr *out, const struct sockaddr *sa);

bool netaddr_is_set(const struct netaddr *a);
socklen_t netaddr_len(const struct netaddr *a);
uint16_t netaddr_port(const struct netaddr *a);
void netaddr_set_port(struct netaddr *a, uint16_t port);
bool netaddr_equal(const struct netaddr *a, const struct netaddr *b); /* address and port */
bool netaddr_equal_host(const struct netaddr *a, const struct netaddr *b);
bool netaddr_is_any(const struct netaddr *a);

/* out has NETADDR_TEXT_MAX bytes; returned. host: no port, no brackets. */
const char *netaddr_print(const struct netaddr *a, char *out);
const char *netaddr_print_host(const struct netaddr *a, char *out);

/* A block such as 127.0.0.0/8 or ::1/128; a bare address is a block of one. */
struct netaddr_block {
	struct netaddr base;
	uint8_t bits;
};
int netaddr_block_parse(struct netaddr_block *out, struct slice text);
bool netaddr_block_has(const struct netaddr_block *block, const struct netaddr *a);

#endif
