/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* A counter that one thread writes and any thread reads. No locked instruction. */
struct counter {
	_Atomic uint64_t _value;
};

static inline void counter_add(struct counter *c, uint64_t n)
{
	uint64_t value = atomic_load_explicit(&c->_value, memory_order_relaxed);
	atomic_store_explicit(&c->_value, value + n, memory_order_relaxed);
}

static inline uint64_t counter_get(const struct counter *c)
{
	return atomic_load_explicit(&c->_value, memory_order_relaxed);
}

#endif
