/*
 * RFC 9293 3.10.7, SEGMENT ARRIVES, for connections that have a TCB, and for
 * segments that belong to none.
 */
#ifndef TCP_SEGMENT_ARRIVES_H
#define TCP_SEGMENT_ARRIVES_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

/* 3.10.7.1: no connection takes it. */
void segment_arrives_closed(struct tcp *tcp, const struct arrival *arrival);

/* 3.10.7.3 and 3.10.7.4: SYN-SENT and all later states. May end the connection and free the TCB. */
void segment_arrives(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival);

/* Drop the segment: counted, and told to the trace. */
void segment_drop(struct tcp *tcp, const struct arrival *arrival, enum rill_drop reason);

#endif
