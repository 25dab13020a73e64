/* The simulator as a test: seeds that once failed, some that nobody has looked at, and that runs are functions of seeds. */
#include <string.h>

#include "sim/one_world.h"
#include "sim/sim.h"
#include "support/cmocka_all.h"
#include "support/sanitized.h"

#if IS_SANITIZED
#define SEEDS_TINY 500u
#define SEEDS_SMALL 300u
#define SEEDS_CROWD 20u
#define SEEDS_CHECKED 30u
#else
#define SEEDS_TINY 10000u
#define SEEDS_SMALL 5000u
#define SEEDS_CROWD 100u
#define SEEDS_CHECKED 200u
#endif

static void run_with(const struct sim_settings *settings, struct sim_result *result)
{
    if (!sim_run(world, settings, result))
        fail_msg("profile %d, seed %llu at %.6f s: %s", (int)settings->profile, (unsigned long long)settings->seed,
                 (double)result->failed_at / 1e9, result->failure);
}

static void run(enum profile profile, uint64_t seed, uint32_t check, struct sim_result *result)
{
    struct sim_settings settings = {.seed = seed, .profile = profile, .faults = UINT64_MAX, .check = check};

    run_with(&settings, result);
}

static void run_many(enum profile profile, uint64_t first, uint64_t count, uint32_t check)
{
    struct sim_result result;

    for (uint64_t seed = first; seed < first + count; seed++)
        run(profile, seed, check, &result);
}

static void seeds_that_ever_failed_pass(void **state)
{
    static const char *const names[] = {"tiny", "small", "crowd"};
    FILE *file = fopen(RILL_SOURCE_DIR "/tests/sim/seeds.txt", "r");
    char line[512], name[16];
    uint64_t faults = UINT64_MAX;
    unsigned long long seed;
    unsigned runs = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        struct sim_settings settings = {0};
        struct sim_result result;

        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "faults ", 7) == 0)
            assert_null(faults_read(line + 7, &faults));
        if (line[0] == '#' || sscanf(line, "%15s %llu", name, &seed) != 2)
            continue;
        for (unsigned profile = 0; profile < 3; profile++) {
            if (strcmp(name, names[profile]) != 0)
                continue;
            settings.profile = (enum profile)profile;
            settings.seed = seed;
            settings.faults = faults;
            run_with(&settings, &result);
            runs++;
        }
    }
    fclose(file);
    assert_true(runs > 10);
}

static void tiny_worlds_hold(void **state)
{
    (void)state;
    run_many(PROFILE_TINY, 1, SEEDS_TINY, 0);
}

static void small_worlds_hold(void **state)
{
    (void)state;
    run_many(PROFILE_SMALL, 1, SEEDS_SMALL, 0);
}

static void crowded_worlds_hold(void **state)
{
    (void)state;
    run_many(PROFILE_CROWD, 1, SEEDS_CROWD, 0);
}

static void every_invariant_holds_after_every_few_events(void **state)
{
    (void)state;
    run_many(PROFILE_SMALL, 100001, SEEDS_CHECKED, 16);
}

static void worlds_with_a_reference_peer_hold(void **state)
{
    uint64_t faults, opened = 0;
    unsigned worlds = 0;

    (void)state;
    assert_null(faults_read("reference,vices,tempers,loss,reorder,duplicate,delay,timeouts,buffers", &faults));
    for (uint64_t seed = 300001; seed <= 300000 + SEEDS_CHECKED * 4; seed++) {
        struct sim_settings settings = {.seed = seed, .profile = PROFILE_SMALL, .faults = faults, .check = 16};
        struct sim_result result;

        run_with(&settings, &result);
        if (world->scenario.reference == NO_REFERENCE)
            continue;
        worlds++;
        opened += result.established;
    }
    assert_true(worlds > SEEDS_CHECKED / 2 && opened > 2 * worlds);
}

static void worlds_with_an_attacker_hold(void **state)
{
    uint64_t faults, attacks = 0;

    (void)state;
    assert_null(faults_read("attacker,tempers,delay,jitter,rx-batches,options,buffers", &faults));
    for (uint64_t seed = 400001; seed <= 400000 + SEEDS_CHECKED * 4; seed++) {
        struct sim_settings settings = {.seed = seed, .profile = PROFILE_SMALL, .faults = faults, .check = 64};
        struct sim_result result;

        run_with(&settings, &result);
        attacks += world->attacks;
    }
    assert_true(attacks > SEEDS_CHECKED * 10);
}

static void the_same_seed_is_the_same_run(void **state)
{
    struct sim_result first, second;

    (void)state;
    for (uint64_t seed = 200001; seed < 200051; seed++) {
        run(PROFILE_SMALL, seed, 0, &first);
        run(PROFILE_SMALL, seed, 0, &second);
        assert_true(first.hash == second.hash && first.events == second.events);
    }
}

static void another_seed_is_another_run(void **state)
{
    struct sim_result first, second;

    (void)state;
    run(PROFILE_SMALL, 1, 0, &first);
    run(PROFILE_SMALL, 2, 0, &second);
    assert_true(first.hash != second.hash);
}

/* Else all of the above says little. */
static void runs_open_connections_and_move_packets(void **state)
{
    uint64_t packets = 0, lost = 0, established = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct sim_result result;

        run(PROFILE_SMALL, seed, 0, &result);
        packets += result.packets;
        lost += result.links.lost;
        established += result.established;
    }
    assert_true(packets > 10000 && lost > 1000 && established > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_that_ever_failed_pass),
        cmocka_unit_test(tiny_worlds_hold),
        cmocka_unit_test(small_worlds_hold),
        cmocka_unit_test(crowded_worlds_hold),
        cmocka_unit_test(every_invariant_holds_after_every_few_events),
        cmocka_unit_test(worlds_with_a_reference_peer_hold),
        cmocka_unit_test(worlds_with_an_attacker_hold),
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(another_seed_is_another_run),
        cmocka_unit_test(runs_open_connections_and_move_packets),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
