/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looks at DTLS records (RFC 6347 section 4.1, RFC 9147 section 4) before the TLS library
 * does. Pure.
 *
 * Refused before the handshake is done, and why:
 *   - a length that does not fill the datagram, another version, an unknown type: no peer's;
 *   - alerts and application data in the clear: anybody's;
 *   - a handshake message of our own side, or out of its place. A side's messages come in a
 *     fixed order when both present certificates (RFC 5246 section 7.3), so message_seq
 *     tells the place: for a server hello+1 Certificate, +2 ClientKeyExchange,
 *     +3 CertificateVerify; for a client hello+1 Certificate, +2 ServerKeyExchange,
 *     +3 CertificateRequest, +4 ServerHelloDone;
 *   - encrypted records too short to hold what a cipher adds.
 */

#include "media/dtls_records.h"

#include "base/err.h"

/* Longest handshake message: a chain of large RSA certificates is below it. */
#define MESSAGE_MAX 16384
/* An explicit nonce and a tag of AES-GCM; Finished is longer with every cipher. */
#define ENCRYPTED_MIN 24
/* RFC 9147 section 4.2.3: sequence numbers are masked by 16 bytes of ciphertext. */
#define UNIFIED_MIN 16
/* Hellos of one handshake: one more for a cookie, one more for another group. */
#define HELLO_SEQUENCE_MAX 2

#define UNIFIED_MASK     0xe0
#define UNIFIED_BITS     0x20
#define UNIFIED_CID      0x10
#define UNIFIED_SEQ16    0x08
#define UNIFIED_LENGTH   0x04
#define UNIFIED_EPOCH    0x03
#define EPOCH_HANDSHAKE3 2 /* DTLS 1.3's handshake keys */

static uint32_t get(const uint8_t *at, unsigned count)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value = value << 8 | at[i];
	return value;
}

static int cut(struct dtls_rest *rest, size_t header, size_t len, struct dtls_record *out)
{
	if (rest->len < header || rest->len - header < len)
		return SBC_EPARSE;
	out->body = rest->at + header;
	out->len = len;
	rest->at += header + len;
	rest->len -= header + len;
	return 0;
}

static int unified_next(struct dtls_rest *rest, struct dtls_record *out)
{
	uint8_t first = rest->at[0];
	size_t header = first & UNIFIED_SEQ16 ? 3 : 2, len;

	if (first & UNIFIED_CID) /* never negotiated */
		return SBC_EPARSE;
	out->is_unified = true;
	out->type = 0;
	out->epoch = first & UNIFIED_EPOCH;
	if (!(first & UNIFIED_LENGTH)) {
		if (rest->len < header)
			return SBC_EPARSE;
		return cut(rest, header, rest->len - header, out);
	}
	if (rest->len < header + 2)
		return SBC_EPARSE;
	len = get(rest->at + header, 2);
	return cut(rest, header + 2, len, out);
}

int dtls_record_next(struct dtls_rest *rest, struct dtls_record *out)
{
	const uint8_t *at = rest->at;

	if (!rest->len)
		return SBC_EPARSE;
	if ((at[0] & UNIFIED_MASK) == UNIFIED_BITS)
		return unified_next(rest, out);
	if (rest->len < DTLS_RECORD_HEADER)
		return SBC_EPARSE;
	/* DTLS 1.0 in a first hello, 1.2 in all else, 1.3 included. */
	if (at[1] != 0xfe || (at[2] != 0xff && at[2] != 0xfd))
		return SBC_EPARSE;
	out->is_unified = false;
	out->type = at[0];
	out->epoch = (uint16_t)get(at + 3, 2);
	return cut(rest, DTLS_RECORD_HEADER, get(at + 11, 2), out);
}

int dtls_handshake_next(struct dtls_rest *rest, struct dtls_handshake *out)
{
	const uint8_t *at = rest->at;
	uint32_t len;

	if (rest->len < DTLS_HANDSHAKE_HEADER)
		return SBC_EPARSE;
	len = get(at + 9, 3);
	out->type = at[0];
	out->length = get(at + 1, 3);
	out->sequence = (uint16_t)get(at + 4, 2);
	out->offset = get(at + 6, 3);
	out->len = len;
	out->body = at + DTLS_HANDSHAKE_HEADER;
	if (out->length > MESSAGE_MAX || out->offset > out->length ||
		len > out->length - out->offset || len > rest->len - DTLS_HANDSHAKE_HEADER)
		return SBC_EPARSE;
	/* An empty fragment carries nothing, except of an empty message. */
	if (!len && out->length)
		return SBC_EPARSE;
	rest->at += DTLS_HANDSHAKE_HEADER + len;
	rest->len -= DTLS_HANDSHAKE_HEADER + len;
	return 0;
}

void dtls_records_init(struct dtls_records *records, enum media_dtls_role role)
{
	*records = (struct dtls_records){.role = role};
}

