/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_MEDIA_PHONE_H
#define TESTS_UNIT_MEDIA_PHONE_H

/*
 * The other end of a side, with real sockets on the loopback: DTLS and SRTP by the room's
 * own parts. One thread; it works when phone_step() is called.
 */

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "media/crypto_context.h"
#include "media/dtls.h"
#include "media/rtcp.h"
#include "tests/unit/media/local.h"

#define PHONE_PACKET_MAX 2048

struct phone_line { /* RTP or RTCP */
	int fd;
	struct netaddr local;
	struct netaddr remote;
	struct dtls_assoc *assoc;
	struct hello_join join;
	struct crypto_context *in, *out;
	unsigned dtls_received;
	unsigned rtp_received, rtcp_received; /* that verified */
	unsigned not_verified;
	size_t last_len;
	uint8_t last[PHONE_PACKET_MAX]; /* newest one in the clear */
	size_t wire_len;
	_Alignas(16) uint8_t wire[PHONE_PACKET_MAX]; /* newest one that was sent */
};

struct phone {
	struct certificate certificate;
	struct media_config config;
	struct dtls_context *dtls;
	enum media_dtls_role role;
	bool has_mux;
	bool is_deaf; /* reads nothing */
	enum media_keying keying;
	const struct profile *profile; /* SDES */
	struct srtp_master mine, ours; /* SDES: what it and what we send with */
	struct phone_line rtp, rtcp;
	uint16_t sequence;
	uint32_t ssrc;
	uint32_t timestamp_step; /* of each packet */
	uint8_t report[24];      /* the block of its sender reports */
};

static inline void phone_init(struct phone *phone, enum media_dtls_role role, bool has_mux)
{
	memset(phone, 0, sizeof(*phone));
	phone->role = role;
	phone->has_mux = has_mux;
	phone->ssrc = 0x1000 + (uint32_t)role;
	certificate_init(&phone->certificate);
	media_config_init(&phone->config);
	dtls_context_new(&phone->dtls, &phone->certificate, &phone->config);
	phone->rtp.fd = bind_local(&phone->rtp.local);
	phone->rtcp.fd = bind_local(&phone->rtcp.local);
}

/* Keys of its description, or none: instead of a handshake. */
static inline void phone_key(
	struct phone *phone, enum media_keying keying, enum media_srtp_profile profile)
{
	struct phone_line *lines[] = {&phone->rtp, &phone->rtcp};

	phone->keying = keying;
	if (keying != MEDIA_KEYING_SDES)
		return;
	phone->profile = profile_find((unsigned)profile);
	memset(&phone->mine, 0x11 + (int)phone->role, sizeof(phone->mine));
	memset(&phone->ours, 0x21 + (int)phone->role, sizeof(phone->ours));
	for (int i = 0; i < 2; i++) {
		crypto_context_free(lines[i]->in);
		crypto_context_free(lines[i]->out);
		crypto_context_new(&lines[i]->in, phone->profile, &phone->ours, CRYPTO_IN);
		crypto_context_new(&lines[i]->out, phone->profile, &phone->mine, CRYPTO_OUT);
	}
}

static inline void phone_line_fini(struct phone_line *line)
{
	dtls_assoc_free(line->assoc);
	crypto_context_free(line->in);
	crypto_context_free(line->out);
	line->assoc = NULL;
	line->in = line->out = NULL;
}

/* As if it had just been switched on. */
static inline void phone_forget(struct phone *phone)
{
	phone_line_fini(&phone->rtp);
	phone_line_fini(&phone->rtcp);
	phone->rtp.join = phone->rtcp.join = (struct hello_join){0};
}

static inline void phone_fini(struct phone *phone)
{
	phone_line_fini(&phone->rtp);
	phone_line_fini(&phone->rtcp);
	close(phone->rtp.fd);
	close(phone->rtcp.fd);
	dtls_context_free(phone->dtls);
}

static inline void phone_write(
	struct phone_line *line, const void *bytes, size_t len, const struct netaddr *to)
{
	(void)!sendto(line->fd, bytes, len, 0, &to->sa, netaddr_len(to));
}

static inline void phone_dtls_send(const uint8_t *bytes, size_t len, void *arg)
{
	struct phone_line *line = arg;

	phone_write(line, bytes, len, &line->remote);
}

static inline void phone_assoc(
	struct phone *phone, struct phone_line *line, const struct profile *profile)
{
	struct dtls_assoc_config config = {.context = phone->dtls,
		.role = phone->role,
		.profile = profile,
		.hash = FINGERPRINT_SHA256,
		.retransmit = 200 * USEC_PER_MS,
		.send = phone_dtls_send,
		.arg = line};

	phone_line_fini(line);
	if (!dtls_assoc_new(&line->assoc, &config))
		dtls_assoc_start(line->assoc, clock_monotonic_us());
}

/* Begins (client) or waits (server). local: what media_open() told. */
static inline void phone_start(struct phone *phone, const struct netaddr *local)
{
	phone->rtp.remote = *local;
	phone->rtcp.remote = *local;
	netaddr_set_port(&phone->rtcp.remote, (uint16_t)(netaddr_port(local) + 1));
	if (phone->role == MEDIA_DTLS_SERVER || phone->keying != MEDIA_KEYING_DTLS)
		return;
	phone_assoc(phone, &phone->rtp, NULL);
	if (!phone->has_mux)
		phone_assoc(phone, &phone->rtcp, NULL);
}

