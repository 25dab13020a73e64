/*
 * What the tests of src/base share: an arena over memory from the heap, and a
 * small deterministic random generator.
 */
#ifndef TESTS_BASE_REGION_H
#define TESTS_BASE_REGION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"

static inline struct arena *region_open(size_t bytes)
{
    struct arena *arena = aligned_alloc(4096, bytes);

    assert_non_null(arena);
    assert_int_equal(arena_init(arena, bytes, sizeof(*arena)), 0);
    return arena;
}

static inline void region_close(struct arena *arena)
{
    assert_true(arena_check(arena));
    free(arena);
}

/* splitmix64 */
static inline uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 .. bound-1 */
static inline uint32_t draw_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(draw(state) % bound);
}

#endif
