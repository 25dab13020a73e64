/*
 * What a connection has carried, and what held it back, over its life: for
 * rill_status() alone, nothing decides by it. Only where the stack is told to
 * count (rill_config.transfer_counts), since it is kept when all else of a
 * connection at rest has been given back.
 */
#ifndef TCP_COUNTS_H
#define TCP_COUNTS_H

#include "tcp/tcp.h"

/* What keeps the sender from being done. */
enum counts_limit {
    COUNTS_IDLE,   /* nothing: all is acknowledged */
    COUNTS_BUSY,   /* the network: the congestion window, pacing, a round trip */
    COUNTS_WINDOW, /* the peer's window */
    COUNTS_BUFFER, /* all is sent, and the application waits for room in the send buffer */
    COUNTS_LIMITS
};

struct counts {
    uint32_t generation;
    ref accurate_ecn; /* struct accurate_ecn, with ECN_ACCURATE */
    uint32_t data_segments_in, data_segments_out;
    uint32_t delivered, delivered_ce; /* segments that the peer has; of these, marked */
    uint32_t dsacks, reorderings, out_of_order;
    uint32_t last_sent_ms, last_received_ms; /* host_ms() of the last data */
    uint32_t receive_rtt_us, receive_space;  /* tuning.c: the last round trip, and what was read in it */
    uint8_t limit;                           /* enum counts_limit, since: */
    nanos since;
    nanos spent[COUNTS_LIMITS];
    uint64_t again_bytes;
};

/* The block, whether the stack counts or not; NULL: there is none. */
static inline struct counts *counts_block(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->counts == REF_NONE ? NULL : (struct counts *)host_at(&tcp->ip.host, tcb->counts);
}

/* NULL: this connection is not counted, also when it has the block for AccECN's sake. */
static inline struct counts *counts_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp->settings.transfer_counts ? counts_block(tcp, tcb) : NULL;
}

/* The block, taken if it is not there; NULL: no memory. */
struct counts *counts_make(struct tcp *tcp, struct tcb *tcb);
void counts_give(struct tcp *tcp, struct tcb *tcb);

void counts_sent(struct tcp *tcp, struct tcb *tcb, uint32_t segments, uint32_t bytes, bool again);

/* Data of the stream came, for the first time or again. */
void counts_received(struct tcp *tcp, struct tcb *tcb, uint32_t segments);

struct ack_sample;

/* An ACK was taken: what it says of what was sent for nothing, and of marks. */
void counts_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack);

/* All that it wanted to send now has left. */
void counts_settle(struct tcp *tcp, struct tcb *tcb);

/* Nanoseconds spent so, up to now. */
nanos counts_spent(const struct tcp *tcp, const struct counts *counts, enum counts_limit limit);

#endif
