/*
 * A driver in front of another that can stop receiving: packets wait in the
 * device. So that a packet of ours and one of the peer's can be made to cross.
 */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include "rill/driver.h"

/* Owns inner from then on. 0 or -RILL_ENOMEM. */
int gate_open(struct rill_driver *inner, struct rill_driver **out);

enum gate_position { GATE_OPEN, GATE_SHUT };
void gate_set(struct rill_driver *gate, enum gate_position position);

#endif
