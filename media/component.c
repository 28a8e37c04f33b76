/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One port's DTLS: candidates and the choice among them. Runs on: a media loop. */

#include "media/component.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/early.h"

/* Candidates of addresses that were not signalled; one place is kept for the one that was. */
#define STRANGER_MAX (CANDIDATE_MAX - 1)
/* A client whose handshake was spoiled from outside begins again so many times. */
#define RESTART_MAX 3
/* A peer that begins again and again without signalling it gets one handshake in this time. */
#define REPEAT_INTERVAL USEC_PER_SEC

static void candidate_free(struct candidate *candidate)
{
	dtls_assoc_free(candidate->assoc);
	candidate->assoc = NULL;
	candidate->has_progress = false;
	candidate->is_held = false;
}

static void free_candidates_but(struct component *c, const struct candidate *kept)
{
	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		if (&c->candidates[i] != kept)
			candidate_free(&c->candidates[i]);
	}
}

/* Beside an association that stands no deadline of signalling ends what goes nowhere. */
static usec_t expiry(const struct component *c, const struct candidate *candidate)
{
	bool is_loose = c->is_ready && !c->is_renewing && candidate != c->chosen;

	return is_loose ? candidate->since + c->env->config->dtls_deadline : -1;
}

static usec_t earlier(usec_t a, usec_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static bool is_signalled(const struct component *c, const struct netaddr *address)
{
	return netaddr_equal(&c->signalled, address);
}

static void rearm(struct component *c)
{
	usec_t due = -1;

	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		const struct candidate *one = &c->candidates[i];

		if (one->assoc)
			due = earlier(due, earlier(dtls_assoc_due(one->assoc), expiry(c, one)));
	}
	/* Without a timer only retransmission is lost; the deadline still ends it. */
	if (due < 0 || timer_start(c->env->timers, &c->timer, due))
		timer_stop(c->env->timers, &c->timer);
}

/* ---- what a candidate's handshake came to ---- */

static void send_to_candidate(const uint8_t *bytes, size_t len, void *arg)
{
	struct candidate *candidate = arg;

	udp_socket_send(&candidate->component->socket, &candidate->address, bytes, len);
}

static void free_joins(struct component *c)
{
	for (unsigned i = 0; i < 2; i++) {
		mem_free(c->joins[i]);
		c->joins[i] = NULL;
		c->joined[i] = (struct netaddr){0};
	}
}

static void choose(struct component *c, struct candidate *candidate, usec_t now)
{
	int err = port_keys_take(&c->keys, &dtls_assoc_result(candidate->assoc)->keys, now);

	dtls_assoc_forget_keys(candidate->assoc);
	free_candidates_but(c, candidate);
	free_joins(c); /* hardly a hello is heard any more: half of what a session keeps */
	timer_stop(c->env->timers, &c->timer);
	candidate->is_held = false;
	c->is_ahead = c->is_ready && !c->is_renewing;
	c->is_renewing = false;
	c->chosen = candidate;
	c->is_ready = !err;
	c->peer = candidate->address;
	c->handler(c, err ? COMPONENT_BROKEN : COMPONENT_SECURED, now, c->arg);
}

static bool is_signalled_key(const struct component *c, const struct candidate *candidate)
{
	return fingerprint_set_has(
		c->fingerprints, &dtls_assoc_result(candidate->assoc)->presented);
}

/* The certificate is proven now: its key has signed the handshake. */
static void judge(struct component *c, struct candidate *candidate, usec_t now)
{
	if (is_signalled_key(c, candidate)) {
		choose(c, candidate, now);
		return;
	}
	if (c->is_ready && !c->is_renewing) { /* the answer that names it may be on its way */
		candidate->is_held = true;
		c->counters->dropped_source++;
		rearm(c);
		return;
	}
	c->mismatching = dtls_assoc_result(candidate->assoc)->presented;
	dtls_assoc_close(candidate->assoc);
	candidate_free(candidate);
	if (is_signalled(c, &candidate->address)) {
		c->handler(c, COMPONENT_MISMATCH, now, c->arg);
		return;
	}
	c->counters->dropped_source++;
}

