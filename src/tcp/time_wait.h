/*
 * TIME-WAIT without an application: 48 bytes that answer for a connection
 * until 2 MSL have passed (RFC 9293 3.4.2, 3.6.1; RFC 1337; RFC 6191).
 */
#ifndef TCP_TIME_WAIT_H
#define TCP_TIME_WAIT_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

/* The TCB is in TIME-WAIT and nobody holds it: a small block takes its place, the TCB is ended. */
void time_wait_take_over(struct tcp *tcp, struct tcb *tcb);

/*
 * A SYN that may open a new incarnation (RFC 6191) of a connection in TIME-WAIT whose application still holds its
 * handle: the old one is ended (what it received can still be read), the SYN goes to the listener. False when it
 * is not one.
 */
bool time_wait_reopen(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival);

void time_wait_segment(struct tcp *tcp, struct time_wait *time_wait, struct arrival *arrival);

/* Blocks whose time is up go. */
void time_wait_run(struct tcp *tcp);
nanos time_wait_deadline(const struct tcp *tcp);

#endif
