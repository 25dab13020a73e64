/*
 * Two stacks back to back in virtual time, with a door between them that a
 * test may close for single packets. No delay: what one sends the other has at
 * once, so that two ends that answer each other for ever are caught: more than
 * PAIR_PACKETS_MAX packets at one instant fail the test.
 */
#ifndef SUPPORT_STACK_PAIR_H
#define SUPPORT_STACK_PAIR_H

#include <stdbool.h>

#include "rill/rill.h"
#include "support/cmocka_all.h"
#include "support/packet_check.h"

#define PAIR_PACKETS_MAX 4000u
#define PAIR_QUEUE 128u
#define PAIR_MTU_MAX 65535u

struct pair {
    struct rill_stack *stack[2];
    void *memory[2];
    int netif[2];
    rill_time now;
    rill_conn listener, conn[2]; /* stack 1 listens on port 80; conn[0] connects to it */
    uint64_t packets[2];         /* sent by each, lost ones included */
    /* NULL, or: shall this packet pass? */
    bool (*pass)(void *context, unsigned from, const struct packet_facts *packet);
    /* NULL, or told of each event; they are taken in any case. */
    void (*told)(void *context, unsigned side, const struct rill_event *event);
    void *context;
    unsigned queued;
    struct {
        unsigned from;
        uint32_t bytes;
        uint8_t data[PAIR_MTU_MAX];
    } queue[PAIR_QUEUE];
};

/* configure may be NULL. pair_open() has an MTU of 1500. */
void pair_open(struct pair *p, size_t memory_bytes, void (*configure)(unsigned side, struct rill_config *config));
void pair_open_with_mtu(struct pair *p, uint16_t mtu, size_t memory_bytes,
                        void (*configure)(unsigned side, struct rill_config *config));
void pair_close(struct pair *p);

int pair_connect(struct pair *p, rill_conn *out);

/* Accept on stack 1, when a connection waits. */
bool pair_accept(struct pair *p, rill_conn *out);

/* Packets go until none is left, all at this instant. */
void pair_settle(struct pair *p);

/* Time passes, from deadline to deadline. */
void pair_advance(struct pair *p, uint64_t ms);

/* A packet of the test's own making arrives at `to`. */
void pair_inject(struct pair *p, unsigned to, const uint8_t *packet, uint32_t bytes);

/* conn[0] and conn[1] are open. */
void pair_establish(struct pair *p);

enum rill_state pair_state(struct pair *p, unsigned side);

/* Nothing of any connection is left in either stack: no block, no path, no live buffer. */
void pair_expect_baseline(struct pair *p);

/* The byte of a test stream at this position. */
static inline uint8_t pair_byte(uint64_t position)
{
    return (uint8_t)(position * UINT64_C(2654435761) >> 24);
}

#endif
