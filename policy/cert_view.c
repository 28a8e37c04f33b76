/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates for people. Any thread. */

#include "policy/cert_view.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pem.h"
#include "policy/cert.h"
#include "policy/date.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/* ---- one certificate ---- */

static void put_hex(char *out, size_t size, const uint8_t *bytes, size_t len, bool want_colons)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < len && at + 4 < size; i++)
		at += (size_t)snprintf(
			out + at, size - at, "%s%02X", i && want_colons ? ":" : "", bytes[i]);
}

static void view_key(struct cert_view *view, const DecodedCert *decoded)
{
	struct crypto_key *key;

	if (crypto_key_public(&key, slice_of(decoded->publicKey, decoded->pubKeySize)))
		return;
	switch (crypto_key_kind(key)) {
	case CRYPTO_KEY_P256:
		view->key = CERT_VIEW_KEY_P256;
		break;
	case CRYPTO_KEY_RSA:
		view->key = CERT_VIEW_KEY_RSA;
		break;
	case CRYPTO_KEY_OTHER:
		view->key = CERT_VIEW_KEY_EC;
		break;
	}
	view->key_bits = crypto_key_bits(key);
	crypto_key_free(key);
}

static void view_usage(struct cert_view *view, const DecodedCert *decoded)
{
	unsigned any = decoded->extExtKeyUsage & EXTKEYUSE_ANY;

	view->is_ca = decoded->isCA;
	view->is_self_issued = decoded->selfSigned;
	view->may_sign =
		!decoded->extKeyUsageSet || (decoded->extKeyUsage & KEYUSE_DIGITAL_SIG);
	view->has_purposes = decoded->extExtKeyUsageSet;
	view->may_be_server =
		!view->has_purposes || any || (decoded->extExtKeyUsage & EXTKEYUSE_SERVER_AUTH);
	view->may_be_client =
		!view->has_purposes || any || (decoded->extExtKeyUsage & EXTKEYUSE_CLIENT_AUTH);
}

/* False: no certificate. */
static bool view_one(struct cert_view *view, struct slice der)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct cert_basics basics;
	DecodedCert decoded;
	int rc;
	bool is_read;

	wc_InitDecodedCert(&decoded, (const byte *)der.ptr, (word32)der.len, NULL);
	rc = wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL);
	view->is_critical = rc == ASN_CRIT_EXT_E;
	is_read = (rc == 0 || view->is_critical) && !cert_read_basics(der, &basics) &&
		  !crypto_sha256(der, hash);
	if (is_read) {
		snprintf(view->subject, sizeof(view->subject), "%s", decoded.subject);
		snprintf(view->issuer, sizeof(view->issuer), "%s", decoded.issuer);
		put_hex(view->serial, sizeof(view->serial), decoded.serial,
			(size_t)decoded.serialSz, false);
		put_hex(view->fingerprint, sizeof(view->fingerprint), hash, sizeof(hash), true);
		view->not_before = basics.validity.not_before;
		view->not_after = basics.validity.not_after;
		view->is_weakly_signed = basics.is_weakly_signed;
		view->is_key_strong = basics.has_strong_key;
		view_key(view, &decoded);
		view_usage(view, &decoded);
	}
	wc_FreeDecodedCert(&decoded);
	return is_read;
}

/* ---- the chain ---- */

static int read_chain(struct cert_report *report, struct slice body)
{
	struct slice label;
	struct buf der;
	int err = 0;

	report->is_pem = !body.len || body.ptr[0] != 0x30;
	if (!report->is_pem) {
		report->count = view_one(&report->chain[0], body);
		return 0;
	}
	buf_init(&der, CERT_BODY_MAX);
	while (!err && report->count < CERT_VIEW_CHAIN_MAX) {
		buf_reset(&der);
		err = pem_next(&body, &label, &der);
		if (err)
			break;
		if (slice_equal(label, SLICE("CERTIFICATE")))
			report->count +=
				view_one(&report->chain[report->count], buf_slice(&der));
		else if (label.len >= 11 &&
			 slice_equal(slice_from(label, label.len - 11), SLICE("PRIVATE KEY")))
			report->has_private_key = true;
	}
	buf_fini_secret(&der);
	return err == SBC_ENOMEM ? err : 0;
}

