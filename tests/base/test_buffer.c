/* src/base/buffer.c: holders, charges and queues. */
#include "region.h"

#include <string.h>

#include "base/buffer.h"

#define REGION_BYTES (4u << 20)

struct world {
    struct arena *arena;
    struct buffers buffers;
};

static struct world world_open(void)
{
    struct world w = {.arena = region_open(REGION_BYTES)};

    buffers_init(&w.buffers, 5);
    return w;
}

static void world_close(struct world *w)
{
    assert_true(buffers_bytes(&w->buffers) == (uint64_t)w->arena->pages_used * ARENA_PAGE_BYTES);
    for (unsigned i = 0; i < BUFFER_CLASSES; i++) {
        assert_true(pool_check(w->arena, &w->buffers.pools[i]));
        assert_int_equal(w->buffers.pools[i].used, 0);
    }
    assert_int_equal(w->buffers.run_pages, 0);
    region_close(w->arena);
}

static const uint32_t sizes[] = {0, 1, 224, 225, 992, 993, 1500, 2016, 2017, 4064, 4065, 65535, 1000000};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void buffer_has_room_for_what_was_asked(void **state)
{
    struct world w = world_open();
    ref r[SIZES];

    (void)state;
    for (unsigned i = 0; i < SIZES; i++) {
        r[i] = buffer_take(w.arena, &w.buffers, sizes[i]);
        assert_int_not_equal(r[i], REF_NONE);
        assert_true(buffer_at(w.arena, r[i])->capacity_bytes >= sizes[i]);
        memset(buffer_bytes(buffer_at(w.arena, r[i])), (int)i, buffer_at(w.arena, r[i])->capacity_bytes);
    }
    for (unsigned i = 0; i < SIZES; i++) {
        const uint8_t *bytes = buffer_bytes(buffer_at(w.arena, r[i]));

        for (uint32_t j = 0; j < buffer_at(w.arena, r[i])->capacity_bytes; j++)
            assert_int_equal(bytes[j], i);
        buffer_drop(w.arena, &w.buffers, r[i]);
    }
    world_close(&w);
}

static void a_spare_larger_buffer_serves_when_there_is_no_page_for_a_small_one(void **state)
{
    struct world w = world_open();
    ref large = buffer_take(w.arena, &w.buffers, 1500), small, pages[REGION_BYTES / ARENA_PAGE_BYTES];
    unsigned taken = 0;

    (void)state;
    while ((pages[taken] = arena_take(w.arena, 1, PAGE_RUN)) != REF_NONE)
        taken++;
    small = buffer_take(w.arena, &w.buffers, 40);
    assert_int_not_equal(small, REF_NONE);
    assert_true(buffer_charge(buffer_at(w.arena, small)) == 2048);
    buffer_drop(w.arena, &w.buffers, small);
    buffer_drop(w.arena, &w.buffers, large);
    while (taken > 0)
        arena_give(w.arena, pages[--taken], 1);
    world_close(&w);
}

static void new_buffer_has_one_holder_and_nothing_live(void **state)
{
    struct world w = world_open();

    (void)state;
    for (unsigned i = 0; i < SIZES; i++) {
        ref r = buffer_take(w.arena, &w.buffers, sizes[i]);
        struct buffer *b = buffer_at(w.arena, r);

        assert_int_equal(b->holders, 1);
        assert_int_equal(b->start, 0);
        assert_int_equal(b->length_bytes, 0);
        assert_int_equal(b->next, REF_NONE);
        assert_int_equal(b->flags, 0);
        assert_ptr_equal(buffer_data(b), buffer_bytes(b));
        /* Soil what the next taker of the same memory must find clean. */
        b->start = b->length_bytes = b->next = b->flags = UINT32_MAX;
        buffer_drop(w.arena, &w.buffers, r);
    }
    world_close(&w);
}

static void charge_is_the_true_size(void **state)
{
    static const uint32_t charges[SIZES] = {256,  256,  256,  1024, 1024,  2048,       2048,
                                            2048, 4096, 4096, 8192, 69632, 245 * 4096u};
    struct world w = world_open();

    (void)state;
    for (unsigned i = 0; i < SIZES; i++) {
        ref r = buffer_take(w.arena, &w.buffers, sizes[i]);

        assert_int_equal(buffer_charge(buffer_at(w.arena, r)), charges[i]);
        buffer_drop(w.arena, &w.buffers, r);
    }
    world_close(&w);
}

