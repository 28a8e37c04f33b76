/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a stream's socket is connected, and when it is let go. Runs on: a media loop. */

#include "media/straight.h"

static void look_at_connected(struct straight *s, bool is_heard)
{
	s->quiet = is_heard ? 0 : s->quiet + 1;
	if (s->quiet >= STRAIGHT_QUIET) {
		udp_socket_disconnect(&s->component->socket);
		s->stayed = 0;
	}
}

/* An error of connect(2) leaves everything as it was. */
static void look_at_open(struct straight *s, bool is_heard)
{
	const struct netaddr *peer = &s->component->peer;

	unsigned wanted = s->moves > 1 ? STRAIGHT_MOVED : 1;

	if (!netaddr_equal(peer, &s->peer)) {
		s->moves++;
		s->peer = *peer;
		s->stayed = 0;
	} else if (is_heard && ++s->stayed >= wanted) {
		(void)udp_socket_connect(&s->component->socket, peer);
		s->quiet = 0;
	}
}

static void look_again(struct straight *s, usec_t now)
{
	usec_t at = now + STRAIGHT_LOOK;

	(void)timer_start(s->component->env->timers, &s->timer, at - at % STRAIGHT_GRID);
}

static void on_look(struct timer *timer, usec_t now, void *arg)
{
	struct straight *s = arg;
	bool is_heard = *s->heard_at != s->seen;

	(void)timer;
	s->seen = *s->heard_at;
	if (s->component->socket.is_connected)
		look_at_connected(s, is_heard);
	else
		look_at_open(s, is_heard);
	look_again(s, now);
}

void straight_init(
	struct straight *straight, struct component *component, const usec_t *heard_at)
{
	*straight = (struct straight){.component = component, .heard_at = heard_at};
	timer_init(&straight->timer, on_look, straight);
}

void straight_start(struct straight *straight, usec_t now)
{
	struct component *component = straight->component;

	if (!component->env->config->want_connected)
		return;
	straight->peer = component->peer;
	straight->seen = *straight->heard_at;
	straight->quiet = straight->stayed = straight->moves = 0;
	look_again(straight, now);
}

void straight_stop(struct straight *straight)
{
	timer_stop(straight->component->env->timers, &straight->timer);
	udp_socket_disconnect(&straight->component->socket);
}

void straight_again(struct straight *straight, usec_t now)
{
	straight_stop(straight);
	straight_start(straight, now);
}
