/*
 * 32-bit clocks and counters that are meant to wrap. The only places where
 * unsigned arithmetic on them may: UBSan watches all others.
 */
#ifndef BASE_WRAPPING_H
#define BASE_WRAPPING_H

#include "base/types.h"

static inline uint32_t wrapping_add(uint32_t a, uint32_t b)
{
    return a + b;
}

/* How far a is ahead of b. */
static inline uint32_t wrapping_sub(uint32_t a, uint32_t b)
{
    return a - b;
}

/* a comes before b, if they are less than half the range apart. */
static inline bool wrapping_before(uint32_t a, uint32_t b)
{
    return (int32_t)wrapping_sub(a, b) < 0;
}

#endif
