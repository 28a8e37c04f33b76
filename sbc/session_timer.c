/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session timers, RFC 4028: negotiation and deadlines. Pure; signalling thread. */

#include "sbc/session_timer.h"

#include <inttypes.h>

/* RFC 4028 section 10: the side that does not refresh says BYE a little before the end. */
#define EARLY_S 32

/* "1800;refresher=uac": the number, or 0. */
static uint32_t read_seconds(struct slice value, struct slice *params)
{
	uint64_t seconds;

	*params = value;
	value = slice_trim(slice_cut(params, ';'));
	return slice_to_u64(value, UINT32_MAX, &seconds) ? 0 : (uint32_t)seconds;
}

void session_fields_read(struct session_fields *out, const struct sip_msg *msg)
{
	struct slice params, refresher;
	uint32_t min_se = read_seconds(slice_trim(sip_msg_header(msg, "Min-SE", 0)), &params);

	*out = (struct session_fields){
		.min_se_s = min_se > SESSION_MIN_SE_S ? min_se : SESSION_MIN_SE_S};
	out->is_supported =
		sip_msg_lists_token(msg, msg->is_request ? "Supported" : "Require", "timer") ||
		sip_msg_lists_token(msg, "Require", "timer");
	out->expires_s =
		read_seconds(slice_trim(sip_msg_header(msg, "Session-Expires", 0)), &params);
	if (!out->expires_s || !sip_param_find(params, "refresher", &refresher))
		return;
	if (slice_equal_nocase(refresher, SLICE("uac")))
		out->refresher = SESSION_REFRESHER_UAC;
	else if (slice_equal_nocase(refresher, SLICE("uas")))
		out->refresher = SESSION_REFRESHER_UAS;
}

static uint32_t min_se(const struct session_wish *wish)
{
	return wish->min_se_s > SESSION_MIN_SE_S ? wish->min_se_s : SESSION_MIN_SE_S;
}

static uint32_t choose_interval(
	const struct session_wish *wish, const struct session_fields *request)
{
	uint32_t interval = request->expires_s ? request->expires_s : wish->expires_s;

	/* Ours may shorten theirs, but never below their own minimum. */
	if (wish->expires_s && interval > wish->expires_s)
		interval = wish->expires_s;
	if (interval && interval < request->min_se_s)
		interval = request->min_se_s;
	return interval > SESSION_EXPIRES_S ? SESSION_EXPIRES_S : interval;
}

uint16_t session_timer_answer(struct session_timer *timer, const struct session_wish *wish,
	const struct session_fields *request, struct buf *lines)
{
	uint32_t interval = choose_interval(wish, request);
	bool is_theirs;

	if (request->expires_s && request->expires_s < min_se(wish)) {
		buf_printf(lines, "Min-SE: %" PRIu32 "\r\n", min_se(wish));
		return 422;
	}
	timer->interval_s = interval;
	if (!interval)
		return 0;
	/* Who knows timers refreshes for itself unless it asks us to; for others we do it
	 * (table 2 of section 9). */
	is_theirs = request->is_supported && request->refresher != SESSION_REFRESHER_UAS;
	timer->is_refresher = !is_theirs;
	buf_printf(lines, "Session-Expires: %" PRIu32 ";refresher=%s\r\n", interval,
		is_theirs ? "uac" : "uas");
	if (is_theirs)
		buf_put_str(lines, "Require: timer\r\n");
	return 0;
}

void session_timer_ask(const struct session_timer *timer, const struct session_wish *wish,
	bool is_refresh, struct buf *lines)
{
	uint32_t interval = timer->interval_s ? timer->interval_s : wish->expires_s;

	if (!interval)
		return;
	if (interval < timer->min_se_s)
		interval = timer->min_se_s;
	buf_printf(lines, "Session-Expires: %" PRIu32 "%s\r\n", interval,
		!is_refresh           ? ""
		: timer->is_refresher ? ";refresher=uac"
				      : ";refresher=uas");
	if (timer->min_se_s > SESSION_MIN_SE_S)
		buf_printf(lines, "Min-SE: %" PRIu32 "\r\n", timer->min_se_s);
}

void session_timer_agreed(struct session_timer *timer, const struct session_wish *wish,
	const struct session_fields *response)
{
	if (!response->expires_s) { /* it knows no timers: we may use ours alone (ST-4) */
		if (!timer->interval_s)
			timer->interval_s = wish->expires_s;
		timer->is_refresher = true;
		return;
	}
	timer->interval_s = response->expires_s > SESSION_EXPIRES_S ? SESSION_EXPIRES_S
								    : response->expires_s;
	/* Less than the least allowed would be a way to make us send without end. */
	if (timer->interval_s < SESSION_MIN_SE_S)
		timer->interval_s = SESSION_MIN_SE_S;
	timer->is_refresher = response->refresher != SESSION_REFRESHER_UAS;
}

bool session_timer_too_small(struct session_timer *timer, const struct session_fields *response)
{
	if (response->min_se_s <= timer->min_se_s || response->min_se_s > SESSION_EXPIRES_S)
		return false;
	timer->min_se_s = response->min_se_s;
	if (timer->interval_s && timer->interval_s < timer->min_se_s)
		timer->interval_s = timer->min_se_s;
	return true;
}

usec_t session_timer_refresh_at(const struct session_timer *timer, usec_t now)
{
	return now + (usec_t)timer->interval_s * USEC_PER_SEC / 2;
}

usec_t session_timer_expiry_at(const struct session_timer *timer, usec_t now)
{
	uint32_t early = timer->interval_s / 3 < EARLY_S ? timer->interval_s / 3 : EARLY_S;

	return now + (usec_t)(timer->interval_s - early) * USEC_PER_SEC;
}
