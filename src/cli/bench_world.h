/*
 * Two stacks and the wire between them, in one process and in virtual time:
 * what the benches measure on. Nothing here depends on the machine's clock.
 */
#ifndef CLI_BENCH_WORLD_H
#define CLI_BENCH_WORLD_H

#include "rill/driver.h"

struct world {
    struct rill_stack *stack[2];
    struct rill_driver *driver[2];
    void *memory[2];
    size_t memory_bytes;
    rill_time now;
};

/* Of stacks opened from now on; NULL: the default. */
extern const char *world_congestion_control;

/* Stack 0 is 10.0.0.1, stack 1 is 10.0.0.2. 0 or CLI_FAILED after saying why. */
int world_open(struct world *world, size_t memory_bytes, uint16_t mtu);
void world_close(struct world *world);

/* Turn both stacks until neither moves. */
void world_settle(struct world *world);

/* What one stack does for the packets that wait for it: in, and out what follows. Timers are not run. */
void world_pass(struct world *world, unsigned which);

/* Throw the events of one stack away. */
void world_forget_events(struct world *world, unsigned which);

/* Stack 1 listens on a port for so many connections. 0 on failure, said so. */
rill_conn world_listen(struct world *world, uint16_t port, uint32_t backlog);

/* Stack 0 connects to stack 1. 0 on failure, said so. */
rill_conn world_connect(struct world *world, uint16_t port);

/* CPU time of this process in ns: for reports only, nothing depends on it. */
uint64_t world_cpu_ns(void);

extern const struct rill_addr *const world_addr[2];

#endif
