/*
 * The whole stack: the only place that knows all protocols. Lies at the first
 * byte of the memory that the caller gave.
 */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include "icmp/unreachable.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

struct rill_stack {
    struct tcp tcp; /* first: the stack, its TCP, its IP and its arena have one address */
    struct udp udp;
    struct icmp_limit icmp_limit;
    bool udp_was_last;   /* whose event was taken last: neither waits for all of the other's */
    bool udp_goes_first; /* who has the odd train of an output */
    /* Bodies of replies and datagrams that a driver was given: theirs until the next call. */
    struct buffer_queue spent;
};

#endif
