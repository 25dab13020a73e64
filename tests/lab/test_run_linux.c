/* Hosts of the laboratory that are the kernel. Skipped where no network namespace or TUN device can be made. */
#include <string.h>
#include <unistd.h>

#include "lab/path.h"
#include "lab/run.h"
#include "support/cmocka_all.h"

#define SKIPPED 77

static void objects_cross(bool left_is_linux, bool right_is_linux)
{
    const struct lab_path *path = lab_path_find("lan");
    const char *where;
    struct lab_settings settings = {
        .path_name = "lan",
        .mix = lab_mix_find("objects"),
        .lefts = {{.is_linux = left_is_linux}},
        .left_count = 1,
        .right = {.is_linux = right_is_linux},
        .seed = 1,
        .duration = NANOS_PER_S / 2,
        .buffer_bytes = -1,
    };
    struct lab_result result;
    assert_int_equal(rill_impairment_parse(path->forward, &settings.forward, &where), 0);
    assert_int_equal(rill_impairment_parse(path->back, &settings.back, &where), 0);
    (void)lab_run(&settings, &result);
    assert_string_equal(result.failure, "");
    assert_true(result.flows[0].bytes > 0);
    assert_true(result.flows[0].counts.segments > 0);
}

static void linux_sends_to_linux(void **state)
{
    (void)state;
    objects_cross(true, true);
}

static void rill_sends_to_linux(void **state)
{
    (void)state;
    objects_cross(false, true);
}

static void linux_sends_to_rill(void **state)
{
    (void)state;
    objects_cross(true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_sends_to_linux),
        cmocka_unit_test(rill_sends_to_linux),
        cmocka_unit_test(linux_sends_to_rill),
    };
    if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0)
        return SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
