/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP with our kernels: the vectors of tests/vectors/srtp.txt, replay, rollover, SSRCs. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/crypto_context.h"
#include "media/rtp.h"
#include "media/srtp_kernels.h"

#define FIELDS   8
#define TEXT_MAX 256
#define SSRC     0xcafebabe

struct vector {
	unsigned profile, roc;
	struct srtp_master master;
	size_t rtp_len, srtp_len, rtcp_len, srtcp_len;
	_Alignas(16) uint8_t rtp[TEXT_MAX], srtp[TEXT_MAX], rtcp[TEXT_MAX], srtcp[TEXT_MAX];
};

static size_t unhex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;
	unsigned byte;

	for (size_t i = 0; i < len; i++) {
		assert_int_equal(1, sscanf(text + 2 * i, "%2x", &byte));
		out[i] = (uint8_t)byte;
	}
	return len;
}

static bool next_vector(FILE *file, struct vector *v)
{
	char line[1024], word[FIELDS][TEXT_MAX];

	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		assert_int_equal(FIELDS,
			sscanf(line, "%255s %255s %255s %255s %255s %255s %255s %255s", word[0],
				word[1], word[2], word[3], word[4], word[5], word[6], word[7]));
		memset(v, 0, sizeof(*v));
		v->profile = (unsigned)strtoul(word[0], NULL, 16);
		unhex(word[1], v->master.key);
		unhex(word[2], v->master.salt);
		v->roc = (unsigned)strtoul(word[3], NULL, 10);
		v->rtp_len = unhex(word[4], v->rtp);
		v->srtp_len = unhex(word[5], v->srtp);
		v->rtcp_len = unhex(word[6], v->rtcp);
		v->srtcp_len = unhex(word[7], v->srtcp);
		return true;
	}
	return false;
}

static struct crypto_context *context_of(
	const struct vector *v, enum crypto_direction direction)
{
	struct crypto_context *context;

	assert_int_equal(0,
		crypto_context_new(&context, profile_find(v->profile), &v->master, direction));
	return context;
}

/* The rollover counter of a stream can be set only once it is there: a packet with an
 * older number makes it. */
static void set_roc(
	struct crypto_context *out, struct crypto_context *in, const struct vector *v)
{
	_Alignas(16) uint8_t packet[TEXT_MAX];
	size_t len = v->rtp_len;

	memcpy(packet, v->rtp, len);
	packet[3]--;
	assert_int_equal(0, crypto_context_protect_rtp(out, packet, &len));
	assert_int_equal(0, crypto_context_unprotect_rtp(in, packet, &len));
	assert_int_equal(0, crypto_context_set_roc(out, SSRC, v->roc));
	assert_int_equal(0, crypto_context_set_roc(in, SSRC, v->roc));
}

/* SRTP-1, SRTP-2, SRTP-3, SRTP-4, SRTP-5, SRTP-6: every byte of each profile. */
static void vectors(void **state)
{
	FILE *file = fopen("tests/vectors/srtp.txt", "r");
	_Alignas(16) uint8_t packet[TEXT_MAX];
	struct vector v;
	int count = 0;

	(void)state;
	assert_non_null(file);
	for (; next_vector(file, &v); count++) {
		struct crypto_context *out = context_of(&v, CRYPTO_OUT);
		struct crypto_context *in = context_of(&v, CRYPTO_IN);
		size_t len = v.rtp_len;

		if (v.roc)
			set_roc(out, in, &v);
		memcpy(packet, v.rtp, len);
		assert_int_equal(0, crypto_context_protect_rtp(out, packet, &len));
		assert_int_equal(v.srtp_len, len);
		assert_memory_equal(v.srtp, packet, len);
		assert_int_equal(0, crypto_context_unprotect_rtp(in, packet, &len));
		assert_int_equal(v.rtp_len, len);
		assert_memory_equal(v.rtp, packet, len);
		len = v.rtcp_len;
		memcpy(packet, v.rtcp, len);
		assert_int_equal(0, crypto_context_protect_rtcp(out, packet, &len));
		assert_int_equal(v.srtcp_len, len);
		assert_memory_equal(v.srtcp, packet, len);
		assert_int_equal(0, crypto_context_unprotect_rtcp(in, packet, &len));
		assert_memory_equal(v.rtcp, packet, v.rtcp_len);
		crypto_context_free(out);
		crypto_context_free(in);
	}
	fclose(file);
	assert_int_equal(5, count);
}

