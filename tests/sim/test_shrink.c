/* Cuts leave out what they say and nothing else, and a shrunk case is still the same failure. */
#include <stdio.h>
#include <string.h>

#include "sim/one_world.h"
#include "sim/shrink.h"
#include "support/cmocka_all.h"

#define LINKS_ONLY                                                                                                     \
    ((UINT64_C(1) << FAULT_LOSS) | (UINT64_C(1) << FAULT_DUPLICATE) | (UINT64_C(1) << FAULT_REORDER) |                 \
     (UINT64_C(1) << FAULT_CORRUPT) | (UINT64_C(1) << FAULT_JITTER) | (UINT64_C(1) << FAULT_RATE))

static struct world *world;
static struct cuts cuts;
static struct mishaps met;

static bool run(struct sim_settings settings, uint64_t seed, struct sim_result *result)
{
    settings.seed = seed;
    settings.profile = PROFILE_SMALL;
    return sim_run(world, &settings, result);
}

static void naming_all_mishaps_that_happened_is_the_same_run(void **state)
{
    unsigned harmed = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct sim_result first, second;

        met.count = 0;
        assert_true(run((struct sim_settings){.faults = LINKS_ONLY, .met = &met}, seed, &first));
        if (met.count == MISHAPS_MAX)
            continue;
        cuts = (struct cuts){.has_mishaps = true, .mishaps = met};
        assert_true(run((struct sim_settings){.faults = LINKS_ONLY, .cuts = &cuts}, seed, &second));
        assert_true(first.hash == second.hash);
        harmed += met.count > 0;
    }
    assert_true(harmed > 20);
}

static void without_mishaps_no_frame_is_lost_copied_or_damaged(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct sim_result result;

        cuts = (struct cuts){.has_mishaps = true};
        assert_true(run((struct sim_settings){.faults = LINKS_ONLY & ~(UINT64_C(1) << FAULT_RATE), .cuts = &cuts}, seed,
                        &result));
        assert_true(result.links.lost == 0 && result.links.copies == 0 && result.links.damaged == 0);
    }
}

static void sessions_left_out_do_not_happen_and_bytes_are_bounded(void **state)
{
    struct sim_result result;

    (void)state;
    cuts = (struct cuts){.has_bytes_max = true};
    cuts_read_sessions(&cuts, "none");
    assert_true(run((struct sim_settings){.cuts = &cuts}, 3, &result));
    assert_true(result.packets == 0);
    cuts = (struct cuts){.has_bytes_max = true};
    assert_true(cuts_read_sessions(&cuts, "0"));
    assert_true(run((struct sim_settings){.cuts = &cuts}, 3, &result));
    assert_true(result.established == 2 && result.packets > 3 && result.packets < 12);
}

/* A run of more than so many events "fails": what is left after shrinking is one that just does. */
static void a_shrunk_case_is_smaller_and_fails_again(void **state)
{
    static struct shrunk shrunk;
    struct sim_settings settings = {.seed = 1, .profile = PROFILE_SMALL, .faults = UINT64_MAX, .events_max = 60};
    struct sim_result whole, again;

    (void)state;
    assert_true(run((struct sim_settings){.faults = UINT64_MAX}, 1, &whole) && whole.events > 500);
    assert_true(sim_shrink(world, &settings, 10000000, &shrunk));
    settings.faults = shrunk.faults;
    settings.cuts = &shrunk.cuts;
    assert_false(sim_run(world, &settings, &again));
    assert_string_equal(again.failure, shrunk.result.failure);
    assert_true(again.hash == shrunk.result.hash);
    settings.events_max = 0;
    assert_true(sim_run(world, &settings, &again) && again.events < whole.events / 2);
}

static void a_seed_that_passes_is_not_shrunk(void **state)
{
    static struct shrunk shrunk;
    struct sim_settings settings = {.seed = 12, .profile = PROFILE_SMALL, .faults = UINT64_MAX};

    (void)state;
    assert_false(sim_shrink(world, &settings, 10000000, &shrunk));
}

static void cuts_are_read_as_they_are_printed(void **state)
{
    static const char said[] =
        " --sessions 0,2-3 --plain 1,4-5 --bytes 7 --heal-by 1000 --timed 3 --mishaps 0-1:7,1-0:2";
    static struct scenario drawn;
    char text[256] = {0};
    FILE *file = fmemopen(text, sizeof text, "w");

    (void)state;
    drawn.session_count = 5;
    cuts = (struct cuts){.has_bytes_max = true, .bytes_max = 7, .heal_by = 1000};
    assert_true(cuts_read_sessions(&cuts, "0,2-3") && cuts_read_plain(&cuts, "1,4-5"));
    assert_true(cuts_read_timed(&cuts, "3") && cuts_read_mishaps(&cuts, "0-1:7,1-0:2"));
    cuts_print(&cuts, &drawn, file);
    fclose(file);
    assert_string_equal(text, said);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {"", "1,", "x", "3-", "99999", "1;2"};

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(cuts_read_sessions(&cuts, wrong[i]));
        assert_false(cuts_read_mishaps(&cuts, wrong[i]));
    }
    assert_false(cuts_read_mishaps(&cuts, "0-1"));
    assert_false(cuts_read_mishaps(&cuts, "0-9:1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(naming_all_mishaps_that_happened_is_the_same_run),
        cmocka_unit_test(without_mishaps_no_frame_is_lost_copied_or_damaged),
        cmocka_unit_test(sessions_left_out_do_not_happen_and_bytes_are_bounded),
        cmocka_unit_test(a_shrunk_case_is_smaller_and_fails_again),
        cmocka_unit_test(a_seed_that_passes_is_not_shrunk),
        cmocka_unit_test(cuts_are_read_as_they_are_printed),
        cmocka_unit_test(what_is_no_list_is_refused),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
