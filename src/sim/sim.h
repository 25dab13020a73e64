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

/* The faults that the seed's swarm has chosen, as words; for the report. */
void sim_describe(const struct world *world, char *text, size_t bytes);

#endif
