/*
 * What the hosts of the laboratory do: a flow is one application, from a host
 * on the left to one on the right, and its connections one after the other.
 * Every byte that arrives is checked.
 */
#ifndef LAB_FLOW_H
#define LAB_FLOW_H

#include "lab/host.h"
#include "lab/samples.h"

enum flow_kind {
    FLOW_BULK,    /* one connection that sends as much as it can */
    FLOW_OBJECTS, /* objects of 100 KB, one after the other, each over a connection of its own */
    FLOW_REQUESTS /* 100 bytes one way, 8 KB back, one after the other over one connection */
};

struct lab_flow {
    enum flow_kind kind;
    struct host *left, *right;
    uint16_t port;
    struct conn listener, left_end, right_end;
    uint64_t left_sent, left_received, right_sent, right_received; /* of this connection */
    bool left_is_done, right_is_done;                              /* shut down; saw the end */
    rill_time began;                                               /* the object, the request */

    uint64_t bytes;       /* that arrived on the right, over all connections */
    struct samples times; /* of objects and requests, in ms */
    struct conn_counts counts;
    char failure[128]; /* "": none */
};

/* Listen, and begin. Ends of connections point into *flow: it may not move any more. */
bool lab_flow_start(struct lab_flow *flow, enum flow_kind kind, struct host *left, struct host *right, uint16_t port,
                    rill_time now);

/* True when something moved. */
bool lab_flow_step(struct lab_flow *flow, rill_time now);

/* Count what is still open, and let go of it. */
void lab_flow_end(struct lab_flow *flow);

#endif
