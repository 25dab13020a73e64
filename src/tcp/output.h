/*
 * What may be sent now. The one place that emits a connection's segments: it
 * is asked by rill_output() when the driver has room, so data is chosen at the
 * last moment and every segment carries the newest acknowledgement and window.
 */
#ifndef TCP_OUTPUT_H
#define TCP_OUTPUT_H

#include "tcp/tcp.h"

/* The next train of the connection; false when it has nothing to send now. */
bool output_next(struct tcp *tcp, struct tcb *tcb, struct rill_train *train);

/* A CLOSE is queued, or bytes wait that were never sent. */
bool output_has_unsent(const struct tcp *tcp, const struct tcb *tcb);

/* The right edge that we could offer now (RFC 9293 3.8.6.2.2); never left of rcv_adv. */
struct seq output_right_edge(const struct tcp *tcp, const struct tcb *tcb);

#endif
