/* Congestion controls from end to end, in virtual time: what each is chosen for, within generous bounds. */
#include <string.h>

#include "lab/path.h"
#include "lab/run.h"
#include "support/cmocka_all.h"

/* Ten seconds of one bulk flow from each of the senders. */
static struct lab_result run_mix(const char *mix, const char *path_name, const char *first, const char *second)
{
    const struct lab_path *path = lab_path_find(path_name);
    struct lab_settings settings = {.path_name = path_name, .seed = 1, .buffer_bytes = -1, .has_check = true};
    const char *const names[] = {first, second};
    struct lab_result result;
    const char *where;

    assert_non_null(path);
    assert_int_equal(rill_impairment_parse(path->forward, &settings.forward, &where), 0);
    assert_int_equal(rill_impairment_parse(path->back, &settings.back, &where), 0);
    settings.mix = lab_mix_find(mix);
    settings.duration = 10 * UINT64_C(1000000000);
    for (; settings.left_count < 2 && names[settings.left_count] != NULL; settings.left_count++)
        strcpy(settings.lefts[settings.left_count].congestion_control, names[settings.left_count]);
    (void)lab_run(&settings, &result);
    assert_string_equal(result.failure, "");
    return result;
}

static struct lab_result run(const char *path_name, const char *first, const char *second)
{
    return run_mix("bulk", path_name, first, second);
}

static void cubic_and_reno_fill_a_clean_path(void **state)
{
    (void)state;
    assert_true(run("20ms", "cubic", NULL).mbit > 90);
    assert_true(run("20ms", "reno", NULL).mbit > 90);
    assert_true(run("lan", "cubic", NULL).mbit > 900);
}

static void cubic_fills_a_long_path(void **state)
{
    (void)state;
    assert_true(run("100ms", "cubic", NULL).mbit > 80);
}

/* 25 MB in flight: buffers that nobody set must come to that, and slow start must not wait for them. */
static void a_long_fat_path_fills_without_settings(void **state)
{
    struct lab_settings settings = {.seed = 1, .left_count = 1, .has_check = true, .mix = lab_mix_find("bulk")};
    struct lab_result grown, set;
    const char *where;
    (void)state;

    assert_int_equal(rill_impairment_parse("rate=1gbit,delay=100ms,queue=32m", &settings.forward, &where), 0);
    assert_int_equal(rill_impairment_parse("rate=1gbit,delay=100ms", &settings.back, &where), 0);
    settings.duration = 5 * UINT64_C(1000000000);
    (void)lab_run(&settings, &grown);
    assert_string_equal(grown.failure, "");
    settings.buffer_bytes = -1; /* what the path asks for */
    (void)lab_run(&settings, &set);
    assert_true(grown.mbit > 500);
    assert_true(grown.mbit > 0.9 * set.mbit);
}

static void bbr_keeps_most_of_a_path_that_loses_one_percent(void **state)
{
    (void)state;
    assert_true(run("20ms-1", "bbr", NULL).mbit > 85);
    assert_true(run("100ms-1", "bbr", NULL).mbit > 75);
    assert_true(run("20ms-1", "reno", NULL).mbit < 20); /* the path is what it says */
}

static void bbr_does_not_fill_a_queue_that_is_there(void **state)
{
    struct lab_result bbr = run("bufferbloat", "bbr", NULL), cubic = run("bufferbloat", "cubic", NULL);
    (void)state;
    assert_true(bbr.mbit > 8 && bbr.queue_mean_ms < 60);
    assert_true(cubic.queue_mean_ms > 120);
}

static void bbr_finds_a_policers_rate(void **state)
{
    struct lab_result result = run("policer", "bbr", NULL);
    (void)state;
    assert_true(result.mbit > 8);
    assert_true((double)result.flows[0].counts.retransmitted < 0.15 * (double)result.flows[0].counts.segments);
}

static void two_of_a_kind_share_evenly(void **state)
{
    (void)state;
    assert_true(run("20ms", "cubic", "cubic").jain > 0.9);
    assert_true(run("20ms", "bbr", "bbr").jain > 0.9);
    assert_true(run("20ms", "reno", "reno").jain > 0.9);
}

static void ten_bbr_flows_share_a_short_queue(void **state)
{
    struct lab_result ten = run_mix("bulk10", "lan", "bbr", NULL);
    (void)state;

    assert_true(ten.forward.queue_dropped < ten.forward.packets / 10);
    assert_true(ten.jain > 0.9);
}

static void bbr_and_cubic_leave_each_other_something(void **state)
{
    struct lab_result result = run("20ms", "bbr", "cubic");
    (void)state;
    assert_true(result.mbit > 85);
    assert_true(result.flows[0].mbit > 15 && result.flows[1].mbit > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cubic_and_reno_fill_a_clean_path),
        cmocka_unit_test(cubic_fills_a_long_path),
        cmocka_unit_test(a_long_fat_path_fills_without_settings),
        cmocka_unit_test(bbr_keeps_most_of_a_path_that_loses_one_percent),
        cmocka_unit_test(bbr_does_not_fill_a_queue_that_is_there),
        cmocka_unit_test(bbr_finds_a_policers_rate),
        cmocka_unit_test(two_of_a_kind_share_evenly),
        cmocka_unit_test(ten_bbr_flows_share_a_short_queue),
        cmocka_unit_test(bbr_and_cubic_leave_each_other_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
