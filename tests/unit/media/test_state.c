/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session's state as bytes: what was written is read, and nothing else is. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/media.h"

static void fill_direction(struct media_direction_state *direction, uint8_t seed)
{
	direction->profile = MEDIA_SRTP_AEAD_AES_128_GCM;
	memset(&direction->master, seed, sizeof(direction->master));
	direction->source_count = 2;
	direction->sources[0] = (struct media_source_state){.ssrc = 0x01020304u + seed,
		.has_rtp = true,
		.roc = 0xfffefdfcu,
		.sequence = 65535,
		.rtcp_next = MEDIA_RTCP_INDEX_MAX + 1u};
	direction->sources[1] = (struct media_source_state){.ssrc = seed, .rtcp_next = 9};
}

static void fill(struct media_state *state)
{
	struct media_side_state *a = &state->sides[MEDIA_SIDE_A];
	struct media_side_state *b = &state->sides[MEDIA_SIDE_B];
	struct fingerprint fingerprint = {.alg = "sha-256", .digest = {1, 2}, .digest_len = 32};

	memset(state, 0, sizeof(*state));
	state->port[MEDIA_SIDE_A] = 10000;
	state->port[MEDIA_SIDE_B] = 65534;
	a->has_remote = a->is_secured = a->is_gate_open = true;
	netaddr_parse(&a->remote.rtp, SLICE("192.0.2.1"), 4000);
	netaddr_parse(&a->remote.rtcp, SLICE("192.0.2.1"), 4001);
	a->remote.role = MEDIA_DTLS_SERVER;
	a->remote.association = 0x01020304u;
	fingerprint_set_add(&a->remote.fingerprints, &fingerprint);
	a->security = (struct media_security){.dtls_version = "DTLSv1.3",
		.cipher_suite = "TLS_AES_128_GCM_SHA256",
		.srtp_profile = "SRTP_AEAD_AES_128_GCM",
		.presented = fingerprint};
	for (int i = 0; i < 2; i++) {
		netaddr_parse(&a->peer[i], SLICE("192.0.2.7"), (uint16_t)(4000 + i));
		fill_direction(&a->in[i], (uint8_t)(0x10 + i));
		fill_direction(&a->out[i], (uint8_t)(0x20 + i));
	}
	b->has_remote = b->has_payload_map = true;
	b->payload_map.to[101] = 127;
	netaddr_parse(&b->remote.rtp, SLICE("2001:db8::1"), 4000);
	b->remote.rtcp_mux = b->remote.is_held = true;
	b->remote.clock_rate = 48000;
	b->remote.keying = MEDIA_KEYING_SDES;
	b->remote.profile = MEDIA_SRTP_AES128_CM_SHA1_80;
	memset(&b->remote.ours, 0x77, sizeof(b->remote.ours));
	memset(&b->remote.peers, 0x66, sizeof(b->remote.peers));
}

static struct media_state full, again;
static struct buf bytes;

static int set_up(void **state)
{
	(void)state;
	fill(&full);
	buf_init(&bytes, MEDIA_STATE_BYTES_MAX);
	return media_state_write(&bytes, &full);
}

static int tear_down(void **state)
{
	(void)state;
	buf_fini_secret(&bytes);
	return 0;
}

static void reads_what_was_written(void **state)
{
	(void)state;
	assert_int_equal(0, media_state_read(&again, buf_slice(&bytes)));
	assert_memory_equal(&full, &again, sizeof(full));
}

/* Sizes that a session may reach, with all it may have. */
static void the_largest_fits(void **state)
{
	struct buf large;

	(void)state;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct media_side_state *s = &full.sides[side];

		*s = full.sides[MEDIA_SIDE_A];
		for (int i = 0; i < FINGERPRINT_SET_MAX; i++)
			s->remote.fingerprints.items[i] = (struct fingerprint){
				.alg = "sha-512", .digest = {(uint8_t)i}, .digest_len = 64};
		s->remote.fingerprints.count = FINGERPRINT_SET_MAX;
		for (int i = 0; i < 2; i++) {
			for (unsigned n = 0; n < MEDIA_STATE_SOURCE_MAX; n++)
				s->in[i].sources[n] = s->out[i].sources[n] =
					(struct media_source_state){.ssrc = n, .has_rtp = true};
			s->in[i].source_count = s->out[i].source_count = MEDIA_STATE_SOURCE_MAX;
		}
	}
	buf_init(&large, MEDIA_STATE_BYTES_MAX);
	assert_int_equal(0, media_state_write(&large, &full));
	assert_int_equal(0, media_state_read(&again, buf_slice(&large)));
	assert_memory_equal(&full, &again, sizeof(full));
	buf_fini_secret(&large);
	buf_init(&large, 100);
	assert_int_equal(SBC_ELIMIT, media_state_write(&large, &full));
	buf_fini_secret(&large);
}

