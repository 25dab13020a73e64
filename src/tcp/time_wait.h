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

void time_wait_segment(struct tcp *tcp, struct time_wait *time_wait, struct arrival *arrival);

/* Blocks whose time is up go. */
void time_wait_run(struct tcp *tcp);
nanos time_wait_deadline(const struct tcp *tcp);

#endif
