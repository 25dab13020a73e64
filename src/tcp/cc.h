/*
 * Congestion control as a small table of functions. The engine says what
 * happened; the table's owner answers by setting cwnd and ssthresh, in bytes.
 * Which segments are lost, and what is sent again, is not decided here.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "tcp/tcp.h"

struct cc_ops {
    const char *name;
    /* The handshake is done: set the initial window. */
    void (*established)(struct tcp *tcp, struct tcb *tcb);
    /* acked_bytes were newly acknowledged outside of recovery; flight_bytes was in flight before. */
    void (*acked)(struct tcp *tcp, struct tcb *tcb, uint32_t acked_bytes, uint32_t flight_bytes);
    /* Loss was found by duplicate ACKs (RFC 5681 3.2 step 2). */
    void (*loss)(struct tcp *tcp, struct tcb *tcb, uint32_t flight_bytes);
    /* The retransmission timer fired (RFC 5681 3.1, equation 4). */
    void (*timeout)(struct tcp *tcp, struct tcb *tcb, uint32_t flight_bytes);
    /* Nothing was sent for longer than the RTO (RFC 5681 4.1). */
    void (*idle)(struct tcp *tcp, struct tcb *tcb);
};

extern const struct cc_ops cc_reno;

/* The connection's own table. */
const struct cc_ops *cc_of(const struct tcb *tcb);

#endif