static bool client_message_passes(struct dtls_records *records, const struct dtls_handshake *m)
{
	unsigned place;

	if (m->type == DTLS_CLIENT_HELLO) {
		if (m->sequence > HELLO_SEQUENCE_MAX)
			return false;
		if (!records->has_hello || m->sequence > records->hello_sequence)
			records->hello_sequence = m->sequence;
		records->has_hello = true;
		return true;
	}
	if (m->type == DTLS_CERTIFICATE)
		place = 1;
	else if (m->type == DTLS_CLIENT_KEY_EXCHANGE)
		place = 2;
	else if (m->type == DTLS_CERTIFICATE_VERIFY)
		place = 3;
	else
		return false;
	if (!records->has_hello || m->sequence != records->hello_sequence + place)
		return false;
	if (m->type == DTLS_CLIENT_KEY_EXCHANGE)
		records->has_key_exchange = true;
	return true;
}

static bool server_message_passes(struct dtls_records *records, const struct dtls_handshake *m)
{
	unsigned first, last; /* places behind the hello */

	if (m->type == DTLS_HELLO_VERIFY_REQUEST)
		return !records->has_hello && m->sequence < HELLO_SEQUENCE_MAX;
	if (m->type == DTLS_SERVER_HELLO) { /* a HelloRetryRequest is one too */
		if (m->sequence > HELLO_SEQUENCE_MAX)
			return false;
		if (!records->has_hello || m->sequence > records->hello_sequence)
			records->hello_sequence = m->sequence;
		records->has_hello = true;
		return true;
	}
	if (m->type == DTLS_CERTIFICATE)
		first = last = 1;
	else if (m->type == DTLS_SERVER_KEY_EXCHANGE)
		first = last = 2;
	else if (m->type == DTLS_CERTIFICATE_REQUEST)
		first = last = 3;
	else if (m->type == DTLS_SERVER_HELLO_DONE)
		first = 3, last = 4; /* 3: it asks for no certificate */
	else
		return false;
	if (!records->has_hello) /* overtook it */
		return m->sequence >= first && m->sequence <= last + HELLO_SEQUENCE_MAX;
	return m->sequence >= records->hello_sequence + first &&
	       m->sequence <= records->hello_sequence + last;
}

static bool handshake_passes(struct dtls_records *records, const struct dtls_record *record)
{
	struct dtls_rest rest = {record->body, record->len};

	if (!rest.len)
		return false;
	while (rest.len) {
		struct dtls_handshake message;

		if (dtls_handshake_next(&rest, &message))
			return false;
		if (records->role == MEDIA_DTLS_SERVER
				? !client_message_passes(records, &message)
				: !server_message_passes(records, &message))
			return false;
	}
	return true;
}

static bool record_passes(struct dtls_records *records, const struct dtls_record *record)
{
	/* Nobody has keys before the hellos are exchanged. */
	if (record->is_unified)
		return records->has_hello && record->epoch && record->len >= UNIFIED_MIN;
	if (record->epoch == 0 && record->type == DTLS_HANDSHAKE)
		return handshake_passes(records, record);
	if (record->epoch == 0 && record->type == DTLS_CHANGE_CIPHER_SPEC)
		return record->len == 1 && record->body[0] == 1 &&
		       (records->role == MEDIA_DTLS_SERVER ? records->has_key_exchange
							   : records->has_hello);
	/* DTLS 1.2 and encrypted: a Finished, or an alert with a proof. */
	return records->has_hello && record->epoch == 1 && record->len >= ENCRYPTED_MIN &&
	       (record->type == DTLS_HANDSHAKE || record->type == DTLS_ALERT);
}

bool dtls_records_pass(struct dtls_records *records, const uint8_t *bytes, size_t len)
{
	struct dtls_records after = *records;
	struct dtls_rest rest = {bytes, len};

	if (!rest.len)
		return false;
	while (rest.len) {
		struct dtls_record record;

		if (dtls_record_next(&rest, &record) || !record_passes(&after, &record))
			return false;
	}
	*records = after;
	return true;
}

bool dtls_records_is_client_hello(const uint8_t *bytes, size_t len)
{
	struct dtls_rest rest = {bytes, len};
	struct dtls_record record;

	return !dtls_record_next(&rest, &record) && !record.is_unified && !record.epoch &&
	       record.type == DTLS_HANDSHAKE && record.len >= DTLS_HANDSHAKE_HEADER &&
	       record.body[0] == DTLS_CLIENT_HELLO;
}

bool dtls_records_is_repeat(
	enum media_dtls_role our_role, bool is_dtls13, const uint8_t *bytes, size_t len)
{
	struct dtls_rest rest = {bytes, len};
	struct dtls_record record;

	while (rest.len && !dtls_record_next(&rest, &record)) {
		if (is_dtls13) {
			if (record.is_unified && record.epoch == EPOCH_HANDSHAKE3 &&
				record.len >= UNIFIED_MIN)
				return true;
			continue;
		}
		/* In DTLS 1.2 the server has the last word: only its client can miss it. */
		if (our_role != MEDIA_DTLS_SERVER || record.is_unified)
			return false;
		if (record.epoch == 1 && record.type == DTLS_HANDSHAKE &&
			record.len >= ENCRYPTED_MIN)
			return true;
		if (record.epoch == 0 && record.type == DTLS_HANDSHAKE && record.len &&
			record.body[0] != DTLS_CLIENT_HELLO)
			return true;
	}
	return false;
}