struct pair {
	struct crypto_context *out, *in;
	_Alignas(16) uint8_t packet[TEXT_MAX];
	size_t len;
};

static void pair_init(struct pair *pair, unsigned profile)
{
	const struct vector v = {
		.profile = profile, .master = {.key = "any", .salt = "of them"}};

	pair->out = context_of(&v, CRYPTO_OUT);
	pair->in = context_of(&v, CRYPTO_IN);
}

static void pair_fini(struct pair *pair)
{
	crypto_context_free(pair->out);
	crypto_context_free(pair->in);
}

static void protect(struct pair *pair, uint32_t ssrc, uint16_t sequence)
{
	memset(pair->packet, 0x55, sizeof(pair->packet));
	pair->packet[0] = 0x80;
	pair->packet[1] = 0;
	pair->packet[2] = (uint8_t)(sequence >> 8);
	pair->packet[3] = (uint8_t)sequence;
	for (int i = 0; i < 4; i++)
		pair->packet[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	pair->len = 60;
	assert_int_equal(0, crypto_context_protect_rtp(pair->out, pair->packet, &pair->len));
}

static int unprotect(struct pair *pair)
{
	return crypto_context_unprotect_rtp(pair->in, pair->packet, &pair->len);
}

static const unsigned all_profiles[] = {1, 2, 7, 8};

/* MUX-4, SRTP-14: each bit of a packet is covered, RTCP's too. */
static void refuses_changes(void **state)
{
	struct pair pair;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint8_t sealed[TEXT_MAX];
		size_t sealed_len;

		pair_init(&pair, all_profiles[i]);
		protect(&pair, SSRC, 1);
		memcpy(sealed, pair.packet, pair.len);
		sealed_len = pair.len;
		for (size_t at = 4; at < sealed_len; at++) { /* other numbers: other replays */
			memcpy(pair.packet, sealed, sealed_len);
			pair.len = sealed_len;
			pair.packet[at] ^= 1;
			assert_int_equal(SBC_ECRYPTO, unprotect(&pair));
		}
		for (size_t len = 12; len < sealed_len; len++) {
			memcpy(pair.packet, sealed, sealed_len);
			pair.len = len;
			assert_int_not_equal(0, unprotect(&pair));
		}
		memcpy(pair.packet, sealed, sealed_len);
		pair.len = sealed_len;
		assert_int_equal(0, unprotect(&pair));
		pair_fini(&pair);
	}
}

static void refuses_short_rtcp(void **state)
{
	struct pair pair;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		pair_init(&pair, all_profiles[i]);
		for (size_t len = 8; len < 40; len++) {
			memset(pair.packet, 0x80, len);
			pair.packet[1] = 200;
			pair.len = len;
			assert_int_not_equal(0,
				crypto_context_unprotect_rtcp(pair.in, pair.packet, &pair.len));
		}
		pair_fini(&pair);
	}
}

/* SRTP-7, M6. */
static void replays(void **state)
{
	struct pair pair;
	uint8_t old[TEXT_MAX], late[TEXT_MAX];
	size_t old_len, late_len;

	(void)state;
	pair_init(&pair, 1);
	protect(&pair, SSRC, 1);
	memcpy(old, pair.packet, pair.len);
	old_len = pair.len;
	assert_int_equal(0, unprotect(&pair));
	memcpy(pair.packet, old, old_len);
	pair.len = old_len;
	assert_int_equal(SBC_EEXIST, unprotect(&pair));
	protect(&pair, SSRC, 2);
	memcpy(late, pair.packet, pair.len);
	late_len = pair.len;
	for (uint16_t n = 3; n < 120; n++) {
		protect(&pair, SSRC, n);
		assert_int_equal(0, unprotect(&pair));
	}
	memcpy(pair.packet, late, late_len); /* within a window of 128 */
	pair.len = late_len;
	assert_int_equal(0, unprotect(&pair));
	for (uint16_t n = 120; n < 300; n++) {
		protect(&pair, SSRC, n);
		assert_int_equal(0, unprotect(&pair));
	}
	memcpy(pair.packet, old, old_len); /* long out of it */
	pair.len = old_len;
	assert_int_equal(SBC_EEXIST, unprotect(&pair));
	pair_fini(&pair);
}

/* SRTP-8, M6: over the wrap with one packet in ten lost, several times. */
static void rolls_over(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, 7);
	for (uint32_t n = 60000; n < 3 * 65536u + 100; n += 7) {
		protect(&pair, SSRC, (uint16_t)n);
		if (n % 10)
			assert_int_equal(0, unprotect(&pair));
	}
	pair_fini(&pair);
}

