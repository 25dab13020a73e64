/*
 * Segments sent without a TCB, or past its end: resets (RFC 9293 3.5.2) and
 * single ACKs, queued as replies.
 */
#ifndef TCP_ANSWER_H
#define TCP_ANSWER_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

/*
 * RFC 9293 3.10.7.1: answer a segment that belongs to no connection. Without
 * ACK: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>; with: <SEQ=SEG.ACK><CTL=RST>.
 * Never an answer to a RST (MUST be quiet) or to a broadcast (MUST-57).
 */
void answer_with_reset(struct tcp *tcp, const struct arrival *arrival);

/* RST for our side of a connection that is given up: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>. */
void answer_abort(struct tcp *tcp, struct tcb *tcb);

/* The same without an ACK of text that is not taken: <SEQ=SND.NXT><CTL=RST>. */
void answer_text_for_nobody(struct tcp *tcp, struct tcb *tcb);

/* At once, with these flags besides: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
void answer_with_ack(struct tcp *tcp, struct tcb *tcb, uint8_t flags);

/* Any segment from a block's addresses. */
void answer_segment(struct tcp *tcp, const struct endpoint *ep, struct tcp_header *header);

/*
 * ACKs that answer unacceptable segments: at most one in 500 ms for each
 * connection, so that two ends cannot answer each other for ever and nobody
 * outside can read a shared counter (RFC 5961 7, CVE-2016-5696). *last_ms is
 * the block's own memory. True when this one may go.
 */
bool answer_is_allowed(struct tcp *tcp, uint32_t *last_ms);

#endif
