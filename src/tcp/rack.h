/*
 * RACK-TLP (RFC 8985): losses found by time, and the probe that makes the tail
 * of a flight speak up before the RTO must.
 */
#ifndef TCP_RACK_H
#define TCP_RACK_H

#include "tcp/cc.h"

/* 6.2 steps 1 to 3: a record is newly known to have arrived. */
void rack_delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record, struct ack_sample *ack);

/* 6.2 step 4, first half: whether this ACK carried a D-SACK (RFC 2883). */
void rack_dsack(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack);

/* 6.2 step 4: a fast or RTO recovery is over. */
void rack_recovered(struct tcp *tcp, struct tcb *tcb);

/* 6.2 step 5: marks what is lost now, and arms the reordering timer for what may be. Bytes newly lost. */
uint32_t rack_detect_loss(struct tcp *tcp, struct tcb *tcb);

/* 6.3: the retransmission timer fired. */
void rack_timeout(struct tcp *tcp, struct tcb *tcb);

/* 7.2: when the next probe is due, should one be scheduled now. rto_at: when the RTO would fire. */
nanos probe_due_at(const struct tcp *tcp, const struct tcb *tcb, nanos rto_at);

/* 7.2: it may be scheduled now. */
bool probe_is_wanted(const struct tcp *tcp, const struct tcb *tcb);

/* 7.3: the PTO fired: output sends a probe, or the RTO takes over. */
void probe_timeout(struct tcp *tcp, struct tcb *tcb);

/* 7.3: it was sent; is_again: it was sent before. */
void probe_sent(struct tcp *tcp, struct tcb *tcb, bool is_again);

/* 7.4.2: true when this ACK says that the probe has repaired a loss that congestion control has to hear of. */
bool probe_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack);

#endif
