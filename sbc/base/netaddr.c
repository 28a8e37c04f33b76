/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IPv4 and IPv6 addresses with ports. Pure. */

#include "base/netaddr.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/err.h"

#define HOST_TEXT_MAX 46 /* INET6_ADDRSTRLEN: longest literal and its NUL */

int netaddr_parse(struct netaddr *out, struct slice host, uint16_t port)
{
	char text[HOST_TEXT_MAX];
	struct netaddr a = {0};

	if (host.len > 1 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_of(host.ptr + 1, host.len - 2);
	/* inet_pton stops at a NUL: what stands behind it must not be ignored. */
	if (slice_copy(host, text, sizeof(text)) || strlen(text) != host.len)
		return SBC_EPARSE;
	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	else
		return SBC_EPARSE;
	netaddr_set_port(&a, port);
	*out = a;
	return 0;
}

int netaddr_parse_hostport(struct netaddr *out, struct slice text, uint16_t default_port)
{
	struct slice host = text, port = {0};
	uint64_t value = default_port;
	size_t end;

	if (text.len && text.ptr[0] == '[') {
		end = slice_find(text, ']');
		if (end == text.len)
			return SBC_EPARSE;
		host = slice_head(text, end + 1);
		port = slice_from(text, end + 1);
		if (port.len && port.ptr[0] != ':')
			return SBC_EPARSE;
	} else if ((end = slice_find(text, ':')) < text.len &&
		   slice_find(slice_from(text, end + 1), ':') == text.len - end - 1) {
		host = slice_head(text, end);
		port = slice_from(text, end);
	}
	if (port.len && slice_to_u64(slice_from(port, 1), UINT16_MAX, &value))
		return SBC_EPARSE;
	return netaddr_parse(out, host, (uint16_t)value);
}

void netaddr_from_sockaddr(struct netaddr *out, const struct sockaddr *sa)
{
	*out = (struct netaddr){0};
	if (sa->sa_family == AF_INET) {
		memcpy(&out->in, sa, sizeof(out->in));
		memset(out->in.sin_zero, 0, sizeof(out->in.sin_zero));
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&out->in6, sa, sizeof(out->in6));
		if (IN6_IS_ADDR_V4MAPPED(&out->in6.sin6_addr)) {
			struct netaddr v4 = {0};
			v4.in.sin_family = AF_INET;
			v4.in.sin_port = out->in6.sin6_port;
			memcpy(&v4.in.sin_addr, &out->in6.sin6_addr.s6_addr[12], 4);
			*out = v4;
		}
	}
}

bool netaddr_is_set(const struct netaddr *a)
{
	return a->sa.sa_family != AF_UNSPEC;
}

socklen_t netaddr_len(const struct netaddr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

uint16_t netaddr_port(const struct netaddr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void netaddr_set_port(struct netaddr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}

bool netaddr_equal_host(const struct netaddr *a, const struct netaddr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
	return true;
}

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return netaddr_equal_host(a, b) && netaddr_port(a) == netaddr_port(b);
}

bool netaddr_is_any(const struct netaddr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

const char *netaddr_print_host(const struct netaddr *a, char *out)
{
	out[0] = '\0';
	if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, out, NETADDR_TEXT_MAX);
	else if (a->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, out, NETADDR_TEXT_MAX);
	return out;
}

const char *netaddr_print(const struct netaddr *a, char *out)
{
	char host[NETADDR_TEXT_MAX];

	netaddr_print_host(a, host);
	if (!netaddr_is_set(a))
		snprintf(out, NETADDR_TEXT_MAX, "-");
	else if (a->sa.sa_family == AF_INET6)
		snprintf(out, NETADDR_TEXT_MAX, "[%.45s]:%u", host, netaddr_port(a));
	else
		snprintf(out, NETADDR_TEXT_MAX, "%.45s:%u", host, netaddr_port(a));
	return out;
}

static const uint8_t *address_bytes(const struct netaddr *a)
{
	return a->sa.sa_family == AF_INET6 ? a->in6.sin6_addr.s6_addr
					   : (const uint8_t *)&a->in.sin_addr;
}

int netaddr_block_parse(struct netaddr_block *out, struct slice text)
{
	struct slice rest = text;
	struct slice host = slice_cut(&rest, '/');
	struct netaddr_block block = {0};
	uint64_t bits;
	unsigned most;

	if (netaddr_parse(&block.base, host, 0))
		return SBC_EPARSE;
	most = block.base.sa.sa_family == AF_INET6 ? 128 : 32;
	bits = most;
	if (host.len != text.len && slice_to_u64(rest, most, &bits))
		return SBC_EPARSE;
	block.bits = (uint8_t)bits;
	*out = block;
	return 0;
}

bool netaddr_block_has(const struct netaddr_block *block, const struct netaddr *a)
{
	const uint8_t *x, *y;
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	if (block->base.sa.sa_family != a->sa.sa_family)
		return false;
	x = address_bytes(&block->base);
	y = address_bytes(a);
	if (memcmp(x, y, whole) != 0)
		return false;
	return !rest || ((x[whole] ^ y[whole]) >> (8 - rest)) == 0;
}
