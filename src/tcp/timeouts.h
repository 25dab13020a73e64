/*
 * RFC 9293 3.10.8 and the timers: retransmission, persist, delayed ACK,
 * keep-alive, FIN-WAIT-2, TIME-WAIT, user timeout.
 */
#ifndef TCP_TIMEOUTS_H
#define TCP_TIMEOUTS_H

#include "tcp/tcp.h"

/* Run every timer that is due, of all kinds of blocks. */
void timeouts_run(struct tcp *tcp);

/* Something new is due at `deadline`: whoever arms a timer of any kind says so. */
static inline void timeouts_note(struct tcp *tcp, nanos deadline)
{
    tcp->due_from = min_u64(tcp->due_from, deadline);
}

/*
 * The next instant at which something is due; NANOS_NEVER. Exact while the
 * timers are few enough to look behind those that have moved; else never later.
 */
nanos timeouts_deadline(struct tcp *tcp);

/* The earliest of a connection's timers. */
nanos timeouts_earliest(const struct tcp *tcp, const struct tcb *tcb);

/* What was sent, acknowledged or received may need other timers: set them, and the wheel's one node. */
void timeouts_settle(struct tcp *tcp, struct tcb *tcb);

/* The user timeout has changed: a timer that is armed must not sleep past the new one. */
void timeouts_patience_changed(struct tcp *tcp, struct tcb *tcb);

/* (Re)start the keep-alive timer when the connection wants one. */
void timeouts_keep_alive(struct tcp *tcp, struct tcb *tcb);

/* Start 2 MSL anew (RFC 9293 3.10.7.4, eighth). */
void timeouts_time_wait(struct tcp *tcp, struct tcb *tcb);

/* An orphan reached FIN-WAIT-2: it may not wait for ever. */
void timeouts_fin_wait_2(struct tcp *tcp, struct tcb *tcb);

#endif
