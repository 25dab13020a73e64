/* The laboratory of paths in virtual time: a second of each kind of flow. */
#include <string.h>

#include "lab/path.h"
#include "lab/run.h"
#include "support/cmocka_all.h"

static struct lab_settings settings_for(const char *path_name, const char *mix)
{
    const struct lab_path *path = lab_path_find(path_name);
    struct lab_settings settings = {.path_name = path_name, .left_count = 1, .seed = 1, .buffer_bytes = -1};
    const char *where;
    assert_non_null(path);
    assert_int_equal(rill_impairment_parse(path->forward, &settings.forward, &where), 0);
    assert_int_equal(rill_impairment_parse(path->back, &settings.back, &where), 0);
    settings.mix = lab_mix_find(mix);
    assert_non_null(settings.mix);
    settings.duration = NANOS_PER_S;
    settings.has_check = true;
    return settings;
}

static void run(const struct lab_settings *settings, struct lab_result *result)
{
    (void)lab_run(settings, result);
    assert_string_equal(result->failure, "");
}

static void a_bulk_flow_delivers_its_bytes_and_no_more_than_the_rate(void **state)
{
    struct lab_settings settings = settings_for("dsl", "bulk");
    struct lab_result result;
    (void)state;
    run(&settings, &result);
    assert_int_equal(result.flow_count, 1);
    assert_true(result.flows[0].bytes > 0);
    assert_true(result.mbit > 0 && result.mbit < 16);
    assert_true(result.forward.packets > 0 && result.back.packets > 0);
}

static void a_run_is_the_same_when_it_is_run_again(void **state)
{
    struct lab_settings settings = settings_for("20ms-3", "mixed");
    struct lab_result first, again;
    (void)state;
    run(&settings, &first);
    run(&settings, &again);
    assert_true(first.forward.lost > 0);
    assert_memory_equal(&first, &again, sizeof first);
}

static void another_seed_loses_other_packets(void **state)
{
    struct lab_settings settings = settings_for("20ms-3", "bulk");
    struct lab_result first, other;
    (void)state;
    run(&settings, &first);
    settings.seed = 2;
    run(&settings, &other);
    assert_true(first.forward.packets != other.forward.packets || first.forward.lost != other.forward.lost);
}

static void objects_and_requests_are_counted_and_take_a_round_trip_at_least(void **state)
{
    const char *const mixes[] = {"objects", "requests"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct lab_settings settings = settings_for("20ms", mixes[i]);
        struct lab_result result;
        run(&settings, &result);
        assert_true(result.flows[0].done > 5);
        assert_true(result.flows[0].median_ms > 20);
        assert_true(result.flows[0].p95_ms >= result.flows[0].median_ms);
    }
}

static void a_host_further_away_has_a_longer_round_trip(void **state)
{
    struct lab_settings settings = settings_for("20ms", "requests");
    struct lab_result result;
    (void)state;
    settings.left_count = 2;
    settings.lefts[1].extra_delay = 40 * NANOS_PER_MS;
    run(&settings, &result);
    assert_int_equal(result.flow_count, 2);
    assert_int_equal(result.flows[1].left, 1);
    assert_true(result.flows[0].median_ms > 20 && result.flows[0].median_ms < 30);
    assert_true(result.flows[1].median_ms > 60 && result.flows[1].median_ms < 70);
}

static void every_path_has_texts_that_are_understood(void **state)
{
    (void)state;
    for (const struct lab_path *path = lab_paths; path->name != NULL; path++) {
        struct rill_impairment parsed;
        const char *where;
        assert_int_equal(rill_impairment_parse(path->forward, &parsed, &where), 0);
        assert_true(parsed.rate_bits > 0 && parsed.delay > 0);
        assert_int_equal(rill_impairment_parse(path->back, &parsed, &where), 0);
        assert_true(path->seconds > 0);
    }
    assert_null(lab_path_find("no-such-path"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bulk_flow_delivers_its_bytes_and_no_more_than_the_rate),
        cmocka_unit_test(a_run_is_the_same_when_it_is_run_again),
        cmocka_unit_test(another_seed_loses_other_packets),
        cmocka_unit_test(objects_and_requests_are_counted_and_take_a_round_trip_at_least),
        cmocka_unit_test(a_host_further_away_has_a_longer_round_trip),
        cmocka_unit_test(every_path_has_texts_that_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
