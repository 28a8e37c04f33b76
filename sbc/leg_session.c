/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The session timer of one leg at work (RFC 4028 section 10): refreshes where we are to,
 * and ends a session that nobody refreshes. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"

struct session_wish leg_session_wish(const struct leg *leg)
{
	const struct config_limits *limits = &leg->sbc->config->limits;

	return (struct session_wish){limits->session_expires_s, limits->session_min_s};
}

bool leg_session_refuse(struct sbc *sbc, const struct request *request)
{
	const struct config_limits *limits = &sbc->config->limits;
	struct session_wish wish = {limits->session_expires_s, limits->session_min_s};
	struct session_timer timer = {0};
	struct session_fields fields;
	struct reply reply = {0};
	struct buf lines;

	session_fields_read(&fields, request->msg);
	buf_init(&lines, SBC_TEXT_MAX);
	reply.code = session_timer_answer(&timer, &wish, &fields, &lines);
	reply.lines = buf_slice(&lines);
	if (reply.code)
		sbc_reply(sbc, request, &reply);
	buf_fini(&lines);
	return reply.code != 0;
}

/* UPDATE without a description where it is known, since that touches nothing else (section
 * 7.4); else a re-INVITE that says what we said last. */
static void refresh(struct leg *leg, usec_t now)
{
	struct leg_change change = {.is_update = leg->allows_update, .is_refresh = true};
	struct buf body;
	int err = 0;

	buf_init(&body, OA_TEXT_MAX);
	if (!change.is_update)
		err = leg->owner->describe(leg, &body, leg->owner_arg);
	change.body = buf_slice(&body);
	err = err ? err : leg_out_start(leg, &change, now);
	buf_fini_secret(&body);
	if (err && err != SBC_EAGAIN) /* what is under way there refreshes too */
		log_event(leg->sbc->log, LOG_WARN, "sbc", "leg.refresh_unsent",
			"call=%s leg=%c err=%s", leg->call_name, leg->name, err_name(err));
}

static void on_timer(struct timer *timer, usec_t now, void *arg)
{
	struct leg *leg = arg;

	if (now >= leg->session_expiry) {
		leg->sbc->counters.sessions_expired++;
		leg_note_timer(leg, "Session-Expires", "nobody refreshed the session");
		leg_tell(leg, LEG_EVENT_LOST, 408, NULL, now);
		return;
	}
	leg->session_due = leg->session_expiry;
	timer_start(leg->sbc->timers, timer, leg->session_due);
	refresh(leg, now);
}

void leg_session_start(struct leg *leg, usec_t now)
{
	leg_session_stop(leg);
	if (!leg->session.interval_s)
		return;
	leg->session_expiry = session_timer_expiry_at(&leg->session, now);
	timer_init(&leg->session_timer, on_timer, leg);
	leg->session_due = leg->session.is_refresher
				   ? session_timer_refresh_at(&leg->session, now)
				   : leg->session_expiry;
	timer_start(leg->sbc->timers, &leg->session_timer, leg->session_due);
}

void leg_session_move(struct leg *to, struct leg *from)
{
	bool is_running = timer_is_running(&from->session_timer);

	leg_session_stop(from);
	to->session = from->session;
	to->session_expiry = from->session_expiry;
	to->session_due = from->session_due;
	timer_init(&to->session_timer, on_timer, to);
	if (is_running)
		timer_start(to->sbc->timers, &to->session_timer, to->session_due);
}

void leg_session_resume(struct leg *leg, usec_t now)
{
	/* The last refresh was so long before the end. */
	usec_t begun = leg->session_expiry - session_timer_expiry_at(&leg->session, 0);
	usec_t at = leg->session.is_refresher ? session_timer_refresh_at(&leg->session, begun)
					      : leg->session_expiry;

	if (!leg->session.interval_s)
		return;
	timer_init(&leg->session_timer, on_timer, leg);
	leg->session_due = at > now ? at : now;
	timer_start(leg->sbc->timers, &leg->session_timer, leg->session_due);
}

void leg_session_stop(struct leg *leg)
{
	timer_stop(leg->sbc->timers, &leg->session_timer);
}
