/*
 * The whole stack: the only place that knows all protocols. Lies at the first
 * byte of the memory that the caller gave.
 */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include "tcp/tcp.h"

struct rill_stack {
    struct tcp tcp; /* first: the stack, its TCP, its IP and its arena have one address */
    /* Bodies of replies that a driver was given: theirs until the next call. */
    struct buffer_queue spent;
};

#endif
