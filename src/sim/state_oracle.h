/*
 * M1: every change of state that a stack tells is an edge of RFC 9293 figure
 * 5, or one that its text adds: by a list of our own. Prints the trace too.
 */
#ifndef SIM_STATE_ORACLE_H
#define SIM_STATE_ORACLE_H

#include "sim/world.h"

/* Listen at the host's trace door. */
void state_oracle_attach(struct world *world, struct host_sim *host);

bool state_edge_is_known(unsigned from, unsigned to);

#endif
