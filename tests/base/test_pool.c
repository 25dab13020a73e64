/* src/base/pool.c: objects, handles, limits, and what it costs. */
#include "region.h"

#include <string.h>

#include "base/pool.h"

#define REGION_BYTES (1u << 20)
#define OBJECTS_MAX 20000

static uint32_t generation_of(const struct arena *arena, ref object)
{
    return *(const uint32_t *)arena_at(arena, object);
}

static void close_checked(struct arena *arena, const struct pool *pool)
{
    assert_true(pool_check(arena, pool));
    region_close(arena);
}

static void new_object_is_zero_but_for_its_generation(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;

    (void)state;
    pool_init(&pool, 0, 100, 0, 0);
    for (unsigned round = 0; round < 200; round++) {
        ref object = pool_take(arena, &pool);
        uint8_t *bytes = arena_at(arena, object);

        assert_int_not_equal(generation_of(arena, object), 0);
        for (unsigned i = 4; i < 112; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes + 4, 0xee, 108);
        if (round % 2)
            pool_give(arena, &pool, object);
    }
    close_checked(arena, &pool);
}

static void dirty_object_has_a_generation_too(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref object;

    (void)state;
    pool_init(&pool, 0, 64, 0, 0);
    object = pool_take_dirty(arena, &pool);
    assert_true(pool_holds(arena, &pool, object, generation_of(arena, object)));
    close_checked(arena, &pool);
}

struct shape {
    size_t object_bytes;
    uint8_t run_order;
};

static const struct shape shapes[] = {{16, 0},   {17, 0},   {48, 0}, {64, 0},   {256, 1},
                                      {1024, 2}, {2048, 3}, {16, 7}, {4080, 0}, {65520, 7}};

/* Random takes and gives; each object filled to its last byte with its own mark. */
static void run_model(struct shape shape, unsigned steps)
{
    static ref objects[OBJECTS_MAX];
    struct arena *arena = region_open(4 * REGION_BYTES);
    struct pool pool;
    uint32_t count = 0;
    uint64_t seed = shape.object_bytes;

    pool_init(&pool, 3, shape.object_bytes, shape.run_order, 0);
    for (unsigned step = 0; step < steps; step++) {
        if (count == 0 || (draw_below(&seed, 100) < (step / 500 % 2 ? 30 : 70) && count < OBJECTS_MAX)) {
            ref object = pool_take(arena, &pool);

            if (object == REF_NONE)
                continue;
            memset((uint8_t *)arena_at(arena, object) + 4, (int)(object % 251), pool.object_bytes - 4u);
            objects[count++] = object;
        } else {
            uint32_t i = draw_below(&seed, count);
            const uint8_t *bytes = arena_at(arena, objects[i]);

            for (unsigned j = 4; j < pool.object_bytes; j++)
                assert_int_equal(bytes[j], objects[i] % 251);
            pool_give(arena, &pool, objects[i]);
            objects[i] = objects[--count];
        }
        assert_int_equal(pool.used, count);
        if (step % 50 == 0)
            assert_true(pool_check(arena, &pool));
    }
    assert_true(pool_bytes(&pool) == (uint64_t)arena->pages_used * ARENA_PAGE_BYTES);
    while (count > 0)
        pool_give(arena, &pool, objects[--count]);
    assert_true(pool.runs <= 1);
    close_checked(arena, &pool);
}

static void objects_of_any_size_do_not_overlap(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        run_model(shapes[i], 4000);
}

