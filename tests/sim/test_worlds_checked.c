/* Worlds whose stacks are looked at all the while. */
#include "sim/many_worlds.h"

static void every_invariant_holds_after_every_few_events(void **state)
{
    (void)state;
    run_many(PROFILE_SMALL, 100001, SEEDS(30, 200), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_invariant_holds_after_every_few_events),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
