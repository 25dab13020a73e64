/* The simulator: seeds that once failed, and that runs are functions of seeds. */
#include <string.h>

#include "sim/many_worlds.h"

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
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(another_seed_is_another_run),
        cmocka_unit_test(runs_open_connections_and_move_packets),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
