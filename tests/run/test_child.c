/*
 * Starting a program, when that fails.
 */
#include "run/run.h"

#include <errno.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

static int refuse(void *context, pid_t process, int listener)
{
    (void)context;
    (void)process;
    (void)listener;
    return -EMFILE;
}

static void a_program_that_nobody_can_serve_is_not_started_and_ends(void **state)
{
    const struct run_config config = {.io_uring = true};
    char *arguments[] = {(char[]){"true"}, NULL};
    unsigned before = alarm(20); /* it hung once */

    (void)state;
    assert_int_equal(run_start_elsewhere(&config, arguments, refuse, NULL), -EMFILE);
    alarm(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_nobody_can_serve_is_not_started_and_ends),
    };

    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