static void take_leaf(struct cert_report *report)
{
	const struct cert *cert = report->_cert;

	report->is_readable = cert->is_read;
	report->is_trusted = cert->is_trusted;
	report->why = cert->why;
	report->limit = cert->limit;
	report->chain_not_before = cert->chain.not_before;
	report->chain_not_after = cert->chain.not_after;
	for (size_t i = 0; i < cert->name_count && i < CERT_VIEW_NAME_MAX; i++) {
		struct cert_view_name *name = &report->names[report->name_count++];
		name->is_uri = cert->names[i].is_uri;
		snprintf(name->text, sizeof(name->text), "%s", cert->names[i].text);
	}
}

static void take_numbers(struct cert_report *report)
{
	const struct tn_auth *list = report->_cert->numbers;

	for (size_t i = 0; list && i < list->count && i < CERT_VIEW_NUMBER_MAX; i++) {
		const struct tn_auth_entry *entry = &list->entries[i];
		char *text = report->numbers[report->number_count++];
		size_t size = sizeof(report->numbers[0]);
		if (entry->kind == TN_AUTH_SPC)
			snprintf(text, size, "SPC %s", entry->text);
		else if (entry->kind == TN_AUTH_ONE)
			snprintf(text, size, "%s", entry->text);
		else
			snprintf(text, size, "%.15s and %llu more", entry->text,
				(unsigned long long)entry->size - 1);
	}
}

static int open_anchors(
	struct cert_anchors **out, struct slice pem, struct slice crls, const char **complaint)
{
	int err = cert_anchors_new(out, pem);

	*complaint = "the CAs cannot be used: no CA certificates, or too weak";
	if (!err && slice_trim(crls).len) {
		*complaint = "the revocation lists cannot be used: unreadable, out of date, or "
			     "of other CAs";
		err = cert_anchors_add_crls(*out, crls);
	}
	return err == SBC_ENOMEM || !err ? err : SBC_EPARSE;
}

int cert_report_new(struct cert_report **out, struct slice body, struct slice anchors_pem,
	struct slice crls, const char **complaint)
{
	struct cert_anchors *anchors = NULL;
	struct cert_report *report;
	int err;

	if (crypto_open())
		return SBC_ECRYPTO;
	report = mem_alloc(sizeof(*report));
	err = report ? open_anchors(&anchors, anchors_pem, crls, complaint) : SBC_ENOMEM;
	err = err ? err : read_chain(report, body);
	if (!err) {
		report->why = "it is no certificate";
		err = cert_new(&report->_cert, body, anchors);
	}
	if (!err) {
		take_leaf(report);
		take_numbers(report);
	}
	if (err == SBC_ELIMIT)
		report->why = "it is longer than certificates may be here";
	cert_anchors_free(anchors);
	if (err == SBC_ENOMEM || err == SBC_ECRYPTO || (err && !report->why)) {
		mem_free(report);
		crypto_close();
		return err;
	}
	*out = report;
	return 0;
}

void cert_report_free(struct cert_report *report)
{
	if (!report)
		return;
	cert_free(report->_cert);
	mem_free(report);
	crypto_close();
}

bool cert_report_covers(const struct cert_report *report, struct slice host)
{
	return report->_cert && cert_covers(report->_cert, host);
}

bool cert_report_covers_number(
	const struct cert_report *report, struct slice number, struct slice codes)
{
	char text[CERT_TEXT_MAX];

	return report->_cert && report->_cert->numbers &&
	       cert_covers_number(report->_cert, number, codes, text);
}

int cert_report_match(const struct cert_report *report, struct slice key_pem)
{
	struct crypto_key *key;
	int err = crypto_key_private(&key, key_pem);

	if (err)
		return err == SBC_ENOMEM ? err : SBC_EPARSE;
	if (!report->_cert || !report->_cert->key || !crypto_key_match(key, report->_cert->key))
		err = SBC_ECRYPTO;
	crypto_key_free(key);
	return err;
}