static int candidate_start(struct component *c, struct candidate *candidate,
	const struct netaddr *address, const struct profile *profile, usec_t now)
{
	struct dtls_assoc_config config = {.context = c->env->dtls,
		.role = c->role,
		.profile = profile,
		.hash = c->hash,
		.want_cookie = c->is_ready || !is_signalled(c, address),
		.peer = *address,
		.retransmit = c->env->config->dtls_retransmit,
		.send = send_to_candidate,
		.arg = candidate};

	candidate_free(candidate);
	candidate->component = c;
	candidate->address = *address;
	candidate->since = now;
	return dtls_assoc_new(&candidate->assoc, &config);
}

/* Port 0 and 0.0.0.0 stand in descriptions that say "nowhere" (RFC 3264 section 8.4). */
static bool is_reachable(const struct netaddr *address)
{
	return netaddr_is_set(address) && netaddr_port(address) && !netaddr_is_any(address);
}

static void start_client(struct component *c, usec_t now)
{
	struct candidate *candidate = &c->candidates[c->chosen == &c->candidates[0]];

	if (!is_reachable(&c->signalled))
		return;
	if (candidate_start(c, candidate, &c->signalled, NULL, now)) {
		c->handler(c, COMPONENT_BROKEN, now, c->arg);
		return;
	}
	dtls_assoc_start(candidate->assoc, now);
	rearm(c);
}

static void on_dead(struct component *c, struct candidate *candidate, usec_t now)
{
	c->has_failed_handshake = true;
	candidate_free(candidate);
	if (c->role == MEDIA_DTLS_CLIENT && c->restarts_left) {
		c->restarts_left--;
		start_client(c, now);
	}
}

/* Returns false when the handler has run: the component may be another one then. */
static bool look_at(struct component *c, struct candidate *candidate, usec_t now)
{
	switch (dtls_assoc_state(candidate->assoc)) {
	case DTLS_HANDSHAKING:
		return true;
	case DTLS_DEAD:
		on_dead(c, candidate, now);
		return c->role == MEDIA_DTLS_SERVER;
	case DTLS_DONE:
		break;
	}
	if (candidate == c->chosen || candidate->is_held)
		return true;
	judge(c, candidate, now);
	return false;
}

/* ---- server: hellos make candidates ---- */

/* The oldest one that may go: it never went on after its hello, and it is a stranger's
 * unless the signalled address itself wants the place. */
static struct candidate *find_victim(struct component *c, bool for_signalled)
{
	struct candidate *victim = NULL;

	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		struct candidate *one = &c->candidates[i];
		bool stranger = !is_signalled(c, &one->address);

		if (one == c->chosen)
			continue;
		if (one->has_progress && !one->is_held && !(for_signalled && stranger))
			continue;
		if (!stranger && !for_signalled)
			continue;
		if (!victim || one->since < victim->since)
			victim = one;
	}
	return victim;
}

static struct candidate *find_place(struct component *c, const struct netaddr *address)
{
	struct candidate *place = NULL;
	bool signalled = is_signalled(c, address);
	unsigned strangers = 0;

	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		if (!c->candidates[i].assoc)
			place = &c->candidates[i];
		else if (&c->candidates[i] != c->chosen &&
			 !is_signalled(c, &c->candidates[i].address))
			strangers++;
	}
	if (place && (signalled || strangers < STRANGER_MAX))
		return place;
	return find_victim(c, signalled);
}

static struct candidate *find_by_hello(
	struct component *c, const struct netaddr *address, const struct client_hello *hello)
{
	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		struct candidate *one = &c->candidates[i];

		if (one->assoc && netaddr_equal(&one->address, address) &&
			memcmp(one->random, hello->random, sizeof(one->random)) == 0)
			return one;
	}
	return NULL;
}

static struct candidate *make_candidate(struct component *c, const struct netaddr *address,
	const struct client_hello *hello, usec_t now)
{
	const struct profile *profile = dtls_context_choose(c->env->dtls, hello);
	struct candidate *candidate;

	if (!profile) {
		c->has_failed_handshake = true;
		return NULL;
	}
	candidate = find_place(c, address);
	if (!candidate || candidate_start(c, candidate, address, profile, now))
		return NULL;
	memcpy(candidate->random, hello->random, sizeof(candidate->random));
	return candidate;
}

static struct hello_join *join_of(struct component *c, const struct netaddr *address)
{
	unsigned i = is_signalled(c, address) ? 0 : 1;

	if (!c->joins[i])
		c->joins[i] = mem_alloc(sizeof(*c->joins[i]));
	if (c->joins[i] && !netaddr_equal(&c->joined[i], address)) {
		*c->joins[i] = (struct hello_join){0};
		c->joined[i] = *address;
	}
	return c->joins[i];
}

