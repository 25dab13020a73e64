/*
 * A world at one instant, to go back to: everything that a stack knows lies in
 * its arena, so that the world is a copy of the arenas, of the plain data
 * around them, and of the packets that are on their way. From one moment the
 * world can go on more than once, each time with other chances.
 */
#ifndef SIM_MOMENT_H
#define SIM_MOMENT_H

#include "sim/world.h"

struct moment;

/* NULL: no memory. */
struct moment *moment_take(const struct world *world);

/* The world is as it was then, to the bit; what it has become since is gone. Settings and result stay the world's. */
void moment_restore(const struct moment *moment, struct world *world);

void moment_free(struct moment *moment);

/* From here on chances are others than the seed's. */
void moment_reseed(struct world *world, uint64_t seed);

#endif
