/* Worlds with a peer that is not rill: src/sim/reference.c. */
#include "sim/many_worlds.h"

#define WORLDS SEEDS(120, 800)

static void worlds_with_a_reference_peer_hold(void **state)
{
    uint64_t faults, opened = 0;
    unsigned worlds = 0;

    (void)state;
    assert_null(faults_read("reference,vices,tempers,loss,reorder,duplicate,delay,timeouts,buffers", &faults));
    for (uint64_t seed = 300001; seed <= 300000 + WORLDS; seed++) {
        struct sim_settings settings = {.seed = seed, .profile = PROFILE_SMALL, .faults = faults, .check = 16};
        struct sim_result result;

        run_with(&settings, &result);
        if (world->scenario.reference == NO_REFERENCE)
            continue;
        worlds++;
        opened += result.established;
    }
    assert_true(worlds > WORLDS / 8 && opened > 2 * worlds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worlds_with_a_reference_peer_hold),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
