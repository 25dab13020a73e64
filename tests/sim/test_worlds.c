/* Worlds that nobody has looked at: of all sizes but the middle one. */
#include "sim/many_worlds.h"

static void tiny_worlds_hold(void **state)
{
    (void)state;
    run_many(PROFILE_TINY, 1, SEEDS(500, 10000), 0);
}

static void crowded_worlds_hold(void **state)
{
    (void)state;
    run_many(PROFILE_CROWD, 1, SEEDS(20, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiny_worlds_hold),
        cmocka_unit_test(crowded_worlds_hold),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
