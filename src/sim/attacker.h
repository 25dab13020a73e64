/*
 * An attacker who forges segments and ICMP errors about the sessions of the
 * world while there is chaos. It may look at the victim's state: off the path
 * it uses that to send what is nearly right and must have no effect at all; on
 * the path, what is right, and then only safety is asked for.
 */
#ifndef SIM_ATTACKER_H
#define SIM_ATTACKER_H

#include "sim/choices.h"

struct world;

void attacker_init(struct world *world);

/* One attack, and when the next one comes; RILL_NEVER: the attacker has had enough. */
void attacker_acts(struct world *world);

#endif