/* What signalling asked for begins whenever it comes. */
static bool may_begin(const struct component *c, usec_t now)
{
	return !c->chosen || c->is_renewing || now - c->chosen->since >= REPEAT_INTERVAL;
}

static void on_hello(struct component *c, const struct udp_packet *packet, usec_t now)
{
	struct hello_join *join = join_of(c, &packet->peer);
	struct client_hello hello;
	struct candidate *candidate;
	int whole = join ? hello_join_add(join, packet->data, packet->len, &hello) : SBC_ENOMEM;

	if (whole < 0)
		c->counters->dropped_dtls++;
	if (whole <= 0)
		return;
	candidate = find_by_hello(c, &packet->peer, &hello);
	if (!candidate && may_begin(c, now))
		candidate = make_candidate(c, &packet->peer, &hello, now);
	if (!candidate || candidate == c->chosen) {
		c->counters->dropped_dtls++;
		return;
	}
	dtls_assoc_input(candidate->assoc, join->datagram, join->len, now, NULL);
	if (look_at(c, candidate, now))
		rearm(c);
}

static bool is_from(const struct candidate *candidate, const struct udp_packet *packet)
{
	return candidate->assoc && netaddr_equal(&candidate->address, &packet->peer);
}

/* All that is no hello goes to each candidate of its address: a hello that somebody forged
 * made another one, and that must not swallow what the true peer says. The association that
 * stands hears it last: whose cookie was good speaks of the new one, and the old one's last
 * flight would only confuse him. */
static void on_records(struct component *c, const struct udp_packet *packet, usec_t now)
{
	bool is_wanted = false, is_answered = false;

	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		struct candidate *one = &c->candidates[i];
		bool is_taken = false;

		if (one == c->chosen || !is_from(one, packet))
			continue;
		dtls_assoc_input(one->assoc, packet->data, packet->len, now, &is_taken);
		is_wanted = is_wanted || is_taken;
		is_answered = is_answered || (is_taken && dtls_assoc_has_cookie(one->assoc));
		one->has_progress = one->has_progress || is_taken;
		if (!look_at(c, one, now))
			return;
	}
	if (c->chosen && !is_answered && is_from(c->chosen, packet)) {
		bool is_taken;

		dtls_assoc_input(c->chosen->assoc, packet->data, packet->len, now, &is_taken);
		is_wanted = is_wanted || is_taken;
	}
	if (!is_wanted)
		c->counters->dropped_dtls++;
	rearm(c);
}

static void input(struct component *c, const struct udp_packet *packet, usec_t now)
{
	if (c->role == MEDIA_DTLS_SERVER &&
		dtls_records_is_client_hello(packet->data, packet->len))
		on_hello(c, packet, now);
	else
		on_records(c, packet, now);
}

void component_input(struct component *c, const struct udp_packet *packet, usec_t now)
{
	c->counters->dtls_received++;
	if (packet->is_truncated) {
		c->counters->dropped_dtls++;
		return;
	}
	if (c->is_active)
		input(c, packet, now);
	else if (c->is_ready) /* by other means than DTLS */
		c->counters->dropped_dtls++;
	else
		early_put(&c->early, packet);
}

static void on_timer(struct timer *timer, usec_t now, void *arg)
{
	struct component *c = arg;

	(void)timer;
	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		struct candidate *one = &c->candidates[i];

		if (!one->assoc || one == c->chosen)
			continue;
		if (expiry(c, one) >= 0 && expiry(c, one) <= now) {
			candidate_free(one);
			continue;
		}
		dtls_assoc_tick(one->assoc, now);
		if (!look_at(c, one, now))
			return;
	}
	rearm(c);
}

/* ---- life ---- */

void component_init(struct component *c, const struct component_env *env,
	struct media_counters *counters, component_h *handler, void *arg)
{
	c->env = env;
	c->counters = counters;
	c->handler = handler;
	c->arg = arg;
	timer_init(&c->timer, on_timer, c);
	port_keys_init(&c->keys, env->timers);
}

void component_end(struct component *c)
{
	timer_stop(c->env->timers, &c->timer);
	free_candidates_but(c, NULL);
	c->chosen = NULL;
	port_keys_forget(&c->keys);
	free_joins(c);
	udp_socket_disconnect(&c->socket);
	c->is_active = false;
	c->is_ready = false;
	c->is_renewing = false;
	c->is_ahead = false;
	c->peer = (struct netaddr){0};
	c->has_failed_handshake = false;
	c->mismatching = (struct fingerprint){0};
}

