/*
 * Pacing: trains leave no faster than sender.pacing_rate, bytes a second. A
 * congestion control that has a rate of its own sets it; for the others it
 * follows from cwnd and SRTT when the stack paces (rill_config.pacing), or
 * while the window alone decides what leaves (rill_config.window_pacing).
 */
#ifndef TCP_PACING_H
#define TCP_PACING_H

#include "tcp/sender.h"

/* Bytes a second: the congestion control's, or what the application bounds it to (rill_limits); 0: no pacing. */
uint64_t pacing_rate(const struct tcp *tcp, const struct tcb *tcb);

/* False: too early for data, new or again; sender.pace_at says when. */
bool pacing_allows(const struct tcp *tcp, const struct tcb *tcb);

/* Most payload of the next train: what a millisecond may send, and what a late call has missed. */
uint32_t pacing_quantum(const struct tcp *tcp, const struct tcb *tcb);

/* draft-ietf-ccwg-bbr-05 5.6.3, C.send_quantum: a millisecond's worth, within two segments and 64 KiB. */
uint32_t pacing_send_quantum(const struct sender *sender, const struct tcb *tcb);

/* A train with so much payload leaves now. */
void pacing_sent(struct tcp *tcp, struct tcb *tcb, uint32_t bytes);

/* The window changed: the rate of those that have none of their own. */
void pacing_follow_window(struct tcp *tcp, struct tcb *tcb);

/* True when what this connection sends is paced from its next ACK on at the latest. */
bool pacing_is_on(const struct tcp *tcp, const struct tcb *tcb);

/* What was scheduled by the old bound is not waited for. */
void pacing_bound_changed(struct tcp *tcp, struct tcb *tcb);

#endif
