/*
 * The sender's four states (enum sender_state): how an episode of loss or
 * congestion begins, how the window moves in it (PRR, RFC 6937), when it is
 * over, and when it proves to have been a mistake.
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "tcp/cc.h"

/* An ACK has been entered in the scoreboard, SND.UNA is moved: what follows. */
void recovery_acked(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack);

/* A duplicate ACK without SACK (RFC 5681 3.2). */
void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack);

/* The reordering timer fired (RFC 8985 6.2). */
void recovery_reorder_timeout(struct tcp *tcp, struct tcb *tcb);

/* The retransmission timer fired; ep.own_backoff counts it already (RFC 6298 5.4, RFC 5681 3.1, RFC 8985 6.3). */
void recovery_timeout(struct tcp *tcp, struct tcb *tcb);

/* RFC 6937 3: proportional rate reduction starts, with so much in flight. */
void recovery_begin_reduction(const struct tcb *tcb, struct sender *sender, uint32_t flight_bytes);

/* Data left, for the first time or again: bytes of the stream. */
void recovery_sent(struct tcp *tcp, struct tcb *tcb, uint32_t bytes);

/* ... and it was sent before, from there on. */
void recovery_sent_again(struct tcp *tcp, struct tcb *tcb, struct seq from, uint32_t bytes);

/*
 * undo.c: what the ACK says about the episode at hand being a mistake, because nothing was lost: RFC 3522 (Eifel),
 * RFC 2883 with RFC 3708, RFC 5682 (F-RTO). Then it is undone.
 */
void undo_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack);

#endif
