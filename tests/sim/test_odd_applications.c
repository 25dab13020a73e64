/* Worlds with what few applications do, and with memory that is refused at any request. */
#include "sim/one_world.h"
#include "sim/sim.h"
#include "support/cmocka_all.h"

#define WORLDS 400u
#define SEEDS 12u

static void run_with(const struct sim_settings *settings, struct sim_result *result)
{
    if (!sim_run(world, settings, result))
        fail_msg("seed %llu, refused %u:%llu:%llu: %s", (unsigned long long)settings->seed, settings->refuse_host,
                 (unsigned long long)settings->refuse_after, (unsigned long long)settings->refuse_count,
                 result->failure);
}

static void worlds_with_urgent_data_and_fast_open_hold(void **state)
{
    uint64_t faults, marks = 0, fast_opens = 0;

    (void)state;
    assert_null(faults_read("urgent,fast-open,loss,reorder,duplicate,tempers,buffers,offload", &faults));
    for (uint64_t seed = 500001; seed <= 500000 + WORLDS; seed++) {
        struct sim_settings settings = {.seed = seed, .profile = PROFILE_SMALL, .faults = faults, .check = 64};
        struct sim_result result;

        run_with(&settings, &result);
        marks += result.marks;
        fast_opens += result.fast_opens;
    }
    assert_true(marks > WORLDS / 4 && fast_opens > WORLDS / 16);
}

/* R5 turned round: each request for memory of a run, one after the other, is refused, and nothing comes of it. */
static void any_request_for_memory_may_be_refused(void **state)
{
    uint64_t faults, requests = 0;

    (void)state;
    assert_null(faults_read("loss,kth,tempers,buffers,options,sender,urgent", &faults));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim_settings settings = {.seed = seed, .profile = PROFILE_TINY, .faults = faults, .check = 64};
        struct sim_result counted, result;

        run_with(&settings, &counted);
        for (unsigned host = 0; host < 2; host++) {
            for (uint64_t k = 0; k < counted.requests[host]; k++) {
                settings.refuse_host = host;
                settings.refuse_after = k;
                settings.refuse_count = k % 2 == 0 ? 1 : 5;
                run_with(&settings, &result);
                requests++;
            }
        }
    }
    assert_true(requests > 10 * SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worlds_with_urgent_data_and_fast_open_hold),
        cmocka_unit_test(any_request_for_memory_may_be_refused),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