/* SRTP-12, RFC 3711 section 9.2: behind the last index of a key nothing is protected any more,
 * since the next one would be the first one again. */
static void key_ends(void **state)
{
	static const unsigned profiles[] = {1, 7};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		_Alignas(16) uint8_t again[TEXT_MAX];
		struct pair pair;
		size_t len;

		pair_init(&pair, profiles[i]);
		protect(&pair, 7, 65000);
		assert_int_equal(0, crypto_context_set_roc(pair.out, 7, UINT32_MAX));
		protect(&pair, 7, 65535);
		memset(again, 0, sizeof(again));
		again[0] = 0x80;
		again[11] = 7;
		len = 40;
		assert_int_not_equal(0, crypto_context_protect_rtp(pair.out, again, &len));
		pair_fini(&pair);
	}
}

/* SRTP-11, M7. */
static void too_many_sources(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, 1);
	for (uint32_t ssrc = 1; ssrc <= RTP_SOURCE_MAX; ssrc++) {
		protect(&pair, ssrc, 1);
		/* Strangers' SSRCs take no place: they do not verify. */
		pair.packet[11] ^= 0x80;
		assert_int_equal(SBC_ECRYPTO, unprotect(&pair));
		pair.packet[11] ^= 0x80;
		assert_int_equal(0, unprotect(&pair));
	}
	pair.packet[11] ^= 0x80;
	assert_int_equal(SBC_ELIMIT, unprotect(&pair));
	protect(&pair, 1, 2);
	assert_int_equal(0, unprotect(&pair));
	pair_fini(&pair);
}

static void out_of_memory(void **state)
{
	const struct vector v = {.profile = 8};
	struct crypto_context *context = NULL;
	int err;
	long i = -1;

	(void)state;
	do {
		mem_fail_after(++i);
		err = crypto_context_new(
			&context, profile_find(v.profile), &v.master, CRYPTO_IN);
		assert_true(!err == !!context);
	} while (err);
	mem_fail_after(-1);
	assert_true(i > 2);
	crypto_context_free(context);
}

static int set_up(void **state)
{
	(void)state;
	return srtp_kernels_install();
}

/* ---- a session that goes on elsewhere: SRTP-9, SRTP-10 ---- */

struct ends {
	struct crypto_context *out, *in;
};

static void ends_init(struct ends *ends, const struct srtp_master *master)
{
	const struct profile *profile = profile_find(MEDIA_SRTP_AEAD_AES_128_GCM);

	assert_int_equal(0, crypto_context_new(&ends->out, profile, master, CRYPTO_OUT));
	assert_int_equal(0, crypto_context_new(&ends->in, profile, master, CRYPTO_IN));
}

static void ends_fini(struct ends *ends)
{
	crypto_context_free(ends->out);
	crypto_context_free(ends->in);
}

static int carry(struct crypto_context *out, struct crypto_context *in, uint16_t sequence)
{
	_Alignas(16) uint8_t packet[TEXT_MAX + CRYPTO_TRAILER_MAX] = {
		0x80, 0, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0, 0, 0, 0, 0, 0, 7};
	size_t len = 40;
	int err = crypto_context_protect_rtp(out, packet, &len);

	return err ? err : crypto_context_unprotect_rtp(in, packet, &len);
}

/* Both ends by turns: either goes on elsewhere, right before, at and after the wrap. */
static void goes_on_elsewhere(void **state)
{
	static const uint16_t last[] = {65530, 65535, 3, 40000};
	const struct srtp_master master = {.key = {1}, .salt = {2}};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct media_direction_state state_of;
		struct ends here, there;
		uint32_t n = 30000, end = 65536u * (2 + (last[i / 2] < 100)) + last[i / 2];

		ends_init(&here, &master);
		ends_init(&there, &master);
		for (; n <= end; n++)
			assert_int_equal(0, carry(here.out, here.in, (uint16_t)n));
		crypto_context_export(i % 2 ? here.in : here.out, &state_of);
		assert_int_equal(1, state_of.source_count);
		assert_int_equal(7, state_of.sources[0].ssrc);
		assert_int_equal(end >> 16, state_of.sources[0].roc);
		assert_int_equal(
			0, crypto_context_import(i % 2 ? there.in : there.out, &state_of));
		/* Exported again before anything was heard, it is the same. */
		crypto_context_export(i % 2 ? there.in : there.out, &state_of);
		assert_int_equal(end >> 16, state_of.sources[0].roc);
		for (n += 20; n < end + 200; n++) /* and some are lost over it */
			assert_int_equal(0, carry(i % 2 ? here.out : there.out,
						    i % 2 ? there.in : here.in, (uint16_t)n));
		ends_fini(&here);
		ends_fini(&there);
	}
}

