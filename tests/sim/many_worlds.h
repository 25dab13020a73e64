/*
 * Seed after seed in one world, for programs that are each a part of the same test: a machine that is slow runs them in
 * its time.
 */
#ifndef TESTS_SIM_MANY_WORLDS_H
#define TESTS_SIM_MANY_WORLDS_H

#include "sim/one_world.h"
#include "support/sanitized.h"

/* Seeds for a build that a sanitizer slows down, and for others. */
#define SEEDS(sanitized, others) (IS_SANITIZED ? UINT64_C(sanitized) : UINT64_C(others))

static inline void run_with(const struct sim_settings *settings, struct sim_result *result)
{
    if (!sim_run(world, settings, result))
        fail_msg("profile %d, seed %llu at %.6f s: %s", (int)settings->profile, (unsigned long long)settings->seed,
                 (double)result->failed_at / 1e9, result->failure);
}

static inline void run(enum profile profile, uint64_t seed, uint32_t check, struct sim_result *result)
{
    struct sim_settings settings = {.seed = seed, .profile = profile, .faults = UINT64_MAX, .check = check};

    run_with(&settings, result);
}

static inline void run_many(enum profile profile, uint64_t first, uint64_t count, uint32_t check)
{
    struct sim_result result;

    for (uint64_t seed = first; seed < first + count; seed++)
        run(profile, seed, check, &result);
}

#endif
