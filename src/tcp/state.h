/*
 * The 11 states and the legal ways between them (RFC 9293 3.3.2, figure 5).
 */
#ifndef TCP_STATE_H
#define TCP_STATE_H

#include "tcp/tcp.h"

/* One legal edge, and the paragraph that draws it. */
struct state_edge {
    uint8_t from, to;
    const char *why;
};

/* The one list; ends with an entry whose why is NULL. */
extern const struct state_edge state_edges[];

bool state_edge_is_legal(enum rill_state from, enum rill_state to);

/* The only place where a connection's state changes: asserts the edge, tells the trace. */
void state_change(struct tcp *tcp, struct endpoint *ep, enum rill_state to);

/* True in the states of RFC 9293 3.10.7.4 from ESTABLISHED on: both ISNs are acknowledged. */
static inline bool state_is_synchronized(uint8_t state)
{
    return state >= RILL_STATE_ESTABLISHED;
}

/* The application's stream to the peer is open: SEND is serviced (3.10.2). */
static inline bool state_can_send(uint8_t state)
{
    return state == RILL_STATE_ESTABLISHED || state == RILL_STATE_CLOSE_WAIT;
}

/* The peer may still send text (3.10.7.4, seventh): its FIN has not arrived. */
static inline bool state_can_receive(uint8_t state)
{
    return state == RILL_STATE_ESTABLISHED || state == RILL_STATE_FIN_WAIT_1 || state == RILL_STATE_FIN_WAIT_2;
}

#endif
