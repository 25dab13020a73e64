/*
 * Delivery rate estimation (draft-cheng-iccrg-delivery-rate-estimation-02, as
 * draft-ietf-ccwg-bbr-05 4.1 amends it): how fast the network delivered what
 * was sent, one sample an ACK. The names of the drafts: C is struct sender, P
 * struct sent, RS struct ack_sample.
 */
#ifndef TCP_RATE_H
#define TCP_RATE_H

#include "tcp/cc.h"

/* OnPacketSent(): a record was sent, or sent again; it counts as in flight, and its sent_us is now. */
void rate_sent(struct tcp *tcp, struct tcb *tcb, struct sent *record);

/* UpdateRateSample(): the peer has a record, which no ACK has told before. */
void rate_delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record, struct ack_sample *ack);

/* GenerateRateSample(): the ACK has no more of them. */
void rate_finish(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack);

/* CheckIfApplicationLimited(): output could send more, and there may be nothing to send. */
void rate_check_app_limited(struct tcp *tcp, struct tcb *tcb);

#endif
