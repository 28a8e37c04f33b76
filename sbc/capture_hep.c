/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HEP version 3: "HEP3", the length of all, then chunks of vendor, type, length (its own six
 * bytes counted) and value; numbers in network byte order. Vendor 0. Pure.
 */

#include "base/err.h"
#include "sbc/capture.h"

enum chunk {
	CHUNK_FAMILY = 1,
	CHUNK_PROTOCOL = 2,
	CHUNK_SOURCE_4 = 3,
	CHUNK_DESTINATION_4 = 4,
	CHUNK_SOURCE_6 = 5,
	CHUNK_DESTINATION_6 = 6,
	CHUNK_SOURCE_PORT = 7,
	CHUNK_DESTINATION_PORT = 8,
	CHUNK_SECONDS = 9,
	CHUNK_MICROSECONDS = 10,
	CHUNK_PAYLOAD_KIND = 11,
	CHUNK_AGENT = 12,
	CHUNK_AUTH_KEY = 14,
	CHUNK_PAYLOAD = 15,
	CHUNK_CORRELATION = 17,
};

#define CHUNK_HEAD  6
#define HEP_HEAD    6
#define FAMILY_IPV4 2 /* Linux's AF_INET and AF_INET6, wherever it runs */
#define FAMILY_IPV6 10
#define PAYLOAD_SIP 1

static void put_number(struct buf *out, uint64_t value, size_t len)
{
	while (len--)
		buf_put_char(out, (char)(value >> (8 * len)));
}

static void put_chunk(struct buf *out, enum chunk type, struct slice value)
{
	put_number(out, 0, 2);
	put_number(out, type, 2);
	put_number(out, CHUNK_HEAD + value.len, 2);
	buf_put_slice(out, value);
}

static void put_number_chunk(struct buf *out, enum chunk type, uint64_t value, size_t len)
{
	put_number(out, 0, 2);
	put_number(out, type, 2);
	put_number(out, CHUNK_HEAD + len, 2);
	put_number(out, value, len);
}

static void put_address(
	struct buf *out, enum chunk type_4, enum chunk type_6, const struct netaddr *address)
{
	if (address->sa.sa_family == AF_INET)
		put_chunk(out, type_4, slice_of(&address->in.sin_addr, 4));
	else
		put_chunk(out, type_6, slice_of(&address->in6.sin6_addr, 16));
}

static void put_chunks(
	struct buf *out, const struct capture_agent *agent, const struct capture_packet *packet)
{
	bool is_ipv4 = packet->source.sa.sa_family == AF_INET;

	put_number_chunk(out, CHUNK_FAMILY, is_ipv4 ? FAMILY_IPV4 : FAMILY_IPV6, 1);
	put_number_chunk(out, CHUNK_PROTOCOL,
		packet->kind == TRANSPORT_UDP ? IPPROTO_UDP : IPPROTO_TCP, 1);
	put_address(out, CHUNK_SOURCE_4, CHUNK_SOURCE_6, &packet->source);
	put_address(out, CHUNK_DESTINATION_4, CHUNK_DESTINATION_6, &packet->destination);
	put_number_chunk(out, CHUNK_SOURCE_PORT, netaddr_port(&packet->source), 2);
	put_number_chunk(out, CHUNK_DESTINATION_PORT, netaddr_port(&packet->destination), 2);
	put_number_chunk(out, CHUNK_SECONDS, (uint64_t)(packet->time_us / USEC_PER_SEC), 4);
	put_number_chunk(
		out, CHUNK_MICROSECONDS, (uint64_t)(packet->time_us % USEC_PER_SEC), 4);
	put_number_chunk(out, CHUNK_PAYLOAD_KIND, PAYLOAD_SIP, 1);
	put_number_chunk(out, CHUNK_AGENT, agent->id, 4);
	if (agent->auth_key.len)
		put_chunk(out, CHUNK_AUTH_KEY, agent->auth_key);
	if (agent->correlation_id.len)
		put_chunk(out, CHUNK_CORRELATION, agent->correlation_id);
	put_chunk(out, CHUNK_PAYLOAD, packet->text);
}

int capture_print_hep(
	struct buf *out, const struct capture_agent *agent, const struct capture_packet *packet)
{
	size_t start = out->len, len;

	if (packet->text.len > CAPTURE_PACKET_MAX)
		return SBC_ELIMIT; /* lengths of 16 bits */
	buf_put_str(out, "HEP3");
	put_number(out, 0, 2);
	put_chunks(out, agent, packet);
	len = out->len - start;
	if (!out->err && len > CAPTURE_PACKET_MAX)
		out->err = SBC_ELIMIT;
	if (out->err)
		return out->err;
	out->data[start + HEP_HEAD - 2] = (char)(len >> 8);
	out->data[start + HEP_HEAD - 1] = (char)len;
	return 0;
}
