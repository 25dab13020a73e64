/*
 * Deterministic simulation of a network of stacks: one seed, one world, one
 * run. Same seed, same run, event for event.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/world.h"

/* A world is large, and serves one run after another. NULL: no memory. */
struct world *sim_open(void);
void sim_close(struct world *world);

/* True when no oracle complained. */
bool sim_run(struct world *world, const struct sim_settings *settings, struct sim_result *result);

/*
 * The run up to settings->fork_at, and from there once for each of the seeds: with other chances, or for seed 0 as it
 * would go on. Returns how many there were: fewer than `count` when memory is short.
 */
unsigned sim_run_forked(struct world *world, const struct sim_settings *settings, unsigned count, const uint64_t *seeds,
                        struct sim_result *results);

/* The faults that the seed's swarm has chosen, as words; for the report. */
void sim_describe(const struct world *world, char *text, size_t bytes);

#endif
