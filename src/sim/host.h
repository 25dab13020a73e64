/*
 * A host: a stack, what stands for its driver, and the driver's faults. All
 * calls that bring the stack packets and time are here.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "sim/world.h"

bool host_open(struct world *world, unsigned index);
void host_close(struct world *world, unsigned index);

void host_listen(struct world *world, struct host_sim *host);

/* The frame is the host's; it may lie a while before the stack is given it. */
void host_arrival(struct world *world, struct host_sim *host, struct frame *frame);

/* One turn: packets, timers, applications, output; then the next wake is set. */
void host_turn(struct world *world, struct host_sim *host);

/* At this time the host has its turn, unless one comes earlier. */
void host_wake(struct world *world, struct host_sim *host, rill_time at);

/* The packet goes onto its link, judged like any other. Takes the frame. */
void host_send(struct world *world, struct host_sim *host, struct frame *frame);

/* Its clock jumps forward. */
void host_jump(struct world *world, struct host_sim *host, rill_time distance);

/* Somebody takes all memory there is, but for the last so many pieces; host_release() gives it back. */
void host_squeeze(struct host_sim *host, uint32_t pieces_left);
void host_release(struct host_sim *host);

/* The driver's faults are over. */
void host_heal(struct world *world, struct host_sim *host);

#endif
