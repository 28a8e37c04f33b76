/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port's SRTP keys: of a handshake, of descriptions, of another machine; and those before
 * them, for a moment. Runs on: a media loop. */

#include "media/component_keys.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/early.h"

#define OVERLAP (5 * USEC_PER_SEC) /* how long the keys before still verify */

static void forget_before(struct component *c)
{
	timer_stop(c->env->timers, &c->overlap);
	crypto_context_free(c->in_before);
	c->in_before = NULL;
}

static void on_overlap(struct timer *timer, usec_t now, void *arg)
{
	(void)timer;
	(void)now;
	forget_before(arg);
}

void component_keys_init(struct component *c)
{
	timer_init(&c->overlap, on_overlap, c);
}

void component_keys_forget(struct component *c)
{
	forget_before(c);
	crypto_context_free(c->in);
	crypto_context_free(c->out);
	c->in = NULL;
	c->out = NULL;
}

/* The keys before verify what is under way, without a timer nothing (DTLS-16). */
static void retire_contexts(struct component *c, usec_t now)
{
	forget_before(c);
	if (c->in && !timer_start(c->env->timers, &c->overlap, now + OVERLAP)) {
		c->in_before = c->in;
		c->in = NULL;
	}
	crypto_context_free(c->in);
	crypto_context_free(c->out);
	c->in = NULL;
	c->out = NULL;
}

int component_keys_take(struct component *c, const struct dtls_keys *keys, usec_t now)
{
	int err;

	retire_contexts(c, now);
	err = crypto_context_new(&c->in, keys->profile, &keys->peers, CRYPTO_IN);
	return err ? err : crypto_context_new(&c->out, keys->profile, &keys->ours, CRYPTO_OUT);
}

int component_begin_given(
	struct component *c, const struct media_remote *remote, const struct netaddr *address)
{
	int err = 0;

	component_end(c);
	early_free(&c->early);
	c->signalled = *address;
	if (remote->keying == MEDIA_KEYING_SDES) {
		const struct profile *profile = profile_find((unsigned)remote->profile);

		err = crypto_context_new(&c->in, profile, &remote->peers, CRYPTO_IN);
		if (!err)
			err = crypto_context_new(&c->out, profile, &remote->ours, CRYPTO_OUT);
	}
	if (err) {
		component_end(c);
		return err;
	}
	c->is_ready = true;
	if (component_is_reachable(address))
		c->peer = *address;
	return 0;
}

static bool is_same_master(const struct srtp_master *a, const struct srtp_master *b)
{
	return mem_equal_secret(a, b, sizeof(*a));
}

int component_rekey(struct component *c, const struct media_remote *before,
	const struct media_remote *remote, bool is_moved)
{
	const struct profile *profile = profile_find((unsigned)remote->profile);
	bool is_other = before->profile != remote->profile;
	int err = 0;

	if (is_other || !is_same_master(&before->peers, &remote->peers)) {
		if (is_moved) { /* RFC 4568 section 7.1.4: who sends now begins at zero */
			crypto_context_free(c->in);
			c->in = NULL;
			err = crypto_context_new(&c->in, profile, &remote->peers, CRYPTO_IN);
		} else {
			err = crypto_context_rekey(c->in, profile, &remote->peers);
		}
	}
	if (!err && (is_other || !is_same_master(&before->ours, &remote->ours)))
		err = crypto_context_rekey(c->out, profile, &remote->ours);
	if (err)
		component_end(c);
	return err;
}

static int restore_direction(struct crypto_context **context,
	const struct media_direction_state *state, enum crypto_direction direction)
{
	const struct profile *profile = profile_find((unsigned)state->profile);
	int err = profile ? 0 : SBC_EINVAL;

	err = err ? err : crypto_context_new(context, profile, &state->master, direction);
	return err ? err : crypto_context_import(*context, state);
}

int component_restore(struct component *c, const struct netaddr *signalled,
	const struct netaddr *peer, const struct media_direction_state *in,
	const struct media_direction_state *out)
{
	int err = 0;

	component_end(c);
	early_free(&c->early);
	c->signalled = *signalled;
	if (in) {
		err = restore_direction(&c->in, in, CRYPTO_IN);
		err = err ? err : restore_direction(&c->out, out, CRYPTO_OUT);
	}
	if (err) {
		component_end(c);
		return err;
	}
	c->is_ready = true;
	c->peer = *peer;
	return 0;
}
