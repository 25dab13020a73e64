/* src/base/table.c against a plain array. */
#include "region.h"

#include "base/table.h"

#define KEYS 4000

enum collisions { RANDOM, ALL_EQUAL, LOW_BITS_EQUAL, FEW_VALUES, COLLISIONS };

struct world {
    struct arena *arena;
    struct table table;
    enum collisions collisions;
    bool in[KEYS]; /* the model: entry number i + 1 is in the table */
    unsigned count;
    unsigned hash_calls;
};

static uint64_t hash_of_key(enum collisions collisions, uint64_t key)
{
    uint64_t hash = draw(&key);

    switch (collisions) {
    case ALL_EQUAL:
        return 0x1234567812345678;
    case LOW_BITS_EQUAL:
        return hash << 32;
    case FEW_VALUES:
        return hash % 7 * UINT64_C(0x2040000000000035);
    default:
        return hash;
    }
}

static uint64_t hash_of(const void *context, ref entry)
{
    struct world *w = (struct world *)(uintptr_t)context;

    w->hash_calls++;
    return hash_of_key(w->collisions, entry);
}

static struct world *world_open(enum collisions collisions, uint32_t entries, size_t arena_bytes)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->arena = region_open(arena_bytes);
    w->collisions = collisions;
    assert_int_equal(table_init(w->arena, &w->table, entries), 0);
    return w;
}

static void world_close(struct world *w)
{
    region_close(w->arena);
    free(w);
}

static int insert(struct world *w, ref entry)
{
    return table_insert(w->arena, &w->table, hash_of_key(w->collisions, entry), entry, hash_of, w);
}

static bool drop(struct world *w, ref entry)
{
    return table_remove(w->arena, &w->table, hash_of_key(w->collisions, entry), entry, hash_of, w);
}

/* How often a probe for the entry's hash meets the entry. */
static unsigned times_found(const struct world *w, ref entry)
{
    struct table_probe probe = table_probe(w->arena, &w->table, hash_of_key(w->collisions, entry));
    unsigned times = 0;
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE)
        times += r == entry;
    assert_int_equal(table_probe_next(&probe), REF_NONE);
    return times;
}

static bool check(const struct world *w)
{
    return table_check(w->arena, &w->table, hash_of, w) && table_count(&w->table) == w->count;
}

static void one_random_step(struct world *w, uint64_t *seed, unsigned inserts_of_8)
{
    unsigned key = draw_below(seed, KEYS);
    ref entry = key + 1;

    assert_int_equal(times_found(w, entry), w->in[key]);
    if (draw_below(seed, 8) < inserts_of_8) {
        if (w->in[key])
            return;
        assert_int_equal(insert(w, entry), 0);
        w->in[key] = true;
        w->count++;
    } else {
        assert_int_equal(drop(w, entry), w->in[key]);
        w->count -= w->in[key];
        w->in[key] = false;
    }
    assert_int_equal(times_found(w, entry), w->in[key]);
}

/* Fill, drain, fill again. */
static void run_model(enum collisions collisions, unsigned steps)
{
    static const unsigned inserts_of_8[] = {7, 2, 4, 7, 1};
    struct world *w = world_open(collisions, 16, 1 << 20);
    uint64_t seed = 42;

    for (unsigned phase = 0; phase < sizeof(inserts_of_8) / sizeof(inserts_of_8[0]); phase++) {
        for (unsigned step = 0; step < steps; step++) {
            one_random_step(w, &seed, inserts_of_8[phase]);
            if (step % 97 == 0)
                assert_true(check(w));
        }
        for (unsigned key = 0; key < KEYS; key++)
            assert_int_equal(times_found(w, key + 1), w->in[key]);
    }
    world_close(w);
}

static void table_agrees_with_a_plain_array(void **state)
{
    (void)state;
    run_model(RANDOM, 20000);
}

static void table_agrees_with_a_plain_array_when_all_hashes_are_equal(void **state)
{
    (void)state;
    run_model(ALL_EQUAL, 400);
}

static void table_agrees_with_a_plain_array_when_low_bits_are_equal(void **state)
{
    (void)state;
    run_model(LOW_BITS_EQUAL, 400);
}

static void table_agrees_with_a_plain_array_when_hashes_take_few_values(void **state)
{
    (void)state;
    run_model(FEW_VALUES, 800);
}

