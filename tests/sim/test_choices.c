/* Streams of choices: named, independent, within their bounds. */
#include "sim/choices.h"
#include "sim/event_queue.h"
#include "sim/stream.h"
#include "support/cmocka_all.h"

static void a_name_and_a_seed_make_a_stream(void **state)
{
    struct choices a, same, other_name, other_seed;

    (void)state;
    choices_init(&a, 7, "link/%u-%u/loss", 0u, 1u);
    choices_init(&same, 7, "link/0-1/loss");
    choices_init(&other_name, 7, "link/1-0/loss");
    choices_init(&other_seed, 8, "link/0-1/loss");
    for (unsigned i = 0; i < 100; i++) {
        uint64_t word = choices_word(&a);

        assert_true(word == choices_word(&same));
        assert_true(word != choices_word(&other_name));
        assert_true(word != choices_word(&other_seed));
    }
}

static void choose_log_stays_within_its_bounds_and_reaches_every_octave(void **state)
{
    struct choices c;
    unsigned octaves = 0;

    (void)state;
    choices_init(&c, 1, "test");
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t value = choose_log(&c, 3, 3000);

        assert_true(value >= 3 && value <= 3000);
        for (unsigned octave = 0; octave < 10; octave++)
            if (value >> octave >= 3 && value >> octave < 6)
                octaves |= 1u << octave;
    }
    assert_int_equal(octaves, 0x3ff);
}

static void choose_log_of_one_value_is_that_value(void **state)
{
    struct choices c;

    (void)state;
    choices_init(&c, 1, "test");
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(choose_log(&c, 5, 5), 5);
}

static void chance_happens_as_often_as_asked(void **state)
{
    struct choices c;
    unsigned happened = 0;

    (void)state;
    choices_init(&c, 1, "test");
    for (unsigned i = 0; i < 100000; i++)
        happened += chance(&c, PPM / 10);
    assert_in_range(happened, 9500, 10500);
}

static void events_come_in_order_of_time(void **state)
{
    struct event_queue queue = {0};
    struct event event;
    rill_time last = 0;
    struct choices c;

    (void)state;
    event_queue_init(&queue, 1);
    choices_init(&c, 1, "test");
    for (unsigned i = 0; i < 5000; i++)
        event_queue_push(&queue, (struct event){.at = choose(&c, 1000)});
    for (unsigned i = 0; i < 5000; i++) {
        assert_true(event_queue_pop(&queue, &event));
        assert_true(event.at >= last);
        last = event.at;
    }
    assert_false(event_queue_pop(&queue, &event));
    event_queue_free(&queue);
}

static unsigned first_of_two(uint64_t seed)
{
    struct event_queue queue = {0};
    struct event event = {0};

    event_queue_init(&queue, seed);
    event_queue_push(&queue, (struct event){.at = 5, .index = 0});
    event_queue_push(&queue, (struct event){.at = 5, .index = 1});
    event_queue_pop(&queue, &event);
    event_queue_free(&queue);
    return event.index;
}

static void the_seed_orders_what_happens_at_one_time(void **state)
{
    unsigned second_came_first = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++)
        second_came_first += first_of_two(seed);
    assert_in_range(second_came_first, 400, 600);
}

static void any_part_of_a_stream_is_known_alone(void **state)
{
    uint8_t whole[100], part[30];

    (void)state;
    stream_fill(9, 1000, whole, sizeof whole);
    stream_fill(9, 1013, part, sizeof part);
    assert_memory_equal(whole + 13, part, sizeof part);
    assert_true(stream_matches(9, 1013, part, sizeof part));
    part[29] ^= 1;
    assert_false(stream_matches(9, 1013, part, sizeof part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_and_a_seed_make_a_stream),
        cmocka_unit_test(choose_log_stays_within_its_bounds_and_reaches_every_octave),
        cmocka_unit_test(choose_log_of_one_value_is_that_value),
        cmocka_unit_test(chance_happens_as_often_as_asked),
        cmocka_unit_test(events_come_in_order_of_time),
        cmocka_unit_test(the_seed_orders_what_happens_at_one_time),
        cmocka_unit_test(any_part_of_a_stream_is_known_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