static void big_buffer_costs_its_pages(void **state)
{
    struct world w = world_open();
    ref r = buffer_take(w.arena, &w.buffers, 65535);

    (void)state;
    assert_int_equal(w.arena->pages_used, 17);
    assert_int_equal(buffers_bytes(&w.buffers), 17 * ARENA_PAGE_BYTES);
    buffer_drop(w.arena, &w.buffers, r);
    assert_int_equal(w.arena->pages_used, 0);
    world_close(&w);
}

static void pooled_buffers_cost_at_most_a_sixteenth_more(void **state)
{
    struct world w = world_open();
    ref r[1500];

    (void)state;
    for (unsigned i = 0; i < 1500; i++)
        r[i] = buffer_take(w.arena, &w.buffers, 1500);
    assert_true(buffers_bytes(&w.buffers) <= UINT64_C(1500) * 2048 * 16 / 15);
    for (unsigned i = 0; i < 1500; i++)
        buffer_drop(w.arena, &w.buffers, r[i]);
    world_close(&w);
}

static void last_holder_frees(void **state)
{
    static const uint32_t asked[] = {100, 10000};
    struct world w = world_open();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        ref r = buffer_take(w.arena, &w.buffers, asked[i]);

        buffer_hold(w.arena, r);
        buffer_hold(w.arena, r);
        buffer_drop(w.arena, &w.buffers, r);
        buffer_drop(w.arena, &w.buffers, r);
        assert_true(buffer_is_live(w.arena, &w.buffers, r));
        buffer_drop(w.arena, &w.buffers, r);
        assert_false(buffer_is_live(w.arena, &w.buffers, r));
    }
    world_close(&w);
}

static void refused_when_the_arena_is_used_up(void **state)
{
    struct world w = world_open();
    struct buffer_queue all = {REF_NONE, REF_NONE};
    ref r;

    (void)state;
    while ((r = buffer_take(w.arena, &w.buffers, 30000)) != REF_NONE)
        buffer_queue_push(w.arena, &all, r);
    assert_true(arena_free_bytes(w.arena) < 40000);
    assert_int_equal(buffer_take(w.arena, &w.buffers, UINT32_MAX), REF_NONE);
    buffer_queue_clear(w.arena, &w.buffers, &all);
    assert_int_not_equal(r = buffer_take(w.arena, &w.buffers, 30000), REF_NONE);
    buffer_drop(w.arena, &w.buffers, r);
    world_close(&w);
}

static void any_number_can_be_asked_whether_it_is_a_live_buffer(void **state)
{
    struct world w = world_open();
    ref live[SIZES];
    uint32_t seen = 0;
    ref table = arena_take(w.arena, 3, PAGE_RUN);

    (void)state;
    memset(arena_at(w.arena, table), 0xff, 3 * ARENA_PAGE_BYTES);
    for (unsigned i = 0; i < SIZES; i++) {
        live[i] = buffer_take(w.arena, &w.buffers, sizes[i]);
        memset(buffer_bytes(buffer_at(w.arena, live[i])), 0xff, buffer_at(w.arena, live[i])->capacity_bytes);
    }
    for (ref r = 0; r < REGION_BYTES / ARENA_GRANULE_BYTES + 1000; r++) {
        bool is = false;

        for (unsigned i = 0; i < SIZES; i++)
            is |= r == live[i];
        assert_int_equal(buffer_is_live(w.arena, &w.buffers, r), is);
        seen += is;
    }
    assert_int_equal(seen, SIZES);
    assert_false(buffer_is_live(w.arena, &w.buffers, UINT32_MAX));
    for (unsigned i = 0; i < SIZES; i++)
        buffer_drop(w.arena, &w.buffers, live[i]);
    arena_give(w.arena, table, 3);
    world_close(&w);
}

static void data_begins_at_start(void **state)
{
    struct world w = world_open();
    ref r = buffer_take(w.arena, &w.buffers, 100);
    struct buffer *b = buffer_at(w.arena, r);

    (void)state;
    b->start = 40;
    assert_ptr_equal(buffer_data(b), (uint8_t *)arena_at(w.arena, r) + BUFFER_HEADER_BYTES + 40);
    buffer_drop(w.arena, &w.buffers, r);
    world_close(&w);
}

