/*
 * The applications: what they do with a connection, and what they may demand
 * of it (S1 to S3, and no reset without a cause).
 */
#ifndef SIM_END_H
#define SIM_END_H

#include "sim/world.h"

void ends_init(struct world *world, unsigned session);

/* The client, or one of two clients, connects. */
void end_connect(struct world *world, struct end *end);

/* What a reference peer shares with the others: it tells what happened to its end. */
void end_opened(struct world *world, struct end *end);
void end_over(struct world *world, struct end *end);
bool end_check_bytes(struct world *world, struct end *end, const uint8_t *data, size_t bytes);
void end_saw_end(struct world *world, struct end *end);

/* Something was raised at this host: take all events and act. True when there were any. */
bool host_take_events(struct world *world, struct host_sim *host);

/* The end's timer is up. */
void end_timer(struct world *world, struct end *end, uint32_t version);

/* From now on it reads, and finds out about dead peers. */
void end_heal(struct world *world, struct end *end);

/* It aborts: what an attacker on the path has done to it cannot be made good. */
void end_give_up(struct world *world, struct end *end);

#endif