static void power_of_two_objects_are_naturally_aligned(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;

    (void)state;
    pool_init(&pool, 0, 256, 1, 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(pool_take(arena, &pool) % (256 / ARENA_GRANULE_BYTES), 0);
    close_checked(arena, &pool);
}

static void forty_eight_byte_objects_cost_at_most_49_bytes(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;

    (void)state;
    pool_init(&pool, 0, 48, 0, 0);
    for (unsigned i = 0; i < 8500; i++)
        assert_int_not_equal(pool_take(arena, &pool), REF_NONE);
    assert_true(pool_bytes(&pool) <= 49 * 8500);
    assert_true(pool_bytes(&pool) == (uint64_t)arena->pages_used * ARENA_PAGE_BYTES);
    close_checked(arena, &pool);
}

static void stale_handle_is_refused_after_give(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref object;
    uint32_t generation;

    (void)state;
    pool_init(&pool, 0, 64, 0, 0);
    object = pool_take(arena, &pool);
    generation = generation_of(arena, object);
    assert_true(pool_holds(arena, &pool, object, generation));
    pool_give(arena, &pool, object);
    assert_false(pool_holds(arena, &pool, object, generation));
    assert_int_equal(pool_take(arena, &pool), object);
    assert_false(pool_holds(arena, &pool, object, generation));
    close_checked(arena, &pool);
}

/* Take until the pool has several runs, give all, and let another pool have the pages. */
static void stale_handle_is_refused_when_another_pool_has_the_page(void **state)
{
    enum { COUNT = 500 };
    struct arena *arena = region_open(64 << 10);
    struct pool old, new;
    ref objects[COUNT];
    uint32_t generations[COUNT];
    ref object;

    (void)state;
    pool_init(&old, 0, 64, 0, 0);
    pool_init(&new, 1, 64, 0, 0);
    for (unsigned i = 0; i < COUNT; i++) {
        objects[i] = pool_take(arena, &old);
        assert_int_not_equal(objects[i], REF_NONE);
        generations[i] = generation_of(arena, objects[i]);
    }
    for (unsigned i = 0; i < COUNT; i++)
        pool_give(arena, &old, objects[i]);
    /* The new owner's objects look just like the old ones: only the page kind tells. */
    while ((object = pool_take(arena, &new)) != REF_NONE)
        for (unsigned i = 0; i < COUNT; i++)
            if (objects[i] == object)
                *(uint32_t *)arena_at(arena, object) = generations[i];
    for (unsigned i = 0; i < COUNT; i++)
        assert_false(pool_holds(arena, &old, objects[i], generations[i]));
    assert_true(pool_check(arena, &old));
    close_checked(arena, &new);
}

static void handle_into_the_middle_of_an_object_is_refused(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref object;

    (void)state;
    pool_init(&pool, 0, 64, 0, 0);
    object = pool_take(arena, &pool);
    memset((uint8_t *)arena_at(arena, object) + 4, 0x11, 60);
    for (ref r = object + 1; r < object + 4; r++)
        assert_false(pool_holds(arena, &pool, r, 0x11111111));
    close_checked(arena, &pool);
}

static void handle_to_memory_never_taken_is_refused(void **state)
{
    struct arena *arena = region_open(64 << 10);
    struct pool pool;
    ref run = arena_take(arena, 1, PAGE_RUN);
    ref object;

    (void)state;
    memset(arena_at(arena, run), 0x22, ARENA_PAGE_BYTES);
    arena_give(arena, run, 1);
    pool_init(&pool, 0, 64, 0, 0);
    object = pool_take(arena, &pool);
    assert_int_equal(object / 256, run / 256); /* the same page, with what it held */
    assert_int_equal(generation_of(arena, object + 4), 0x22222222);
    assert_false(pool_holds(arena, &pool, object + 4, 0x22222222));
    close_checked(arena, &pool);
}

/* With the arena at the very end of its heap block, the sanitizer sees any access outside. */
static void any_handle_can_be_asked_about(void **state)
{
    struct arena *arena = region_open(64 << 10);
    struct pool pool;
    uint64_t seed = 9;
    ref live[50];

    (void)state;
    pool_init(&pool, 0, 80, 1, 0);
    for (unsigned i = 0; i < 50; i++)
        live[i] = pool_take(arena, &pool);
    for (unsigned i = 0; i < 200000; i++) {
        ref r = (ref)(draw(&seed) >> draw_below(&seed, 32) & UINT32_MAX);
        uint32_t generation = draw_below(&seed, 64);
        bool holds = false;

        for (unsigned j = 0; j < 50; j++)
            holds |= live[j] == r && generation_of(arena, r) == generation;
        assert_int_equal(pool_holds(arena, &pool, r, generation), holds);
    }
    for (ref r = 0; r < (64 << 10) / ARENA_GRANULE_BYTES; r++)
        assert_false(pool_holds(arena, &pool, r, 0));
    close_checked(arena, &pool);
}

static void limit_refuses_and_counts(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref object = REF_NONE;

    (void)state;
    pool_init(&pool, 0, 64, 0, 10);
    for (unsigned i = 0; i < 10; i++)
        object = pool_take(arena, &pool);
    assert_int_not_equal(object, REF_NONE);
    assert_int_equal(pool_take(arena, &pool), REF_NONE);
    assert_int_equal(pool_take_dirty(arena, &pool), REF_NONE);
    assert_int_equal(pool.refusals, 2);
    pool_give(arena, &pool, object);
    assert_int_not_equal(pool_take(arena, &pool), REF_NONE);
    assert_int_equal(pool.used_max, 10);
    close_checked(arena, &pool);
}

static void empty_arena_refuses_and_counts(void **state)
{
    struct arena *arena = region_open(16 << 10);
    struct pool pool;

    (void)state;
    pool_init(&pool, 0, 2000, 0, 0);
    while (pool_take(arena, &pool) != REF_NONE)
        ;
    assert_int_equal(pool.refusals, 1);
    assert_int_equal(arena->refusals, 1);
    close_checked(arena, &pool);
}

static void one_empty_run_is_kept_against_flutter(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref object;

    (void)state;
    pool_init(&pool, 0, 64, 0, 0);
    object = pool_take(arena, &pool);
    pool_give(arena, &pool, object);
    assert_int_equal(pool.runs, 1);
    assert_int_equal(pool_take(arena, &pool), object);
    assert_int_equal(arena->pages_used_max, 1);
    close_checked(arena, &pool);
}

static void more_empty_runs_go_back_to_the_arena(void **state)
{
    enum { COUNT = 1000 };
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref objects[COUNT];

    (void)state;
    pool_init(&pool, 0, 64, 0, 0);
    for (unsigned i = 0; i < COUNT; i++)
        objects[i] = pool_take(arena, &pool);
    for (unsigned i = 0; i < COUNT; i++)
        pool_give(arena, &pool, objects[i]);
    assert_int_equal(pool.runs, 1);
    assert_int_equal(arena->pages_used, 1);
    close_checked(arena, &pool);
}

static void walk_meets_each_live_object_once_by_address(void **state)
{
    enum { COUNT = 1000 };
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool, other;
    ref objects[COUNT];
    ref last = REF_NONE;
    uint32_t met = 0;

    (void)state;
    pool_init(&pool, 0, 48, 0, 0);
    pool_init(&other, 1, 48, 1, 0);
    for (unsigned i = 0; i < COUNT; i++) {
        objects[i] = pool_take(arena, &pool);
        pool_take(arena, &other);
    }
    for (unsigned i = 0; i < COUNT; i += 3)
        pool_give(arena, &pool, objects[i]);
    for (ref r = pool_next(arena, &pool, REF_NONE); r != REF_NONE; r = pool_next(arena, &pool, r)) {
        assert_true(r > last);
        assert_true(pool_holds(arena, &pool, r, generation_of(arena, r)));
        last = r;
        met++;
    }
    assert_int_equal(met, pool.used);
    close_checked(arena, &pool);
}

static void walk_over_an_empty_pool_ends_at_once(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;

    (void)state;
    pool_init(&pool, 0, 48, 2, 0);
    assert_int_equal(pool_next(arena, &pool, REF_NONE), REF_NONE);
    pool_give(arena, &pool, pool_take(arena, &pool));
    assert_int_equal(pool_next(arena, &pool, REF_NONE), REF_NONE);
    close_checked(arena, &pool);
}

static void check_finds_a_lost_object(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct pool pool;
    ref object;

    (void)state;
    pool_init(&pool, 0, 48, 0, 0);
    object = pool_take(arena, &pool);
    *(uint32_t *)arena_at(arena, object) = 0;
    assert_false(pool_check(arena, &pool));
    free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_object_is_zero_but_for_its_generation),
        cmocka_unit_test(dirty_object_has_a_generation_too),
        cmocka_unit_test(objects_of_any_size_do_not_overlap),
        cmocka_unit_test(power_of_two_objects_are_naturally_aligned),
        cmocka_unit_test(forty_eight_byte_objects_cost_at_most_49_bytes),
        cmocka_unit_test(stale_handle_is_refused_after_give),
        cmocka_unit_test(stale_handle_is_refused_when_another_pool_has_the_page),
        cmocka_unit_test(handle_into_the_middle_of_an_object_is_refused),
        cmocka_unit_test(handle_to_memory_never_taken_is_refused),
        cmocka_unit_test(any_handle_can_be_asked_about),
        cmocka_unit_test(limit_refuses_and_counts),
        cmocka_unit_test(empty_arena_refuses_and_counts),
        cmocka_unit_test(one_empty_run_is_kept_against_flutter),
        cmocka_unit_test(more_empty_runs_go_back_to_the_arena),
        cmocka_unit_test(walk_meets_each_live_object_once_by_address),
        cmocka_unit_test(walk_over_an_empty_pool_ends_at_once),
        cmocka_unit_test(check_finds_a_lost_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
