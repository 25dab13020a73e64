/*
 * A failing seed made small: fewer faults, sessions, bytes, mishaps, less
 * time, while the same oracle fails.
 */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "sim/sim.h"

struct shrunk {
    uint64_t faults; /* of struct sim_settings */
    struct cuts cuts;
    struct sim_result result; /* of the last failure */
    uint32_t runs;
};

/*
 * False when the seed does not fail. It stops at what cannot be made smaller
 * by any one step, or when so many events were spent; what it has is valid.
 */
bool sim_shrink(struct world *world, const struct sim_settings *settings, uint64_t events_max, struct shrunk *out);

#endif
