/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HEP version 3 and pcap, byte for byte. The bytes were made by another program (a few lines
 * of python with struct), and tshark finds their checksums good. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "sbc/capture.h"

#define OUT_MAX (2 * CAPTURE_PACKET_MAX)

static const struct {
	const char *source, *destination;
	int64_t time_us;
	enum transport_kind kind;
	const char *text;
	uint32_t agent;
	const char *auth_key, *correlation_id;
	const char *hep, *pcap; /* hex */
} rows[] = {
	{"192.0.2.1:5060", "198.51.100.2:5070", 1700000000123456, TRANSPORT_UDP, "OPTIONS",
		2001, "secret", "a84b4c76e66710",
		"48455033008a000000010007020000000200071100000003000ac00002010000"
		"0004000ac633640200000007000813c400000008000813ce00000009000a6553"
		"f1000000000a000a0001e2400000000b0007010000000c000a000007d1000000"
		"0e000c7365637265740000001100146138346234633736653636373130000000"
		"0f000d4f5054494f4e53",
		"00f1536540e201002300000023000000450000230000000040118e93c0000201"
		"c633640213c413ce000fa61e4f5054494f4e53"},
	{"[2001:db8::1]:5061", "[2001:db8::2]:40000", 1700000000000000, TRANSPORT_TLS,
		"SIP/2.0 200 OK\r\n\r\n", 7, "", "",
		"48455033008d0000000100070a0000000200070600000005001620010db80000"
		"0000000000000000000100000006001620010db8000000000000000000000002"
		"00000007000813c50000000800089c4000000009000a6553f1000000000a000a"
		"000000000000000b0007010000000c000a000000070000000f00185349502f32"
		"2e3020323030204f4b0d0a0d0a",
		"00f1536500000000420000004200000060000000001a114020010db800000000"
		"000000000000000120010db800000000000000000000000213c59c40001a22c9"
		"5349502f322e3020323030204f4b0d0a0d0a"},
};

static void assert_hex(const char *hex, const struct buf *bytes)
{
	static char text[2 * OUT_MAX + 1];

	for (size_t i = 0; i < bytes->len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes->data[i]);
	assert_string_equal(hex, text);
}

static void fill(struct capture_packet *out, size_t row)
{
	*out = (struct capture_packet){.time_us = rows[row].time_us,
		.kind = rows[row].kind,
		.text = slice_str(rows[row].text)};
	assert_int_equal(
		0, netaddr_parse_hostport(&out->source, slice_str(rows[row].source), 0));
	assert_int_equal(0,
		netaddr_parse_hostport(&out->destination, slice_str(rows[row].destination), 0));
}

static void is_hep(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct capture_agent agent = {.id = rows[i].agent,
			.auth_key = slice_str(rows[i].auth_key),
			.correlation_id = slice_str(rows[i].correlation_id)};
		struct capture_packet packet;
		struct buf out;

		fill(&packet, i);
		buf_init(&out, OUT_MAX);
		assert_int_equal(0, capture_print_hep(&out, &agent, &packet));
		assert_hex(rows[i].hep, &out);
		buf_fini(&out);
	}
}

static void is_pcap(void **state)
{
	/* A little-endian machine's; what reads it looks at the magic number. */
	static const char head[] = "d4c3b2a1020004000000000000000000ffff000065000000";
	struct buf out;

	(void)state;
	buf_init(&out, OUT_MAX);
	assert_int_equal(0, capture_print_pcap_head(&out));
	assert_hex(head, &out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture_packet packet;

		fill(&packet, i);
		buf_reset(&out);
		assert_int_equal(0, capture_print_pcap(&out, &packet));
		assert_hex(rows[i].pcap, &out);
	}
	buf_fini(&out);
}

/* No length field wraps. */
static void keeps_its_ceilings(void **state)
{
	static char long_text[70000];
	const struct capture_agent agent = {.id = 1};
	struct capture_packet packet;
	struct buf out;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i < 2; i++) {
		size_t head = 16 + (i ? 40 : 20) + 8;

		fill(&packet, i);
		buf_init(&out, OUT_MAX);
		packet.text = slice_of(long_text, sizeof(long_text));
		assert_int_equal(SBC_ELIMIT, capture_print_hep(&out, &agent, &packet));
		buf_reset(&out);
		packet.text = slice_of(long_text, CAPTURE_PACKET_MAX);
		assert_int_equal(SBC_ELIMIT, capture_print_hep(&out, &agent, &packet));
		buf_reset(&out);
		packet.text = slice_of(long_text, sizeof(long_text));
		assert_int_equal(0, capture_print_pcap(&out, &packet));
		assert_int_equal(16 + 65535, out.len); /* cut, and told to be */
		assert_memory_equal("\xff\xff\0\0", out.data + 8, 4);
		assert_int_equal(head - 16 + sizeof(long_text),
			(uint8_t)out.data[12] | (uint8_t)out.data[13] << 8 |
				(uint8_t)out.data[14] << 16);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_hep),
		cmocka_unit_test(is_pcap),
		cmocka_unit_test(keeps_its_ceilings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