static void fill(struct world *w, struct buffer_queue *queue, ref *refs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        refs[i] = buffer_take(w->arena, &w->buffers, 10);
        buffer_queue_push(w->arena, queue, refs[i]);
    }
}

static void queue_gives_first_in_first_out(void **state)
{
    struct world w = world_open();
    struct buffer_queue queue = {REF_NONE, REF_NONE};
    ref refs[10];

    (void)state;
    fill(&w, &queue, refs, 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(buffer_queue_pop(w.arena, &queue), refs[i]);
        assert_int_equal(buffer_at(w.arena, refs[i])->next, REF_NONE);
        buffer_drop(w.arena, &w.buffers, refs[i]);
    }
    assert_int_equal(buffer_queue_pop(w.arena, &queue), REF_NONE);
    assert_int_equal(queue.tail, REF_NONE);
    world_close(&w);
}

static void queue_can_be_used_again_after_it_ran_empty(void **state)
{
    struct world w = world_open();
    struct buffer_queue queue = {REF_NONE, REF_NONE};
    ref refs[2];

    (void)state;
    fill(&w, &queue, refs, 1);
    buffer_drop(w.arena, &w.buffers, buffer_queue_pop(w.arena, &queue));
    fill(&w, &queue, refs, 2);
    assert_int_equal(queue.head, refs[0]);
    assert_int_equal(queue.tail, refs[1]);
    buffer_queue_clear(w.arena, &w.buffers, &queue);
    world_close(&w);
}

/* All four cases of empty and not empty. */
static void splice_appends_all_and_empties_the_other(void **state)
{
    struct world w = world_open();

    (void)state;
    for (unsigned shape = 0; shape < 4; shape++) {
        unsigned first = shape & 1 ? 3 : 0;
        unsigned second = shape & 2 ? 4 : 0;
        struct buffer_queue to = {REF_NONE, REF_NONE};
        struct buffer_queue from = {REF_NONE, REF_NONE};
        ref refs[8];

        fill(&w, &to, refs, first);
        fill(&w, &from, refs + first, second);
        buffer_queue_splice(w.arena, &to, &from);
        assert_int_equal(from.head, REF_NONE);
        assert_int_equal(from.tail, REF_NONE);
        fill(&w, &to, refs + first + second, 1);
        for (unsigned i = 0; i < first + second + 1; i++) {
            assert_int_equal(buffer_queue_pop(w.arena, &to), refs[i]);
            buffer_drop(w.arena, &w.buffers, refs[i]);
        }
        assert_int_equal(buffer_queue_pop(w.arena, &to), REF_NONE);
    }
    world_close(&w);
}

static void clearing_a_queue_drops_one_holder_of_each(void **state)
{
    struct world w = world_open();
    struct buffer_queue queue = {REF_NONE, REF_NONE};
    ref refs[5];

    (void)state;
    fill(&w, &queue, refs, 5);
    buffer_hold(w.arena, refs[2]);
    buffer_queue_clear(w.arena, &w.buffers, &queue);
    assert_int_equal(queue.head, REF_NONE);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(buffer_is_live(w.arena, &w.buffers, refs[i]), i == 2);
    buffer_drop(w.arena, &w.buffers, refs[2]);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_has_room_for_what_was_asked),
        cmocka_unit_test(a_spare_larger_buffer_serves_when_there_is_no_page_for_a_small_one),
        cmocka_unit_test(new_buffer_has_one_holder_and_nothing_live),
        cmocka_unit_test(charge_is_the_true_size),
        cmocka_unit_test(big_buffer_costs_its_pages),
        cmocka_unit_test(pooled_buffers_cost_at_most_a_sixteenth_more),
        cmocka_unit_test(last_holder_frees),
        cmocka_unit_test(refused_when_the_arena_is_used_up),
        cmocka_unit_test(any_number_can_be_asked_whether_it_is_a_live_buffer),
        cmocka_unit_test(data_begins_at_start),
        cmocka_unit_test(queue_gives_first_in_first_out),
        cmocka_unit_test(queue_can_be_used_again_after_it_ran_empty),
        cmocka_unit_test(splice_appends_all_and_empties_the_other),
        cmocka_unit_test(clearing_a_queue_drops_one_holder_of_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
