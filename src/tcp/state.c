/*
 * The state diagram of TCP, as one list of edges and one function that walks
 * them. RFC 9293 3.3.2 figure 5, with the edges that its text adds.
 */
#include "tcp/state.h"

#include "tcp/trace.h"

#define S(name) RILL_STATE_##name

const struct state_edge state_edges[] = {
    {S(CLOSED), S(LISTEN), "passive OPEN (3.10.1)"},
    {S(CLOSED), S(SYN_SENT), "active OPEN (3.10.1)"},
    {S(CLOSED), S(SYN_RECEIVED), "SYN to a listener makes a connection of its own (3.10.7.2)"},
    {S(LISTEN), S(CLOSED), "CLOSE or ABORT (3.10.4, 3.10.5)"},
    {S(LISTEN), S(SYN_SENT), "active OPEN or SEND on a passive one (3.10.1, 3.10.2)"},
    {S(SYN_SENT), S(SYN_RECEIVED), "SYN without ACK: simultaneous open (3.10.7.3, fourth)"},
    {S(SYN_SENT), S(ESTABLISHED), "SYN,ACK (3.10.7.3, fourth)"},
    {S(SYN_SENT), S(CLOSED), "CLOSE, ABORT, RST or timeout (3.10.4, 3.10.7.3, 3.10.8)"},
    {S(SYN_RECEIVED), S(ESTABLISHED), "ACK of our SYN (3.10.7.4, fifth)"},
    {S(SYN_RECEIVED), S(FIN_WAIT_1), "CLOSE (3.10.4)"},
    {S(SYN_RECEIVED), S(CLOSED), "ABORT, RST, timeout; passive: back to the listener (3.10.7.4, second)"},
    {S(ESTABLISHED), S(FIN_WAIT_1), "CLOSE (3.10.4)"},
    {S(ESTABLISHED), S(CLOSE_WAIT), "FIN (3.10.7.4, eighth)"},
    {S(ESTABLISHED), S(CLOSED), "ABORT, RST or timeout"},
    {S(FIN_WAIT_1), S(FIN_WAIT_2), "ACK of our FIN (3.10.7.4, fifth)"},
    {S(FIN_WAIT_1), S(CLOSING), "FIN before the ACK of ours: simultaneous close (3.10.7.4, eighth)"},
    {S(FIN_WAIT_1), S(TIME_WAIT), "FIN with the ACK of ours (3.10.7.4, eighth)"},
    {S(FIN_WAIT_1), S(CLOSED), "ABORT, RST or timeout"},
    {S(FIN_WAIT_2), S(TIME_WAIT), "FIN (3.10.7.4, eighth)"},
    {S(FIN_WAIT_2), S(CLOSED), "ABORT, RST or timeout"},
    {S(CLOSE_WAIT), S(LAST_ACK), "CLOSE (3.10.4)"},
    {S(CLOSE_WAIT), S(CLOSED), "ABORT, RST or timeout"},
    {S(CLOSING), S(TIME_WAIT), "ACK of our FIN (3.10.7.4, fifth)"},
    {S(CLOSING), S(CLOSED), "ABORT, RST or timeout"},
    {S(LAST_ACK), S(CLOSED), "ACK of our FIN (3.10.7.4, fifth)"},
    {S(TIME_WAIT), S(CLOSED), "2 MSL passed, or ABORT (3.10.8, 3.10.5)"},
    {S(TIME_WAIT), S(SYN_RECEIVED), "SYN of a new incarnation (3.6.1 MAY-2, RFC 6191)"},
    {0, 0, NULL},
};

/* The same as bits: each change is looked up. */
#define TO(name) (1u << S(name))

static const uint16_t legal[RILL_STATES] = {
    [S(CLOSED)] = TO(LISTEN) | TO(SYN_SENT) | TO(SYN_RECEIVED),
    [S(LISTEN)] = TO(CLOSED) | TO(SYN_SENT),
    [S(SYN_SENT)] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
    [S(SYN_RECEIVED)] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED),
    [S(ESTABLISHED)] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
    [S(FIN_WAIT_1)] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
    [S(FIN_WAIT_2)] = TO(TIME_WAIT) | TO(CLOSED),
    [S(CLOSE_WAIT)] = TO(LAST_ACK) | TO(CLOSED),
    [S(CLOSING)] = TO(TIME_WAIT) | TO(CLOSED),
    [S(LAST_ACK)] = TO(CLOSED),
    [S(TIME_WAIT)] = TO(CLOSED) | TO(SYN_RECEIVED),
};

bool state_edge_is_legal(enum rill_state from, enum rill_state to)
{
    return (legal[from] >> to & 1) != 0;
}

void state_change(struct tcp *tcp, struct endpoint *ep, enum rill_state to)
{
    enum rill_state from = (enum rill_state)ep->state;

    rill_assert(state_edge_is_legal(from, to));
    ep->state = (uint8_t)to;
    trace_state(tcp, ep, from, to);
}