/* RFC 3711 section 9.1: no index twice, of SRTP and of SRTCP. */
static void never_uses_an_index_again(void **state)
{
	const struct srtp_master master = {.key = {1}, .salt = {2}};
	struct media_direction_state state_of;
	struct ends here, there;

	(void)state;
	ends_init(&here, &master);
	ends_init(&there, &master);
	for (uint16_t n = 100; n < 120; n++)
		assert_int_equal(0, carry(here.out, here.in, n));
	for (int n = 0; n < 60; n++) {
		_Alignas(16) uint8_t packet[64] = {0x80, 201, 0, 1, 0, 0, 0, 7};
		size_t len = 8;

		if (n == 30) {
			crypto_context_export(here.out, &state_of);
			assert_int_equal(31, state_of.sources[0].rtcp_next);
			assert_int_equal(0, crypto_context_import(there.out, &state_of));
		}
		assert_int_equal(0, crypto_context_protect_rtcp(
					    n < 30 ? here.out : there.out, packet, &len));
		assert_int_equal(0, crypto_context_unprotect_rtcp(here.in, packet, &len));
	}
	for (uint16_t n = 100; n < 120; n++)
		assert_int_equal(SBC_EEXIST, carry(there.out, here.in, n));
	assert_int_equal(0, carry(there.out, here.in, 120));
	/* What is more than a context can have, and a context that is in use already. */
	assert_int_equal(SBC_EINVAL, crypto_context_import(there.out, &state_of));
	state_of.source_count = MEDIA_STATE_SOURCE_MAX + 1;
	assert_int_equal(SBC_EINVAL, crypto_context_import(there.in, &state_of));
	ends_fini(&here);
	ends_fini(&there);
}

struct wire {
	_Alignas(16) uint8_t bytes[TEXT_MAX + CRYPTO_TRAILER_MAX];
	size_t len;
};

static void make_wire(struct crypto_context *out, struct wire *wire, uint16_t sequence)
{
	*wire = (struct wire){
		{0x80, 0, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0, 0, 0, 0, 0, 0, 7},
		40};
	assert_int_equal(0, crypto_context_protect_rtp(out, wire->bytes, &wire->len));
}

static void make_report(struct crypto_context *out, struct wire *wire, uint8_t ssrc)
{
	*wire = (struct wire){{0x80, 201, 0, 1, 0, 0, 0, ssrc}, 8};
	assert_int_equal(0, crypto_context_protect_rtcp(out, wire->bytes, &wire->len));
}

static int hear(struct crypto_context *in, struct wire wire, bool is_rtcp)
{
	return is_rtcp ? crypto_context_unprotect_rtcp(in, wire.bytes, &wire.len)
		       : crypto_context_unprotect_rtp(in, wire.bytes, &wire.len);
}

#define TAPPED 140 /* more than a replay window */

/* RFC 3711 section 3.3.2: what was heard before the export is a replay after it, also when
 * the window of the new context has not filled yet, and at the wrap. */
