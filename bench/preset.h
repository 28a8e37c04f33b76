/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_PRESET_H
#define BENCH_PRESET_H

#include <stdint.h>
#include <string.h>

/* Master keys that generator and bare forwarder agree on without a word: a forwarder without
 * DTLS is the floor. No secret is behind them. */
#define PRESET_KEY_LEN  16
#define PRESET_SALT_LEN 14

/* to_relay: of the packets that the leg sends. */
static inline void preset_master(uint8_t *key, uint8_t *salt, unsigned leg, int to_relay)
{
	for (unsigned i = 0; i < PRESET_KEY_LEN; i++)
		key[i] = (uint8_t)(leg * 31u + (leg >> 8) * 7u + i * 13u +
				   (to_relay ? 101u : 0u));
	for (unsigned i = 0; i < PRESET_SALT_LEN; i++)
		salt[i] = (uint8_t)(leg * 17u + i * 29u + (to_relay ? 59u : 3u));
}

#endif
