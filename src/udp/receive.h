/*
 * Datagrams in: checked, given to their sockets, queued, read.
 */
#ifndef UDP_RECEIVE_H
#define UDP_RECEIVE_H

#include "udp/udp.h"

/*
 * A packet for us with protocol UDP. Takes packet->buffer (sets it to REF_NONE) when it keeps it. False: nobody has
 * the port, and the sender may be told so.
 */
bool udp_input(struct udp *udp, struct ip_packet *packet);

/* The oldest datagram, in place; false when there is none. info may be NULL. */
bool udp_borrow(const struct udp *udp, const struct udp_socket *socket, struct rill_slice *out,
                struct rill_udp_info *info);

/* Let the oldest one go; there is one. */
void udp_consume(struct udp *udp, struct udp_socket *socket);

#endif
