/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port's SRTP keys, and those before them. Runs on: a media loop. */

#include "media/port_keys.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/profile.h"

#define OVERLAP (5 * USEC_PER_SEC) /* how long the keys before still verify */

static void forget_before(struct port_keys *keys)
{
	timer_stop(keys->timers, &keys->overlap);
	crypto_context_free(keys->in_before);
	keys->in_before = NULL;
}

static void forget_present(struct port_keys *keys)
{
	crypto_context_free(keys->in);
	crypto_context_free(keys->out);
	keys->in = NULL;
	keys->out = NULL;
}

static void on_overlap(struct timer *timer, usec_t now, void *arg)
{
	(void)timer;
	(void)now;
	forget_before(arg);
}

void port_keys_init(struct port_keys *keys, struct timers *timers)
{
	*keys = (struct port_keys){.timers = timers};
	timer_init(&keys->overlap, on_overlap, keys);
}

void port_keys_forget(struct port_keys *keys)
{
	forget_before(keys);
	forget_present(keys);
}

/* Without a timer nothing of them is kept. */
static void retire(struct port_keys *keys, usec_t now)
{
	forget_before(keys);
	if (keys->in && !timer_start(keys->timers, &keys->overlap, now + OVERLAP)) {
		keys->in_before = keys->in;
		keys->in = NULL;
	}
	forget_present(keys);
}

static int make(struct port_keys *keys, const struct profile *profile,
	const struct srtp_master *peers, const struct srtp_master *ours)
{
	int err = crypto_context_new(&keys->in, profile, peers, CRYPTO_IN);

	return err ? err : crypto_context_new(&keys->out, profile, ours, CRYPTO_OUT);
}

int port_keys_take(struct port_keys *keys, const struct dtls_keys *fresh, usec_t now)
{
	retire(keys, now);
	return make(keys, fresh->profile, &fresh->peers, &fresh->ours);
}

int port_keys_give(struct port_keys *keys, const struct media_remote *remote)
{
	if (remote->keying != MEDIA_KEYING_SDES)
		return 0;
	return make(
		keys, profile_find((unsigned)remote->profile), &remote->peers, &remote->ours);
}

static bool is_same_master(const struct srtp_master *a, const struct srtp_master *b)
{
	return mem_equal_secret(a, b, sizeof(*a));
}

int port_keys_change(struct port_keys *keys, const struct media_remote *before,
	const struct media_remote *remote, bool is_moved)
{
	const struct profile *profile = profile_find((unsigned)remote->profile);
	bool is_other = before->profile != remote->profile;
	int err = 0;

	if (is_other || !is_same_master(&before->peers, &remote->peers)) {
		if (is_moved) { /* RFC 4568 section 7.1.4: who sends now begins at zero */
			crypto_context_free(keys->in);
			keys->in = NULL;
			err = crypto_context_new(&keys->in, profile, &remote->peers, CRYPTO_IN);
		} else {
			err = crypto_context_rekey(keys->in, profile, &remote->peers);
		}
	}
	if (!err && (is_other || !is_same_master(&before->ours, &remote->ours)))
		err = crypto_context_rekey(keys->out, profile, &remote->ours);
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

int port_keys_restore(struct port_keys *keys, const struct media_direction_state *in,
	const struct media_direction_state *out)
{
	int err = restore_direction(&keys->in, in, CRYPTO_IN);

	return err ? err : restore_direction(&keys->out, out, CRYPTO_OUT);
}
