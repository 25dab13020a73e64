/*
 * Listeners, the SYN queue of half-open connections and the accept queue
 * (RFC 9293 3.10.7.2, RFC 4987).
 */
#ifndef TCP_LISTEN_H
#define TCP_LISTEN_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

int listen_open(struct tcp *tcp, const struct rill_options *options, rill_conn *out);

/* The listener of a port at this address, or at any address; NULL. */
struct listener *listen_find(const struct tcp *tcp, const struct rill_addr *addr, uint16_t port);

/* Half-open connections go, connections not accepted yet are reset. */
void listen_close(struct tcp *tcp, struct listener *listener);

/* The oldest connection that waits; -RILL_EAGAIN. */
int listen_accept(struct tcp *tcp, struct listener *listener, struct tcb **out);

/* RFC 9293 3.10.7.2. iss_floor: the new connection's ISS lies after it (RFC 6191); has_floor says that there is one. */
void listen_segment(struct tcp *tcp, struct listener *listener, struct arrival *arrival, bool has_floor,
                    struct seq iss_floor);

/* RFC 9293 3.10.7.4 for a connection in SYN-RECEIVED that has no TCB yet. */
void half_open_segment(struct tcp *tcp, struct half_open *half_open, struct arrival *arrival);

/* A passive open is done: the connection waits for accept. */
void listen_completed(struct tcp *tcp, struct tcb *tcb);

/* SYN,ACKs to send again, entries to give up. */
void half_open_run(struct tcp *tcp);
nanos half_open_deadline(const struct tcp *tcp);

/* RFC 6528: ISN = M + F(addresses, ports, secret), M a 4 microsecond clock. */
struct seq initial_sequence_number(const struct tcp *tcp, const struct endpoint *ep);

#endif
