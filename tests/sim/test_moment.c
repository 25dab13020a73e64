/* Worlds that go on more than once from a copy of one instant. */
#include "sim/one_world.h"
#include "sim/sim.h"
#include "support/cmocka_all.h"

#define FORKS 6u

static void fork_seed(enum profile profile, uint64_t seed, rill_time at, const uint64_t seeds[FORKS],
                      struct sim_result results[FORKS])
{
    struct sim_settings settings = {.seed = seed, .profile = profile, .faults = UINT64_MAX, .check = 64, .fork_at = at};

    assert_int_equal(sim_run_forked(world, &settings, FORKS, seeds, results), FORKS);
    for (unsigned i = 0; i < FORKS; i++)
        if (results[i].failure[0] != '\0')
            fail_msg("seed %llu, fork %u: %s", (unsigned long long)seed, i, results[i].failure);
}

static uint64_t hash_of(enum profile profile, uint64_t seed)
{
    struct sim_settings settings = {.seed = seed, .profile = profile, .faults = UINT64_MAX, .check = 64};
    struct sim_result result;

    assert_true(sim_run(world, &settings, &result));
    return result.hash;
}

/* Other runs have been through the same memory in between: nothing of them shows. */
static void a_copy_goes_on_as_the_world_itself_does(void **state)
{
    static const uint64_t seeds[FORKS] = {0, 1, 0, 2, 3, 0};
    static const rill_time instants[] = {0, 1500000, 20000000, 300000000, 5000000000, 100000000000};

    (void)state;
    for (uint64_t seed = 1; seed <= 36; seed++) {
        struct sim_result results[FORKS];
        uint64_t hash = hash_of(PROFILE_SMALL, seed);

        fork_seed(PROFILE_SMALL, seed, instants[seed % 6], seeds, results);
        assert_true(results[0].hash == hash);
        assert_true(results[2].hash == hash);
        assert_true(results[5].hash == hash);
        assert_true(hash_of(PROFILE_SMALL, seed) == hash);
    }
}

static void the_same_chances_are_the_same_run_and_others_another(void **state)
{
    static const uint64_t seeds[FORKS] = {7, 8, 7, 9, 8, 7};
    unsigned same = 0, other = 0;

    (void)state;
    for (uint64_t seed = 101; seed <= 140; seed++) {
        struct sim_result r[FORKS];

        fork_seed(PROFILE_SMALL, seed, 3000000, seeds, r);
        assert_true(r[0].hash == r[2].hash && r[0].hash == r[5].hash && r[1].hash == r[4].hash);
        assert_true(r[0].events == r[2].events && r[0].bytes == r[2].bytes);
        same += r[0].hash == r[1].hash;
        other += r[0].hash != r[1].hash && r[1].hash != r[3].hash;
    }
    assert_true(other > 20 && same < 10);
}

static void a_crowd_is_copied_as_well(void **state)
{
    static const uint64_t seeds[FORKS] = {0, 1, 2, 0, 1, 2};

    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim_result r[FORKS];

        fork_seed(PROFILE_CROWD, seed, 50000000, seeds, r);
        for (unsigned i = 0; i < 3; i++)
            assert_true(r[i].hash == r[i + 3].hash);
        assert_true(r[0].hash == hash_of(PROFILE_CROWD, seed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_goes_on_as_the_world_itself_does),
        cmocka_unit_test(the_same_chances_are_the_same_run_and_others_another),
        cmocka_unit_test(a_crowd_is_copied_as_well),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
