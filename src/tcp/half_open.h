/*
 * The SYN queue of half-open connections (RFC 9293 3.10.7.4, SYN-RECEIVED of a
 * passive open; RFC 4987).
 */
#ifndef TCP_HALF_OPEN_H
#define TCP_HALF_OPEN_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

/* True when the SYN queue takes one more. */
bool half_open_has_room(const struct listener *listener);

/* A SYN to a listener: remembered, or, when the queue or the memory is full, answered with a cookie. */
void half_open_begin(struct tcp *tcp, struct listener *listener, struct arrival *arrival, const struct seq *iss_floor);

/*
 * The TCB that the SYN's block would become, without the block and before its SYN,ACK: for fast_open.c. Takes over the
 * hold on the path; NULL when the arena refuses.
 */
struct tcb *half_open_bypass(struct tcp *tcp, struct listener *listener, const struct arrival *arrival, ref path,
                             const struct seq *iss_floor);

/* An ACK to a listener: true when it brought a valid cookie and has been dealt with. */
bool half_open_take_cookie(struct tcp *tcp, struct listener *listener, struct arrival *arrival);

/* RFC 9293 3.10.7.4 for a connection in SYN-RECEIVED that has no TCB yet. */
void half_open_segment(struct tcp *tcp, struct half_open *half_open, struct arrival *arrival);

/* All half-open connections of a listener go. */
void half_open_drop_all(struct tcp *tcp, ref listener);

/* SYN,ACKs to send again, entries to give up. */
void half_open_run(struct tcp *tcp);
nanos half_open_deadline(const struct tcp *tcp);

#endif