void component_fini(struct component *c)
{
	component_end(c);
	early_free(&c->early);
}

struct feeding {
	struct component *component;
	usec_t now;
};

static void feed_early(const struct udp_packet *packet, void *arg)
{
	struct feeding *feeding = arg;

	if (feeding->component->is_active) /* what came before may have ended it */
		input(feeding->component, packet, feeding->now);
}

static void set_wanted(
	struct component *c, const struct media_remote *remote, const struct netaddr *address)
{
	c->is_active = true;
	c->role = remote->role;
	c->hash = fingerprint_set_strongest(&remote->fingerprints);
	c->fingerprints = &remote->fingerprints;
	c->signalled = *address;
	c->restarts_left = RESTART_MAX;
}

void component_begin(struct component *c, const struct media_remote *remote,
	const struct netaddr *address, usec_t now)
{
	struct feeding feeding = {c, now};
	struct early *early = c->early;

	component_end(c);
	c->early = NULL;
	set_wanted(c, remote, address);
	if (c->role == MEDIA_DTLS_CLIENT)
		start_client(c, now);
	else
		early_visit(early, feed_early, &feeding);
	early_free(&early);
}

/* A handshake that ran ahead of the answer or offer that asks for it is this one. */
static void look_ahead(struct component *c, bool is_ahead, usec_t now)
{
	if (is_ahead && is_signalled_key(c, c->chosen)) {
		c->is_renewing = false;
		c->handler(c, COMPONENT_SECURED, now, c->arg);
		return;
	}
	for (unsigned i = 0; i < CANDIDATE_MAX; i++) {
		struct candidate *one = &c->candidates[i];

		if (one->is_held && is_signalled_key(c, one)) {
			choose(c, one, now);
			return;
		}
	}
	rearm(c);
}

void component_renew(struct component *c, const struct media_remote *remote,
	const struct netaddr *address, usec_t now)
{
	bool may_be_ahead = remote->role == MEDIA_DTLS_SERVER && c->role == remote->role &&
			    fingerprint_set_strongest(&remote->fingerprints) == c->hash;
	bool is_ahead = c->is_ahead && may_be_ahead;

	if (!may_be_ahead)
		free_candidates_but(c, c->chosen);
	c->is_renewing = true;
	c->is_ahead = false;
	c->has_failed_handshake = false;
	set_wanted(c, remote, address);
	if (c->role == MEDIA_DTLS_CLIENT)
		start_client(c, now);
	else
		look_ahead(c, is_ahead, now);
}

/* Without an association: by other means, or not at all. */
static int be_ready(struct component *c, int err)
{
	if (err)
		component_end(c);
	c->is_ready = !err;
	return err;
}

static void begin_without(struct component *c, const struct netaddr *signalled)
{
	component_end(c);
	early_free(&c->early);
	c->signalled = *signalled;
}

int component_begin_given(
	struct component *c, const struct media_remote *remote, const struct netaddr *address)
{
	begin_without(c, address);
	if (is_reachable(address))
		c->peer = *address;
	return be_ready(c, port_keys_give(&c->keys, remote));
}

int component_rekey(struct component *c, const struct media_remote *before,
	const struct media_remote *remote, bool is_moved)
{
	return be_ready(c, port_keys_change(&c->keys, before, remote, is_moved));
}

int component_restore(struct component *c, const struct netaddr *signalled,
	const struct netaddr *peer, const struct media_direction_state *in,
	const struct media_direction_state *out)
{
	begin_without(c, signalled);
	c->peer = *peer;
	return be_ready(c, in ? port_keys_restore(&c->keys, in, out) : 0);
}

void component_set_address(struct component *c, const struct netaddr *address, usec_t now)
{
	if ((!c->is_active && !c->is_ready) || is_signalled(c, address))
		return;
	c->signalled = *address;
	if (!is_reachable(address))
		return;
	if (component_is_settled(c))
		component_move_peer(c, address);
	else if (c->role == MEDIA_DTLS_CLIENT)
		start_client(c, now);
}

void component_move_peer(struct component *c, const struct netaddr *address)
{
	udp_socket_disconnect(&c->socket);
	c->peer = *address;
	if (c->chosen)
		c->chosen->address = *address;
}

void component_close(struct component *c)
{
	if (c->chosen)
		dtls_assoc_close(c->chosen->assoc);
}
