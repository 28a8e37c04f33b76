/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcap: a head of 24 bytes, then for each packet 16 bytes and what a wire would have carried,
 * beginning with its IP header. File numbers in this machine's byte order, which the magic
 * number tells; those of packets in network byte order. RFC 791, 8200, 768. Pure.
 */

#include "base/err.h"
#include "sbc/capture.h"

#define PCAP_MAGIC   0xa1b2c3d4u /* microseconds */
#define LINKTYPE_RAW 101
#define SNAP_LEN     65535
#define IPV4_HEAD    20
#define IPV6_HEAD    40
#define UDP_HEAD     8
#define HOPS         64

static void put_native(struct buf *out, uint32_t value)
{
	buf_put(out, &value, sizeof(value));
}

static void put_native_short(struct buf *out, uint16_t value)
{
	buf_put(out, &value, sizeof(value));
}

int capture_print_pcap_head(struct buf *out)
{
	put_native(out, PCAP_MAGIC);
	put_native_short(out, 2); /* version 2.4 */
	put_native_short(out, 4);
	put_native(out, 0); /* UTC */
	put_native(out, 0);
	put_native(out, SNAP_LEN);
	put_native(out, LINKTYPE_RAW);
	return out->err;
}

/* ---- packets ---- */

static void set_short(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071, on top of sum. */
static uint32_t add_words(uint32_t sum, struct slice bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.ptr;

	for (size_t i = 0; i + 1 < bytes.len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	if (bytes.len % 2)
		sum += (uint32_t)at[bytes.len - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static struct slice host_bytes(const struct netaddr *address)
{
	return address->sa.sa_family == AF_INET ? slice_of(&address->in.sin_addr, 4)
						: slice_of(&address->in6.sin6_addr, 16);
}

static void put_udp(struct buf *out, const struct capture_packet *packet, struct slice text)
{
	uint8_t head[UDP_HEAD] = {0};
	size_t len = UDP_HEAD + text.len;
	uint32_t sum = IPPROTO_UDP + (uint32_t)len; /* of the pseudo-header */
	uint16_t checksum;

	set_short(head, netaddr_port(&packet->source));
	set_short(head + 2, netaddr_port(&packet->destination));
	set_short(head + 4, len);
	sum = add_words(sum, host_bytes(&packet->source));
	sum = add_words(sum, host_bytes(&packet->destination));
	sum = add_words(sum, slice_of(head, sizeof(head)));
	checksum = fold(add_words(sum, text));
	set_short(head + 6, checksum ? checksum : 0xffff); /* 0 would say: none */
	buf_put(out, head, sizeof(head));
	buf_put_slice(out, text);
}

static void put_ipv4(struct buf *out, const struct capture_packet *packet, size_t udp_len)
{
	uint8_t head[IPV4_HEAD] = {0x45};

	set_short(head + 2, IPV4_HEAD + udp_len);
	head[8] = HOPS;
	head[9] = IPPROTO_UDP;
	memcpy(head + 12, host_bytes(&packet->source).ptr, 4);
	memcpy(head + 16, host_bytes(&packet->destination).ptr, 4);
	set_short(head + 10, fold(add_words(0, slice_of(head, sizeof(head)))));
	buf_put(out, head, sizeof(head));
}

static void put_ipv6(struct buf *out, const struct capture_packet *packet, size_t udp_len)
{
	uint8_t head[IPV6_HEAD] = {0x60};

	set_short(head + 4, udp_len);
	head[6] = IPPROTO_UDP;
	head[7] = HOPS;
	memcpy(head + 8, host_bytes(&packet->source).ptr, 16);
	memcpy(head + 24, host_bytes(&packet->destination).ptr, 16);
	buf_put(out, head, sizeof(head));
}

int capture_print_pcap(struct buf *out, const struct capture_packet *packet)
{
	bool is_ipv4 = packet->source.sa.sa_family == AF_INET;
	size_t heads = (is_ipv4 ? IPV4_HEAD : IPV6_HEAD) + UDP_HEAD;
	struct slice text = slice_head(packet->text, SNAP_LEN - heads);

	put_native(out, (uint32_t)(packet->time_us / USEC_PER_SEC));
	put_native(out, (uint32_t)(packet->time_us % USEC_PER_SEC));
	put_native(out, (uint32_t)(heads + text.len));
	put_native(out, (uint32_t)(heads + packet->text.len));
	if (is_ipv4)
		put_ipv4(out, packet, UDP_HEAD + text.len);
	else
		put_ipv6(out, packet, UDP_HEAD + text.len);
	put_udp(out, packet, text);
	return out->err;
}
