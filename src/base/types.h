/*
 * The few types that everything stands on. Knows nothing of protocols.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Freestanding: the only three functions the core needs from outside. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* Time in the core: nanoseconds since the stack's own epoch (its creation). Never a wall clock. */
typedef uint64_t nanos;

#define NANOS_PER_US UINT64_C(1000)
#define NANOS_PER_MS UINT64_C(1000000)
#define NANOS_PER_S UINT64_C(1000000000)
#define NANOS_NEVER UINT64_MAX

/* A place in the arena: its byte offset divided by 16. 0 is "none". */
typedef uint32_t ref;
#define REF_NONE ((ref)0)

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * Asserts state what must be true whatever a packet says; they stay on in
 * release builds where cheap. A failing one ends the program: the default
 * rill_assert_failed() traps, a program may define its own that prints first.
 */
_Noreturn void rill_assert_failed(const char *what, const char *file, int line);
#define rill_assert(x) (likely(x) ? (void)0 : rill_assert_failed(#x, __FILE__, __LINE__))

#endif