/* Nothing of a value that ends too early, or goes on, is taken. */
static void every_length_but_one_is_refused(void **state)
{
	const struct media_state zero = {0};

	(void)state;
	memset(&again, 0, sizeof(again));
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(
			SBC_EPARSE, media_state_read(&again, slice_of(bytes.data, len)));
	buf_put_char(&bytes, 0);
	assert_int_equal(SBC_EPARSE, media_state_read(&again, buf_slice(&bytes)));
	assert_memory_equal(&zero, &again, sizeof(zero));
}

/* One byte changed: another value, or none; never one that would be written otherwise. */
static void every_changed_byte_is_another_value_or_none(void **state)
{
	struct buf other;

	(void)state;
	buf_init(&other, MEDIA_STATE_BYTES_MAX);
	for (size_t i = 0; i < bytes.len; i++) {
		for (unsigned change = 1; change < 256; change *= 2) {
			int err;

			bytes.data[i] = (char)(bytes.data[i] ^ (char)change);
			err = media_state_read(&again, buf_slice(&bytes));
			assert_true(err == 0 || err == SBC_EPARSE || err == SBC_EPROTO);
			if (!err) {
				buf_reset(&other);
				assert_int_equal(0, media_state_write(&other, &again));
				assert_true(slice_equal(buf_slice(&other), buf_slice(&bytes)));
			}
			bytes.data[i] = (char)(bytes.data[i] ^ (char)change);
		}
	}
	buf_fini_secret(&other);
}

static void another_version_is_told_apart(void **state)
{
	(void)state;
	bytes.data[3] = 2;
	assert_int_equal(SBC_EPROTO, media_state_read(&again, buf_slice(&bytes)));
}

/* What no session has is neither written nor, were it written elsewhere, read. */
static void unsound_values_are_not_written(void **state)
{
	struct media_state bad;
	struct buf out;

	(void)state;
	buf_init(&out, MEDIA_STATE_BYTES_MAX);
#define REFUSED(change)                                                                        \
	do {                                                                                   \
		bad = full;                                                                    \
		bad.change;                                                                    \
		buf_reset(&out);                                                               \
		assert_int_equal(SBC_EINVAL, media_state_write(&out, &bad));                   \
		assert_int_equal(SBC_EPARSE, media_state_read(&again, buf_slice(&out)));       \
	} while (0)
	REFUSED(sides[0].in[0].profile = (enum media_srtp_profile)5); /* a NULL cipher */
	REFUSED(sides[0].in[1].profile = (enum media_srtp_profile)0);
	REFUSED(sides[0].in[0].sources[1].ssrc = bad.sides[0].in[0].sources[0].ssrc);
	REFUSED(sides[0].out[0].sources[0].rtcp_next = MEDIA_RTCP_INDEX_MAX + 2u);
	REFUSED(sides[0].security.keying = MEDIA_KEYING_NONE);
	REFUSED(sides[0].remote.fingerprints.items[0].alg[0] = 'x'); /* none we compute */
	REFUSED(sides[0].remote.rtcp.sa.sa_family = AF_UNSPEC);
	REFUSED(sides[1].remote.rtp.sa.sa_family = AF_UNSPEC);
	REFUSED(sides[1].payload_map.to[7] = MEDIA_PAYLOAD_TYPES);
	REFUSED(sides[1].remote.profile = (enum media_srtp_profile)6);
#undef REFUSED
	buf_fini_secret(&out);
}

static void without_memory_nothing_is_read(void **state)
{
	(void)state;
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, media_state_read(&again, buf_slice(&bytes)));
	mem_fail_after(-1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_what_was_written),
		TEST(the_largest_fits),
		TEST(every_length_but_one_is_refused),
		TEST(every_changed_byte_is_another_value_or_none),
		TEST(another_version_is_told_apart),
		TEST(unsound_values_are_not_written),
		TEST(without_memory_nothing_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
