/*
 * Spans of sequence space, disjoint and in order: a list with a treap over it,
 * so that one is found by a sequence number in logarithmic time, and put in or
 * taken out next to a known one in constant time on average. Priorities come
 * from the spans' places in the arena, which no peer chooses.
 *
 * The owner's object begins with struct span. Numbers compare as seq.h says:
 * all spans of a set lie within 2^31 of each other.
 */
#ifndef BASE_SPANS_H
#define BASE_SPANS_H

#include "base/arena.h"
#include "base/seq.h"

struct span {
    uint32_t generation; /* the pool's word */
    struct seq start, end;
    ref parent, left, right;
    ref previous, next;
};

struct spans {
    ref root, first, last;
    uint32_t count;
};

static inline struct span *span_at(const struct arena *arena, ref r)
{
    return r == REF_NONE ? NULL : (struct span *)arena_at(arena, r);
}

static inline uint32_t span_bytes(const struct span *span)
{
    return seq_offset(span->start, span->end);
}

/* Put a span in right behind `before`; REF_NONE: in front of all. Its start and end are set already. */
void spans_insert(const struct arena *arena, struct spans *spans, ref before, ref r);

void spans_take(const struct arena *arena, struct spans *spans, ref r);

/* The last span that starts at or before `at`; REF_NONE: none does. */
ref spans_floor(const struct arena *arena, const struct spans *spans, struct seq at);

/* The span that holds `at`; REF_NONE when none does. */
ref spans_find(const struct arena *arena, const struct spans *spans, struct seq at);

bool spans_check(const struct arena *arena, const struct spans *spans);

#endif
