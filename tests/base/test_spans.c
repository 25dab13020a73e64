/* Spans of sequence space, compared with a plain array over many random histories. */
#include "base/spans.h"

#include <stdlib.h>

#include "base/pool.h"
#include "support/cmocka_all.h"

#define ARENA_BYTES (1u << 20)
#define SPANS 600u

struct fixture {
    struct arena *arena;
    struct pool pool;
    struct spans spans;
    ref model[SPANS]; /* in order */
    unsigned count;
    uint64_t random;
};

static uint32_t below(struct fixture *f, uint32_t n)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(f->random >> 33) % n;
}

static void start(struct fixture *f, uint64_t seed)
{
    *f = (struct fixture){.random = seed};
    f->arena = aligned_alloc(4096, ARENA_BYTES);
    assert_non_null(f->arena);
    assert_int_equal(arena_init(f->arena, ARENA_BYTES, sizeof(struct arena)), 0);
    pool_init(&f->pool, 0, sizeof(struct span), 0, 0);
}

static void stop(struct fixture *f)
{
    free(f->arena);
}

/* A span of `bytes` at start, behind model[index - 1]. */
static void insert(struct fixture *f, unsigned index, struct seq start, uint32_t bytes)
{
    ref r = pool_take(f->arena, &f->pool);

    assert_int_not_equal(r, REF_NONE);
    span_at(f->arena, r)->start = start;
    span_at(f->arena, r)->end = seq_add(start, bytes);
    spans_insert(f->arena, &f->spans, index == 0 ? REF_NONE : f->model[index - 1], r);
    for (unsigned i = f->count; i > index; i--)
        f->model[i] = f->model[i - 1];
    f->model[index] = r;
    f->count++;
}

static void take(struct fixture *f, unsigned index)
{
    spans_take(f->arena, &f->spans, f->model[index]);
    pool_give(f->arena, &f->pool, f->model[index]);
    f->count--;
    for (unsigned i = index; i < f->count; i++)
        f->model[i] = f->model[i + 1];
}

static void compare(struct fixture *f, struct seq base)
{
    unsigned i = 0;

    assert_true(spans_check(f->arena, &f->spans));
    assert_int_equal(f->spans.count, f->count);
    for (ref r = f->spans.first; r != REF_NONE; r = span_at(f->arena, r)->next)
        assert_int_equal(r, f->model[i++]);
    assert_int_equal(i, f->count);
    for (unsigned k = 0; k < 20; k++) {
        struct seq at = seq_add(base, below(f, 100000));
        ref floor = REF_NONE;

        for (i = 0; i < f->count && !seq_after(span_at(f->arena, f->model[i])->start, at); i++)
            floor = f->model[i];
        assert_int_equal(spans_floor(f->arena, &f->spans, at), floor);
        if (floor != REF_NONE && !seq_before(at, span_at(f->arena, floor)->end))
            floor = REF_NONE;
        assert_int_equal(spans_find(f->arena, &f->spans, at), floor);
    }
}

/* Room for a span of 1 to 60 bytes behind model[index - 1]? */
static void insert_somewhere(struct fixture *f, struct seq base)
{
    struct seq start = seq_add(base, below(f, 100000)), end = seq_add(start, 1 + below(f, 60));
    unsigned index = 0;

    while (index < f->count && seq_before(span_at(f->arena, f->model[index])->start, start))
        index++;
    if (f->count == SPANS || (index > 0 && seq_before(start, span_at(f->arena, f->model[index - 1])->end)) ||
        (index < f->count && seq_before(span_at(f->arena, f->model[index])->start, end)))
        return;
    insert(f, index, start, seq_offset(start, end));
}

static void a_random_history_agrees_with_a_plain_array(void **state)
{
    static const uint32_t bases[] = {0, 0x7fffff00, 0xffff0000};
    (void)state;
    for (uint64_t seed = 1; seed <= 9; seed++) {
        struct fixture f;
        struct seq base = {bases[seed % 3]};

        start(&f, seed);
        for (unsigned i = 0; i < 3000; i++) {
            if (f.count > 0 && below(&f, 3) == 0)
                take(&f, below(&f, f.count));
            else
                insert_somewhere(&f, base);
            if (i % 50 == 0)
                compare(&f, base);
        }
        while (f.count > 0)
            take(&f, below(&f, f.count));
        assert_true(spans_check(f.arena, &f.spans));
        assert_int_equal(f.spans.root, REF_NONE);
        stop(&f);
    }
}

static unsigned depth_of(const struct fixture *f, ref r)
{
    unsigned depth = 0;

    for (; r != REF_NONE; r = span_at(f->arena, r)->parent)
        depth++;
    return depth;
}

static void a_row_put_in_in_order_is_not_a_stick(void **state)
{
    struct fixture f;
    unsigned deepest = 0;
    (void)state;
    start(&f, 1);
    for (unsigned i = 0; i < SPANS; i++)
        insert(&f, i, (struct seq){i * 10}, 10);
    for (unsigned i = 0; i < SPANS; i++)
        deepest = depth_of(&f, f.model[i]) > deepest ? depth_of(&f, f.model[i]) : deepest;
    assert_in_range(deepest, 10, 40); /* 600 spans: 10 at the best, about 25 to be expected */
    stop(&f);
}

static void the_check_sees_spans_that_overlap(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 1);
    insert(&f, 0, (struct seq){100}, 50);
    insert(&f, 1, (struct seq){150}, 50);
    assert_true(spans_check(f.arena, &f.spans));
    span_at(f.arena, f.model[0])->end = (struct seq){151};
    assert_false(spans_check(f.arena, &f.spans));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_history_agrees_with_a_plain_array),
        cmocka_unit_test(a_row_put_in_in_order_is_not_a_stick),
        cmocka_unit_test(the_check_sees_spans_that_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