/* From 16 entries to 10^6, each operation moving no more than it promises. */
static void each_operation_moves_at_most_four_entries(void **state)
{
    struct world *w = world_open(RANDOM, 16, 64 << 20);

    (void)state;
    for (ref entry = 1; entry <= 1000000; entry++) {
        w->hash_calls = 0;
        assert_int_equal(insert(w, entry), 0);
        assert_true(w->hash_calls <= TABLE_MOVES);
    }
    for (ref entry = 1; entry <= 1000000; entry++) {
        w->hash_calls = 0;
        assert_true(drop(w, entry));
        assert_true(w->hash_calls <= TABLE_MOVES);
    }
    assert_int_equal(table_count(&w->table), 0);
    world_close(w);
}

static void a_new_side_is_cleared_in_small_shares(void **state)
{
    struct world *w = world_open(RANDOM, 16, 8 << 20);
    unsigned grown = 0;

    (void)state;
    for (ref entry = 1; entry <= 100000; entry++) {
        struct table before = w->table;

        assert_int_equal(insert(w, entry), 0);
        if (w->table.next.run != REF_NONE)
            assert_true(w->table.cleared <= before.cleared + 64 || before.next.run == REF_NONE);
        if (before.next.run != REF_NONE && w->table.now.run == before.next.run) {
            assert_true(before.cleared + 64 >= w->table.now.mask + 1);
            grown++;
        }
    }
    assert_int_equal(grown, 8); /* 512 to 131072 slots */
    world_close(w);
}

static void growing_loses_nothing(void **state)
{
    enum { COUNT = 100000 };
    struct world *w = world_open(RANDOM, 16, 8 << 20);

    (void)state;
    for (ref entry = 1; entry <= COUNT; entry++) {
        assert_int_equal(insert(w, entry), 0);
        assert_int_equal(times_found(w, entry), 1);
        assert_int_equal(times_found(w, 1 + entry / 2), 1);
    }
    for (ref entry = 1; entry <= COUNT; entry++)
        assert_int_equal(times_found(w, entry), 1);
    w->count = COUNT;
    assert_true(check(w));
    world_close(w);
}

static void load_never_passes_seven_eighths(void **state)
{
    struct world *w = world_open(RANDOM, 16, 8 << 20);

    (void)state;
    for (ref entry = 1; entry <= 100000; entry++) {
        const struct table_side *now = &w->table.now;

        assert_int_equal(insert(w, entry), 0);
        assert_true(now->used + now->tombs <= (now->mask + 1) / 8 * 7);
    }
    world_close(w);
}

static void a_million_turnovers_of_a_thousand_entries_do_not_grow_the_table(void **state)
{
    struct world *w = world_open(RANDOM, 1000, 1 << 20);
    uint64_t bytes = table_bytes(&w->table);
    uint64_t most = bytes;

    (void)state;
    for (ref entry = 1; entry <= 1000; entry++)
        assert_int_equal(insert(w, entry), 0);
    for (ref entry = 1001; entry <= 1000000; entry++) {
        assert_true(drop(w, entry - 1000));
        assert_int_equal(insert(w, entry), 0);
        most = max_u64(most, table_bytes(&w->table));
    }
    /* A second side of the same size, while tombs are reclaimed, is all. */
    assert_true(most <= 2 * bytes);
    w->count = 1000;
    assert_true(check(w));
    world_close(w);
}

static void an_entry_costs_five_bytes_a_slot(void **state)
{
    struct world *w = world_open(RANDOM, 98304, 8 << 20); /* 3/4 of 2^17 */

    (void)state;
    assert_int_equal(table_bytes(&w->table), 5 << 17);
    world_close(w);
}

static void table_has_room_for_the_entries_it_was_made_for(void **state)
{
    struct world *w = world_open(RANDOM, 20000, 8 << 20);
    uint64_t bytes = table_bytes(&w->table);

    (void)state;
    for (ref entry = 1; entry <= 20000; entry++)
        assert_int_equal(insert(w, entry), 0);
    assert_int_equal(table_bytes(&w->table), bytes);
    world_close(w);
}

static void a_refused_growth_leaves_the_table_usable(void **state)
{
    struct world *w = world_open(RANDOM, 16, 16384);
    ref entry = 1;

    (void)state;
    while (arena_take(w->arena, 1, PAGE_RUN) != REF_NONE)
        ;
    while (insert(w, entry) == 0)
        entry++;
    w->count = entry - 1;
    assert_int_equal(w->count, 448); /* 7/8 of 512 */
    assert_true(check(w));
    assert_int_equal(insert(w, entry), -1);
    assert_true(drop(w, 7));
    assert_int_equal(insert(w, 7), 0);
    assert_int_equal(times_found(w, 7), 1);
    assert_int_equal(times_found(w, entry), 0);
    assert_true(check(w));
    free(w->arena);
    free(w);
}

