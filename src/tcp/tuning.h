/*
 * Buffers that grow by themselves (dynamic right-sizing), where the
 * application chose no size: the receive buffer with what the application
 * reads in a round trip, the send buffer with the congestion window. They never
 * shrink, and grow only while memory is plentiful.
 */
#ifndef TCP_TUNING_H
#define TCP_TUNING_H

#include "tcp/tcp.h"

/* What the application asks for; 0: the stack's own size, which may grow. */
void tuning_set_receive_limit(struct tcp *tcp, struct tcb *tcb, uint32_t wanted_bytes);
void tuning_set_send_limit(const struct tcp *tcp, struct tcb *tcb, uint32_t wanted_bytes);

/* The largest receive buffer that a connection may come to: the window scale of its SYN must express its window. */
uint32_t tuning_receive_limit_max(const struct tcp *tcp, uint32_t wanted_bytes);

struct tcp_segment;

/* A segment's text was taken. */
void tuning_received(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg);

/* An ACK was taken: the congestion window may have grown. */
void tuning_acknowledged(struct tcp *tcp, struct tcb *tcb);

/* The initial sequence numbers, of which the TCB keeps no copy once both SYNs are acknowledged and data flows. */
struct seq tuning_iss(const struct tcb *tcb);
struct seq tuning_irs(const struct tcb *tcb);

#endif
