/* The world that a test program's runs take place in: a group's fixture. */
#ifndef TESTS_SIM_ONE_WORLD_H
#define TESTS_SIM_ONE_WORLD_H

#include "sim/sim.h"
#include "support/cmocka_all.h"

static struct world *world;

static inline int open_world(void **state)
{
    (void)state;
    world = sim_open();
    return world == NULL;
}

static inline int close_world(void **state)
{
    (void)state;
    sim_close(world);
    return 0;
}

#endif