static inline void phone_dtls(
	struct phone *phone, struct phone_line *line, const uint8_t *bytes, size_t len)
{
	struct client_hello hello;

	line->dtls_received++;
	if (!line->assoc && phone->role == MEDIA_DTLS_SERVER &&
		hello_join_add(&line->join, bytes, len, &hello) == 1)
		phone_assoc(phone, line, dtls_context_choose(phone->dtls, &hello));
	if (!line->assoc)
		return;
	dtls_assoc_input(line->assoc, bytes, len, clock_monotonic_us(), NULL);
	if (dtls_assoc_state(line->assoc) == DTLS_DONE && !line->in) {
		const struct dtls_keys *keys = &dtls_assoc_result(line->assoc)->keys;

		crypto_context_new(&line->in, keys->profile, &keys->peers, CRYPTO_IN);
		crypto_context_new(&line->out, keys->profile, &keys->ours, CRYPTO_OUT);
	}
}

static inline void phone_media(
	struct phone *phone, struct phone_line *line, uint8_t *bytes, size_t len)
{
	bool is_rtcp = line == &phone->rtcp || rtcp_is_rtcp(bytes, len);
	int err = phone->keying == MEDIA_KEYING_NONE ? 0 : -1;

	if (line->in && is_rtcp)
		err = crypto_context_unprotect_rtcp(line->in, bytes, &len);
	else if (line->in)
		err = crypto_context_unprotect_rtp(line->in, bytes, &len);
	if (err) {
		line->not_verified++;
		return;
	}
	if (is_rtcp)
		line->rtcp_received++;
	else
		line->rtp_received++;
	memcpy(line->last, bytes, len);
	line->last_len = len;
}

static inline void phone_line_step(struct phone *phone, struct phone_line *line)
{
	_Alignas(16) uint8_t bytes[PHONE_PACKET_MAX];
	ssize_t n;

	while ((n = recv(line->fd, bytes, sizeof(bytes), 0)) > 0) {
		if (bytes[0] >= 20 && bytes[0] <= 63)
			phone_dtls(phone, line, bytes, (size_t)n);
		else
			phone_media(phone, line, bytes, (size_t)n);
	}
	if (line->assoc)
		dtls_assoc_tick(line->assoc, clock_monotonic_us());
}

static inline void phone_step(struct phone *phone)
{
	if (phone->is_deaf)
		return;
	phone_line_step(phone, &phone->rtp);
	phone_line_step(phone, &phone->rtcp);
}

static inline bool phone_is_done(const struct phone *phone)
{
	return phone->rtp.in && (phone->has_mux || phone->rtcp.in);
}

static inline void phone_send_rtp(struct phone *phone)
{
	struct phone_line *line = &phone->rtp;
	uint8_t packet[172] = {0x80, 0};

	phone->sequence++;
	packet[2] = (uint8_t)(phone->sequence >> 8);
	packet[3] = (uint8_t)phone->sequence;
	packet[6] = (uint8_t)(phone->sequence * phone->timestamp_step >> 8);
	packet[7] = (uint8_t)(phone->sequence * phone->timestamp_step);
	packet[10] = (uint8_t)(phone->ssrc >> 8);
	packet[11] = (uint8_t)phone->ssrc;
	packet[12] = (uint8_t)phone->sequence;
	memcpy(line->wire, packet, sizeof(packet));
	line->wire_len = sizeof(packet);
	if (line->out)
		crypto_context_protect_rtp(line->out, line->wire, &line->wire_len);
	phone_write(line, line->wire, line->wire_len, &line->remote);
}

static inline void phone_send_rtcp(struct phone *phone)
{
	struct phone_line *line = phone->has_mux ? &phone->rtp : &phone->rtcp;
	/* A sender report that also reports: what was sent to it. */
	uint8_t packet[52] = {0x81, 200, 0, 12};

	packet[10] = 0x12; /* the middle of the NTP time */
	packet[12] = 0x34;
	memcpy(packet + 28, phone->report, sizeof(phone->report));
	packet[6] = (uint8_t)(phone->ssrc >> 8);
	packet[7] = (uint8_t)phone->ssrc;
	memcpy(line->wire, packet, sizeof(packet));
	line->wire_len = sizeof(packet);
	if (line->out)
		crypto_context_protect_rtcp(line->out, line->wire, &line->wire_len);
	phone_write(line, line->wire, line->wire_len, &line->remote);
}

/* The newest datagram a phone's client sends first. */
static inline size_t phone_take_hello(struct phone *phone, uint8_t *out)
{
	struct netaddr nowhere;
	int fd = bind_local(&nowhere);
	ssize_t n;

	phone_start(phone, &nowhere);
	n = recv(fd, out, PHONE_PACKET_MAX, 0);
	close(fd);
	phone_line_fini(&phone->rtp);
	phone_line_fini(&phone->rtcp);
	return n > 0 ? (size_t)n : 0;
}

#endif
