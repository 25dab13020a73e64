/*
 * Listeners and the accept queue (RFC 9293 3.10.7.2).
 */
#ifndef TCP_LISTEN_H
#define TCP_LISTEN_H

#include "tcp/arrival.h"
#include "tcp/tcp.h"

int listen_open(struct tcp *tcp, const struct rill_options *options, rill_conn *out);

#define LISTENER_FLAGS ((uint32_t)(RILL_OPTION_REUSE_PORT | RILL_OPTION_V4_ONLY | RILL_OPTION_V6_ONLY))

/*
 * The listener of a port at this address, or at any address; NULL. Of several that share the port
 * (RILL_OPTION_REUSE_PORT) a flow always finds the same one, as long as that one is there.
 */
struct listener *listen_find(const struct tcp *tcp, const struct rill_endpoint *local,
                             const struct rill_endpoint *remote);

/* Take the members of options that `which` names (enum rill_option_change). */
void listen_change(struct listener *listener, const struct rill_options *options, unsigned which);

/* Free the block of a closed listener once nothing refers to it. */
void listener_free_if_done(struct tcp *tcp, struct listener *listener);

/* Half-open connections go, connections not accepted yet are reset. */
void listen_close(struct tcp *tcp, struct listener *listener);

/* The oldest connection that waits; -RILL_EAGAIN. */
int listen_accept(struct tcp *tcp, struct listener *listener, struct tcb **out);

/* True when the SYN would be remembered: it opens something, and the queues and the memory have room. */
bool listen_takes_syn(const struct tcp *tcp, const struct listener *listener, const struct tcp_segment *seg);

/* RFC 9293 3.10.7.2. iss_floor: NULL, or the new connection's ISS must lie after it (RFC 6191). */
void listen_segment(struct tcp *tcp, struct listener *listener, struct arrival *arrival, const struct seq *iss_floor);

/* A passive open is done: the connection waits for accept. */
void listen_completed(struct tcp *tcp, struct tcb *tcb);

/*
 * RFC 6528: ISN = M + F(addresses, ports, secret), M a 4 microsecond clock, which is put on by what SYNs have carried: a
 * second SYN from the same port, a moment after the first was aborted, must begin behind the first one's data, or the
 * answer to that would acknowledge its own.
 */
struct seq initial_sequence_number(const struct tcp *tcp, const struct endpoint *ep);

#endif