static void replays_across_an_import(void **state)
{
	static const uint16_t firsts[] = {500, (uint16_t)(65536 - TAPPED / 2),
		(uint16_t)(65536 - TAPPED), (uint16_t)(65536 - TAPPED - 3)};
	static const enum media_srtp_profile profiles[] = {MEDIA_SRTP_AES128_CM_SHA1_80,
		MEDIA_SRTP_AES128_CM_SHA1_32, MEDIA_SRTP_AEAD_AES_128_GCM,
		MEDIA_SRTP_AEAD_AES_256_GCM};
	static struct wire packets[TAPPED], reports[TAPPED];
	const struct srtp_master master = {.key = {1}, .salt = {2}};
	struct media_direction_state state_of;

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		const struct profile *profile = profile_find(profiles[k]);
		struct crypto_context *out, *here, *there;
		struct wire wire;

		crypto_context_new(&out, profile, &master, CRYPTO_OUT);
		crypto_context_new(&here, profile, &master, CRYPTO_IN);
		crypto_context_new(&there, profile, &master, CRYPTO_IN);
		for (unsigned i = 0; i < TAPPED; i++) {
			make_wire(out, &packets[i], (uint16_t)(firsts[k] + i));
			make_report(out, &reports[i], 7);
			assert_int_equal(0, hear(here, packets[i], false));
			assert_int_equal(0, hear(here, reports[i], true));
		}
		crypto_context_export(here, &state_of);
		assert_int_equal(0, crypto_context_import(there, &state_of));
		for (unsigned n = 0; n < 2 * TAPPED; n++) {
			for (unsigned i = 0; i < TAPPED; i += n % 16 ? TAPPED - 1 : 1) {
				assert_int_equal(SBC_EEXIST, hear(there, packets[i], false));
				assert_int_equal(SBC_EEXIST, hear(there, reports[i], true));
			}
			make_wire(out, &wire, (uint16_t)(firsts[k] + TAPPED + n));
			assert_int_equal(0, hear(there, wire, false));
			assert_int_equal(SBC_EEXIST, hear(there, wire, false));
			make_report(out, &wire, 7);
			assert_int_equal(0, hear(there, wire, true));
		}
		crypto_context_free(out);
		crypto_context_free(here);
		crypto_context_free(there);
	}
}

/* One that only reported so far may begin with any number; and may be keyed anew. */
static void imports_who_only_reported(void **state)
{
	const struct srtp_master master = {.key = {1}, .salt = {2}}, other = {.key = {3}};
	const struct profile *profile = profile_find(MEDIA_SRTP_AEAD_AES_128_GCM);
	struct media_direction_state state_of;
	struct ends here, there;
	struct wire wire;

	(void)state;
	ends_init(&here, &master);
	ends_init(&there, &master);
	for (int i = 0; i < 5; i++) {
		make_report(here.out, &wire, 7);
		assert_int_equal(0, hear(here.in, wire, true));
	}
	crypto_context_export(here.in, &state_of);
	assert_false(state_of.sources[0].has_rtp);
	assert_int_equal(0, crypto_context_import(there.in, &state_of));
	assert_int_equal(SBC_EEXIST, hear(there.in, wire, true));
	assert_int_equal(0, carry(here.out, there.in, 50000));
	/* RFC 3711 section 3.3.1: the counters stay, and the window of what came before. */
	crypto_context_export(there.in, &state_of);
	ends_fini(&there);
	ends_init(&there, &master);
	assert_int_equal(0, crypto_context_import(there.in, &state_of));
	assert_int_equal(0, crypto_context_rekey(there.in, profile, &other));
	assert_int_equal(0, crypto_context_rekey(here.out, profile, &other));
	for (uint32_t n = 50001; n < 70000; n++)
		assert_int_equal(0, carry(here.out, there.in, (uint16_t)n));
	crypto_context_export(there.in, &state_of);
	assert_int_equal(1, state_of.sources[0].roc);
	ends_fini(&here);
	ends_fini(&there);
}

/* RFC 3711 section 9.1: of what was sent before, and before the first packet of a window. */
static void never_protects_again_behind_an_import(void **state)
{
	const struct srtp_master master = {.key = {1}, .salt = {2}};
	struct media_direction_state state_of;
	struct ends here, there;
	struct wire wire;

	(void)state;
	ends_init(&here, &master);
	ends_init(&there, &master);
	for (uint16_t n = 100; n < 120; n++)
		make_wire(here.out, &wire, n);
	crypto_context_export(here.out, &state_of);
	assert_int_equal(0, crypto_context_import(there.out, &state_of));
	for (uint16_t n = 120; n < 400; n++) {
		assert_int_equal(0, carry(there.out, here.in, n));
		for (uint16_t old = 100; old < 120; old++)
			assert_int_equal(SBC_EEXIST, carry(there.out, here.in, old));
	}
	ends_fini(&here);
	ends_fini(&there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(refuses_changes),
		cmocka_unit_test(refuses_short_rtcp),
		cmocka_unit_test(replays),
		cmocka_unit_test(rolls_over),
		cmocka_unit_test(key_ends),
		cmocka_unit_test(too_many_sources),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(goes_on_elsewhere),
		cmocka_unit_test(never_uses_an_index_again),
		cmocka_unit_test(replays_across_an_import),
		cmocka_unit_test(imports_who_only_reported),
		cmocka_unit_test(never_protects_again_behind_an_import),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
