/*
 * What an ACK field says: bytes delivered, round trips, loss (RFC 9293
 * 3.10.7.4 fifth, RFC 5681, RFC 6582, RFC 6298).
 */
#ifndef TCP_ACKNOWLEDGE_H
#define TCP_ACKNOWLEDGE_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

/* SND.UNA < SEG.ACK =< SND.NXT: take what is acknowledged off the queue. */
void acknowledge_new(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* SEG.ACK = SND.UNA: a duplicate in the sense of RFC 5681 2, or not. */
void acknowledge_duplicate(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* SEG.ACK < SND.UNA: an ACK that was overtaken; its SACK blocks still tell something. */
void acknowledge_old(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival);

/* Our FIN has been sent and is acknowledged. */
static inline bool fin_is_acknowledged(const struct tcb *tcb)
{
    return (tcb->flags & TCB_FIN_SENT) != 0 && seq_equal(tcb->snd_una, tcb->snd_nxt);
}

#endif
