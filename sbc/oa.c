/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offer/answer state of one leg, RFC 3264 and RFC 6337. Pure; signalling thread. */

#include "sbc/oa.h"

#include "base/err.h"

void oa_init(struct oa *oa, uint64_t session_id)
{
	*oa = (struct oa){.session_id = session_id};
	buf_init(&oa->told, OA_TEXT_MAX);
}

void oa_fini(struct oa *oa)
{
	buf_fini_secret(&oa->told);
	buf_fini_secret(&oa->held);
}

uint16_t oa_offered(struct oa *oa)
{
	switch (oa->state) {
	case OA_STABLE:
		oa->state = OA_OFFER_RECEIVED;
		return 0;
	case OA_OFFER_SENT:
		return 491;
	case OA_OFFER_RECEIVED:
		return 500;
	}
	return 500;
}

int oa_offer(struct oa *oa)
{
	if (oa->state != OA_STABLE)
		return SBC_ESTATE;
	oa->state = OA_OFFER_SENT;
	return 0;
}

void oa_answered(struct oa *oa)
{
	oa->state = OA_STABLE;
	oa->has_session = true;
	buf_fini_secret(&oa->held);
}

void oa_refused(struct oa *oa)
{
	oa->state = OA_STABLE;
}

static int print_version(
	const struct oa *oa, const struct sdp_print *print, uint64_t version, struct buf *out)
{
	struct sdp_print own = *print;

	own.session_id = oa->session_id;
	own.version = version;
	return sdp_print(out, &own);
}

int oa_pass(struct oa *oa, struct slice text, struct buf *out)
{
	buf_reset(&oa->told);
	buf_put_slice(&oa->told, text);
	return oa->told.err ? oa->told.err : buf_put_slice(out, text);
}

int oa_print(struct oa *oa, const struct sdp_print *print, struct buf *out)
{
	uint64_t version = oa->version;
	struct buf text;
	int err;

	buf_init(&text, OA_TEXT_MAX);
	err = print_version(oa, print, version, &text);
	if (!err && !slice_equal(buf_slice(&text), buf_slice(&oa->told))) {
		buf_reset(&text);
		err = print_version(oa, print, ++version, &text);
	}
	err = err ? err : buf_put_slice(out, buf_slice(&text));
	if (err) {
		buf_fini_secret(&text);
		return err;
	}
	if (oa->has_session && !oa->held.data)
		oa->held = oa->told;
	else
		buf_fini_secret(&oa->told);
	oa->told = text;
	oa->version = version;
	return 0;
}

struct slice oa_in_force(const struct oa *oa)
{
	return buf_slice(oa->held.data ? &oa->held : &oa->told);
}
