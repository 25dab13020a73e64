/* src/base/arena.c against a shadow map of pages. */
#include "region.h"

#include <string.h>

#define REGION_BYTES (4u << 20)
#define PAGES (REGION_BYTES / ARENA_PAGE_BYTES)
#define RUNS_MAX 200
#define PAGE_GRANULES (ARENA_PAGE_BYTES / ARENA_GRANULE_BYTES)

struct taken {
    ref run;
    uint32_t pages;
    uint8_t kind;
};

struct world {
    struct arena *arena;
    uint8_t shadow[PAGES]; /* kind of each page, 0 when free */
    struct taken runs[RUNS_MAX];
    unsigned count;
};

static uint32_t count_free(const struct world *w)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < PAGES; i++)
        used += w->shadow[i] != 0;
    return PAGES - w->arena->head_pages - used;
}

/* Does a naturally aligned, free block of 2^order pages exist? Then a take of that size may not be refused. */
static bool block_exists(const struct world *w, uint32_t block)
{
    for (uint32_t first = 0; first + block <= PAGES; first += block) {
        uint32_t i = 0;

        while (i < block && first + i >= w->arena->head_pages && w->shadow[first + i] == 0)
            i++;
        if (i == block)
            return true;
    }
    return false;
}

static uint32_t power_above(uint32_t pages)
{
    uint32_t power = 1;

    while (power < pages)
        power *= 2;
    return power;
}

static void model_take(struct world *w, uint32_t pages, uint8_t kind)
{
    bool possible = block_exists(w, power_above(pages));
    ref run = arena_take(w->arena, pages, kind);

    assert_int_equal(run != REF_NONE, possible);
    if (run == REF_NONE)
        return;
    assert_int_equal(run % PAGE_GRANULES, 0);
    if (pages == power_above(pages))
        assert_int_equal(run / PAGE_GRANULES % pages, 0);
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t page = run / PAGE_GRANULES + i;

        assert_true(page >= w->arena->head_pages && page < PAGES);
        assert_int_equal(w->shadow[page], 0);
        w->shadow[page] = kind;
    }
    memset(arena_at(w->arena, run), 0xa5, (size_t)pages * ARENA_PAGE_BYTES);
    w->runs[w->count++] = (struct taken){run, pages, kind};
}

static void model_give(struct world *w, unsigned i)
{
    struct taken taken = w->runs[i];

    arena_give(w->arena, taken.run, taken.pages);
    memset(w->shadow + taken.run / PAGE_GRANULES, 0, taken.pages);
    w->runs[i] = w->runs[--w->count];
}

static void random_takes_and_gives_agree_with_a_shadow_map(void **state)
{
    static struct world world;
    struct world *w = &world;
    uint64_t seed = 11;

    (void)state;
    w->arena = region_open(REGION_BYTES);
    for (unsigned step = 0; step < 20000; step++) {
        bool taking = draw_below(&seed, 100) < (step / 1000 % 2 ? 40 : 60);

        if (taking && w->count < RUNS_MAX)
            model_take(w, 1 + (draw_below(&seed, 64) >> draw_below(&seed, 7)), (uint8_t)(1 + draw_below(&seed, 255)));
        else if (w->count > 0)
            model_give(w, draw_below(&seed, w->count));
        assert_true(arena_check(w->arena));
        assert_true(arena_free_bytes(w->arena) == (uint64_t)count_free(w) * ARENA_PAGE_BYTES);
    }
    for (uint32_t page = 0; page < PAGES; page++)
        assert_int_equal(arena_kind(w->arena, page * PAGE_GRANULES + draw_below(&seed, PAGE_GRANULES)),
                         w->shadow[page]);
    while (w->count > 0)
        model_give(w, w->count - 1);
    region_close(w->arena);
}

static void all_given_back_merges_to_the_runs_of_the_beginning(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    struct arena before = *arena;
    static ref pages[PAGES];
    uint32_t count = 0;
    uint64_t seed = 5;

    (void)state;
    while ((pages[count] = arena_take(arena, 1, PAGE_RUN)) != REF_NONE)
        count++;
    assert_int_equal(count, before.page_count - before.head_pages);
    while (count > 0) {
        uint32_t i = draw_below(&seed, count);

        arena_give(arena, pages[i], 1);
        pages[i] = pages[--count];
    }
    assert_memory_equal(arena->free_runs, before.free_runs, sizeof(before.free_runs));
    region_close(arena);
}

static void the_cap_is_never_passed(void **state)
{
    struct arena *arena = region_open(64 << 10);

    (void)state;
    while (arena_take(arena, 1, PAGE_RUN) != REF_NONE)
        ;
    assert_int_equal(arena->pages_used, arena->page_count - arena->head_pages);
    assert_int_equal(arena_free_bytes(arena), 0);
    assert_int_equal(arena->refusals, 1);
    assert_int_equal(arena_take(arena, UINT32_MAX, PAGE_RUN), REF_NONE);
    assert_int_equal(arena->refusals, 2);
    assert_true(arena_check(arena));
    region_close(arena);
}

static void high_water_mark_stays(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    ref run = arena_take(arena, 37, PAGE_RUN);

    (void)state;
    arena_give(arena, run, 37);
    assert_int_equal(arena->pages_used, 0);
    assert_int_equal(arena->pages_used_max, 37);
    region_close(arena);
}

