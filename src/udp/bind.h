/*
 * The ends of UDP sockets: opened, bound, connected, found by a datagram,
 * closed.
 */
#ifndef UDP_BIND_H
#define UDP_BIND_H

#include "udp/udp.h"

uint64_t udp_port_hash_of(const void *udp, ref entry);

int udp_open(struct udp *udp, const struct rill_udp_options *options, struct udp_socket **out);
int udp_set_options(struct udp_socket *socket, const struct rill_udp_options *options);
int udp_bind(struct udp *udp, struct udp_socket *socket, const struct rill_endpoint *local);
int udp_connect(struct udp *udp, struct udp_socket *socket, const struct rill_endpoint *remote);
void udp_disconnect(struct udp *udp, struct udp_socket *socket);

/* Bind to a port of the stack's choice what has none. 0 or -RILL_EADDRNOTAVAIL, -RILL_ENOMEM. */
int udp_bind_somewhere(struct udp *udp, struct udp_socket *socket);

/* Out of the table, queues emptied; what waits at an interface still leaves. The pointer is dead afterwards. */
void udp_close(struct udp *udp, struct udp_socket *socket);

/* Whose a unicast datagram is: connected before bound to an address before any; NULL. One probe. */
struct udp_socket *udp_find(const struct udp *udp, const struct rill_endpoint *local,
                            const struct rill_endpoint *remote);

/* Who may have sent a datagram from local to remote: the same, of the remote's view. */
struct udp_socket *udp_find_sender(const struct udp *udp, const struct rill_endpoint *local,
                                   const struct rill_endpoint *remote);

/* True when the socket takes datagrams with these ends. */
bool udp_takes(const struct udp_socket *socket, const struct rill_endpoint *local, const struct rill_endpoint *remote);

/* A walk over the sockets that may have this port. */
struct table_probe udp_probe(const struct udp *udp, uint16_t port);

/* The largest packet to the connected remote, at most mtu. */
uint32_t udp_pmtu(const struct udp *udp, const struct udp_socket *socket, uint32_t mtu);

static inline bool udp_has_pending(const struct udp_socket *socket)
{
    return (socket->flags & UDP_ERROR_KEPT) != 0 && socket->last_error.pending;
}

#endif
