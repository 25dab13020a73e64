/* Worlds that nobody has looked at: small ones. */
#include "sim/many_worlds.h"

static void small_worlds_hold(void **state)
{
    (void)state;
    run_many(PROFILE_SMALL, 1, SEEDS(300, 5000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_worlds_hold),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
