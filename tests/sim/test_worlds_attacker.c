/* Worlds with somebody who knows every number and forges segments: src/sim/attacker.c. */
#include "sim/many_worlds.h"

#define WORLDS SEEDS(120, 800)

static void worlds_with_an_attacker_hold(void **state)
{
    uint64_t faults, attacks = 0;

    (void)state;
    assert_null(faults_read("attacker,tempers,delay,jitter,rx-batches,options,buffers", &faults));
    for (uint64_t seed = 400001; seed <= 400000 + WORLDS; seed++) {
        struct sim_settings settings = {.seed = seed, .profile = PROFILE_SMALL, .faults = faults, .check = 64};
        struct sim_result result;

        run_with(&settings, &result);
        attacks += world->attacks;
    }
    assert_true(attacks > WORLDS * 5 / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worlds_with_an_attacker_hold),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