static void odd_run_costs_its_own_pages_only(void **state)
{
    struct arena *arena = region_open(REGION_BYTES);
    uint64_t before = arena_free_bytes(arena);
    ref run = arena_take(arena, 33, PAGE_RUN);

    (void)state;
    assert_int_not_equal(run, REF_NONE);
    assert_true(before - arena_free_bytes(arena) == 33 * ARENA_PAGE_BYTES);
    arena_give(arena, run, 33);
    region_close(arena);
}

static void owners_head_is_never_touched(void **state)
{
    enum { HEAD = 10000 };
    uint8_t *region = aligned_alloc(4096, REGION_BYTES);
    struct arena *arena = (struct arena *)(void *)region;
    static ref runs[PAGES];
    uint32_t count = 0;

    (void)state;
    assert_non_null(region);
    memset(region, 0x5c, REGION_BYTES);
    assert_int_equal(arena_init(arena, REGION_BYTES, HEAD), 0);
    while ((runs[count] = arena_take(arena, 3, PAGE_RUN)) != REF_NONE)
        memset(arena_at(arena, runs[count++]), 0xff, 3 * ARENA_PAGE_BYTES);
    while (count > 0)
        arena_give(arena, runs[--count], 3);
    for (size_t i = sizeof(*arena); i < HEAD; i++)
        assert_int_equal(region[i], 0x5c);
    assert_true(arena_check(arena));
    free(region);
}

static void region_without_a_page_to_hand_out_is_refused(void **state)
{
    struct arena *arena = aligned_alloc(4096, 16384);

    (void)state;
    assert_int_equal(arena_init(arena, 0, 0), -1);
    assert_int_equal(arena_init(arena, 4096, sizeof(*arena)), -1);
    assert_int_equal(arena_init(arena, 16384, 20000), -1);
    assert_int_equal(arena_init(arena, 16384, SIZE_MAX), -1);
    assert_int_equal(arena_init(arena, 16384, 16384 - 4096), -1);
    assert_int_equal(arena_init(arena, 8192, sizeof(*arena)), 0);
    assert_int_not_equal(arena_take(arena, 1, PAGE_RUN), REF_NONE);
    free(arena);
}

static void region_beyond_what_refs_can_name_is_refused(void **state)
{
    struct arena *arena = aligned_alloc(4096, 4096);

    (void)state;
    assert_int_equal(arena_init(arena, (UINT64_C(64) << 30) + ARENA_PAGE_BYTES, sizeof(*arena)), -1);
    free(arena);
}

static void kind_of_any_ref_can_be_asked(void **state)
{
    struct arena *arena = region_open(64 << 10);
    ref run = arena_take(arena, 2, 9);
    uint64_t seed = 77;

    (void)state;
    assert_int_equal(arena_kind(arena, run), 9);
    assert_int_equal(arena_kind(arena, run + 2 * PAGE_GRANULES - 1), 9);
    assert_int_equal(arena_kind(arena, REF_NONE), PAGE_FREE);
    assert_int_equal(arena_kind(arena, UINT32_MAX), PAGE_FREE);
    assert_int_equal(arena_kind(arena, 16 * PAGE_GRANULES), PAGE_FREE);
    for (unsigned i = 0; i < 100000; i++) {
        ref r = (ref)draw(&seed);
        bool inside = r >= run && r < run + 2 * PAGE_GRANULES;

        assert_int_equal(arena_kind(arena, r), inside ? 9 : PAGE_FREE);
    }
    region_close(arena);
}

static void marking_a_page_changes_that_page_only(void **state)
{
    struct arena *arena = region_open(64 << 10);
    ref run = arena_take(arena, 3, PAGE_RUN);

    (void)state;
    arena_mark(arena, run + PAGE_GRANULES, PAGE_BUFFER);
    assert_int_equal(arena_kind(arena, run), PAGE_RUN);
    assert_int_equal(arena_kind(arena, run + PAGE_GRANULES), PAGE_BUFFER);
    assert_int_equal(arena_kind(arena, run + 2 * PAGE_GRANULES), PAGE_RUN);
    region_close(arena);
}

static void generations_skip_zero(void **state)
{
    struct arena *arena = region_open(64 << 10);

    (void)state;
    assert_int_equal(arena_next_generation(arena), 1);
    arena->generation = UINT32_MAX;
    assert_int_equal(arena_next_generation(arena), 1);
    region_close(arena);
}

static void check_finds_a_broken_free_list(void **state)
{
    struct arena *arena = region_open(64 << 10);
    ref run = arena_take(arena, 1, PAGE_RUN);

    (void)state;
    assert_true(arena_check(arena));
    arena->free_runs[0] = run;
    assert_false(arena_check(arena));
    free(arena);
}

static void check_finds_a_wrong_count(void **state)
{
    struct arena *arena = region_open(64 << 10);

    (void)state;
    arena->pages_used++;
    assert_false(arena_check(arena));
    free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_takes_and_gives_agree_with_a_shadow_map),
        cmocka_unit_test(all_given_back_merges_to_the_runs_of_the_beginning),
        cmocka_unit_test(the_cap_is_never_passed),
        cmocka_unit_test(high_water_mark_stays),
        cmocka_unit_test(odd_run_costs_its_own_pages_only),
        cmocka_unit_test(owners_head_is_never_touched),
        cmocka_unit_test(region_without_a_page_to_hand_out_is_refused),
        cmocka_unit_test(region_beyond_what_refs_can_name_is_refused),
        cmocka_unit_test(kind_of_any_ref_can_be_asked),
        cmocka_unit_test(marking_a_page_changes_that_page_only),
        cmocka_unit_test(generations_skip_zero),
        cmocka_unit_test(check_finds_a_broken_free_list),
        cmocka_unit_test(check_finds_a_wrong_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