static void growth_goes_on_when_memory_comes_back_late(void **state)
{
    struct world *w = world_open(RANDOM, 16, 64 << 10);
    uint32_t pages = (uint32_t)(arena_free_bytes(w->arena) / ARENA_PAGE_BYTES);
    ref all[16];
    ref entry = 1;

    (void)state;
    for (uint32_t i = 0; i < pages; i++)
        all[i] = arena_take(w->arena, 1, PAGE_RUN);
    while (insert(w, entry) == 0)
        entry++;
    for (uint32_t i = 0; i < pages; i++)
        arena_give(w->arena, all[i], 1);
    for (; entry <= 1000; entry++)
        assert_int_equal(insert(w, entry), 0);
    w->count = 1000;
    assert_true(check(w));
    for (entry = 1; entry <= 1000; entry++)
        assert_int_equal(times_found(w, entry), 1);
    world_close(w);
}

static uint64_t hash_of_half(const void *context, ref entry)
{
    (void)context;
    return hash_of_key(RANDOM, entry / 2);
}

/* Entries 2k and 2k + 1 have the same key, so the same hash. */
static void replacing_puts_an_entry_in_the_others_place(void **state)
{
    struct world *w = world_open(RANDOM, 16, 1 << 20);

    (void)state;
    /* Chosen so that an old side is in use, and both are seen. */
    for (ref k = 1; k <= 500; k++)
        assert_int_equal(table_insert(w->arena, &w->table, hash_of_key(RANDOM, k), 2 * k, hash_of_half, w), 0);
    assert_int_not_equal(w->table.old.run, REF_NONE);
    for (ref k = 1; k <= 500; k++)
        assert_true(table_replace(w->arena, &w->table, hash_of_key(RANDOM, k), 2 * k, 2 * k + 1));
    for (ref k = 1; k <= 500; k++) {
        assert_false(table_replace(w->arena, &w->table, hash_of_key(RANDOM, k), 2 * k, 2 * k + 1));
        assert_true(table_remove(w->arena, &w->table, hash_of_key(RANDOM, k), 2 * k + 1, hash_of_half, w));
    }
    assert_int_equal(table_count(&w->table), 0);
    world_close(w);
}

static void removing_what_is_not_there_says_so(void **state)
{
    struct world *w = world_open(ALL_EQUAL, 16, 1 << 20);

    (void)state;
    assert_int_equal(insert(w, 1), 0);
    assert_false(drop(w, 2));
    assert_true(drop(w, 1));
    assert_false(drop(w, 1));
    world_close(w);
}

static void a_table_larger_than_the_arena_is_refused(void **state)
{
    struct arena *arena = region_open(1 << 20);
    struct table table;

    (void)state;
    assert_int_equal(table_init(arena, &table, 1 << 27), -1);
    assert_int_equal(table_init(arena, &table, UINT32_MAX), -1);
    assert_int_equal(arena->pages_used, 0);
    region_close(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_agrees_with_a_plain_array),
        cmocka_unit_test(table_agrees_with_a_plain_array_when_all_hashes_are_equal),
        cmocka_unit_test(table_agrees_with_a_plain_array_when_low_bits_are_equal),
        cmocka_unit_test(table_agrees_with_a_plain_array_when_hashes_take_few_values),
        cmocka_unit_test(each_operation_moves_at_most_four_entries),
        cmocka_unit_test(a_new_side_is_cleared_in_small_shares),
        cmocka_unit_test(growing_loses_nothing),
        cmocka_unit_test(load_never_passes_seven_eighths),
        cmocka_unit_test(a_million_turnovers_of_a_thousand_entries_do_not_grow_the_table),
        cmocka_unit_test(an_entry_costs_five_bytes_a_slot),
        cmocka_unit_test(table_has_room_for_the_entries_it_was_made_for),
        cmocka_unit_test(a_refused_growth_leaves_the_table_usable),
        cmocka_unit_test(growth_goes_on_when_memory_comes_back_late),
        cmocka_unit_test(replacing_puts_an_entry_in_the_others_place),
        cmocka_unit_test(removing_what_is_not_there_says_so),
        cmocka_unit_test(a_table_larger_than_the_arena_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
